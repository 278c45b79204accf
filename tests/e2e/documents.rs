//! What the documents say of the tests is so.

use std::{collections::BTreeSet, fs, path::Path};

/// Reads a file of the project.
fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_invariant_names_tests_that_there_are() {
    let architecture = read("ARCHITECTURE.md");
    let (_, section) = architecture.split_once("## The invariants").expect("the section");
    let invariants: Vec<_> =
        section.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit())).collect();
    assert_eq!(invariants.len(), 12);
    for invariant in invariants {
        let (_, link) = invariant.split_once("](").expect("a link to a file");
        let (path, names) = link.split_once("): ").expect("names of tests");
        let file = read(path);
        let names: Vec<_> = names.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "{path}");
        for name in names {
            assert!(file.contains(&format!("fn {name}(")), "{path} has no test {name}");
        }
    }
}

/// The link of a heading, as GitHub makes it.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-'));
    kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

#[test]
fn every_invariant_links_the_classes_that_attack_it_and_no_class_is_left_out() {
    let classes: BTreeSet<String> =
        read("docs/scoreboard.md").lines().filter_map(|line| line.strip_prefix("### ")).map(anchor).collect();
    let architecture = read("ARCHITECTURE.md");
    let (_, section) = architecture.split_once("## The invariants").expect("the section");
    let mut linked = BTreeSet::new();
    for invariant in section.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit())) {
        let links =
            invariant.split("](docs/scoreboard.md#").skip(1).filter_map(|rest| rest.split(')').next());
        let links: BTreeSet<_> = links.map(str::to_owned).collect();
        assert!(!links.is_empty(), "no class of the scoreboard: {invariant:.80}");
        linked.extend(links);
    }
    assert!(!classes.is_empty());
    assert_eq!(linked, classes, "the classes that are linked, and those that there are");
}

#[test]
fn every_link_between_the_documents_leads_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for document in ["README.md", "ARCHITECTURE.md", "SECURITY.md"] {
        for link in read(document).split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap_or_default();
            if !file.is_empty() && !link.starts_with("https://") {
                assert!(root.join(file).exists(), "{document} links to {link}");
            }
        }
    }
}
