//! Embeds the example projects, which `actionbox new` writes.
//!
//! A project is a folder of `examples/` with its links followed, so that its SDK and the contract travel
//! with it, and without what its `.gitignore` ignores. A file that lies in several projects is embedded once.

#[path = "build/ignored.rs"]
mod ignored;
#[path = "build/walk.rs"]
mod walk;

use std::{
    collections::BTreeMap,
    env,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use walk::Entry;

/// The folders of `examples/`. `Language` of the command names the same.
const PROJECTS: [&str; 6] = ["c", "go", "javascript", "python", "rust", "typescript"];

fn main() {
    if let Err(reason) = embed() {
        eprintln!("the example projects cannot be embedded: {reason}");
        std::process::exit(1);
    }
}

fn embed() -> Result<(), String> {
    let variable = |name| env::var(name).map_err(|error| format!("{name}: {error}"));
    let root = walk::canonical(&Path::new(&variable("CARGO_MANIFEST_DIR")?).join(".."))?;
    let mut contents = BTreeMap::new();
    let mut projects = String::new();
    for project in PROJECTS {
        let entries = walk::project(&root, &root.join("examples").join(project))?;
        projects.push_str(&declaration(project, &entries, &mut contents));
    }
    for (file, number) in &contents {
        println!("cargo::rerun-if-changed={}", file.display());
        let _infallible = writeln!(projects, "static F{number}: &[u8] = include_bytes!({file:?});");
    }
    let path = Path::new(&variable("OUT_DIR")?).join("projects.rs");
    fs::write(&path, projects).map_err(|error| format!("{}: {error}", path.display()))
}

/// Declares the files of a project, and numbers those that no project had before.
fn declaration(project: &str, entries: &[Entry], contents: &mut BTreeMap<PathBuf, usize>) -> String {
    let mut files = String::new();
    for Entry { path, file, executable } in entries {
        let next = contents.len();
        let number = contents.entry(file.clone()).or_insert(next);
        let _infallible =
            writeln!(files, "    File {{ path: {path:?}, content: F{number}, executable: {executable} }},");
    }
    format!("static {}: &[File] = &[\n{files}];\n", project.to_uppercase())
}
