//! The pictures of the documentation: what a terminal shows, and the same as it was when they were made.
//!
//! `just pictures` makes them anew.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anstyle_svg::{Term, WIN10_CONSOLE};

use crate::harness::{Folder, actionbox, redact};

/// A picture's name, and the commands that it shows.
const PICTURES: [(&str, &[&str]); 4] = [
    ("demo", &["demo"]),
    ("list", &["list hubspot --sandbox --allow hubspot/delete_contact"]),
    (
        "explain",
        &[
            "explain GET https://api.hubapi.com/crm/v3/objects/contacts",
            "explain POST https://app.refold.ai/api/v2/integration-schema/hubspot/actions/get_contact/execute",
        ],
    ),
    ("diff", &["inspect new.wasm --diff old.wasm"]),
];

#[tokio::test]
async fn every_picture_is_what_the_command_prints() {
    let folder = Folder::new();
    folder.write("old.wasm", actionbox_examples::REFOLD);
    folder.write("new.wasm", actionbox_examples::UPSERT_CONTACT);
    for (name, commands) in PICTURES {
        let mut shown = String::new();
        for command in commands {
            let done = actionbox(command).env("CLICOLOR_FORCE", "1").within(folder.path()).done().await;
            let lines = done.stdout.lines().chain(done.stderr.lines());
            shown.push_str(&format!("\u{1b}[1m$ actionbox {command}\u{1b}[0m\n"));
            lines.for_each(|line| shown.push_str(&format!("{}\n", without_sizes(line))));
            shown.push('\n');
        }
        // As it comes, dimmed text is too dark to be read.
        let picture = Term::new().palette(WIN10_CONSOLE).render_svg(&redact(&shown));
        let picture = picture.replace(".dimmed { opacity: 0.4; }", ".dimmed { opacity: 0.7; }");
        let path = place(name);
        if std::env::var_os("ACTIONBOX_UPDATE_PICTURES").is_some() {
            fs::write(&path, picture).expect("writable");
        } else {
            let kept =
                fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert!(kept == picture, "{name} has changed: look at it, and run `just pictures`");
        }
    }
}

/// Takes out how large a component is: that depends on where it is built.
fn without_sizes(line: &str) -> String {
    match line.contains(" bytes") {
        true => line.chars().map(|c| if c.is_ascii_digit() { '·' } else { c }).collect(),
        false => line.to_owned(),
    }
}

fn place(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/pictures").join(name).with_extension("svg")
}
