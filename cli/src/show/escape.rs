//! Makes text of plugins and upstreams harmless to a terminal.
//!
//! A terminal obeys control characters: they move the cursor, rewrite what stands above, set the title, and
//! in some terminals type an answer. Direction marks make text read differently from what it is.

/// Returns text for one line of a terminal: control characters and direction marks are spelled out.
pub(crate) fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match is_harmful(c) {
            true => out.extend(c.escape_default()),
            false => out.push(c),
        }
    }
    out
}

/// Returns the same JSON without raw control characters.
///
/// serde_json spells out those below U+0020, as JSON asks for; terminals obey others as well. All but line
/// feeds stand in strings, so that an escape means the same.
pub(crate) fn json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match is_harmful(c) && c != '\n' {
            true => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            false => out.push(c),
        }
    }
    out
}

/// Tells C0 and C1 controls, DEL, and what changes the direction or the line of text. None is beyond U+FFFF.
fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Title, C1's own introducer, clear screen, carriage return, right-to-left override.
    const HOSTILE: &str = "a\u{1b}]0;pwned\u{7}\u{9b}31m\u{1b}[2J\rb\u{202e}c\u{7f}\u{2028}";

    #[test]
    fn nothing_that_a_terminal_obeys_remains() {
        let shown = text(HOSTILE);
        assert_eq!(shown, r"a\u{1b}]0;pwned\u{7}\u{9b}31m\u{1b}[2J\rb\u{202e}c\u{7f}\u{2028}");
    }

    #[test]
    fn plain_text_of_any_language_remains() {
        for plain in ["Lucía O'Brien", "日本語", "a \"quoted\" \\ path", "🎉"] {
            assert_eq!(text(plain), plain);
        }
    }

    #[test]
    fn escaped_json_means_the_same() {
        let value = serde_json::json!({ HOSTILE: [HOSTILE, 1, null] });
        let shown = json(&serde_json::to_string_pretty(&value).expect("JSON"));
        assert!(shown.chars().all(|c| c == '\n' || !is_harmful(c)), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).expect("JSON"), value);
    }
}
