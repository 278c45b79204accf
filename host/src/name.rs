//! Names that cannot be wrong: the slug of an app and the id of an action.

use std::{fmt, sync::Arc};

/// The slug of a connected app, such as `hubspot`.
///
/// One to 64 characters, each a lower-case ASCII letter, a digit, `_` or `-`, the first a letter or a
/// digit. Such a name needs no escaping in a path, a header or a log line.
///
/// ```
/// use actionbox_host::AppSlug;
/// use std::collections::HashMap;
///
/// let titles = HashMap::from([(AppSlug::parse("hubspot")?, "HubSpot")]);
/// assert_eq!(titles.get("hubspot"), Some(&"HubSpot"));
/// # Ok::<(), actionbox_host::InvalidName>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AppSlug(Arc<str>);

/// The id of an action, such as `get_contact`.
///
/// One to 128 characters, each an ASCII letter, a digit, `_` or `-`.
///
/// ```
/// use actionbox_host::ActionId;
/// use std::collections::BTreeSet;
///
/// let favourites = BTreeSet::from([ActionId::parse("get_contact")?, ActionId::parse("create_contact")?]);
/// assert!(favourites.contains("get_contact"));
/// # Ok::<(), actionbox_host::InvalidName>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActionId(Arc<str>);

/// A string that is no name of an app or of an action.
///
/// ```
/// use actionbox_host::AppSlug;
///
/// let error = AppSlug::parse("Google Drive").unwrap_err();
/// assert!(error.to_string().starts_with("\"Google Drive\" is not the slug of an app: expected 1 to 64"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is not {kind}: {rule}")]
pub struct InvalidName {
    given: String,
    kind: &'static str,
    rule: &'static str,
}

impl AppSlug {
    const MAX_LEN: usize = 64;

    /// Parses a slug.
    ///
    /// # Errors
    ///
    /// [`InvalidName`] when the text is not a slug; it says what a slug looks like.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_host::AppSlug;
    ///
    /// assert!(AppSlug::parse("google_drive").is_ok());
    /// assert!(AppSlug::parse("../linked-account").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let lower = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let ok = text.len() <= Self::MAX_LEN
            && text.bytes().next().is_some_and(lower)
            && text.bytes().all(|b| lower(b) || b == b'_' || b == b'-');
        ok.then(|| Self(text.into())).ok_or_else(|| InvalidName {
            given: shorten(text),
            kind: "the slug of an app",
            rule: "expected 1 to 64 lower-case letters, digits, '_' or '-', such as hubspot",
        })
    }

    /// Returns the slug as text.
    ///
    /// ```
    /// use actionbox_host::AppSlug;
    ///
    /// let app = AppSlug::parse("google_drive")?;
    /// assert_eq!(app.as_str().replace('_', " "), "google drive");
    /// # Ok::<(), actionbox_host::InvalidName>(())
    /// ```
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ActionId {
    pub(crate) const MAX_LEN: usize = 128;

    /// Parses an action id.
    ///
    /// # Errors
    ///
    /// [`InvalidName`] when the text is not an action id; it says what one looks like.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_host::ActionId;
    ///
    /// assert!(ActionId::parse("get_contact").is_ok());
    /// assert!(ActionId::parse("get_contact/execute").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let ok = (1..=Self::MAX_LEN).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        ok.then(|| Self(text.into())).ok_or_else(|| InvalidName {
            given: shorten(text),
            kind: "the id of an action",
            rule: "expected 1 to 128 letters, digits, '_' or '-', such as get_contact",
        })
    }

    /// Returns the id as text.
    ///
    /// ```
    /// use actionbox_host::ActionId;
    ///
    /// let action = ActionId::parse("get_contact")?;
    /// assert_eq!(action.as_str().split('_').next(), Some("get"));
    /// # Ok::<(), actionbox_host::InvalidName>(())
    /// ```
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Cuts hostile input to a length that is bearable in a message.
fn shorten(text: &str) -> String {
    const SHOWN: usize = 80;
    if text.chars().count() <= SHOWN {
        return text.to_owned();
    }
    text.chars().take(SHOWN).chain(['…']).collect()
}

macro_rules! text_traits {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    )*};
}
text_traits!(AppSlug, ActionId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_plain_lower_case_text() {
        for good in ["hubspot", "google_drive", "a", "1password", "x-y"] {
            assert!(AppSlug::parse(good).is_ok(), "{good}");
        }
        let long = "a".repeat(65);
        for bad in [
            "",
            "HubSpot",
            "hub spot",
            "hub/spot",
            "..",
            ".",
            "%68ubspot",
            "_x",
            "-x",
            "hübspot",
            "hubspot\0",
            "hubspot;v=1",
            &long,
        ] {
            assert!(AppSlug::parse(bad).is_err(), "{bad:?} must be refused");
        }
    }

    #[test]
    fn an_action_id_is_plain_text() {
        for good in ["get_contact", "getContact", "a", "X-1"] {
            assert!(ActionId::parse(good).is_ok(), "{good}");
        }
        let long = "a".repeat(129);
        for bad in ["", "..", "a.b", "a/b", "a%2fb", "a?b", "a#b", "a\\b", "a b", "é", &long] {
            assert!(ActionId::parse(bad).is_err(), "{bad:?} must be refused");
        }
    }

    #[test]
    fn a_message_about_a_hostile_name_stays_short_and_escaped() {
        let error = AppSlug::parse(&"\x1b[31m".repeat(10_000)).unwrap_err().to_string();
        assert!(error.len() < 1_000 && !error.contains('\x1b'), "{error}");
    }
}
