//! Columns of text: padded, the last one wrapped to the terminal.

use anstyle::Style;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::{escape, style};

/// Spaces before the first column.
const INDENT: usize = 2;
/// Spaces between columns.
const GAP: usize = 2;
/// The last column is not made narrower than this.
const NARROWEST: usize = 20;

/// A text in a table, and its style.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// Makes a cell of text from anywhere: it is escaped.
    pub(crate) fn new(text: &str, style: Style) -> Self {
        Self { text: escape::text(text), style }
    }

    /// Makes a cell without a style.
    pub(crate) fn plain(text: &str) -> Self {
        Self::new(text, style::PLAIN)
    }
}

/// Lays out a header and rows, to a width when there is one to keep.
pub(crate) fn table<const N: usize>(header: [&str; N], rows: &[[Cell; N]], width: Option<usize>) -> String {
    let header = header.map(|title| Cell::new(title, style::BOLD));
    let lines = || std::iter::once(&header).chain(rows);
    let widths: Vec<usize> =
        (0..N).map(|column| lines().map(|row| row[column].text.width()).max().unwrap_or(0)).collect();
    let before_last = INDENT + widths.iter().take(N - 1).map(|width| width + GAP).sum::<usize>();
    let room = width.map_or(usize::MAX, |width| width.saturating_sub(before_last).max(NARROWEST));

    let mut out = String::new();
    for row in lines() {
        let mut last = wrap(&row[N - 1].text, room).into_iter();
        let mut line = " ".repeat(INDENT);
        for (cell, width) in row.iter().zip(&widths).take(N - 1) {
            let style = cell.style;
            let padding = " ".repeat(width - cell.text.width() + GAP);
            line.push_str(&format!("{style}{}{style:#}{padding}", cell.text));
        }
        let style = row[N - 1].style;
        line.push_str(&format!("{style}{}{style:#}", last.next().unwrap_or_default()));
        out.push_str(line.trim_end());
        out.push('\n');
        for more in last {
            out.push_str(&format!("{}{style}{more}{style:#}\n", " ".repeat(before_last)));
        }
    }
    out
}

/// Returns the width of the terminal behind stdout, if it is one.
pub(crate) fn terminal_width() -> Option<usize> {
    terminal_size::terminal_size_of(std::io::stdout()).map(|(width, _)| usize::from(width.0))
}

/// Breaks text into lines: after a space, slash or comma where there is one late in the line.
pub(crate) fn wrap(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let (mut width, mut break_at) = (0, None);
    for c in text.chars() {
        let line = lines.last_mut().expect("there is always a line");
        let wide = c.width().unwrap_or(0);
        if width + wide > room && !line.is_empty() {
            let rest = match break_at.take() {
                Some(at) if at * 3 > line.len() => line.split_off(at),
                _ => String::new(),
            };
            line.truncate(line.trim_end().len());
            width = rest.width();
            lines.push(rest);
        }
        let line = lines.last_mut().expect("there is always a line");
        line.push(c);
        width += wide;
        if matches!(c, ' ' | '/' | ',') {
            break_at = Some(line.len());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_to_their_room() {
        let table = [
            ("", 10, vec![""]),
            ("short", 10, vec!["short"]),
            ("two words", 5, vec!["two", "words"]),
            ("unbreakable", 5, vec!["unbre", "akabl", "e"]),
            ("/api/v2/schema", 8, vec!["/api/v2/", "schema"]),
            ("日本語", 4, vec!["日本", "語"]),
        ];
        for (text, room, expected) in table {
            assert_eq!(wrap(text, room), expected, "{text:?} in {room}");
        }
    }

    #[test]
    fn columns_are_aligned_and_the_last_is_wrapped() {
        let rows = [
            [Cell::plain("a"), Cell::plain("one two three four five")],
            [Cell::plain("日本"), Cell::plain("x\u{1b}[2J")],
        ];
        let shown = table(["ID", "TEXT"], &rows, Some(28));
        let plain = anstream::adapter::strip_str(&shown).to_string();
        assert_eq!(plain, "  ID    TEXT\n  a     one two three four\n        five\n  日本  x\\u{1b}[2J\n");
    }
}
