//! From a project to a component. Tools that not every machine has are played by scripts.

use std::fs;

use crate::harness::{Folder, KEY, actionbox};

/// The whole way of an author in Rust, far from the repository. The crates are those that the examples of
/// the repository were built with: they are not fetched again, and where they are there not compiled either.
#[tokio::test]
async fn a_new_project_in_rust_is_built_and_lists_its_actions() {
    let folder = Folder::new();
    actionbox("new crm-sync --lang rust --dir").arg(folder.path()).done().await.exits(0);
    let project = folder.path().join("crm-sync");

    let list = || actionbox("list hubspot --sandbox --json --plugin").arg(&project);
    list().done().await.exits(6).json()["hint"]
        .as_str()
        .filter(|hint| hint.contains("actionbox build"))
        .expect("the way to build it");

    let build = |arguments: &str| {
        let run = actionbox(&format!("build {arguments}")).arg(&project).env("CARGO_NET_OFFLINE", "true");
        run.env("CARGO_TARGET_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/../guests"))
    };
    let done = build("--json").done().await.exits(0).says("Compiling crm-sync");
    let report = done.json();
    let component = project.join("build/plugin.wasm");
    assert_eq!(report["file"], component.to_string_lossy().as_ref());
    assert_eq!(report["loadable"], true);
    assert_eq!(report["size"], fs::metadata(&component).expect("built").len());

    let actions = list().done().await.exits(0).json();
    assert!(actions.as_array().is_some_and(|actions| actions.len() > 5), "{actions}");
    assert_eq!(actions[0]["id"], "upsert_contact");
    assert_eq!(actionbox("inspect --json").arg(&project).done().await.exits(0).json(), report);

    // An error of the author's is shown as the tool says it.
    fs::write(project.join("src/lib.rs"), "mod nowhere;").expect("writable");
    build("").done().await.exits(6).says("file not found for module `nowhere`").says("error: cargo failed");
}

#[tokio::test]
async fn a_folder_without_a_project_is_2_and_says_what_would_be_one() {
    let folder = Folder::new();
    let done = actionbox("build").arg(folder.path()).done().await.exits(2);
    done.says("there is no plugin project in")
        .says("Cargo.toml, package.json or Makefile")
        .says("actionbox new");
    let run = actionbox("build").arg(folder.path().join("nowhere"));
    run.done().await.exits(2).says("there is no plugin project in");
}

#[tokio::test]
async fn a_missing_tool_is_7_and_says_how_it_is_installed() {
    let table = [
        ("Cargo.toml", "rustc is not installed", "https://rustup.rs"),
        ("package.json", "npm is not installed", "https://nodejs.org"),
        ("Makefile", "make is not installed", "apt install make"),
    ];
    for (file, what, remedy) in table {
        let folder = Folder::new();
        folder.write(file, "");
        folder.write("node_modules/.package-lock.json", "{}");
        let run = actionbox("build").arg(folder.path()).env("PATH", "/nowhere");
        run.done().await.exits(7).says(what).says(remedy);
    }
}

#[tokio::test]
async fn packages_that_are_not_installed_are_7() {
    let folder = Folder::new();
    folder.write("package.json", "{}");
    let run = actionbox("build").arg(folder.path());
    let install = format!("cd {} && npm ci", folder.path().display());
    run.done().await.exits(7).says("the packages of this project are not installed").says(&install);
}

#[cfg(unix)]
mod played {
    use std::{os::unix::fs::PermissionsExt as _, path::Path};

    use super::*;
    use crate::harness::Run;

    /// Writes a script that plays a tool, into a folder of its own beside the project.
    fn play(folder: &Folder, tool: &str, script: &str) {
        let path = folder.write(&format!("tools/{tool}"), format!("#!/bin/sh\n{script}\n"));
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("it is ours");
    }

    /// Builds the project in a folder, with no tools but those that are played.
    fn build(folder: &Folder, arguments: &str) -> Run {
        let run = actionbox(&format!("build {arguments}")).arg(folder.path().join("project"));
        run.env("PATH", folder.path().join("tools").to_str().expect("UTF-8"))
    }

