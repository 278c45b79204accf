//! What people and programs get to see, on stdout and stderr.

pub(crate) mod escape;
pub(crate) mod lines;
pub(crate) mod progress;
pub(crate) mod style;
pub(crate) mod table;

use std::io::{self, Write};

use actionbox_host::Actor;
use serde::Serialize;

use crate::failure::{Exit, Failure};

/// Prints text on stdout; colours only where they are wanted.
///
/// # Errors
///
/// [`Failure`] when it cannot be written, unless the reader went away: that is the reader's decision.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    write(anstream::stdout().lock(), text)
}

/// Prints text on stderr, as [`print`] does.
pub(crate) fn print_error(text: &str) -> Result<(), Failure> {
    write(anstream::stderr().lock(), text)
}

/// Tells people on stderr what they may have missed.
pub(crate) fn note(text: &str) -> Result<(), Failure> {
    let careful = style::CAREFUL;
    print_error(&format!("{careful}note:{careful:#} {}\n", escape::text(text)))
}

/// Prints a value as JSON on stdout.
///
/// # Errors
///
/// As [`print`].
pub(crate) fn json(value: &impl Serialize) -> Result<(), Failure> {
    print(&(to_json(value)? + "\n"))
}

/// Returns a value as JSON for people and programs: indented, and without raw control characters.
pub(crate) fn to_json(value: &impl Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(value).map_err(|error| not_written(&error))?;
    Ok(escape::json(&text))
}

fn write(mut stream: impl Write, text: &str) -> Result<(), Failure> {
    match stream.write_all(text.as_bytes()).and_then(|()| stream.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(not_written(&error)),
        _ => Ok(()),
    }
}

fn not_written(error: &dyn std::error::Error) -> Failure {
    Failure::new(Exit::Operator, "output", Actor::Operator, "the output cannot be written").because(error)
}
