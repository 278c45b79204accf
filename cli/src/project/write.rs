//! Writes a new project: wholly, or not at all.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use actionbox_host::Actor;

use super::name::ProjectName;
use crate::{
    failure::{Exit, Failure},
    language::{File, Language},
};

/// What the projects are called where they come from.
const PLACEHOLDER: &str = "my-plugin";

/// Writes the project of a language into a folder, under its name, and returns where it is.
///
/// # Errors
///
/// [`Failure`] when the folder is not there, when something is there already, or when it cannot be written;
/// nothing is left behind then.
pub(crate) fn write(language: Language, name: &ProjectName, folder: &Path) -> Result<PathBuf, Failure> {
    let target = match folder == Path::new(".") {
        true => PathBuf::from(name.as_str()),
        false => folder.join(name.as_str()),
    };
    if !folder.is_dir() {
        let message = format!("there is no folder {}", folder.display());
        return Err(refused(message).hint("create it, or name another by --dir"));
    }
    check_is_free(&target)?;

    let unwritten = |error| {
        Failure::new(Exit::Operator, "output", Actor::Operator, "the project cannot be written")
            .because(error)
            .hint(format!("check that {} can be written to", folder.display()))
    };
    // Beside the target, so that moving it there is one step.
    let staging = Staging::new(folder.join(format!(".{name}-{}", std::process::id()))).map_err(unwritten)?;
    for file in language.project() {
        place(file, name, &staging.path).map_err(unwritten)?;
    }
    staging.become_the(&target).map_err(unwritten)?;
    Ok(target)
}

fn check_is_free(target: &Path) -> Result<(), Failure> {
    let taken = match fs::symlink_metadata(target) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        // An empty folder may have been made for it.
        Ok(found) if found.is_dir() => {
            fs::read_dir(target).map_or(true, |mut inside| inside.next().is_some())
        }
        _ => true,
    };
    match taken {
        false => Ok(()),
        true => {
            let message = format!("there is something at {} already", target.display());
            Err(refused(message).hint("choose another name, or another folder by --dir; nothing was written"))
        }
    }
}

fn refused(message: String) -> Failure {
    Failure::new(Exit::Usage, "target", Actor::Caller, message)
}

/// Writes one file, with the project's name for the placeholder where it is text.
fn place(file: &File, name: &ProjectName, root: &Path) -> io::Result<()> {
    let path = root.join(file.path);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    match std::str::from_utf8(file.content) {
        Ok(text) => fs::write(&path, text.replace(PLACEHOLDER, name.as_str()))?,
        Err(_) => fs::write(&path, file.content)?,
    }
    match file.executable {
        true => make_executable(&path),
        false => Ok(()),
    }
}

/// Lets everyone execute a file who may read it.
#[cfg(unix)]
fn make_executable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    let mut permissions = fs::metadata(path)?.permissions();
    let mode = permissions.mode();
    permissions.set_mode(mode | ((mode & 0o444) >> 2));
    fs::set_permissions(path, permissions)
}

#[cfg(not(unix))]
fn make_executable(_: &Path) -> io::Result<()> {
    Ok(())
}

/// A folder of our own, which goes away again unless it becomes the target.
struct Staging {
    path: PathBuf,
}

impl Staging {
    fn new(path: PathBuf) -> io::Result<Self> {
        fs::create_dir(&path)?;
        Ok(Self { path })
    }

    fn become_the(self, target: &Path) -> io::Result<()> {
        // Not every system moves a folder onto an empty one. One that is not empty stays.
        match fs::remove_dir(target) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        fs::rename(&self.path, target)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // It is not there any more when it became the target.
        let _ = fs::remove_dir_all(&self.path);
    }
}
