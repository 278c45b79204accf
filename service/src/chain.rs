//! The audit trail: lines that are only ever appended, each with a hash over itself and the hash before it.
//!
//! Whoever changes, removes or inserts a line breaks every hash after it. Whoever can write to the database can make
//! all hashes anew: keep the last one elsewhere, now and then.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::digest::hex;

/// One line, before it has its place.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Milliseconds since 1970.
    pub(crate) at: i64,
    pub(crate) tenant: Option<String>,
    pub(crate) correlation: Option<String>,
    pub(crate) event: Value,
}

/// One line in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) sequence: i64,
    pub(crate) text: String,
    pub(crate) hash: String,
}

/// The end of the trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) sequence: i64,
    pub(crate) hash: String,
}

impl Default for Head {
    /// Of a trail that has no line.
    fn default() -> Self {
        Self { sequence: 0, hash: "0".repeat(64) }
    }
}

impl Head {
    /// Puts a line behind the last one.
    pub(crate) fn append(&mut self, entry: &Entry) -> Line {
        let sequence = self.sequence + 1;
        let text = json!({
            "sequence": sequence,
            "at": entry.at,
            "tenant": entry.tenant,
            "correlation": entry.correlation,
            "event": entry.event,
        })
        .to_string();
        let hash = follow(&self.hash, &text);
        *self = Self { sequence, hash: hash.clone() };
        Line { sequence, text, hash }
    }

    /// Checks that a line is the one that follows.
    ///
    /// # Errors
    ///
    /// [`Broken`] when it is not.
    pub(crate) fn check(&mut self, line: &Line) -> Result<(), Broken> {
        let says: Option<i64> =
            serde_json::from_str::<Value>(&line.text).ok().and_then(|text| text["sequence"].as_i64());
        if line.sequence != self.sequence + 1 || says != Some(line.sequence) {
            return Err(Broken {
                after: self.sequence,
                found: line.sequence,
                what: "a line is missing or moved",
            });
        }
        if line.hash != follow(&self.hash, &line.text) {
            return Err(Broken { after: self.sequence, found: line.sequence, what: "a line is changed" });
        }
        *self = Self { sequence: line.sequence, hash: line.hash.clone() };
        Ok(())
    }
}

impl Head {
    /// Checks that the trail ends here: that its newest lines are there too.
    ///
    /// # Errors
    ///
    /// [`Broken`] when it goes on, or should.
    pub(crate) fn check_end(&self, end: &Self) -> Result<(), Broken> {
        if self == end {
            return Ok(());
        }
        Err(Broken { after: self.sequence, found: self.sequence + 1, what: "its end is missing or changed" })
    }
}

/// Where an audit trail is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the audit trail is broken at line {found}, the first after {after} good ones: {what}")]
pub struct Broken {
    /// The number of the last good line.
    pub after: i64,
    /// The number of the first that is not.
    pub found: i64,
    what: &'static str,
}

fn follow(hash: &str, text: &str) -> String {
    hex(&Sha256::new_with_prefix(hash).chain_update(text).finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trail(lines: i64) -> Vec<Line> {
        let mut head = Head::default();
        let entry = |n| Entry {
            at: n,
            tenant: Some("acme".to_owned()),
            correlation: None,
            event: json!({ "kind": "call", "number": n }),
        };
        (0..lines).map(|n| head.append(&entry(n))).collect()
    }

    fn check(lines: &[Line]) -> Result<Head, Broken> {
        let mut head = Head::default();
        lines.iter().try_for_each(|line| head.check(line))?;
        Ok(head)
    }

    #[test]
    fn whatever_is_changed_is_found() {
        let good = trail(5);
        assert_eq!(check(&good).expect("it is good").sequence, 5);
        type Change = fn(&mut Vec<Line>);
        let table: [(&str, Change); 6] = [
            ("a line changed", |lines| lines[2].text = lines[2].text.replace("acme", "umbrella")),
            ("a hash changed", |lines| lines[2].hash = "0".repeat(64)),
            ("a line removed", |lines| drop(lines.remove(2))),
            ("two lines swapped", |lines| lines.swap(1, 2)),
            ("a line doubled", |lines| lines.insert(2, lines[2].clone())),
            ("removed, and the numbers made to fit", |lines| {
                lines.remove(2);
                lines[2].sequence = 3;
            }),
        ];
        for (what, change) in table {
            let mut changed = good.clone();
            change(&mut changed);
            assert!(check(&changed).is_err(), "{what}");
        }
    }
}
