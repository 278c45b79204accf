//! Tells at a glance that a text can be read into a [`Value`](serde_json::Value): most can.

/// Less deep than `serde_json` reads.
const DEPTH: usize = 100;
/// Fewer digits than the largest number has.
const DIGITS: usize = 300;

/// Tells whether a text, which is JSON by its syntax, can be read into a value for sure. Of others it is to be
/// found out by [`Plain`](super::check::Plain): those of depth, with exponents, with escapes of code points, or with
/// keys that `serde_json` may keep to itself.
pub(super) fn can_be_read(json: &str) -> bool {
    let bytes = json.as_bytes();
    let (mut depth, mut next) = (0, 0);
    while let Some(byte) = bytes.get(next) {
        next += 1;
        match byte {
            b'"' => match string(&bytes[next..]) {
                Some(length) => next += length,
                None => return false,
            },
            b'{' | b'[' if depth == DEPTH => return false,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            b'0'..=b'9' => {
                let number = &bytes[next..];
                let length = number.iter().take_while(|byte| matches!(byte, b'0'..=b'9' | b'.')).count();
                if length >= DIGITS || matches!(number.get(length), Some(b'e' | b'E')) {
                    return false;
                }
                next += length;
            }
            _ => {}
        }
    }
    true
}

/// Returns the length of a string after its first quote, with its last; `None` when it has to be looked at.
fn string(bytes: &[u8]) -> Option<usize> {
    if bytes.first() == Some(&b'$') {
        return None;
    }
    let mut next = 0;
    loop {
        next += match bytes.get(next)? {
            b'"' => return Some(next + 1),
            b'\\' if *bytes.get(next + 1)? == b'u' => return None,
            b'\\' => 2,
            _ => 1,
        };
    }
}
