//! What may follow what is typed: commands, apps, actions and parameters.

use super::typed::Typed;

/// What is wanted at the end of a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted<'a> {
    Command,
    App,
    Action {
        app: &'a str,
    },
    /// A parameter that is not given yet.
    Parameter {
        app: &'a str,
        action: &'a str,
        given: Vec<&'a str>,
    },
    Option,
    /// `APP/ACTION`, the value of an option, of which the app is typed already when there is one.
    Name {
        app: Option<&'a str>,
    },
    Nothing,
}

const OPTIONS: [&str; 3] = ["--allow-write", "--allow", "--own"];

/// Returns what is wanted at the end of a line, and the word that is begun there.
pub(super) fn wanted(line: &str) -> (Wanted<'_>, &str) {
    let begin = line.rfind([' ', '\t']).map_or(0, |at| at + 1);
    let (before, word) = line.split_at(begin);
    // Who quotes knows what follows.
    if line.contains(['\'', '"', '\\']) {
        return (Wanted::Nothing, word);
    }
    let words: Vec<_> = before.split_whitespace().collect();
    if let Some(&("--allow" | "--own")) = words.last() {
        return (Wanted::Name { app: word.split_once('/').map(|(app, _)| app) }, word);
    }
    if word.starts_with('-') {
        return (Wanted::Option, word);
    }
    let wanted =
        match words.iter().filter(|word| !word.starts_with("--")).copied().collect::<Vec<_>>().as_slice() {
            [] if words.is_empty() => Wanted::Command,
            ["list" | "describe" | "execute"] => Wanted::App,
            ["describe" | "execute", app] => Wanted::Action { app },
            ["execute", app, action, given @ ..] if !word.contains('=') => {
                let given = given.iter().filter_map(|word| word.split('=').next());
                Wanted::Parameter { app, action, given: given.map(|key| key.trim_end_matches(':')).collect() }
            }
            ["help"] => Wanted::Command,
            ["allow"] => Wanted::Option,
            _ => Wanted::Nothing,
        };
    (wanted, word)
}

/// Returns what can be typed for a command or an option, with what follows it.
pub(super) fn fixed(wanted: &Wanted<'_>) -> Option<Vec<String>> {
    let names: &[&str] = match wanted {
        Wanted::Command => &Typed::WORDS,
        Wanted::Option => &OPTIONS,
        Wanted::Nothing => &[],
        _ => return None,
    };
    Some(names.iter().map(|name| format!("{name} ")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_depends_on_what_is_typed() {
        let parameter = |given: &[&'static str]| Wanted::Parameter {
            app: "hubspot",
            action: "get_contact",
            given: given.to_vec(),
        };
        let table = [
            ("", Wanted::Command, ""),
            ("li", Wanted::Command, "li"),
            ("  li", Wanted::Command, "li"),
            ("help ", Wanted::Command, ""),
            ("list ", Wanted::App, ""),
            ("execute hub", Wanted::App, "hub"),
            ("list hubspot ", Wanted::Nothing, ""),
            ("describe hubspot get", Wanted::Action { app: "hubspot" }, "get"),
            ("describe hubspot get_contact ", Wanted::Nothing, ""),
            ("execute hubspot get_contact ", parameter(&[]), ""),
            ("execute hubspot get_contact limit=1 o:=2 a", parameter(&["limit", "o"]), "a"),
            ("execute hubspot --allow-write get_contact l", parameter(&[]), "l"),
            ("execute hubspot get_contact limit=", Wanted::Nothing, "limit="),
            ("execute hubspot get_contact a='x y' ", Wanted::Nothing, ""),
            ("execute hubspot get_contact --al", Wanted::Option, "--al"),
            ("--al", Wanted::Option, "--al"),
            ("allow ", Wanted::Option, ""),
            ("--allow ", Wanted::Name { app: None }, ""),
            ("allow --own hubspot/up", Wanted::Name { app: Some("hubspot") }, "hubspot/up"),
            ("quit ", Wanted::Nothing, ""),
        ];
        for (line, expected, word) in table {
            assert_eq!(wanted(line), (expected, word), "{line:?}");
        }
    }
}
