//! A line as words, with quotes as in a shell.

/// Splits a line. An empty one and a comment have no words.
///
/// # Errors
///
/// What is wrong, in words, when a quote is not closed or a character is none that is typed.
pub(super) fn split(line: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut chars = line.trim().chars().peekable();
    if chars.peek() == Some(&'#') {
        return Ok(words);
    }
    // A word may be empty where it is quoted, hence the option.
    let mut word: Option<String> = None;
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next().ok_or("a single quote is not closed")? {
                        '\'' => break,
                        c => word.push(c),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next().ok_or("a double quote is not closed")? {
                        '"' => break,
                        '\\' => word.push(match chars.peek() {
                            Some('"' | '\\') => chars.next().unwrap_or('\\'),
                            _ => '\\',
                        }),
                        c => word.push(c),
                    }
                }
            }
            '\\' => word.get_or_insert_default().push(chars.next().ok_or("nothing follows the backslash")?),
            c if c.is_control() => return Err("it holds a control character"),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_those_of_a_shell() {
        let table: [(&str, &[&str]); 12] = [
            ("", &[]),
            ("  \t ", &[]),
            ("# list hubspot", &[]),
            ("list hubspot", &["list", "hubspot"]),
            ("  list\thubspot  ", &["list", "hubspot"]),
            ("name='Ada Lovelace'", &["name=Ada Lovelace"]),
            (r#"a:='{"b": "c d"}' e"#, &[r#"a:={"b": "c d"}"#, "e"]),
            (r#"a="say \"x\" \n" b"#, &[r#"a=say "x" \n"#, "b"]),
            (r"a\ b \'c \\", &["a b", "'c", r"\"]),
            (r#"'' """#, &["", ""]),
            ("a#b", &["a#b"]),
            ("naïve=日本", &["naïve=日本"]),
        ];
        for (line, words) in table {
            assert_eq!(split(line).expect(line), words, "{line:?}");
        }
        for (line, wrong) in [
            ("a 'b", "single quote"),
            ("a \"b", "double quote"),
            ("a \"b\\\"", "double quote"),
            ("a \\", "backslash"),
            ("a\u{1b}[2J", "control character"),
        ] {
            assert!(split(line).is_err_and(|what| what.contains(wrong)), "{line:?}");
        }
    }
}
