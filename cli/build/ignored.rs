//! What a `.gitignore` ignores, as far as the projects' own ones go.
//!
//! The build script and `dev` both use this.

use std::{fs, io, path::Path};

/// One pattern.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    name: Name,
    /// Whether it is meant for the folder of its file alone.
    anchored: bool,
    directories_only: bool,
}

#[derive(Debug, Clone)]
enum Name {
    Whole(String),
    /// What follows a leading `*`.
    End(String),
}

impl Rule {
    /// Reads the `.gitignore` of a folder, if it has one: of each pattern the rule, or why it is not known.
    pub(crate) fn read(folder: &Path) -> Result<Vec<Result<Self, String>>, String> {
        let path = folder.join(".gitignore");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(format!("{}: {error}", path.display())),
        };
        let lines = text.lines().map(str::trim_end).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let rules = lines.map(|line| Self::parse(line).map_err(|what| format!("{}: {what}", path.display())));
        Ok(rules.collect())
    }

    fn parse(pattern: &str) -> Result<Self, String> {
        let (rest, directories_only) = match pattern.strip_suffix('/') {
            Some(rest) => (rest, true),
            None => (pattern, false),
        };
        let (rest, anchored) = match rest.strip_prefix('/') {
            Some(rest) => (rest, true),
            None => (rest, false),
        };
        let (rest, name): (_, fn(String) -> Name) = match rest.strip_prefix('*') {
            Some(rest) => (rest, Name::End),
            None => (rest, Name::Whole),
        };
        if rest.is_empty() || rest.contains(['/', '*', '?', '[', '\\', '!']) {
            return Err(format!("{pattern:?} is no pattern that is known here: name, /name, name/ or *.end"));
        }
        Ok(Self { name: name(rest.to_owned()), anchored, directories_only })
    }

    /// Tells whether it holds in the folders below that of its file too.
    pub(crate) fn reaches_below(&self) -> bool {
        !self.anchored
    }

    pub(crate) fn ignores(&self, name: &str, is_directory: bool) -> bool {
        let matches = match &self.name {
            Name::Whole(whole) => name == whole,
            Name::End(end) => name.ends_with(end),
        };
        matches && (is_directory || !self.directories_only)
    }
}
