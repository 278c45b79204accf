//! The contract's dependencies are those of the engine that implements them, and the lock names them.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use sha2::{Digest as _, Sha256};

fn wit() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit")
}

/// The checksum of every file of a directory, by its name.
fn checksums(directory: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    entries
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            (name, Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect())
        })
        .collect()
}

#[test]
fn the_lock_names_every_dependency_and_its_checksum() {
    let lock = fs::read_to_string(wit().join("deps.lock")).expect("a lock");
    let locked: BTreeMap<_, _> = lock
        .lines()
        .map(|line| {
            let (checksum, name) = line.split_once("  deps/").expect("the format of sha256sum");
            (name.to_owned(), checksum.to_owned())
        })
        .collect();
    assert_eq!(locked, checksums(&wit().join("deps")), "run `sha256sum deps/* > deps.lock` in wit/");
}

#[test]
fn the_dependencies_are_those_of_the_engine_in_use() {
    // Offline, cargo knows only the packages that a build for this target needs.
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args([
            "metadata",
            "--format-version",
            "1",
            "--offline",
            "--locked",
            "--filter-platform",
            env!("TARGET"),
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let engine: Vec<_> = packages.iter().filter(|package| package["name"] == "wasmtime-wasi-http").collect();
    assert_eq!(engine.len(), 1, "one version of the engine");
    let manifest = Path::new(engine[0]["manifest_path"].as_str().expect("a path"));
    let theirs = checksums(&manifest.parent().expect("a directory").join("wit/deps"));
    assert_eq!(checksums(&wit().join("deps")), theirs, "copy its wit/deps and write deps.lock anew");
}
