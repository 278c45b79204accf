//! What can be typed at the prompt: the words of the command, and a few more.

use actionbox_host::Actor;
use clap::{Parser, Subcommand, error::ErrorKind};

use super::words;
use crate::{
    args::Allow,
    failure::{Exit, Failure},
    show,
};

const KEYS: &str = "\
Tab completes; the up arrow brings back an earlier line, and Ctrl-R finds one.
Ctrl-C drops a call that runs; Ctrl-D ends.
Advice that begins with an option, such as --allow-write, can be typed as it is: it means allow.
list, describe and execute take these options too, for one call.
A line that begins with a space is not kept in the history.";

/// One line.
#[derive(Debug, Parser)]
#[command(name = "", no_binary_name = true, disable_help_flag = true, after_help = KEYS)]
#[command(help_template = "{subcommands}{after-help}")]
pub(super) struct Typed {
    #[command(subcommand)]
    pub(super) word: Word,
}

/// What is to be done.
#[derive(Debug, Clone, Subcommand)]
#[command(subcommand_help_heading = "Commands")]
pub(super) enum Word {
    /// List the actions of an app
    List {
        /// The slug of the app, such as hubspot
        app: String,
        #[command(flatten)]
        allow: Allow,
    },
    /// Describe the parameters of an action
    Describe {
        /// The slug of the app, such as hubspot
        app: String,
        /// The id of the action, such as get_contact
        action: String,
        #[command(flatten)]
        allow: Allow,
    },
    /// Execute an action
    Execute {
        /// The slug of the app, such as hubspot
        app: String,
        /// The id of the action, such as get_contact
        action: String,
        /// key=value (a string), key:=json or @FILE (a JSON object)
        #[arg(value_name = "PARAMETER")]
        parameters: Vec<String>,
        #[command(flatten)]
        allow: Allow,
    },
    /// Do the last list, describe or execute again
    Again,
    /// Allow more from now on: --allow-write, --allow APP/ACTION, --own APP/ACTION=EFFECT
    Allow(Allow),
    /// Build and load the plugin again, though nothing has changed
    Reload,
    /// End
    #[command(alias = "exit")]
    Quit,
}

impl Typed {
    /// The first words that there are.
    pub(super) const WORDS: [&str; 8] =
        ["list", "describe", "execute", "again", "allow", "reload", "help", "quit"];

    /// Reads a line. Nothing is to be done about an empty one, nor when it asked for help, which is shown.
    ///
    /// # Errors
    ///
    /// [`Failure`] when it means nothing.
    pub(super) fn parse(line: &str) -> Result<Option<Word>, Failure> {
        let mut words = words::split(line).map_err(|wrong| {
            usage("the line cannot be read").because(wrong).hint("quotes are as in a shell")
        })?;
        let Some(first) = words.first() else { return Ok(None) };
        // Advice elsewhere names an option: it can be typed as it stands.
        if first.starts_with("--") {
            words.insert(0, "allow".to_owned());
        }
        match Self::try_parse_from(words) {
            Ok(typed) => Ok(Some(typed.word)),
            Err(error) if error.kind() == ErrorKind::DisplayHelp => {
                show::print_error(&error.render().ansi().to_string())?;
                Ok(None)
            }
            Err(error) => Err(explain(&error.render().to_string())),
        }
    }
}

/// Takes what clap says apart: the error's own lines, and how it is used.
fn explain(text: &str) -> Failure {
    let mut paragraphs = text.split("\n\n");
    let what = paragraphs.next().unwrap_or_default().trim_start_matches("error: ");
    let what: Vec<_> = what.lines().map(str::trim).collect();
    let usage_line = paragraphs.find_map(|paragraph| paragraph.trim().strip_prefix("Usage: "));
    let hint = match usage_line {
        Some(line) if line.starts_with(char::is_lowercase) => line.to_owned(),
        _ => "help says what can be typed".to_owned(),
    };
    usage(what.join(" ")).hint(hint)
}

fn usage(message: impl Into<String>) -> Failure {
    Failure::new(Exit::Usage, "usage", Actor::Caller, message)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        Typed::command().debug_assert();
        let known: Vec<_> =
            Typed::command().get_subcommands().map(|word| word.get_name().to_owned()).collect();
        let words = Typed::WORDS.iter().filter(|&&word| word != "help");
        assert_eq!(words.collect::<Vec<_>>(), known.iter().collect::<Vec<_>>());
    }

    #[test]
    fn the_words_are_those_of_the_command() {
        let parse = |line| Typed::parse(line).expect(line).expect(line);
        let Word::Execute { app, action, parameters, allow } =
            parse("execute hubspot create_contact 'name=Ada L' n:=-1 --allow-write")
        else {
            panic!("it executes");
        };
        assert_eq!((app.as_str(), action.as_str()), ("hubspot", "create_contact"));
        assert_eq!(parameters, ["name=Ada L", "n:=-1"]);
        assert!(allow.allow_write);
        assert!(matches!(parse("exit"), Word::Quit));
        for line in
            ["allow --allow hubspot/x --own hubspot/y=write", "--allow hubspot/x --own hubspot/y=write"]
        {
            assert!(
                matches!(parse(line), Word::Allow(Allow { allow, own, .. }) if allow.len() + own.len() == 2)
            );
        }
        for line in ["", "  ", "# x"] {
            assert!(Typed::parse(line).expect(line).is_none());
        }
    }

    #[test]
    fn what_means_nothing_is_explained() {
        let table = [
            ("exekute", "unrecognized subcommand 'exekute'", "help says what can be typed"),
            ("describe hubspot", "not provided: <ACTION>", "describe <APP> <ACTION>"),
            ("list hubspot x", "unexpected argument 'x' found", "list"),
            ("--allow x", "invalid value 'x'", "help says"),
            ("list 'hubspot", "the line cannot be read", "quotes are as in a shell"),
        ];
        for (line, message, hint) in table {
            let failure = Typed::parse(line).expect_err(line);
            assert!(failure.message.contains(message), "{line}: {}", failure.message);
            assert!(
                failure.hint.as_deref().is_some_and(|text| text.contains(hint)),
                "{line}: {:?}",
                failure.hint
            );
            assert_eq!(failure.exit, Exit::Usage);
        }
    }
}
