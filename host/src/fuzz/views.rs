//! Looks for a secret in every view of some bytes, slowly and plainly: what the screen finds must be there.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};

/// Tells whether some view of the bytes holds the secret in some plain encoding.
pub(super) fn holds(bytes: &[u8], secret: &[u8]) -> bool {
    let sought: Vec<_> = plain(secret).iter().map(|text| text.to_ascii_lowercase()).collect();
    let mut views = vec![bytes.to_vec()];
    for _ in 0..=4 {
        views.extend(views.iter().map(|view| dense(view)).collect::<Vec<_>>());
        views.sort_unstable();
        views.dedup();
        for view in &views {
            let view = view.to_ascii_lowercase();
            if sought.iter().any(|text| view.windows(text.len()).any(|window| window == text)) {
                return true;
            }
        }
        views = views.iter().map(|view| peeled(view)).collect();
    }
    false
}

fn plain(secret: &[u8]) -> Vec<Vec<u8>> {
    let numbers = secret.iter().map(u8::to_string).collect::<Vec<_>>();
    let hex = secret.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let mut all = vec![secret.to_vec(), hex.into(), numbers.join(",").into(), numbers.join(", ").into()];
    for before in 0..3 {
        // The characters that hold bits of nothing but the secret.
        let (first, last) = ((before * 8usize).div_ceil(6), (before + secret.len()) * 8 / 6);
        let padded = [&vec![0; before], secret].concat();
        for encoded in [STANDARD_NO_PAD.encode(&padded), URL_SAFE_NO_PAD.encode(&padded)] {
            all.push(encoded.as_bytes()[first..last].to_vec());
        }
    }
    all
}

fn dense(bytes: &[u8]) -> Vec<u8> {
    let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
    let lines = text.split(['\n', '\r']).map(|line| line.replace(|c| c < ' ', ""));
    let joined: String = lines.map(|line| line.trim_start_matches(' ').to_owned()).collect();
    let mut parts = joined.split(',');
    let first = parts.next().unwrap_or_default().to_owned();
    let joined = parts.fold(first, |all, part| all + "," + part.trim_start_matches(' '));
    joined.chars().map(|c| c as u8).collect()
}

/// Takes one layer of escapes off.
fn peeled(mut bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(first) = bytes.first() {
        let (decoded, used) = number(bytes).or_else(|| name(bytes)).unwrap_or((Some(*first), 1));
        out.extend(decoded);
        bytes = &bytes[used..];
    }
    out
}

/// Reads an escape by number: how it begins, its digits at least and at most, their radix, and how it may end.
fn number(bytes: &[u8]) -> Option<(Option<u8>, usize)> {
    const FORMS: [(&str, usize, usize, u32, &str); 7] = [
        ("\\u{", 1, usize::MAX, 16, "}"),
        ("\\u", 4, 4, 16, ""),
        ("\\x", 2, 2, 16, ""),
        ("%u", 4, 4, 16, ""),
        ("%", 2, 2, 16, ""),
        ("&#x", 1, usize::MAX, 16, ";"),
        ("&#", 1, usize::MAX, 10, ";"),
    ];
    FORMS.iter().find_map(|(open, least, most, radix, close)| {
        let rest = bytes.get(open.len()..)?;
        let opened = bytes[..open.len()].eq_ignore_ascii_case(open.as_bytes());
        let digits = rest.iter().take(*most).take_while(|b| char::from(**b).is_digit(*radix)).count();
        if !opened || digits < *least {
            return None;
        }
        let text = std::str::from_utf8(&rest[..digits]).ok()?.trim_start_matches('0');
        let code = if text.is_empty() { Some(0) } else { u32::from_str_radix(text, *radix).ok() };
        let closed = if rest[digits..].starts_with(close.as_bytes()) { close.len() } else { 0 };
        Some((
            code.and_then(|code| u8::try_from(code).ok()).filter(u8::is_ascii),
            open.len() + digits + closed,
        ))
    })
}

/// Reads an escape by name, or of a character that stands for itself.
fn name(bytes: &[u8]) -> Option<(Option<u8>, usize)> {
    const NAMES: [(&str, char); 16] = [
        ("amp", '&'),
        ("ast", '*'),
        ("colon", ':'),
        ("comma", ','),
        ("commat", '@'),
        ("dollar", '$'),
        ("equals", '='),
        ("gt", '>'),
        ("hyphen", '-'),
        ("lowbar", '_'),
        ("lt", '<'),
        ("period", '.'),
        ("plus", '+'),
        ("quot", '"'),
        ("sol", '/'),
        ("tilde", '~'),
    ];
    match bytes {
        [b'\\', b'n' | b'r', ..] => Some((Some(b'\n'), 2)),
        [b'\\', b't' | b'b' | b'f', ..] => Some((None, 2)),
        [b'\\', other, ..] => Some((Some(*other), 2)),
        [b'&', rest @ ..] => NAMES.iter().find_map(|(name, character)| {
            let rest = rest.strip_prefix(name.as_bytes())?;
            rest.starts_with(b";").then_some((Some(*character as u8), name.len() + 2))
        }),
        _ => None,
    }
}
