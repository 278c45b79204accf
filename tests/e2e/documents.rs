//! What the documents say is so: links lead somewhere, code is code that is built, and what is generated is up to date.

mod contract;
mod limits;
mod links;
mod page;
mod snippets;

use std::collections::BTreeSet;

use pulldown_cmark::HeadingLevel;

use self::page::{Item, Page, anchor, read};

fn invariants() -> Vec<Item> {
    let invariants = Page::read("ARCHITECTURE.md").items_below("The invariants");
    assert_eq!(invariants.len(), 12);
    invariants
}

#[test]
fn every_invariant_names_tests_that_there_are() {
    for invariant in invariants() {
        let path = &invariant.links[0];
        let file = read(path);
        assert!(!invariant.code.is_empty(), "{path}");
        for name in invariant.code {
            assert!(file.contains(&format!("fn {name}(")), "{path} has no test {name}");
        }
    }
}

#[test]
fn every_invariant_links_the_classes_that_attack_it_and_no_class_is_left_out() {
    let headings = Page::read("docs/scoreboard.md").headings();
    let classes = headings.iter().filter(|heading| heading.level == HeadingLevel::H3);
    let classes: BTreeSet<_> = classes.map(|heading| anchor(&heading.text)).collect();
    let mut linked = BTreeSet::new();
    for invariant in invariants() {
        let links = invariant.links.iter().filter_map(|link| link.strip_prefix("docs/scoreboard.md#"));
        let links: BTreeSet<_> = links.map(str::to_owned).collect();
        assert!(!links.is_empty(), "no class of the scoreboard: {}", invariant.links[0]);
        linked.extend(links);
    }
    assert!(!classes.is_empty());
    assert_eq!(linked, classes, "the classes that are linked, and those that there are");
}
