//! What authors get wrong, in each language: the command names the mistake, not a symptom of it.
//!
//! The plugins and the table of what is said of each mistake are in `tests/mistakes`.

use std::{fs, path::Path};

use crate::harness::actionbox;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/mistakes");

/// A row of the table.
struct Expected {
    language: String,
    mistake: String,
    exit: i32,
    words: Vec<String>,
}

/// Reads the table: `| language | mistake | exit code | words in back quotes |`.
fn table() -> Vec<Expected> {
    let text = fs::read_to_string(Path::new(FOLDER).join("README.md")).expect("the table is there");
    let rows = text.lines().filter_map(|line| {
        let cells: Vec<_> = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").collect();
        let [language, mistake, exit, words] = cells.as_slice() else { return None };
        Some(Expected {
            language: (*language).to_owned(),
            mistake: mistake.trim_matches('`').to_owned(),
            exit: exit.parse().ok()?,
            words: words.split('`').skip(1).step_by(2).map(str::to_owned).collect(),
        })
    });
    rows.collect()
}

/// Builds the plugin of a language, makes each of its mistakes, and returns what is said otherwise than expected.
async fn otherwise(language: &str) -> Vec<String> {
    let project = Path::new(FOLDER).join(language);
    let build = actionbox("build").arg(&project).env("CARGO_NET_OFFLINE", "true");
    build.env("CARGO_TARGET_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/../guests")).done().await.exits(0);
    let rows: Vec<_> = table().into_iter().filter(|row| row.language == language).collect();
    assert!(rows.len() > 2, "{language}: the table has {} rows", rows.len());
    let mut otherwise = Vec::new();
    for Expected { mistake, exit, words, .. } in rows {
        assert!(!words.is_empty(), "{language}/{mistake}: the table says nothing of it");
        let run = actionbox(&format!("execute hubspot {mistake} limit:=5 --sandbox --allow-write --plugin"));
        let done = run.arg(&project).arg("--own").arg(format!("hubspot/{mistake}=read")).done().await;
        let missing: Vec<_> = words.iter().filter(|words| !done.stderr.contains(*words)).collect();
        if done.code != exit || !missing.is_empty() {
            otherwise.push(format!("{language}/{mistake} lacks {missing:?}: {done:#?}"));
        }
    }
    otherwise
}

#[tokio::test]
async fn mistakes_in_rust_are_named() {
    let otherwise = otherwise("rust").await;
    assert!(otherwise.is_empty(), "{}", otherwise.join("\n"));
}

#[tokio::test]
#[ignore = "needs the tools that .ci/plugins installs, and runs there"]
async fn mistakes_in_every_language_are_named() {
    let mut all = Vec::new();
    for language in ["typescript", "javascript", "python", "go", "c"] {
        all.extend(otherwise(language).await);
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
}
