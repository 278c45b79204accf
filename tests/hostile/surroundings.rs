//! The plugin looks for what surrounds it: variables, arguments, input, files.

use actionbox_tests::{
    attacks, played_by,
    scoreboard::{BUSY, Case, Hole},
};
use serde_json::{Value, json};

use crate::cell::Cell;

attacks! {
    "Surroundings":
        "The plugin looks for the host's variables, arguments, input and files, where credentials are wont to lie. \
         There is nothing, and nothing is written.",
    cases,
    play,
    nothing_surrounds_a_plugin on BUSY,
}

played_by!(look_around => nothing_surrounds_a_plugin);

const INHERITED: [Hole; 1] = [Hole {
    what: "Carina: WASM provider plugins inherit the environment, with the credentials in it",
    url: "https://github.com/carina-rs/carina/issues/1472",
}];

/// What is looked for.
enum Look {
    /// A part of the report that must be this.
    For(&'static str, Value),
    /// A file.
    File(&'static str),
}

const FILES: &[&str] = &[
    "/",
    ".",
    "..",
    "../../../../../../etc/passwd",
    "/etc/passwd",
    "/etc/shadow",
    "/etc/hosts",
    "/etc/resolv.conf",
    "/proc/self/environ",
    "/proc/self/cmdline",
    "/proc/self/maps",
    "/proc/self/mem",
    "/proc/self/fd/0",
    "/proc/1/environ",
    "/dev/null",
    "/dev/mem",
    "/dev/fd/3",
    "/home/operator/.ssh/id_ed25519",
    "~/.aws/credentials",
    ".env",
    "Cargo.toml",
    "/run/secrets",
    "/var/run/docker.sock",
    "/var/run/secrets/kubernetes.io/serviceaccount/token",
    "C:\\Windows\\win.ini",
    "\\\\.\\pipe\\x",
];

fn cases() -> Vec<Case<Look>> {
    let looks = [
        ("variables", "variables", json!([])),
        ("arguments", "arguments", json!([])),
        ("standard input", "input", json!(0)),
        ("the folder it is in", "folder", json!(false)),
        ("writing files", "written", json!([])),
    ];
    let mut all: Vec<_> = looks
        .into_iter()
        .map(|(what, part, nothing)| Case::new(what, Look::For(part, nothing)).catches(&INHERITED))
        .collect();
    all.extend(FILES.iter().map(|path| Case::new(format!("the file {path}"), Look::File(path))));
    all
}

async fn play(name: String, look: Look) {
    assert!(std::env::vars().next().is_some(), "there are variables to be seen");
    let cell = Cell::new(&name).await;
    match look {
        Look::For(part, nothing) => {
            let report = cell.play("look_around", json!({})).await.expect("a report");
            assert_eq!(report[part], nothing);
        }
        Look::File(path) => {
            let report = cell.play("look_around", json!({ "files": [path] })).await.expect("a report");
            assert_eq!(report["files"], json!([]));
        }
    }
    cell.assert_untouched();
}
