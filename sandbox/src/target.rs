//! What a request asks for: its path and query, read the lenient way.
//!
//! A proxy in front of a service often decodes a path, resolves its `..` and joins double slashes. The
//! sandbox does the same on purpose: whoever lets such a path out shall see in a test where it leads.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

#[derive(Debug)]
pub(crate) struct Target {
    segments: Vec<String>,
    query: BTreeMap<String, String>,
}

impl Target {
    /// Reads the target of a request line, in origin form or absolute form.
    pub(crate) fn parse(raw: &str) -> Self {
        let (path, query) = raw.split_once('?').unwrap_or((raw, ""));
        let path = match path.split_once("://") {
            Some((_, rest)) if !path.starts_with('/') => rest.find('/').map_or("", |start| &rest[start..]),
            _ => path,
        };
        let mut segments = Vec::new();
        for segment in decode(path).split('/') {
            match segment {
                "" | "." => {}
                ".." => drop(segments.pop()),
                _ => segments.push(segment.to_owned()),
            }
        }
        let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        Self { segments, query: pairs.map(|(name, value)| (decode(name), decode(value))).collect() }
    }

    pub(crate) fn segments(&self) -> Vec<&str> {
        self.segments.iter().map(String::as_str).collect()
    }

    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_the_lenient_way() {
        for (raw, expected) in [
            ("/", vec![]),
            ("*", vec!["*"]),
            ("/a/b", vec!["a", "b"]),
            ("/a/b/", vec!["a", "b"]),
            ("//a///b", vec!["a", "b"]),
            ("/a/./b", vec!["a", "b"]),
            ("/a/../b", vec!["b"]),
            ("/../../b", vec!["b"]),
            ("/a/%2e%2E/b", vec!["b"]),
            ("/a%2f..%2fb", vec!["b"]),
            ("/a%20b", vec!["a b"]),
            ("/a%zz", vec!["a%zz"]),
            ("http://host/a", vec!["a"]),
            ("http://host", vec![]),
            ("/http://host/a", vec!["http:", "host", "a"]),
        ] {
            assert_eq!(Target::parse(raw).segments(), expected, "{raw}");
        }
    }

    #[test]
    fn query_is_decoded() {
        let target = Target::parse("/a?force_refresh=true&x=%3D");
        assert_eq!(target.query("force_refresh"), Some("true"));
        assert_eq!(target.query("x"), Some("="));
        assert_eq!(target.query("y"), None);
    }
}
