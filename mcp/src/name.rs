//! The names of tools: `hubspot_create_contact`.
//!
//! A name has to lead to one action, whatever a plugin calls its own: an action `drive_list_files` of an app `google`
//! must not be taken for `list_files` of `google_drive`. So the app is in camel case (`googleDrive_list_files`), which
//! no slug has, and ends at the first underscore. What cannot be written so within 63 characters has a name of 64,
//! which ends with a digest.

use actionbox_host::{ActionId, AppSlug};
use sha2::{Digest as _, Sha256};

/// The longest name that clients take.
const LONGEST: usize = 64;
/// How much of a name with a digest can be read.
const READABLE: usize = 39;

/// Returns the name of the tool for an action.
pub(crate) fn of(app: &AppSlug, action: &ActionId) -> String {
    if let Some(app) = camel(app.as_str()) {
        let name = format!("{app}_{action}");
        if name.len() < LONGEST {
            return name;
        }
    }
    let mut name: String = format!("{app}_{action}").chars().take(READABLE).collect();
    name.push('_');
    for byte in Sha256::digest(format!("{app}/{action}")) {
        name.push_str(&format!("{byte:02x}"));
    }
    name.truncate(LONGEST);
    name
}

/// Returns the action of an app that a name stands for; nothing when it has to be looked for, among those that have
/// a digest, or stands for none.
pub(crate) fn action_of(app: &AppSlug, name: &str) -> Option<ActionId> {
    let (of, action) = name.split_once('_')?;
    let action = ActionId::parse(action).ok()?;
    (name.len() < LONGEST && camel(app.as_str()).as_deref() == Some(of)).then_some(action)
}

/// Tells whether a name has a digest.
pub(crate) fn has_digest(name: &str) -> bool {
    name.len() == LONGEST
}

/// Tells whether a text might be a name.
pub(crate) fn is_one(name: &str) -> bool {
    (1..=LONGEST).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}

/// Writes a slug in camel case; nothing where that could not be undone.
fn camel(slug: &str) -> Option<String> {
    let mut words = slug.split('_');
    let mut out = words.next()?.to_owned();
    for word in words {
        let mut letters = word.chars();
        let first = letters.next().filter(char::is_ascii_lowercase)?;
        out.push(first.to_ascii_uppercase());
        out.push_str(letters.as_str());
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn tool(app: &str, action: &str) -> String {
        of(&AppSlug::parse(app).expect("a slug"), &ActionId::parse(action).expect("an id"))
    }

    #[test]
    fn a_name_is_read_at_once() {
        for (app, action, name) in [
            ("hubspot", "create_contact", "hubspot_create_contact"),
            ("google_drive", "list_files", "googleDrive_list_files"),
            ("google", "drive_list_files", "google_drive_list_files"),
            ("1password", "getItem", "1password_getItem"),
            ("a-b", "__proto__", "a-b___proto__"),
        ] {
            assert_eq!(tool(app, action), name);
            let found = action_of(&AppSlug::parse(app).expect("a slug"), name);
            assert_eq!(found.map(|id| id.to_string()).as_deref(), Some(action), "{name}");
        }
    }

    #[test]
    fn no_two_actions_have_one_name() {
        let (long, longer) = ("x".repeat(128), "x".repeat(127));
        // What a plugin would call an action to take the name of a long one.
        let forged = tool("hubspot", &long)["hubspot_".len()..].to_owned();
        let apps = ["a", "a_b", "a_b_c", "a-b", "a__b", "a_", "a_1", "aa", "hubspot", &"s".repeat(64)];
        let actions = ["b", "b_c", "b_c_d", "_b", "1_b", "B", "c", "d", "_", "__", &long, &longer, &forged];
        let mut seen = HashMap::new();
        for app in apps {
            for action in actions {
                let name = tool(app, action);
                assert!(is_one(&name), "{name}");
                let before = seen.insert(name.clone(), (app, action));
                assert_eq!(before, None, "{app}/{action} is {name}");
                let of_others = apps.iter().filter(|other| **other != app);
                for other in of_others {
                    let other = AppSlug::parse(other).expect("a slug");
                    assert_eq!(action_of(&other, &name), None, "{name} is none of {other}");
                }
            }
        }
    }
}
