//! Which files of a project are of no interest to its build.

use std::path::Path;

#[path = "../../../build/ignored.rs"]
mod gitignore;

use gitignore::Rule;

/// What builds and tools write, in whichever language.
const WRITTEN_BY_TOOLS: [&str; 4] = ["build", "target", "node_modules", "__pycache__"];

/// What holds in one folder: the patterns of its own `.gitignore` and of those above.
#[derive(Default)]
pub(super) struct Ignored(Vec<Rule>);

impl Ignored {
    /// Returns what holds in a folder below one. A pattern that is not understood ignores nothing.
    pub(super) fn within(&self, folder: &Path) -> Self {
        let own = Rule::read(folder).unwrap_or_default().into_iter().filter_map(Result::ok);
        Self(own.chain(self.0.iter().filter(|rule| rule.reaches_below()).cloned()).collect())
    }

    /// Tells whether an entry of the folder is ignored.
    pub(super) fn ignores(&self, name: &str, is_directory: bool) -> bool {
        let always = match is_directory {
            // Of git, of editors, and where tools are installed. Cargo's holds its configuration.
            true => (name.starts_with('.') && name != ".cargo") || WRITTEN_BY_TOOLS.contains(&name),
            false => is_left_by_an_editor(name),
        };
        always || self.0.iter().any(|rule| rule.ignores(name, is_directory))
    }
}

/// Tells swap files, backups, locks and probes of editors, and what desktops leave.
fn is_left_by_an_editor(name: &str) -> bool {
    let vim = [".swp", ".swo", ".swx"].iter().any(|end| name.starts_with('.') && name.ends_with(end));
    let emacs = name.starts_with(".#") || (name.starts_with('#') && name.ends_with('#'));
    let others =
        name.ends_with("___jb_tmp___") || name.ends_with("___jb_old___") || name.ends_with(".kate-swp");
    vim || emacs || others || name.ends_with('~') || matches!(name, "4913" | ".DS_Store")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_build_does_not_read_is_ignored() {
        let ignored = Ignored::default();
        let files = ["lib.rs", "Cargo.lock", "package.json", ".gitignore", "target", "a.swp", "#a", "build"];
        let folders = ["src", "sdk", ".cargo", "wit", "builds"];
        let table = [(false, files.as_slice()), (true, folders.as_slice())];
        for (is_directory, names) in table {
            for name in names {
                assert!(!ignored.ignores(name, is_directory), "{name} is watched");
            }
        }
        let files = [".lib.rs.swp", ".lib.rs.swx", ".#lib.rs", "#lib.rs#", "lib.rs~", "4913", ".DS_Store"];
        let folders =
            ["build", "target", "node_modules", ".tools", ".venv", ".git", ".mypy_cache", "__pycache__"];
        let table = [(false, files.as_slice()), (true, folders.as_slice())];
        for (is_directory, names) in table {
            for name in names {
                assert!(ignored.ignores(name, is_directory), "{name} is ignored");
            }
        }
    }
}