    /// Returns a script that puts a file where the plugin belongs.
    fn puts(file: &Path) -> String {
        format!("/bin/mkdir -p build && /bin/cp {} build/plugin.wasm", file.display())
    }

    #[tokio::test]
    async fn a_target_that_is_not_installed_is_7() {
        let folder = Folder::new();
        folder.write("project/Cargo.toml", "");
        play(&folder, "rustc", "echo /nowhere");
        let done = build(&folder, "").done().await.exits(7);
        done.says("the target wasm32-wasip2 is not installed").says("rustup target add wasm32-wasip2");

        play(&folder, "rustc", "echo toolchain is broken >&2; exit 1");
        build(&folder, "").done().await.exits(7).says("rustc does not run").says("toolchain is broken");
        play(&folder, "rustc", "echo /");
        build(&folder, "").done().await.exits(7).says("cargo is not installed");
        play(&folder, "cargo", "echo '{\"reason\":\"build-finished\",\"success\":true}'");
        build(&folder, "").done().await.exits(6).says("cargo built no component").says("cdylib");
    }

    #[tokio::test]
    async fn npm_and_make_build_in_the_projects_folder_and_do_not_see_the_key() {
        let tools = [("package.json", "npm", "run build"), ("Makefile", "make", "")];
        for (file, tool, arguments) in tools {
            let folder = Folder::new();
            folder.write(&format!("project/{file}"), "");
            folder.write("project/node_modules/.package-lock.json", "{}");
            let component = folder.write("component.wasm", actionbox_examples::REFOLD);
            let script = format!(
                "echo \"in $PWD with <$*>\"; echo \"key <$REFOLD_API_KEY>\" >&2; {}",
                puts(&component)
            );
            play(&folder, tool, &script);
            let done = build(&folder, "--json").env("REFOLD_API_KEY", KEY).done().await.exits(0);
            let report = done.json();
            assert_eq!((&report["loadable"], &report["denied"]), (&true.into(), &serde_json::json!([])));
            let project = folder.path().join("project").canonicalize().expect("a folder");
            done.says(&format!("in {} with <{arguments}>", project.display())).says("key <>");
        }
    }

    #[tokio::test]
    async fn a_plugin_that_this_host_would_not_load_is_6() {
        let folder = Folder::new();
        folder.write("project/Makefile", "");
        let foreign = r#"(component (import "evil:host/keys@0.1.0" (instance)))"#;
        let component = folder.write("foreign.wasm", wat::parse_str(foreign).expect("valid"));
        play(&folder, "make", &puts(&component));
        let done = build(&folder, "").done().await.exits(6);
        assert!(done.stdout.contains("evil:host/keys@0.1.0  (no plugin is given this)"), "{}", done.stdout);
        assert!(done.stdout.contains("this host would not load it"), "{}", done.stdout);
    }

    #[tokio::test]
    async fn imports_that_are_there_only_to_deny_are_shown() {
        let folder = Folder::new();
        folder.write("project/Makefile", "");
        let curious = r#"(component (import "wasi:sockets/network@0.2.0" (instance)))"#;
        let component = folder.write("curious.wasm", wat::parse_str(curious).expect("valid"));
        play(&folder, "make", &puts(&component));
        let done = build(&folder, "").done().await.exits(6);
        assert!(done.stdout.contains("wasi:sockets/network@0.2.0  (there only to deny)"), "{}", done.stdout);
    }

    #[tokio::test]
    async fn a_build_that_fails_or_makes_nothing_is_6() {
        let folder = Folder::new();
        folder.write("project/Makefile", "");
        play(&folder, "make", "echo tools are missing >&2; exit 2");
        let done = build(&folder, "").done().await.exits(6).says("tools are missing\n");
        done.says("make failed: exit status: 2").says("make setup");

        fs::create_dir(folder.path().join("project/.tools")).expect("writable");
        let done = build(&folder, "").done().await.exits(6).says("make failed");
        assert!(!done.stderr.contains("make setup"), "{}", done.stderr);

        play(&folder, "make", "exit 0");
        build(&folder, "").done().await.exits(6).says("made no plugin").says("build/plugin.wasm");
    }
}
