//! Where the API key comes from: a file or the environment, never an argument, which every process sees.

use std::{
    fs::File,
    io::Read as _,
    path::Path,
    process::{Command, Stdio},
};

use actionbox_host::{Actor, SecretString};

use crate::failure::{Exit, Failure};

/// The variable that holds the key.
pub(crate) const VARIABLE: &str = "REFOLD_API_KEY";

/// No key is longer than this.
const LONGEST: u64 = 16 << 10;

/// Reads the key from a file when one is named, or else from the environment.
///
/// # Errors
///
/// [`Failure`] when there is no key, or a file that others may read.
pub(crate) fn read(file: Option<&Path>) -> Result<SecretString, Failure> {
    match file {
        Some(path) => from_file(path),
        None => from_environment(),
    }
}

fn from_environment() -> Result<SecretString, Failure> {
    match std::env::var(VARIABLE) {
        Ok(key) if !key.trim().is_empty() => Ok(trimmed(key)),
        Err(std::env::VarError::NotUnicode(_)) => Err(no_key(format!("the key in {VARIABLE} is no text"))),
        _ => Err(no_key("there is no API key".to_owned())
            .because(format!("neither --key-file nor {VARIABLE} gives one"))
            .hint(format!("set {VARIABLE}, or add --key-file FILE; --sandbox needs no key"))),
    }
}

pub(crate) fn from_file(path: &Path) -> Result<SecretString, Failure> {
    let shown = path.display();
    let unreadable = |error| no_key(format!("the key file {shown} cannot be read")).because(error);
    // Opened first, then checked: what was checked is what is read.
    let file = File::open(path).map_err(unreadable)?;
    check_private(&file, path)?;
    let mut key = String::new();
    file.take(LONGEST).read_to_string(&mut key).map_err(unreadable)?;
    if key.trim().is_empty() {
        return Err(no_key(format!("the key file {shown} is empty")));
    }
    Ok(trimmed(key))
}

/// Reads a key that a program prints: it is shown neither the output nor what went wrong within it.
pub(crate) fn from_command(command: &[String]) -> Result<SecretString, Failure> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(no_key("the command for the key is empty".to_owned()));
    };
    let failed = |why: String| no_key(format!("the program {program} gives no key")).because(why);
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    let mut key = String::new();
    if let Some(stdout) = child.stdout.take() {
        stdout.take(LONGEST).read_to_string(&mut key).map_err(|error| failed(error.to_string()))?;
    }
    let status = child.wait().map_err(|error| failed(error.to_string()))?;
    if !status.success() {
        return Err(failed(status.to_string()));
    }
    if key.trim().is_empty() {
        return Err(failed("it prints nothing".to_owned()));
    }
    Ok(trimmed(key))
}

/// Refuses a file that its group or others have any permission for.
#[cfg(unix)]
fn check_private(file: &File, path: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt as _;

    let shown = path.display();
    let metadata = file
        .metadata()
        .map_err(|error| no_key(format!("the key file {shown} cannot be read")).because(error))?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(no_key(format!("the key file {shown} is open to others"))
        .because(format!("its mode is {mode:03o}"))
        .hint(format!("chmod 600 {shown}")))
}

/// Elsewhere, permissions are not told by a mode.
#[cfg(not(unix))]
fn check_private(_: &File, _: &Path) -> Result<(), Failure> {
    Ok(())
}

/// Leaves the line's end away. In place: a copy would leave the key behind in memory.
fn trimmed(mut key: String) -> SecretString {
    key.truncate(key.trim_end().len());
    key.drain(..key.len() - key.trim_start().len());
    key.into()
}

fn no_key(message: String) -> Failure {
    Failure::new(Exit::Operator, "key", Actor::Operator, message)
}
