//! Notices that a file of a project has changed.
//!
//! The system tells which file was touched. Whether its content is another is looked up: saving the same
//! again is no change, nor is a build that does so.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use notify::{ErrorKind, Event, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc as to_receive;

use super::ignored::Ignored;

/// How long a project has to be quiet after a change: an editor may write several files.
const QUIET: Duration = Duration::from_millis(50);

/// Watches a project, as it is now, until it changes after the receiver was dropped. What is received is that
/// something has changed since, and nothing is changing any more; several changes may be one.
///
/// # Errors
///
/// When the system does not watch it, or starts no thread.
pub(super) fn start(project: &Path) -> Result<to_receive::Receiver<()>, notify::Error> {
    let (sender, touched) = mpsc::channel();
    // As the system names it in what it tells.
    let mut project = Project::watched(project.canonicalize()?, notify::recommended_watcher(sender)?)?;
    let (changed, receiver) = to_receive::channel(1);
    thread::Builder::new().name("watch".to_owned()).spawn(move || {
        let mut differs = false;
        while !changed.is_closed() {
            let first = match differs {
                true => touched.recv_timeout(QUIET),
                false => touched.recv().map_err(RecvTimeoutError::from),
            };
            match first {
                Ok(first) => {
                    let events = [first].into_iter().chain(touched.try_iter());
                    let paths: BTreeSet<_> = events.flat_map(|event| project.touched(event)).collect();
                    differs |= !paths.is_empty() && project.look(&paths);
                }
                Err(RecvTimeoutError::Timeout) => {
                    differs = false;
                    // When there is one to be received already, it tells of this change as well.
                    let _one_is_enough = changed.try_send(());
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    })?;
    Ok(receiver)
}

/// A project that is watched.
struct Project {
    root: PathBuf,
    watcher: RecommendedWatcher,
    seen: Seen,
}

/// What of a project is of interest, as it was when it was looked at.
#[derive(Default)]
struct Seen {
    /// Each is watched for itself: those that are ignored may be many, and busy.
    folders: BTreeMap<PathBuf, Ignored>,
    files: BTreeMap<PathBuf, u64>,
}

impl Project {
    fn watched(root: PathBuf, mut watcher: RecommendedWatcher) -> notify::Result<Self> {
        // A folder below may vanish before it is watched; this one has to be there.
        watcher.watch(&root, RecursiveMode::NonRecursive)?;
        let mut project = Self { root, watcher, seen: Seen::default() };
        project.look(&BTreeSet::new());
        Ok(project)
    }

    /// Returns what an event says was touched, as far as it is of interest.
    fn touched(&self, event: notify::Result<Event>) -> Vec<PathBuf> {
        match event {
            // Reading is no change, and what looks here reads too.
            Ok(event) if event.kind.is_access() => Vec::new(),
            Ok(event) if !event.need_rescan() => {
                event.paths.into_iter().filter(|path| self.concerns(path)).collect()
            }
            // Something was missed.
            Ok(_) | Err(_) => vec![self.root.clone()],
        }
    }

    fn concerns(&self, path: &Path) -> bool {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return true };
        let ignored = self.seen.folders.get(folder);
        ignored.is_none_or(|ignored| !ignored.ignores(&name.to_string_lossy(), path.is_dir()))
    }

    /// Looks at the project, and reads what is new, and what is touched or lies in a touched folder. Tells
    /// whether it differs from before.
    fn look(&mut self, touched: &BTreeSet<PathBuf>) -> bool {
        let earlier = std::mem::take(&mut self.seen);
        let root = self.root.clone();
        self.folder(&root, &Ignored::default(), &earlier, touched);
        self.seen.files != earlier.files
    }

    /// What cannot be read, or goes away meanwhile, is not there.
    fn folder(&mut self, folder: &Path, above: &Ignored, earlier: &Seen, touched: &BTreeSet<PathBuf>) {
        let is_touched = |path: &Path| path.ancestors().any(|path| touched.contains(path));
        // Before it is read, so that nothing is missed. A touched one may be another of the same name.
        if is_touched(folder) || !earlier.folders.contains_key(folder) {
            self.watch(folder);
        }
        let ignored = above.within(folder);
        let Ok(entries) = fs::read_dir(folder) else { return };
        for entry in entries.filter_map(Result::ok) {
            let Ok(kind) = entry.file_type() else { continue };
            if ignored.ignores(&entry.file_name().to_string_lossy(), kind.is_dir()) {
                continue;
            }
            let path = entry.path();
            if kind.is_dir() {
                self.folder(&path, &ignored, earlier, touched);
                continue;
            }
            let known = earlier.files.get(&path).filter(|_| !is_touched(&path)).copied();
            // What a link leads to changes elsewhere.
            if known.is_none() && kind.is_symlink() {
                self.watch(&path);
            }
            if let Some(content) = known.or_else(|| digest(&path)) {
                self.seen.files.insert(path, content);
            }
        }
        self.seen.folders.insert(folder.to_owned(), ignored);
    }

    fn watch(&mut self, path: &Path) {
        match self.watcher.watch(path, RecursiveMode::NonRecursive) {
            // It went away, which is told as well.
            Ok(()) | Err(notify::Error { kind: ErrorKind::PathNotFound, .. }) => {}
            Err(error) => tracing::warn!("{} is not watched: {error}", path.display()),
        }
    }
}

/// Reads a file, through links: a build follows them too. A pipe or a device would keep us waiting.
fn digest(path: &Path) -> Option<u64> {
    fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    let mut hasher = DefaultHasher::new();
    fs::read(path).ok()?.hash(&mut hasher);
    Some(hasher.finish())
}

#[cfg(test)]
mod tests {
    use notify::{
        EventKind,
        event::{AccessKind, Flag, ModifyKind},
    };

    use super::*;

    /// A folder that goes away with the test.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("actionbox-watch-{name}-{}", std::process::id()));
            fs::create_dir(&path).expect("writable");
            Self(path.canonicalize().expect("there"))
        }

        fn write(&self, name: &str, content: &str) -> PathBuf {
            let path = self.0.join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
            fs::write(&path, content).expect("writable");
            path
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).expect("it is removed");
        }
    }

    #[test]
    fn a_project_differs_when_what_is_built_does() {
        let folder = Folder::new("look");
        folder.write(".gitignore", "*.log\n/generated/\n[a-z]*.odd\n");
        let source = folder.write("src/lib.rs", "a");
        let watcher = notify::recommended_watcher(|_| {}).expect("a watcher");
        let mut project = Project::watched(folder.0.clone(), watcher).expect("a project");
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
            let path = folder.write(name, content);
            assert_eq!(project.look(&[path].into()), differs, "{name} = {content:?}");
        }
        let renamed = folder.0.join("src/main.rs");
        fs::rename(&source, &renamed).expect("writable");
        assert!(project.look(&[source, renamed].into()), "a file has another name");
    }

    #[test]
    fn events_are_of_interest_where_a_build_reads() {
        let folder = Folder::new("events");
        folder.write(".gitignore", "*.log\n");
        folder.write("src/lib.rs", "a");
        let watcher = notify::recommended_watcher(|_| {}).expect("a watcher");
        let project = Project::watched(folder.0.clone(), watcher).expect("a project");
        let of = |kind, name: &str| Ok(Event::new(kind).add_path(folder.0.join(name)));
        let (modified, read) = (EventKind::Modify(ModifyKind::Any), EventKind::Access(AccessKind::Any));
        let table = [
            ("a file", of(modified, "src/lib.rs"), Some("src/lib.rs")),
            ("a folder", of(modified, "src"), Some("src")),
            ("a log", of(modified, "src/run.log"), None),
            ("a swap file", of(modified, "src/.lib.rs.swp"), None),
            ("reading", of(read, "src/lib.rs"), None),
            ("too many at once", Ok(Event::new(EventKind::Other).set_flag(Flag::Rescan)), Some("")),
            ("an error", Err(notify::Error::generic("lost")), Some("")),
        ];
        for (what, event, expected) in table {
            let expected: Vec<_> = expected.map(|name| folder.0.join(name)).into_iter().collect();
            assert_eq!(project.touched(event), expected, "{what}");
        }
    }

    #[tokio::test]
    async fn changes_are_received() {
        let folder = Folder::new("start");
        let source = folder.write("src/lib.rs", "a");
        let mut changed = start(&folder.0).expect("it is watched");
        for content in ["b", "c"] {
            folder.write("src/lib.rs", content);
            changed.recv().await.expect("the change");
        }
        fs::remove_file(source).expect("writable");
        changed.recv().await.expect("the change");

        // A folder of the same name is another one.
        for content in ["d", "e"] {
            fs::remove_dir_all(folder.0.join("src")).expect("writable");
            folder.write("src/new/lib.rs", content);
            changed.recv().await.expect("the change");
            folder.write("src/new/lib.rs", &content.repeat(2));
            changed.recv().await.expect("the change");
        }

        #[cfg(unix)]
        {
            let elsewhere = Folder::new("elsewhere");
            let target = elsewhere.write("shared.rs", "a");
            std::os::unix::fs::symlink(target, folder.0.join("shared.rs")).expect("writable");
            changed.recv().await.expect("the change");
            elsewhere.write("shared.rs", "b");
            changed.recv().await.expect("the change");
        }
    }
}
