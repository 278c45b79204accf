//! Keys, from the bytes that a terminal sends for them.

use std::collections::VecDeque;

/// The byte that Ctrl-C sends.
pub(super) const INTERRUPT: u8 = 0x03;

const ESCAPE: u8 = 0x1b;

/// What was pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Char(char),
    Enter,
    Tab,
    Backspace,
    Delete,
    Left,
    Right,
    WordLeft,
    WordRight,
    Start,
    End,
    Up,
    Down,
    EraseToStart,
    EraseToEnd,
    EraseWord,
    ClearScreen,
    Interrupt,
    /// Ctrl-D: the end on an empty line, or else as Delete.
    EndOfInput,
    /// One without a meaning here.
    Other,
}

/// Takes one key off the bytes, if there is a whole one.
pub(super) fn take(bytes: &mut VecDeque<u8>) -> Option<Key> {
    let (key, length) = first(bytes.make_contiguous())?;
    bytes.drain(..length);
    Some(key)
}

fn first(bytes: &[u8]) -> Option<(Key, usize)> {
    let key = match *bytes.first()? {
        ESCAPE => return escape(bytes),
        b'\r' | b'\n' => Key::Enter,
        b'\t' => Key::Tab,
        0x7f | 0x08 => Key::Backspace,
        0x01 => Key::Start,
        0x05 => Key::End,
        0x02 => Key::Left,
        0x06 => Key::Right,
        0x10 => Key::Up,
        0x0e => Key::Down,
        0x0b => Key::EraseToEnd,
        0x15 => Key::EraseToStart,
        0x17 => Key::EraseWord,
        0x0c => Key::ClearScreen,
        0x04 => Key::EndOfInput,
        INTERRUPT => Key::Interrupt,
        0x20..=0x7e => Key::Char(char::from(bytes[0])),
        0x80.. => return character(bytes),
        _ => Key::Other,
    };
    Some((key, 1))
}

/// Reads a character of several bytes. Controls and direction marks are none that is typed.
fn character(bytes: &[u8]) -> Option<(Key, usize)> {
    let length = match bytes[0] {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return Some((Key::Other, 1)),
    };
    let whole = bytes.get(..length);
    let broken = bytes.iter().take(length).skip(1).any(|byte| !(0x80..=0xbf).contains(byte));
    if broken {
        return Some((Key::Other, 1));
    }
    let text = std::str::from_utf8(whole?).unwrap_or_default();
    let plain = text.chars().next().filter(|_| crate::show::escape::text(text) == text);
    Some((plain.map_or(Key::Other, Key::Char), length))
}

/// Reads an escape sequence: `ESC [` or `ESC O`, parameters, and a last byte that names the key; or `ESC` and
/// a key, which is that key with Alt.
fn escape(bytes: &[u8]) -> Option<(Key, usize)> {
    match *bytes.get(1)? {
        b'[' | b'O' => {}
        b'b' => return Some((Key::WordLeft, 2)),
        b'f' => return Some((Key::WordRight, 2)),
        0x7f => return Some((Key::EraseWord, 2)),
        ESCAPE => return Some((Key::Other, 1)),
        _ => return Some((Key::Other, 2)),
    }
    let parameters = bytes[2..].iter().take_while(|byte| (0x20..=0x3f).contains(*byte)).count();
    let last = *bytes.get(2 + parameters)?;
    let with_word = bytes[2..2 + parameters].ends_with(b";5") || bytes[2..2 + parameters].ends_with(b";3");
    let key = match (last, &bytes[2..2 + parameters]) {
        (b'A', _) => Key::Up,
        (b'B', _) => Key::Down,
        (b'C', _) if with_word => Key::WordRight,
        (b'D', _) if with_word => Key::WordLeft,
        (b'C', _) => Key::Right,
        (b'D', _) => Key::Left,
        (b'H', _) | (b'~', b"1" | b"7") => Key::Start,
        (b'F', _) | (b'~', b"4" | b"8") => Key::End,
        (b'~', b"3") => Key::Delete,
        _ => Key::Other,
    };
    Some((key, 3 + parameters))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(bytes: &[u8]) -> (Vec<Key>, usize) {
        let mut bytes = VecDeque::from(bytes.to_vec());
        let keys = std::iter::from_fn(|| take(&mut bytes)).collect();
        (keys, bytes.len())
    }

    #[test]
    fn keys_are_told_from_bytes() {
        let table: [(&[u8], &[Key]); 19] = [
            (b"a=", &[Key::Char('a'), Key::Char('=')]),
            ("é日🎉".as_bytes(), &[Key::Char('é'), Key::Char('日'), Key::Char('🎉')]),
            (b"\r\n\t", &[Key::Enter, Key::Enter, Key::Tab]),
            (b"\x7f\x08", &[Key::Backspace, Key::Backspace]),
            (b"\x03\x04", &[Key::Interrupt, Key::EndOfInput]),
            (b"\x1b[A\x1bOB", &[Key::Up, Key::Down]),
            (b"\x1b[C\x1b[D", &[Key::Right, Key::Left]),
            (b"\x1b[1;5C\x1b[1;3D", &[Key::WordRight, Key::WordLeft]),
            (b"\x1bb\x1bf\x1b\x7f", &[Key::WordLeft, Key::WordRight, Key::EraseWord]),
            (b"\x1b[H\x1b[F\x1b[1~\x1b[4~", &[Key::Start, Key::End, Key::Start, Key::End]),
            (b"\x1b[3~x", &[Key::Delete, Key::Char('x')]),
            (
                b"\x01\x05\x0b\x15\x17\x0c",
                &[Key::Start, Key::End, Key::EraseToEnd, Key::EraseToStart, Key::EraseWord, Key::ClearScreen],
            ),
            (b"\x1b[200~", &[Key::Other]),
            (b"\x1b\x1b[A", &[Key::Other, Key::Up]),
            (b"\x00\x1a", &[Key::Other, Key::Other]),
            (b"\xffa", &[Key::Other, Key::Char('a')]),
            (b"\xc3a", &[Key::Other, Key::Char('a')]),
            ("\u{9b}\u{202e}".as_bytes(), &[Key::Other, Key::Other]),
            (b"\xed\xa0\x80a", &[Key::Other, Key::Char('a')]),
        ];
        for (bytes, expected) in table {
            assert_eq!(keys(bytes), (expected.to_vec(), 0), "{:?}", bytes.escape_ascii().to_string());
        }
    }

    #[test]
    fn what_is_not_whole_waits_for_the_rest() {
        for bytes in [&b"\x1b"[..], b"\x1b[", b"\x1b[1;5", b"\xc3", b"\xe6\x97", b"\xf0\x9f\x8e"] {
            assert_eq!(keys(bytes), (vec![], bytes.len()), "{:?}", bytes.escape_ascii().to_string());
        }
    }
}
