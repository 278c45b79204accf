//! Spells a secret in an encoding that the screen promises to see through.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD},
};

use super::input::Input;

/// A secret as an answer may hold it.
pub(super) struct Spelling {
    pub(super) bytes: Vec<u8>,
    /// How many layers of escapes it is under.
    pub(super) layers: usize,
}

/// Spells a secret as the input says: in one of the plain encodings, then under layers of escapes, with its
/// lines folded anywhere in between.
pub(super) fn spell(secret: &[u8], input: &mut Input<'_>) -> Spelling {
    let mut bytes = fold(plain(secret, input), input);
    let (most, mut layers) = (input.below(5), 0);
    // Each layer may make it six times as large.
    while layers < most && bytes.len() < 4 << 10 {
        bytes = fold(escape(&bytes, input), input);
        layers += 1;
    }
    Spelling { bytes, layers }
}

fn plain(secret: &[u8], input: &mut Input<'_>) -> Vec<u8> {
    let hex = |digits: fn(&u8) -> String| secret.iter().map(digits).collect::<String>().into_bytes();
    let numbers = |between| secret.iter().map(u8::to_string).collect::<Vec<_>>().join(between).into_bytes();
    let within = |input: &mut Input<'_>| {
        let (before, after) = (input.below(6), input.below(6));
        [input.bytes(before), secret, input.bytes(after)].concat()
    };
    match input.below(11) {
        0 => secret.to_vec(),
        1 => secret.to_ascii_uppercase(),
        2 => secret.to_ascii_lowercase(),
        3 => hex(|byte| format!("{byte:02x}")),
        4 => hex(|byte| format!("{byte:02X}")),
        5 => numbers(","),
        6 => numbers(", "),
        7 => STANDARD.encode(within(input)).into(),
        8 => STANDARD_NO_PAD.encode(within(input)).into(),
        9 => URL_SAFE.encode(within(input)).into(),
        _ => URL_SAFE_NO_PAD.encode(within(input)).into(),
    }
}

/// Escapes what the input says. A layer always escapes the characters that begin an escape: an encoder that
/// leaves them as they are would not be read back by its own decoder.
fn escape(bytes: &[u8], input: &mut Input<'_>) -> Vec<u8> {
    let escaped: fn(u8) -> String = match input.below(9) {
        0 => |byte| format!("\\u{byte:04x}"),
        1 => |byte| format!("\\u{{{byte:X}}}"),
        2 => |byte| format!("\\x{byte:02x}"),
        3 => |byte| format!("%{byte:02X}"),
        4 => |byte| format!("%u{byte:04x}"),
        5 => |byte| format!("&#{byte};"),
        6 => |byte| format!("&#x{byte:x};"),
        7 => |byte| format!("&#{byte:09};"),
        _ => entity_or_backslash,
    };
    let chosen: fn(u8, bool) -> bool = match input.below(4) {
        0 => |_, _| true,
        1 => |byte, _| !byte.is_ascii_alphanumeric(),
        2 => |byte, _| byte < b' ',
        _ => |byte, by_pattern| byte > b' ' && by_pattern,
    };
    let pattern = input.byte();
    let mut out = Vec::new();
    for (index, byte) in bytes.iter().enumerate() {
        let by_pattern = pattern >> (index % 8) & 1 == 1;
        if chosen(*byte, by_pattern) || matches!(byte, b'\\' | b'%' | b'&') {
            out.extend(escaped(*byte).into_bytes());
        } else {
            out.push(*byte);
        }
    }
    out
}

/// Escapes punctuation as HTML or JavaScript do when they need not use numbers.
fn entity_or_backslash(byte: u8) -> String {
    let name = match byte {
        b'&' => "amp",
        b'+' => "plus",
        b'/' => "sol",
        b'=' => "equals",
        b'_' => "lowbar",
        b'.' => "period",
        b':' => "colon",
        b',' => "comma",
        b'~' => "tilde",
        b'\n' => return "\\n".to_owned(),
        b'\r' => return "\\r".to_owned(),
        b'\t' => return "\\t".to_owned(),
        _ if byte.is_ascii_punctuation() => return format!("\\{}", char::from(byte)),
        _ => return char::from(byte).into(),
    };
    format!("&{name};")
}

/// Parts text by what reads as nothing: the zeros of UTF-16, or lines.
fn fold(bytes: Vec<u8>, input: &mut Input<'_>) -> Vec<u8> {
    let (before, after): (&[u8], &[u8]) = match input.below(8) {
        1 => (b"", b"\0"),
        2 => (b"\0", b""),
        3 => (b"", b"\n"),
        4 => (b"", b"\r\n \t"),
        5 => (b"\x01", b"\x1f"),
        _ => return bytes,
    };
    let every = input.below(16) + 1;
    let chunks = bytes.chunks(every);
    chunks.flat_map(|chunk| [before, chunk, after].concat()).collect()
}
