//! Notices that a file of a project has changed.
//!
//! It looks at the files again and again. A project's own files are few, so that a look takes less than a
//! millisecond; in return it works on every system and every kind of disk, needs no watch per folder, sees
//! folders that appear, and is not misled by the many ways in which editors save a file.

use std::{
    collections::BTreeMap,
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, SystemTime},
};

use tokio::sync::mpsc;

use super::ignored::Ignored;

/// How often a quiet project is looked at.
const PERIOD: Duration = Duration::from_millis(100);
/// How long a project has to be quiet after a change: an editor may write several files.
const QUIET: Duration = Duration::from_millis(50);
/// A file may change again within one tick of a coarse clock, and keep its size.
const CLOCK_TICK: Duration = Duration::from_secs(2);
/// Deeper than any project.
const DEEPEST: usize = 20;

/// Watches a project, as it is now, until the receiver is dropped. What is received is that something has
/// changed since, and nothing is changing any more; several changes may be one.
///
/// # Errors
///
/// When the system starts no thread.
pub(super) fn start(project: PathBuf) -> io::Result<mpsc::Receiver<()>> {
    let (changed, receiver) = mpsc::channel(1);
    let mut seen = Look::at(&project, &Look::default());
    thread::Builder::new().name("watch".to_owned()).spawn(move || {
        let mut unsettled = false;
        while !changed.is_closed() {
            thread::sleep(if unsettled { QUIET } else { PERIOD });
            let now = Look::at(&project, &seen);
            let differs = now.differs(&seen);
            seen = now;
            if unsettled && !differs {
                // When there is one to be received already, it tells of this change as well.
                let _one_is_enough = changed.try_send(());
            }
            unsettled = differs;
        }
    })?;
    Ok(receiver)
}

/// The files of a project at one time.
#[derive(Default)]
struct Look(BTreeMap<PathBuf, File>);

/// What is known of a file without reading it, and its content.
#[derive(Clone, Copy)]
struct File {
    modified: Option<SystemTime>,
    size: u64,
    /// Saving the same again is no change, nor is a build that does so.
    content: u64,
}

impl Look {
    /// Looks at a project, reading what may not be as it was.
    fn at(project: &Path, earlier: &Self) -> Self {
        let mut look = Self::default();
        look.folder(project, &Ignored::default(), earlier, 0);
        look
    }

    fn differs(&self, other: &Self) -> bool {
        self.contents().ne(other.contents())
    }

    fn contents(&self) -> impl Iterator<Item = (&Path, u64)> {
        self.0.iter().map(|(path, file)| (path.as_path(), file.content))
    }

    /// What cannot be read, or goes away meanwhile, is not there.
    fn folder(&mut self, folder: &Path, above: &Ignored, earlier: &Self, depth: usize) {
        let ignored = above.within(folder);
        let Ok(entries) = fs::read_dir(folder) else { return };
        for entry in entries.filter_map(Result::ok) {
            let Ok(kind) = entry.file_type() else { continue };
            if ignored.ignores(&entry.file_name().to_string_lossy(), kind.is_dir()) {
                continue;
            }
            let path = entry.path();
            if kind.is_dir() && depth < DEEPEST {
                self.folder(&path, &ignored, earlier, depth + 1);
            } else if let Some(file) = File::at(&path, earlier.0.get(&path)) {
                self.0.insert(path, file);
            }
        }
    }
}

impl File {
    fn at(path: &Path, earlier: Option<&Self>) -> Option<Self> {
        // Through links: a build follows them too. A pipe or a device would keep us waiting.
        let metadata = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
        let (modified, size) = (metadata.modified().ok(), metadata.len());
        let is_old = modified.and_then(|at| at.elapsed().ok()).is_some_and(|age| age > CLOCK_TICK);
        let content = match earlier {
            Some(earlier) if is_old && earlier.modified == modified && earlier.size == size => {
                earlier.content
            }
            _ => digest(path).ok()?,
        };
        Some(Self { modified, size, content })
    }
}

fn digest(path: &Path) -> io::Result<u64> {
    let mut hasher = DefaultHasher::new();
    fs::read(path)?.hash(&mut hasher);
    Ok(hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder that goes away with the test.
    struct Project(PathBuf);

    impl Project {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("actionbox-watch-{name}-{}", std::process::id()));
            fs::create_dir(&path).expect("writable");
            Self(path)
        }

        fn write(&self, name: &str, content: &str) {
            let path = self.0.join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
            fs::write(path, content).expect("writable");
        }
    }

    impl Drop for Project {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).expect("it is removed");
        }
    }

    #[test]
    fn a_look_differs_when_what_is_built_does() {
        let project = Project::new("look");
        project.write(".gitignore", "*.log\n/generated/\n[a-z]*.odd\n");
        project.write("src/lib.rs", "a");
        let mut before = Look::at(&project.0, &Look::default());
        let steps: [(&str, &str, bool); 11] = [
            ("src/lib.rs", "b", true),
            ("src/lib.rs", "b", false),
            ("src/new/deep.rs", "", true),
            ("target/release/x.d", "x", false),
            ("src/node_modules/x.js", "x", false),
            (".git/index", "x", false),
            ("src/.lib.rs.swp", "x", false),
            ("src/run.log", "x", false),
            ("generated/bindings.rs", "x", false),
            ("src/generated/bindings.rs", "x", true),
            ("x.odd", "x", true),
        ];
        for (name, content, differs) in steps {
            project.write(name, content);
            let after = Look::at(&project.0, &before);
            assert_eq!(after.differs(&before), differs, "{name} = {content:?}");
            before = after;
        }
        fs::rename(project.0.join("src/lib.rs"), project.0.join("src/main.rs")).expect("writable");
        assert!(Look::at(&project.0, &before).differs(&before), "a file has another name");
    }

    #[tokio::test]
    async fn changes_are_received() {
        let project = Project::new("start");
        project.write("src/lib.rs", "a");
        let mut changed = start(project.0.clone()).expect("a thread");
        for content in ["b", "c"] {
            project.write("src/lib.rs", content);
            changed.recv().await.expect("the change");
        }
        fs::remove_file(project.0.join("src/lib.rs")).expect("writable");
        changed.recv().await.expect("the change");
    }
}
