//! Every link of every document leads to a file and a heading that there are, and the book is whole.

use std::{
    collections::BTreeSet,
    path::{Component, Path},
};

use super::page::{Page, root};

/// Returns the path to which a link of a page leads, from the root of the project; `None` above the root.
fn target(page: &str, link: &str) -> Option<String> {
    let mut parts: Vec<_> = Path::new(page).parent()?.components().collect();
    for part in Path::new(link).components() {
        match part {
            Component::ParentDir => drop(parts.pop()?),
            Component::CurDir => {}
            other => parts.push(other),
        }
    }
    Some(parts.iter().collect::<std::path::PathBuf>().to_str()?.to_owned())
}

fn is_elsewhere(link: &str) -> bool {
    link.starts_with("https://")
}

#[test]
fn every_link_leads_to_a_file_and_a_heading_that_there_are() {
    let mut seen = 0;
    for page in Page::all() {
        for link in page.links().into_iter().filter(|link| !is_elsewhere(link)) {
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let path = match file {
                "" => page.path.clone(),
                file => target(&page.path, file).unwrap_or_else(|| panic!("{} links to {link}", page.path)),
            };
            assert!(root().join(&path).exists(), "{} links to {link}, which is not there", page.path);
            assert!(
                anchor.is_empty() || Page::read(&path).anchors().contains(anchor),
                "{} links to {link}: there is no such heading",
                page.path
            );
            seen += 1;
        }
    }
    assert!(seen > 100, "only {seen} links were found");
}

/// What lies beside the book is not in it when it is rendered: a link out of it would lead nowhere.
#[test]
fn the_book_links_to_nothing_beside_it() {
    for path in Page::of_the_book() {
        for link in Page::read(&path).links().into_iter().filter(|link| !is_elsewhere(link)) {
            let file = link.split('#').next().unwrap_or_default();
            let target = if file.is_empty() { Some(path.clone()) } else { target(&path, file) };
            assert!(target.is_some_and(|target| target.starts_with("docs/")), "{path} links to {link}");
        }
    }
}

#[test]
fn every_page_of_the_book_is_in_its_summary_once() {
    const SUMMARY: &str = "docs/SUMMARY.md";
    let links: Vec<_> = Page::read(SUMMARY).links();
    let listed: BTreeSet<_> = links.iter().filter_map(|link| target(SUMMARY, link)).collect();
    assert_eq!(listed.len(), links.len(), "a page is listed twice: {links:?}");
    let mut pages = Page::of_the_book();
    pages.remove(SUMMARY);
    assert_eq!(listed, pages, "the pages that are listed, and those that there are");
}
