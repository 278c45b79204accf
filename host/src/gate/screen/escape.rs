//! Other views of the same bytes: without what folds lines, and with one layer of escapes taken off.

/// Returns the [dense](dense) view of bytes that hold control characters; `None` when there are none.
pub(super) fn without_controls(bytes: &[u8]) -> Option<Vec<u8>> {
    // Without a branch for each byte, which vector instructions then do.
    let has_one = |piece: &[u8]| piece.iter().fold(false, |found, byte| found | (*byte < b' '));
    bytes.chunks(256).any(has_one).then(|| dense(bytes))
}

/// Returns the bytes without control characters, without the blanks that indent a folded line, and without
/// those after a comma: a list of numbers that is folded has them in some places and not in others.
pub(super) fn dense(bytes: &[u8]) -> Vec<u8> {
    let mut dense = Vec::with_capacity(bytes.len());
    let mut skips_blanks = false;
    for byte in bytes {
        match *byte {
            b'\n' | b'\r' => skips_blanks = true,
            b' ' if skips_blanks => {}
            0..b' ' => {}
            other => {
                dense.push(other);
                skips_blanks = other == b',';
            }
        }
    }
    dense
}

/// Takes one layer of escapes off: those of JSON and JavaScript (`\u0070`, `\u{70}`, `\x70`, `\/`), of URLs
/// (`%70`, `%u0070`) and of HTML (`&#112;`, `&#x70;`, `&sol;`). Returns `None` when there is none.
/// Characters beyond ASCII are dropped: secrets have none.
pub(super) fn unescape(bytes: &[u8]) -> Option<Vec<u8>> {
    memchr::memchr3(b'\\', b'%', b'&', bytes)?;
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    let mut changed = false;
    while let Some(at) = memchr::memchr3(b'\\', b'%', b'&', rest) {
        out.extend_from_slice(&rest[..at]);
        let (decoded, used) = escape(&rest[at..]).unwrap_or((rest.get(at).copied(), 1));
        changed |= used > 1;
        out.extend(decoded);
        rest = &rest[at + used..];
    }
    out.extend_from_slice(rest);
    changed.then_some(out)
}

/// Decodes the escape at the start of the bytes: what it stands for, and how long it is.
fn escape(bytes: &[u8]) -> Option<(Option<u8>, usize)> {
    match bytes {
        [b'\\', b'u' | b'U', b'{', ..] => enclosed(bytes, 3, 16, b'}'),
        [b'\\', b'u' | b'U', ..] => fixed(bytes, 2, 4).or(Some((Some(bytes[1]), 2))),
        [b'\\', b'x', ..] => fixed(bytes, 2, 2).or(Some((Some(b'x'), 2))),
        // Kept as what they are: blanks that follow a line break are no part of what it folds.
        [b'\\', b'n' | b'r', ..] => Some((Some(b'\n'), 2)),
        [b'\\', b't' | b'b' | b'f', ..] => Some((None, 2)),
        [b'\\', other, ..] => Some((Some(*other), 2)),
        [b'%', b'u' | b'U', ..] => fixed(bytes, 2, 4),
        [b'%', ..] => fixed(bytes, 1, 2),
        [b'&', b'#', b'x' | b'X', ..] => enclosed(bytes, 3, 16, b';'),
        [b'&', b'#', ..] => enclosed(bytes, 2, 10, b';'),
        [b'&', ..] => named(bytes),
        _ => None,
    }
}

/// Decodes an escape of so many hexadecimal digits.
fn fixed(bytes: &[u8], from: usize, count: usize) -> Option<(Option<u8>, usize)> {
    let code = number(bytes.get(from..from + count)?, 16)?;
    Some((code, from + count))
}

/// Decodes an escape of any number of digits, which a character may end.
fn enclosed(bytes: &[u8], from: usize, radix: u32, end: u8) -> Option<(Option<u8>, usize)> {
    let digits = bytes.get(from..)?;
    let count = digits.iter().take_while(|b| char::from(**b).is_digit(radix)).count();
    let code = number(&digits[..count], radix)?;
    Some((code, from + count + usize::from(digits.get(count) == Some(&end))))
}

/// Reads a code, of any length, that stands for a character: `Some(None)` when it is beyond ASCII.
fn number(digits: &[u8], radix: u32) -> Option<Option<u8>> {
    if digits.is_empty() {
        return None;
    }
    let mut code = 0u32;
    for digit in digits {
        code = code.saturating_mul(radix).saturating_add(char::from(*digit).to_digit(radix)?);
    }
    Some(u8::try_from(code).ok().filter(u8::is_ascii))
}

/// Decodes a named entity of the punctuation that a secret may hold.
fn named(bytes: &[u8]) -> Option<(Option<u8>, usize)> {
    const NAMES: [(&[u8], u8); 16] = [
        (b"&amp;", b'&'),
        (b"&ast;", b'*'),
        (b"&colon;", b':'),
        (b"&comma;", b','),
        (b"&commat;", b'@'),
        (b"&dollar;", b'$'),
        (b"&equals;", b'='),
        (b"&gt;", b'>'),
        (b"&hyphen;", b'-'),
        (b"&lowbar;", b'_'),
        (b"&lt;", b'<'),
        (b"&period;", b'.'),
        (b"&plus;", b'+'),
        (b"&quot;", b'"'),
        (b"&sol;", b'/'),
        (b"&tilde;", b'~'),
    ];
    let (name, character) = NAMES.iter().find(|(name, _)| bytes.starts_with(name))?;
    Some((Some(*character), name.len()))
}
