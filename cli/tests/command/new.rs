//! Projects for plugin authors: whole, named, and nothing left behind where none can be made.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use crate::harness::{Folder, actionbox, snapshot};

const LANGUAGES: [&str; 6] = ["c", "go", "javascript", "python", "rust", "typescript"];

/// What tools leave in a project, and no project hands on.
const LEFT_BY_TOOLS: [&str; 7] =
    [".mypy_cache", ".tools", ".venv", "__pycache__", "build", "node_modules", "target"];

/// Returns the files below a folder with their paths in it, through links, without what tools leave.
fn files(root: &Path) -> BTreeMap<PathBuf, PathBuf> {
    let (mut files, mut folders) = (BTreeMap::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().and_then(|name| name.to_str()).expect("UTF-8");
            if LEFT_BY_TOOLS.contains(&name) || name.ends_with(".egg-info") {
                continue;
            }
            match path.is_dir() {
                true => folders.push(path),
                false => {
                    files.insert(path.strip_prefix(root).expect("below it").to_owned(), path);
                }
            }
        }
    }
    files
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;

    fs::metadata(path).expect("a file").permissions().mode() & 0o111 != 0
}

#[tokio::test]
async fn a_project_is_the_example_of_its_language_under_its_own_name() {
    for language in LANGUAGES {
        let folder = Folder::new();
        let new = actionbox(&format!("new crm2-sync --lang {language} --dir")).arg(folder.path());
        let done = new.done().await.exits(0);
        assert!(done.stdout.contains("crm2-sync"), "{}", done.stdout);

        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(language);
        let (source, written) = (files(&example), files(&folder.path().join("crm2-sync")));
        let paths = |files: &BTreeMap<PathBuf, PathBuf>| files.keys().cloned().collect::<Vec<_>>();
        assert_eq!(paths(&written), paths(&source), "{language}");
        let mut named = 0;
        for (path, file) in &written {
            let (source, file_bytes) =
                (fs::read(&source[path]).expect("read"), fs::read(file).expect("read"));
            assert!(fs::symlink_metadata(file).expect("there").is_file(), "{path:?} is a file of its own");
            match String::from_utf8(source) {
                Ok(text) => {
                    let text = text.replace("my-plugin", "crm2-sync");
                    named += text.matches("crm2-sync").count();
                    assert_eq!(String::from_utf8_lossy(&file_bytes), text, "{path:?}");
                }
                Err(binary) => assert_eq!(file_bytes, binary.into_bytes(), "{path:?}"),
            }
            #[cfg(unix)]
            assert_eq!(is_executable(file), is_executable(&example.join(path)), "{path:?}");
        }
        assert!(named > 0, "the project in {language} has a name somewhere");
        for needed in ["README.md", ".gitignore"] {
            assert!(written.contains_key(Path::new(needed)), "{language}: {needed}");
        }
        let inside = fs::read_dir(folder.path()).expect("a folder").count();
        assert_eq!(inside, 1, "nothing lies beside the project");
    }
}

#[tokio::test]
async fn nothing_that_is_ignored_is_handed_on() {
    for language in LANGUAGES {
        let folder = Folder::new();
        actionbox(&format!("new a --lang {language} --dir")).arg(folder.path()).done().await.exits(0);
        let mut folders = vec![folder.path().join("a")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).expect("a folder") {
                let entry = entry.expect("an entry");
                let is_folder = entry.file_type().expect("a type").is_dir();
                let name = entry.file_name().into_string().expect("UTF-8");
                let left = LEFT_BY_TOOLS.contains(&name.as_str()) || name.ends_with(".egg-info");
                assert!(!(is_folder && left), "{language}: {:?}", entry.path());
                folders.extend(is_folder.then(|| entry.path()));
            }
        }
    }
}

#[tokio::test]
async fn the_next_commands_are_named() {
    let folder = Folder::new();
    let done = actionbox("new a --lang python --dir").arg(folder.path()).done().await.exits(0);
    assert_eq!(done.stderr, "");
    let text = done.stdout.replace(&*folder.path().to_string_lossy(), "DIR");
    // How many files there are is no matter of this.
    let (before, after) = text.split_once(" of ").expect("the number of files");
    snapshot("new", &format!("{before} of {}", after.trim_start_matches(|c: char| c.is_ascii_digit())));

    let new = actionbox("new b --lang rust --json --dir").arg(folder.path());
    let report = new.done().await.exits(0).json();
    assert_eq!(report["language"], "rust");
    assert_eq!(report["project"], folder.path().join("b").to_string_lossy().as_ref());
    let enter = format!("cd {}", folder.path().join("b").display());
    assert_eq!(report["next"], serde_json::json!([enter, "actionbox build", "actionbox test"]));
}

#[tokio::test]
async fn a_name_or_a_language_that_will_not_do_is_2_and_writes_nothing() {
    let folder = Folder::new();
    let long = "a".repeat(65);
    let names = ["..", "../a", "/tmp/a", "a/b", "A", "1a", "a_b", "a.b", "-", "a-", "actionbox-guest", &long];
    for name in names {
        let run = actionbox("new --lang rust --dir").arg(folder.path()).arg("--").arg(name);
        run.done().await.exits(2).says("invalid value").says("expected");
    }
    let run = actionbox("new a --lang cobol --dir").arg(folder.path());
    run.done().await.exits(2).says("rust, typescript, javascript, python, go, c");
    let run = actionbox("new a --dir").arg(folder.path());
    run.done().await.exits(2).says("--lang <LANGUAGE>");
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

#[tokio::test]
async fn what_is_there_already_stays_as_it_is() {
    let folder = Folder::new();
    let kept = [folder.write("full/mine.txt", "mine"), folder.write("file", "mine")];
    for name in ["full", "file"] {
        let run = actionbox(&format!("new {name} --lang rust --dir")).arg(folder.path());
        let done = run.done().await.exits(2);
        done.says(&format!("there is something at {}", folder.path().join(name).display()))
            .says("choose another name");
    }
    for file in kept {
        assert_eq!(fs::read_to_string(file).expect("still there"), "mine");
    }
    assert_eq!(files(folder.path()).len(), 2, "nothing was added");

    fs::create_dir(folder.path().join("empty")).expect("writable");
    actionbox("new empty --lang rust --dir").arg(folder.path()).done().await.exits(0);
    assert!(folder.path().join("empty/Cargo.toml").is_file());

    let run = actionbox("new a --lang rust --dir").arg(folder.path().join("nowhere"));
    run.done().await.exits(2).says("there is no folder").says("create it");
}

/// The path of the folder is so long that the project's own folder can be made in it, and not its files.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_project_that_cannot_be_written_leaves_nothing_behind() {
    const LONGEST_PATH: usize = 4095;
    let folder = Folder::new();
    let mut deep = folder.path().to_owned();
    while deep.as_os_str().len() < LONGEST_PATH - 40 {
        let room = LONGEST_PATH - 40 - deep.as_os_str().len();
        deep.push("d".repeat(room.clamp(1, 200)));
    }
    fs::create_dir_all(&deep).expect("writable");
    let run = actionbox("new a --lang rust --dir").arg(&deep);
    run.done().await.exits(7).says("the project cannot be written").says("File name too long");
    assert_eq!(fs::read_dir(&deep).expect("a folder").count(), 0);
}
