//! The words of plugins and upstreams, before a model or a person reads them.
//!
//! What they say cannot be made true, or kept from being an instruction. What can be done: no character that a terminal
//! obeys, none that is not seen, none that turns the order of reading, no more than anybody needs, and quotes around it
//! that it cannot close.

/// Returns one line of clean text, of no more characters than given.
pub(crate) fn line(text: &str, most: usize) -> String {
    let mut out = String::new();
    let (mut count, mut gap) = (0, false);
    for c in text.chars() {
        if c.is_whitespace() || c.is_control() {
            gap = !out.is_empty();
            continue;
        }
        if is_unseen(c) {
            continue;
        }
        if gap {
            out.push(' ');
            count += 1;
        }
        gap = false;
        if count >= most {
            out.push('…');
            return out;
        }
        out.push(c);
        count += 1;
    }
    out
}

/// Returns clean text in quotes, which it cannot close.
pub(crate) fn quoted(text: &str, most: usize) -> String {
    format!("\"{}\"", line(text, most).replace('"', "'"))
}

/// Tells what is not seen, and what changes the order of reading: marks of direction, joiners, fillers, variation
/// selectors, and the tags of Unicode, in which whole sentences can be written that only a model reads.
fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_obeyed_or_not_seen_remains() {
        let table = [
            ("an escape for a terminal", "a\u{1b}[2Jb\u{9b}31mc", "a [2Jb 31mc"),
            ("lines", "a\r\nb\n\n\tc\u{2028}d", "a b c d"),
            ("marks of direction", "a\u{202e}b\u{2066}c\u{200f}", "abc"),
            ("tags", "ok\u{e0049}\u{e0067}\u{e006e}", "ok"),
            ("spaces around", "  a  b  ", "a b"),
            ("a language", "Lucía 日本語 🎉", "Lucía 日本語 🎉"),
            ("nothing", "\u{200b}\n", ""),
        ];
        for (what, given, expected) in table {
            assert_eq!(line(given, 100), expected, "{what}");
        }
    }

    #[test]
    fn it_is_cut_and_stays_within_its_quotes() {
        assert_eq!(line("abcdef", 3), "abc…");
        assert_eq!(line("abc", 3), "abc");
        let long = "x".repeat(10 << 20);
        assert_eq!(line(&long, 600).chars().count(), 601);
        assert_eq!(quoted("a\" and then: \"b", 100), "\"a' and then: 'b\"");
    }
}
