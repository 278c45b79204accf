//! Which effect an action has, as far as its name tells.

use std::{collections::HashMap, fmt, sync::LazyLock};

use aho_corasick::AhoCorasick;

use crate::name::ActionId;

/// What an action does to the connected app, from harmless to unlimited. Effects are ordered.
///
/// ```
/// use actionbox_host::Effect;
///
/// assert!(Effect::Read < Effect::Write && Effect::Destructive < Effect::Raw);
///
/// /// Tells what a person is asked to confirm.
/// fn needs_confirmation(effect: Effect) -> bool {
///     effect >= Effect::Destructive
/// }
/// assert!(!needs_confirmation(Effect::Write));
/// ```
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
    /// - `httprequest` in any spelling is [`Effect::Raw`], and so is what takes a program of the caller's:
    ///   `run_sql`, `custom_api_call`;
    /// - any deleting word makes it [`Effect::Destructive`];
    /// - any writing word makes it [`Effect::Write`]: `get_or_create_contact` writes. Words that are nouns
    ///   too (`get_issue`) write only where a verb stands;
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
        let words = Words::of(action);
        let (mut most, mut before) = (None, None);
        for word in words.iter() {
            let kind = Kind::of(word);
            let is_first = before.is_none();
            let is_verb = is_first || before == Some(Kind::Conjunction);
            most = most.max(match kind {
                Kind::Raw => Some(Self::Raw),
                Kind::Destructive => Some(Self::Destructive),
                Kind::Writing => Some(Self::Write),
                Kind::WritingOrNoun if is_verb => Some(Self::Write),
                Kind::Reading if is_first => Some(Self::Read),
                _ => None,
            });
            before = Some(kind);
        }
        // The name of an arbitrary call may be in several words.
        if most < Some(Self::Raw) && RAW_STEMS_WITHIN.is_match(words.joined()) {
            Some(Self::Raw)
        } else {
            most
        }
    }

    /// Returns the word used in messages and JSON.
    ///
    /// ```
    /// use actionbox_host::Effect;
    /// use serde_json::json;
    ///
    /// let (action, effect) = ("delete_contact", Effect::Destructive);
    /// let line = json!({ "action": action, "effect": effect.as_str() });
    /// assert_eq!(line["effect"], "destructive");
    /// ```
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
    "check", "count", "describe", "download", "export", "fetch", "find", "get", "list", "lookup", "read",
    "retrieve", "search", "show", "view",
];

const WRITING: &[&str] = &[
    "accept",
    "ack",
    "acknowledge",
    "activate",
    "add",
    "allow",
    "append",
    "apply",
    "approve",
    "archive",
    "assign",
    "associate",
    "attach",
    "ban",
    "block",
    "cancel",
    "change",
    "charge",
    "checkin",
    "checkout",
    "claim",
    "clone",
    "close",
    "complete",
    "consume",
    "convert",
    "create",
    "deactivate",
    "decline",
    "disable",
    "dispatch",
    "duplicate",
    "edit",
    "emit",
    "enable",
    "enroll",
    "execute",
    "follow",
    "forward",
    "generate",
    "grant",
    "hide",
    "import",
    "increment",
    "insert",
    "invite",
    "invoke",
    "join",
    "kick",
    "kill",
    "leave",
    "lock",
    "make",
    "mark",
    "merge",
    "modify",
    "move",
    "mute",
    "notify",
    "open",
    "patch",
    "pause",
    "pay",
    "pin",
    "pop",
    "promote",
    "publish",
    "push",
    "put",
    "react",
    "refund",
    "register",
    "reject",
    "rename",
    "reopen",
    "replace",
    "reply",
    "reset",
    "resolve",
    "restore",
    "rotate",
    "rsvp",
    "run",
    "save",
    "sell",
    "send",
    "set",
    "sign",
    "snooze",
    "spend",
    "start",
    "stop",
    "submit",
    "subscribe",
    "suspend",
    "sync",
    "toggle",
    "transfer",
    "trigger",
    "unarchive",
    "unassign",
    "unblock",
    "undo",
    "unfollow",
    "unlink",
    "unlock",
    "unmute",
    "unpin",
    "unsnooze",
    "unsubscribe",
    "update",
    "upload",
    "upsert",
    "withdraw",
    "write",
];

/// Writing words that are nouns more often: they write where a verb stands, first or after a conjunction.
/// `get_issue` reads; `issue_refund` and `find_and_tag_contact` write.
const WRITING_OR_NOUN: &[&str] = &[
    "book", "call", "comment", "copy", "issue", "link", "log", "post", "process", "queue", "record",
    "release", "schedule", "share", "tag", "vote",
];

const CONJUNCTIONS: &[&str] = &["and", "else", "or", "then"];

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

/// Stems that are looked for within words too: `bulkdelete`, `massPURGE`.
const DESTRUCTIVE_STEMS: &[&str] = &["delete", "destroy", "erase", "purge", "revoke", "truncate", "wipe"];

/// Words for what was deleted, and is only looked at.
const HARMLESS: &[&str] = &["deleted", "deletedat", "isdeleted", "purged", "revoked"];

/// Words of actions that take a program or a request of the caller's own.
const RAW: &[&str] = &["command", "eval", "graphql", "passthrough", "proxy", "raw", "script", "shell", "sql"];

/// What an arbitrary call is named when its words are read in one: `httprequest`, `http_request`,
/// `HTTPRequest`, `custom_api_call`.
const RAW_STEMS: &[&str] =
    &["apicall", "apirequest", "callapi", "callendpoint", "httpcall", "httprequest", "invokeendpoint"];

