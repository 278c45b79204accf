//! How far a sync has come: the last contact that was copied, by when it changed and its id.
//!
//! Many contacts may have changed in the same moment, so that the time alone would lose some or repeat all.

use std::fmt;

/// A place in the order of changes. Written `2026-01-01T09:00:00.000Z/0035g0000000012AAA`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// When the contact changed, as the source writes it.
    pub modified: String,
    /// Its id; empty at the very beginning of that moment.
    pub id: String,
}

impl Cursor {
    /// Reads a cursor, or a time alone. It ends up in a query: nothing but a time and an id passes.
    pub fn parse(text: &str) -> Option<Self> {
        let (modified, id) = text.split_once('/').unwrap_or((text, ""));
        let time = |c: char| c.is_ascii_digit() || matches!(c, '-' | ':' | '.' | 'T' | 'Z' | '+');
        let is_time = modified.len() >= 20
            && modified.starts_with(|c: char| c.is_ascii_digit())
            && modified.chars().nth(10) == Some('T')
            && modified.chars().all(time);
        let is_id = id.chars().all(|c| c.is_ascii_alphanumeric());
        (is_time && is_id).then(|| Self { modified: modified.to_owned(), id: id.to_owned() })
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.id.as_str() {
            "" => f.write_str(&self.modified),
            id => write!(f, "{}/{id}", self.modified),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_written_as_it_is_read() {
        for text in [
            "2026-01-01T09:00:00.000Z",
            "2026-01-01T09:00:00.000Z/0035g0000000012AAA",
            "2026-01-01T09:00:00.000+0000/003",
        ] {
            assert_eq!(Cursor::parse(text).map(|cursor| cursor.to_string()).as_deref(), Some(text));
        }
    }

    #[test]
    fn nothing_else_gets_into_a_query() {
        for text in [
            "",
            "/",
            "yesterday",
            "2026-01-01",
            "2026-01-01T09:00:00.000Z OR Id != ''",
            "2026-01-01T09:00:00.000Z/0' OR Id > '",
            "2026-01-01T09:00:00.000Z/a/b",
            "T026-01-01T09:00:00.000Z",
            "２026-01-01T09:00:00.000Z",
        ] {
            assert_eq!(Cursor::parse(text), None, "{text:?}");
        }
    }
}
