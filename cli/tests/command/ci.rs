//! The recipe for the CI of a plugin's own repository, from `examples/ci`.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use actionbox_examples::{REFOLD, UPSERT_CONTACT};

use crate::harness::{Folder, Run, actionbox, program};

const CHECK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/ci/check");

/// Puts the script into a project, as its author does, and runs it there. The command is found in the path.
fn check(project: &Path, path: &[PathBuf]) -> Run {
    fs::create_dir_all(project.join("ci")).expect("writable");
    fs::copy(CHECK, project.join("ci/check")).expect("writable");
    let path = std::env::join_paths(path).expect("a path");
    // A file that was just written may be busy to whoever executes it: a shell reads it.
    program("/bin/sh").arg("ci/check").within(project).env("PATH", path.to_str().expect("UTF-8"))
}

fn tools() -> Vec<PathBuf> {
    let own = Path::new(env!("CARGO_BIN_EXE_actionbox")).parent().expect("a folder").to_owned();
    let theirs = std::env::var_os("PATH").expect("a path");
    std::iter::once(own).chain(std::env::split_paths(&theirs)).collect()
}

/// A project whose tool is played, and leaves a component where it belongs.
fn played(folder: &Folder, component: &[u8]) -> (PathBuf, Vec<PathBuf>) {
    folder.write("project/Makefile", "");
    let built = folder.write("component.wasm", component);
    let script = format!("#!/bin/sh\nmkdir -p build && cp {} build/plugin.wasm\n", built.display());
    let make = folder.write("tools/make", script);
    fs::set_permissions(make, fs::Permissions::from_mode(0o755)).expect("it is ours");
    let path = std::iter::once(folder.path().join("tools")).chain(tools()).collect();
    (folder.path().join("project"), path)
}

/// As in `build.rs`: the crates are those that the examples were built with.
#[tokio::test]
async fn a_rust_project_is_built_compared_and_judged() {
    let folder = Folder::new();
    actionbox("new checked-in-ci --lang rust --dir").arg(folder.path()).done().await.exits(0);
    let project = folder.path().join("checked-in-ci");
    folder.write("checked-in-ci/released/plugin.wasm", REFOLD);

    let run = check(&project, &tools()).env("CARGO_NET_OFFLINE", "true");
    let run = run.env("CARGO_TARGET_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/../guests"));
    let done = run.done().await.exits(0).says("Compiling checked-in-ci");

    let upgrade = fs::read_to_string(project.join("build/upgrade.txt")).expect("it is left");
    assert!(
        upgrade.contains("asks for more\n  + action      hubspot/upsert_contact  write, its own"),
        "{upgrade}"
    );
    assert!(done.stdout.contains(&upgrade) && done.stdout.contains("0 broken"), "{}", done.stdout);
    let junit = fs::read_to_string(project.join("build/junit.xml")).expect("it is left");
    let suites = quick_junit::Report::deserialize_from_str(&junit).expect("JUnit XML");
    assert!(suites.tests >= 70 && suites.failures == 0, "{junit}");
    assert!(project.join("build/plugin.wasm").is_file());
}

#[tokio::test]
async fn a_first_release_has_nothing_to_be_compared_with() {
    let folder = Folder::new();
    let (project, path) = played(&folder, UPSERT_CONTACT);
    folder.write("project/build/upgrade.txt", "of an earlier run");
    let done = check(&project, &path).done().await.exits(0);
    assert!(
        done.stdout.contains("there is no released/plugin.wasm: nothing to compare with"),
        "{}",
        done.stdout
    );
    assert!(!project.join("build/upgrade.txt").exists());
    assert!(project.join("build/junit.xml").is_file());
}

#[tokio::test]
async fn the_first_step_that_fails_ends_the_check_with_its_exit_code() {
    let folder = Folder::new();
    let (project, path) = played(&folder, &wat::parse_str("(component)").expect("valid"));
    folder.write("project/build/junit.xml", "of an earlier run");
    let done = check(&project, &path).done().await.exits(6);
    assert!(done.stdout.contains("this host would not load it"), "{}", done.stdout);
    assert!(!project.join("build/junit.xml").exists());

    let (project, path) = played(&folder, UPSERT_CONTACT);
    folder.write("released.wasm", "no component");
    let run = check(&project, &path).env("RELEASED", "../released.wasm");
    run.done().await.exits(6).says("would not load the old plugin, ../released.wasm");
    assert!(!project.join("build/junit.xml").exists());

    let run = check(&project, &["/nowhere".into()]).done().await.exits(7);
    run.says("actionbox is not installed").says("cargo install --locked --path cli");
}

#[test]
fn the_recipes_call_the_script_and_keep_what_it_leaves() {
    let mode = fs::metadata(CHECK).expect("a file").permissions().mode();
    assert_eq!(mode & 0o111, 0o111, "everyone may execute it");
    let recipes =
        [include_str!("../../../examples/ci/github.yml"), include_str!("../../../examples/ci/gitlab.yml")];
    for recipe in recipes {
        for text in ["ci/check\n", "build/plugin.wasm", "build/upgrade.txt", "build/junit.xml", "released"] {
            assert!(recipe.contains(text), "{text:?} is missing in: {recipe}");
        }
        assert!(recipe.contains("cargo install --locked --path cli"), "{recipe}");
    }
}
