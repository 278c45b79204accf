//! Which effect an action has, as far as its name tells.

use std::fmt;

use crate::name::ActionId;

/// What an action does to the connected app, from harmless to unlimited. Effects are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Changes nothing.
    Read,
    /// Creates or changes something.
    Write,
    /// Deletes something, or does what cannot be undone.
    Destructive,
    /// Makes an arbitrary call with the customer's own credentials, such as `httprequest`.
    Raw,
}

impl Effect {
    /// Returns the effect that the name of an upstream's action tells, or `None` when its verb is unknown.
    ///
    /// The listing of the upstream does not mark effects, so the id's words have to serve:
    ///
    /// - `httprequest` in any spelling is [`Effect::Raw`];
    /// - any deleting word makes it [`Effect::Destructive`];
    /// - any writing word makes it [`Effect::Write`]: `get_or_create_contact` writes;
    /// - only then a reading first word makes it [`Effect::Read`];
    /// - everything else is unknown, and must be granted by name.
    ///
    /// ```
    /// use actionbox_host::{ActionId, Effect};
    /// # fn main() -> Result<(), actionbox_host::InvalidName> {
    /// assert_eq!(Effect::of_name(&ActionId::parse("get_contact")?), Some(Effect::Read));
    /// assert_eq!(Effect::of_name(&ActionId::parse("get_or_create_contact")?), Some(Effect::Write));
    /// assert_eq!(Effect::of_name(&ActionId::parse("frobnicate")?), None);
    /// # Ok(())
    /// # }
    /// ```
    pub fn of_name(action: &ActionId) -> Option<Self> {
        let words = words(action.as_str());
        if is_raw(&words) {
            Some(Self::Raw)
        } else if words.iter().any(|word| DESTRUCTIVE.contains(&word.as_str())) {
            Some(Self::Destructive)
        } else if words.iter().any(|word| WRITING.contains(&word.as_str())) {
            Some(Self::Write)
        } else if words.first().is_some_and(|word| READING.contains(&word.as_str())) {
            Some(Self::Read)
        } else {
            None
        }
    }

    /// Returns the word used in messages and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Destructive => "destructive",
            Self::Raw => "raw",
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

const READING: &[&str] = &[
    "check", "count", "describe", "download", "export", "fetch", "find", "get", "list", "lookup", "query",
    "read", "retrieve", "search", "show", "view",
];

const WRITING: &[&str] = &[
    "accept",
    "add",
    "append",
    "apply",
    "approve",
    "archive",
    "assign",
    "associate",
    "attach",
    "book",
    "call",
    "cancel",
    "change",
    "close",
    "comment",
    "complete",
    "convert",
    "copy",
    "create",
    "decline",
    "disable",
    "duplicate",
    "edit",
    "enable",
    "enroll",
    "execute",
    "follow",
    "forward",
    "import",
    "insert",
    "invite",
    "invoke",
    "issue",
    "join",
    "kick",
    "leave",
    "link",
    "log",
    "mark",
    "merge",
    "modify",
    "move",
    "open",
    "patch",
    "pay",
    "pin",
    "post",
    "publish",
    "push",
    "put",
    "react",
    "record",
    "refund",
    "register",
    "reject",
    "release",
    "rename",
    "reopen",
    "replace",
    "reply",
    "reset",
    "resolve",
    "restore",
    "run",
    "save",
    "schedule",
    "send",
    "set",
    "share",
    "sign",
    "start",
    "stop",
    "submit",
    "subscribe",
    "sync",
    "tag",
    "transfer",
    "trigger",
    "unarchive",
    "unassign",
    "unfollow",
    "unlink",
    "unpin",
    "unsubscribe",
    "update",
    "upload",
    "upsert",
    "write",
];

const DESTRUCTIVE: &[&str] = &[
    "clear",
    "delete",
    "destroy",
    "drop",
    "empty",
    "erase",
    "expunge",
    "purge",
    "remove",
    "revoke",
    "terminate",
    "trash",
    "truncate",
    "unpublish",
    "wipe",
];

/// Tells an arbitrary call by its name: `httprequest`, `http_request`, `HTTPRequest`, `raw_http_request_v2`.
fn is_raw(words: &[String]) -> bool {
    let joined = words.concat();
    joined.contains("httprequest") || joined.contains("apirequest") || joined.contains("rawrequest")
}

/// Splits an id into words in lower case, at everything that is no letter and where a word in camel case
/// begins: `getOrCreate_v2` is get, or, create, v; `getHTTPLog` is get, http, log.
fn words(id: &str) -> Vec<String> {
    let bytes = id.as_bytes();
    let at = |index: usize, is: fn(&u8) -> bool| bytes.get(index).is_some_and(is);
    let mut words = vec![String::new()];
    for (index, byte) in bytes.iter().enumerate() {
        let after = |is| index > 0 && at(index - 1, is);
        let begins = byte.is_ascii_uppercase()
            && (after(u8::is_ascii_lowercase)
                || (after(u8::is_ascii_uppercase) && at(index + 1, u8::is_ascii_lowercase)));
        if begins || !byte.is_ascii_alphabetic() {
            words.push(String::new());
        }
        if byte.is_ascii_alphabetic()
            && let Some(word) = words.last_mut()
        {
            word.push(char::from(byte.to_ascii_lowercase()));
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effects_are_told_by_the_words_of_the_name() {
        use Effect::*;
        let table = [
            ("get_contact", Some(Read)),
            ("get_contact_by_id", Some(Read)),
            ("list_channels", Some(Read)),
            ("search_contacts", Some(Read)),
            ("get_entity_with_soql", Some(Read)),
            ("getContact", Some(Read)),
            ("GET_CONTACT", Some(Read)),
            ("create_contact", Some(Write)),
            ("update_account", Some(Write)),
            ("upsert_contact", Some(Write)),
            ("send_message", Some(Write)),
            ("get_or_create_contact", Some(Write)),
            ("getOrCreateContact", Some(Write)),
            ("search_and_update", Some(Write)),
            ("delete_contact", Some(Destructive)),
            ("get_and_delete_contact", Some(Destructive)),
            ("create_or_remove", Some(Destructive)),
            ("listThenPurge", Some(Destructive)),
            ("getDELETEContact", Some(Destructive)),
            ("getHTTPLog", Some(Write)),
            ("getHTTPStatus", Some(Read)),
            ("httprequest", Some(Raw)),
            ("HTTPRequest", Some(Raw)),
            ("http_request", Some(Raw)),
            ("http-request-v2", Some(Raw)),
            ("get_httprequest", Some(Raw)),
            ("frobnicate_contact", None),
            ("contact_get", None),
            ("getaway", None),
            ("_", None),
            ("42", None),
        ];
        for (id, expected) in table {
            let action = ActionId::parse(id).expect("a valid id");
            assert_eq!(Effect::of_name(&action), expected, "{id}");
        }
    }

    #[test]
    fn no_word_has_two_effects() {
        for word in READING {
            assert!(!WRITING.contains(word) && !DESTRUCTIVE.contains(word), "{word}");
        }
        for word in WRITING {
            assert!(!DESTRUCTIVE.contains(word), "{word}");
        }
    }
}
