//! The names of plugin projects.

use std::{fmt, str::FromStr};

/// The longest name.
const LONGEST: usize = 64;

/// A name that is a folder, a crate, a package and a module in every language, and leads nowhere else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProjectName(String);

impl ProjectName {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ProjectName {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let is_word = |word: &str| {
            !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        };
        if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.split('-').all(is_word) {
            return Err(
                "expected words of lower-case letters and digits with hyphens between, such as my-plugin"
                    .to_owned(),
            );
        }
        if name.len() > LONGEST {
            return Err(format!("expected at most {LONGEST} characters"));
        }
        if name.split('-').next() == Some("actionbox") {
            return Err(
                "expected a name that does not begin with actionbox: such are those of the SDKs".to_owned()
            );
        }
        Ok(Self(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_words_with_hyphens() {
        for good in ["a", "my-plugin", "crm2-sync", &"a".repeat(64)] {
            assert!(good.parse::<ProjectName>().is_ok(), "{good:?}");
        }
        for bad in [
            "",
            "-",
            "-a",
            "a-",
            "a--b",
            "1a",
            "A",
            "my_plugin",
            "a.b",
            "..",
            "a/b",
            "/a",
            "a\\b",
            "é",
            "a b",
            "a\n",
            "actionbox",
            "actionbox-guest",
            &"a".repeat(65),
        ] {
            assert!(bad.parse::<ProjectName>().is_err(), "{bad:?} must be refused");
        }
    }
}
