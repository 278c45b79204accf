//! Secrets that are easy to recognise, and the search for them in anything, in any common encoding.
//!
//! Written apart from the host's own screen on purpose: a blind spot of the one should not be the other's.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
};

use aho_corasick::AhoCorasick;
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};

/// How all canaries begin.
pub const PREFIX: &str = "tk_canary_";

/// A part of a secret of this length is a leak.
const PART: usize = 12;

/// Makes a new secret, unlike all others.
pub fn secret() -> String {
    let random = || RandomState::new().hash_one(0u8);
    format!("{PREFIX}{:016x}{:016x}", random(), random())
}

/// Something that was found where it should not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    /// The encoding.
    pub encoding: &'static str,
    /// Where it begins.
    pub offset: usize,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a secret, {}, at byte {}", self.encoding, self.offset)
    }
}

/// Searches for any part of some secrets worth the name, in any encoding and any case.
#[derive(Debug)]
pub struct Finder {
    needles: AhoCorasick,
    encodings: Vec<&'static str>,
}

impl Finder {
    /// Makes a search for these secrets.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let parts = secrets.into_iter().flat_map(|secret| secret.as_bytes().windows(PART));
        let (encodings, needles): (Vec<_>, Vec<_>) = parts.flat_map(encodings).unzip();
        let needles = AhoCorasick::builder().ascii_case_insensitive(true).build(needles);
        Self { needles: needles.expect("few enough needles"), encodings }
    }

    /// Searches bytes.
    pub fn find(&self, bytes: impl AsRef<[u8]>) -> Option<Finding> {
        let found = self.needles.find(bytes.as_ref())?;
        Some(Finding { encoding: self.encodings[found.pattern().as_usize()], offset: found.start() })
    }

    /// Searches bytes, where there should be nothing.
    ///
    /// # Panics
    ///
    /// Panics when it finds something, with its place.
    pub fn assert_absent(&self, what: &str, bytes: impl AsRef<[u8]>) {
        if let Some(finding) = self.find(bytes.as_ref()) {
            let around = &bytes.as_ref()[finding.offset.saturating_sub(200)..];
            let around = &around[..around.len().min(400)];
            panic!("{what} holds {finding}: …{}…", around.escape_ascii());
        }
    }
}

/// Returns what bytes look like in each encoding. What depends on the neighbours is left away.
pub fn encodings(bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let each = |f: &dyn Fn(&u8) -> String| bytes.iter().map(f).collect::<String>().into_bytes();
    let list = bytes.iter().map(u8::to_string).collect::<Vec<_>>();
    let mut all = vec![
        ("as it is", bytes.to_vec()),
        ("backwards", bytes.iter().rev().copied().collect()),
        ("in hex", each(&|b| format!("{b:02x}"))),
        ("in percent escapes", each(&|b| format!("%{b:02x}"))),
        ("in JSON escapes", each(&|b| format!("\\u{b:04x}"))),
        ("in UTF-16", bytes.iter().flat_map(|b| [*b, 0]).take(2 * bytes.len() - 1).collect()),
        ("as JSON numbers", list.join(",").into_bytes()),
        ("as numbers", list.join(", ").into_bytes()),
    ];
    for before in 0..3 {
        let padded = [&b"\0\0\0"[..before], bytes].concat();
        let start = [0, 2, 3][before];
        for (name, encoded) in [
            ("in base64", STANDARD_NO_PAD.encode(&padded)),
            ("in base64url", URL_SAFE_NO_PAD.encode(&padded)),
        ] {
            let end = encoded.len() - usize::from(padded.len() % 3 != 0);
            all.push((name, encoded.as_bytes()[start..end].to_vec()));
        }
    }
    all
}
