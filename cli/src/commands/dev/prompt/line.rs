//! A line that is being typed, and the part of it that is seen.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Text and a cursor in it.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    text: String,
    /// In bytes, between two characters.
    cursor: usize,
}

impl Line {
    /// Begins with a text, at its end.
    pub(super) fn of(text: &str) -> Self {
        Self { text: text.to_owned(), cursor: text.len() }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn before_cursor(&self) -> &str {
        &self.text[..self.cursor]
    }

    pub(super) fn insert(&mut self, text: &str) {
        self.text.insert_str(self.cursor, text);
        self.cursor += text.len();
    }

    pub(super) fn left(&mut self) {
        self.cursor -= self.before_cursor().chars().next_back().map_or(0, char::len_utf8);
    }

    pub(super) fn right(&mut self) {
        self.cursor += self.text[self.cursor..].chars().next().map_or(0, char::len_utf8);
    }

    pub(super) fn go_to_start(&mut self) {
        self.cursor = 0;
    }

    pub(super) fn go_to_end(&mut self) {
        self.cursor = self.text.len();
    }

    pub(super) fn word_left(&mut self) {
        let before = self.before_cursor().trim_end();
        self.cursor = before.rfind(char::is_whitespace).map_or(0, |at| at + space_at(before, at));
    }

    pub(super) fn word_right(&mut self) {
        let after = &self.text[self.cursor..];
        let spaces = after.len() - after.trim_start().len();
        let word = after[spaces..].find(char::is_whitespace).unwrap_or(after.len() - spaces);
        self.cursor += spaces + word;
    }

    pub(super) fn backspace(&mut self) {
        let end = self.cursor;
        self.left();
        self.text.drain(self.cursor..end);
    }

    pub(super) fn delete(&mut self) {
        let start = self.cursor;
        self.right();
        self.text.drain(start..self.cursor);
        self.cursor = start;
    }

    pub(super) fn erase_word(&mut self) {
        let end = self.cursor;
        self.word_left();
        self.text.drain(self.cursor..end);
    }

    pub(super) fn erase_to_start(&mut self) {
        self.text.drain(..self.cursor);
        self.cursor = 0;
    }

    pub(super) fn erase_to_end(&mut self) {
        self.text.truncate(self.cursor);
    }

    /// Returns what is seen of the line in so many columns, and in which of them the cursor is. A long line is
    /// moved so that the cursor is always seen: it never takes a second row, which terminals disagree about.
    pub(super) fn seen(&self, columns: usize) -> (&str, usize) {
        let mut start = 0;
        let mut width = self.before_cursor().width();
        for c in self.before_cursor().chars() {
            // The cursor needs a column as well.
            if width < columns {
                break;
            }
            start += c.len_utf8();
            width -= c.width().unwrap_or(0).min(width);
        }
        let (mut end, mut room) = (start, columns);
        for c in self.text[start..].chars() {
            let Some(left) = room.checked_sub(c.width().unwrap_or(0)) else { break };
            (end, room) = (end + c.len_utf8(), left);
        }
        (&self.text[start..end], width)
    }
}

/// Returns how many bytes the whitespace at a place takes.
fn space_at(text: &str, at: usize) -> usize {
    text[at..].chars().next().map_or(0, char::len_utf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a line in which `|` is the cursor.
    fn line(text: &str) -> Line {
        let cursor = text.find('|').expect("a cursor");
        Line { text: text.replace('|', ""), cursor }
    }

    fn shown(line: &Line) -> String {
        format!("{}|{}", line.before_cursor(), &line.text[line.cursor..])
    }

    #[test]
    fn keys_edit_the_line() {
        type Edit = fn(&mut Line);
        let table: [(&str, Edit, &str); 24] = [
            ("a|b", |line| line.insert("日"), "a日|b"),
            ("|", Line::left, "|"),
            ("日|", Line::left, "|日"),
            ("|é", Line::right, "é|"),
            ("é|", Line::right, "é|"),
            ("a|b", Line::go_to_start, "|ab"),
            ("a|b", Line::go_to_end, "ab|"),
            ("one two|", Line::word_left, "one |two"),
            ("one  |two", Line::word_left, "|one  two"),
            ("one\u{a0}two|", Line::word_left, "one\u{a0}|two"),
            ("|", Line::word_left, "|"),
            ("|one two", Line::word_right, "one| two"),
            ("one| two", Line::word_right, "one two|"),
            ("one|", Line::word_right, "one|"),
            ("日|x", Line::backspace, "|x"),
            ("|x", Line::backspace, "|x"),
            ("x|日y", Line::delete, "x|y"),
            ("x|", Line::delete, "x|"),
            ("one two |x", Line::erase_word, "one |x"),
            ("|x", Line::erase_word, "|x"),
            ("one |x", Line::erase_to_start, "|x"),
            ("|x", Line::erase_to_start, "|x"),
            ("one| x", Line::erase_to_end, "one|"),
            ("x|", Line::erase_to_end, "x|"),
        ];
        for (before, edit, after) in table {
            let mut line = line(before);
            edit(&mut line);
            assert_eq!(shown(&line), after, "{before}");
        }
    }

    #[test]
    fn the_cursor_is_always_seen() {
        let table = [
            ("|", 10, "", 0),
            ("abc|", 10, "abc", 3),
            ("a|bc", 10, "abc", 1),
            ("abcdef|", 4, "def", 3),
            ("ab|cdef", 4, "abcd", 2),
            ("abcd|ef", 4, "bcde", 3),
            ("日本語|", 4, "語", 2),
            ("|日本語", 3, "日", 0),
            ("abc|", 1, "", 0),
            ("abc|", 0, "", 0),
        ];
        for (text, columns, seen, cursor) in table {
            assert_eq!(line(text).seen(columns), (seen, cursor), "{text} in {columns}");
        }
    }
}