/// What a word tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Reading,
    Writing,
    WritingOrNoun,
    Destructive,
    Harmless,
    Raw,
    Conjunction,
    /// Nothing.
    Other,
}

/// All words that tell something. An effect is told at every call and every request, so a word is looked up once.
static KINDS: LazyLock<HashMap<&str, Kind>> = LazyLock::new(|| {
    let lists = [
        (READING, Kind::Reading),
        (WRITING, Kind::Writing),
        (WRITING_OR_NOUN, Kind::WritingOrNoun),
        (DESTRUCTIVE, Kind::Destructive),
        (HARMLESS, Kind::Harmless),
        (RAW, Kind::Raw),
        (CONJUNCTIONS, Kind::Conjunction),
    ];
    lists.into_iter().flat_map(|(words, kind)| words.iter().map(move |word| (*word, kind))).collect()
});

static DESTRUCTIVE_STEMS_WITHIN: LazyLock<AhoCorasick> = LazyLock::new(|| searcher(DESTRUCTIVE_STEMS));
static RAW_STEMS_WITHIN: LazyLock<AhoCorasick> = LazyLock::new(|| searcher(RAW_STEMS));

fn searcher(stems: &[&str]) -> AhoCorasick {
    AhoCorasick::new(stems).expect("a few short stems are within all bounds")
}

impl Kind {
    fn of(word: &str) -> Self {
        match KINDS.get(word) {
            Some(kind) => *kind,
            None if DESTRUCTIVE_STEMS_WITHIN.is_match(word) => Self::Destructive,
            None => Self::Other,
        }
    }
}

/// The words of an id in lower case: what is between everything that is no letter, and begins where a word in
/// camel case does. `getOrCreate_v2` is get, or, create, v; `getHTTPLog` is get, http, log.
///
/// An effect is told at every call and every request, so it takes no memory of its own.
struct Words {
    letters: [u8; ActionId::MAX_LEN],
    /// Where each word ends in the letters.
    ends: [u8; ActionId::MAX_LEN],
    count: usize,
}

impl Words {
    fn of(id: &ActionId) -> Self {
        let bytes = id.as_str().as_bytes();
        let at = |index: usize, is: fn(&u8) -> bool| bytes.get(index).is_some_and(is);
        let mut words = Self { letters: [0; ActionId::MAX_LEN], ends: [0; ActionId::MAX_LEN], count: 0 };
        let mut end = 0;
        for (index, byte) in bytes.iter().enumerate() {
            let after = |is| index > 0 && at(index - 1, is);
            let begins = byte.is_ascii_uppercase()
                && (after(u8::is_ascii_lowercase)
                    || (after(u8::is_ascii_uppercase) && at(index + 1, u8::is_ascii_lowercase)));
            if begins || !byte.is_ascii_alphabetic() {
                words.end_at(end);
            }
            if byte.is_ascii_alphabetic() {
                words.letters[usize::from(end)] = byte.to_ascii_lowercase();
                end += 1;
            }
        }
        words.end_at(end);
        words
    }

    /// Ends the word that has begun, if one has.
    fn end_at(&mut self, end: u8) {
        let begin = self.count.checked_sub(1).map_or(0, |last| self.ends[last]);
        if end > begin {
            self.ends[self.count] = end;
            self.count += 1;
        }
    }

    fn iter(&self) -> impl Iterator<Item = &str> {
        let ends = &self.ends[..self.count];
        let begins = std::iter::once(&0).chain(ends);
        begins.zip(ends).map(|(begin, end)| ascii(&self.letters[usize::from(*begin)..usize::from(*end)]))
    }

    /// Returns all words in one.
    fn joined(&self) -> &str {
        ascii(&self.letters[..self.ends[..self.count].last().map_or(0, |end| usize::from(*end))])
    }
}

fn ascii(letters: &[u8]) -> &str {
    std::str::from_utf8(letters).expect("letters are ASCII")
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
            ("getHTTPLog", Some(Read)),
            ("get_issue", Some(Read)),
            ("log_call", Some(Write)),
            ("issue_refund", Some(Write)),
            ("find_and_tag_contact", Some(Write)),
            ("getHTTPStatus", Some(Read)),
            ("httprequest", Some(Raw)),
            ("HTTPRequest", Some(Raw)),
            ("http_request", Some(Raw)),
            ("http-request-v2", Some(Raw)),
            ("get_httprequest", Some(Raw)),
            ("custom_api_call", Some(Raw)),
            ("run_sql", Some(Raw)),
            ("execute_graphql", Some(Raw)),
            ("getRawQuery", Some(Raw)),
            ("invoke_endpoint", Some(Raw)),
            ("get_bulkdelete", Some(Destructive)),
            ("list_deleted_contacts", Some(Read)),
            ("get_or_make_contact", Some(Write)),
            ("fetch_and_ack", Some(Write)),
            ("query_database", None),
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
    fn each_word_tells_one_thing() {
        let lists = [READING, WRITING, WRITING_OR_NOUN, DESTRUCTIVE, HARMLESS, RAW, CONJUNCTIONS];
        let words: usize = lists.iter().map(|list| list.len()).sum();
        assert_eq!(KINDS.len(), words, "a word is in two lists");
        for (word, kind) in KINDS.iter().filter(|(word, _)| DESTRUCTIVE_STEMS_WITHIN.is_match(*word)) {
            assert!(matches!(kind, Kind::Destructive | Kind::Harmless), "{word} has a stem and is {kind:?}");
        }
    }
}
