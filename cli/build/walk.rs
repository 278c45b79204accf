//! Finds the files of a project.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::ignored::Rule;

/// Deeper than any project; links that lead in a circle end here.
const DEEPEST: usize = 20;

/// A file of a project.
pub(crate) struct Entry {
    /// Where it lies in the project, with `/` between names.
    pub(crate) path: String,
    /// Where it really lies.
    pub(crate) file: PathBuf,
    pub(crate) executable: bool,
}

/// Lists the files of a project, sorted by path. None may lie outside of the repository, wherever links lead.
pub(crate) fn project(root: &Path, folder: &Path) -> Result<Vec<Entry>, String> {
    let mut walk = Walk { root, entries: Vec::new() };
    walk.folder(folder, "", &[], 0)?;
    Ok(walk.entries)
}

/// Returns a path without links.
pub(crate) fn canonical(path: &Path) -> Result<PathBuf, String> {
    path.canonicalize().map_err(|error| format!("{}: {error}", path.display()))
}

struct Walk<'a> {
    root: &'a Path,
    entries: Vec<Entry>,
}

impl Walk<'_> {
    /// Adds the files of a folder and of those below it. Tells whether there is anything ignored among them.
    fn folder(&mut self, folder: &Path, prefix: &str, above: &[Rule], depth: usize) -> Result<bool, String> {
        let at = |error: std::io::Error| format!("{}: {error}", folder.display());
        if depth > DEEPEST {
            return Err(format!("{}: too deep; do links lead in a circle?", folder.display()));
        }
        // A pattern that is not known is an error: else what nobody wants to hand out would be embedded.
        let mut rules = Rule::read(folder)?.into_iter().collect::<Result<Vec<_>, _>>()?;
        rules.extend(above.iter().cloned());
        let below: Vec<_> = rules.iter().filter(|rule| rule.reaches_below()).cloned().collect();

        let mut names = Vec::new();
        for entry in fs::read_dir(folder).map_err(at)? {
            let name = entry.map_err(at)?.file_name();
            let not_text = |name| format!("{}: the name {name:?} is no UTF-8", folder.display());
            names.push(name.into_string().map_err(not_text)?);
        }
        names.sort();

        let mut holds_ignored = false;
        for name in names {
            let (path, full) = (format!("{prefix}{name}"), folder.join(&name));
            // A link counts as a file for git, which does not follow it.
            let is_directory = fs::symlink_metadata(&full).map_err(at)?.is_dir();
            if rules.iter().any(|rule| rule.ignores(&name, is_directory)) {
                holds_ignored = true;
                continue;
            }
            let file = canonical(&full)?;
            if !file.starts_with(self.root) {
                return Err(format!("{} leads to {}, out of the repository", full.display(), file.display()));
            }
            match file.is_dir() {
                true => holds_ignored |= self.folder(&full, &format!("{path}/"), &below, depth + 1)?,
                false => self.entries.push(Entry { path, executable: is_executable(&file)?, file }),
            }
        }
        // Cargo looks at all that is below a folder: not at ten thousand files of installed packages.
        if !holds_ignored {
            println!("cargo::rerun-if-changed={}", folder.display());
        }
        Ok(holds_ignored)
    }
}

#[cfg(unix)]
fn is_executable(file: &Path) -> Result<bool, String> {
    use std::os::unix::fs::PermissionsExt as _;

    let metadata = fs::metadata(file).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(_: &Path) -> Result<bool, String> {
    Ok(false)
}
