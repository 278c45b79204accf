//! The component of a project: in every language, where `build` leaves it.

use std::{
    borrow::Cow,
    fs, io,
    path::{Path, PathBuf},
};

use actionbox_host::Actor;

use crate::{
    args::quoted,
    failure::{Exit, Failure},
};

/// Returns where the component of a project is, once it is built.
pub(crate) fn place(project: &Path) -> PathBuf {
    let place = Path::new("build").join("plugin.wasm");
    match project == Path::new(".") {
        true => place,
        false => project.join(place),
    }
}

/// Returns the file that a path means: of a folder, the component that was built there last.
///
/// # Errors
///
/// [`Failure`] for a folder in which none was built.
pub(crate) fn file(path: &Path) -> Result<Cow<'_, Path>, Failure> {
    if !path.is_dir() {
        return Ok(path.into());
    }
    let component = place(path);
    match component.is_file() {
        true => Ok(component.into()),
        false => {
            let message = format!("in the folder {} no plugin was built", path.display());
            Err(Failure::new(Exit::Plugin, "not-built", Actor::PluginAuthor, message)
                .because(format!("there is no file {}", component.display()))
                .hint(format!("build it: actionbox build {}", quoted(&path.display().to_string()))))
        }
    }
}

/// Puts a copy of a component in its place: wholly, or not at all.
pub(super) fn copy(built: &Path, project: &Path) -> io::Result<()> {
    let place = place(project);
    if let Some(folder) = place.parent() {
        fs::create_dir_all(folder)?;
    }
    let part = place.with_extension(format!("{}.part", std::process::id()));
    let copied = fs::copy(built, &part).and_then(|_| fs::rename(&part, &place));
    if copied.is_err() {
        // It may not even be there.
        let _ = fs::remove_file(&part);
    }
    copied
}
