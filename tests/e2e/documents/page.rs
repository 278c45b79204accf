//! A document, as what renders it sees it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// Returns the folder of the project.
pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Reads a file of the project.
pub(super) fn read(path: &str) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Compares a generated page with its file, or writes it when `ACTIONBOX_UPDATE_BOOK` is set.
pub(super) fn check_generated(path: &str, text: &str) {
    if std::env::var_os("ACTIONBOX_UPDATE_BOOK").is_some() {
        fs::write(root().join(path), text).unwrap_or_else(|error| panic!("{path}: {error}"));
    }
    assert!(
        read(path) == text,
        "{path} is not what the tests would write: ACTIONBOX_UPDATE_BOOK=1 writes it"
    );
}

/// One document of the project.
pub(super) struct Page {
    /// Where it is, from the root of the project.
    pub(super) path: String,
    text: String,
}

/// A block of code.
pub(super) struct Block {
    /// The word after the fence.
    pub(super) language: String,
    /// The file that the comment before it names.
    pub(super) origin: Option<String>,
    pub(super) text: String,
}

/// A heading.
pub(super) struct Heading {
    pub(super) level: HeadingLevel,
    pub(super) text: String,
}

impl Page {
    pub(super) fn read(path: &str) -> Self {
        Self { path: path.to_owned(), text: read(path) }
    }

    /// Returns the documents for readers: of the project, of the book, of examples and of SDKs.
    pub(super) fn all() -> Vec<Self> {
        let mut paths: Vec<_> =
            ["README.md", "ARCHITECTURE.md", "SECURITY.md", "guest/README.md", "host/README.md"]
                .map(str::to_owned)
                .into();
        paths.extend(Self::of_the_book());
        for folder in ["examples", "sdk"] {
            let entries = fs::read_dir(root().join(folder)).expect("a folder");
            let names =
                entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"));
            let readmes = names.map(|name| format!("{folder}/{name}/README.md"));
            paths.extend(readmes.filter(|path| root().join(path).is_file()));
        }
        paths.sort();
        paths.iter().map(|path| Self::read(path)).collect()
    }

    /// Returns the paths of the files below `docs` that are Markdown.
    pub(super) fn of_the_book() -> BTreeSet<String> {
        let (mut paths, mut folders) = (BTreeSet::new(), vec!["docs".to_owned()]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(root().join(&folder)).expect("a folder") {
                let entry = entry.expect("an entry");
                let path = format!("{folder}/{}", entry.file_name().into_string().expect("UTF-8"));
                match entry.path().is_dir() {
                    true => folders.push(path),
                    false if path.ends_with(".md") => drop(paths.insert(path)),
                    false => {}
                }
            }
        }
        paths
    }

    fn events(&self) -> Parser<'_> {
        Parser::new_ext(&self.text, Options::ENABLE_TABLES)
    }

    pub(super) fn headings(&self) -> Vec<Heading> {
        let mut headings: Vec<Heading> = Vec::new();
        let mut inside = false;
        for event in self.events() {
            match event {
                Event::Start(Tag::Heading { level, .. }) => {
                    inside = true;
                    headings.push(Heading { level, text: String::new() });
                }
                Event::End(TagEnd::Heading(_)) => inside = false,
                Event::Text(text) | Event::Code(text) if inside => {
                    headings.last_mut().expect("it began").text.push_str(&text);
                }
                _ => {}
            }
        }
        headings
    }

    /// Returns what links into the page may name.
    pub(super) fn anchors(&self) -> BTreeSet<String> {
        let mut seen = BTreeMap::new();
        let anchors = self.headings().into_iter().map(|heading| {
            let anchor = anchor(&heading.text);
            let before = seen.entry(anchor.clone()).and_modify(|count| *count += 1).or_insert(0);
            if *before == 0 { anchor } else { format!("{anchor}-{before}") }
        });
        anchors.collect()
    }

    /// Returns where its links and pictures lead.
    pub(super) fn links(&self) -> Vec<String> {
        let targets = self.events().filter_map(|event| match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                Some(dest_url.to_string())
            }
            _ => None,
        });
        targets.collect()
    }

    /// Returns its blocks of code.
    pub(super) fn blocks(&self) -> Vec<Block> {
        let (mut blocks, mut inside, mut origin): (Vec<Block>, bool, Option<String>) =
            (Vec::new(), false, None);
        for event in self.events() {
            match event {
                Event::Html(html) => {
                    let comment = html.trim().strip_prefix("<!-- from ");
                    origin = comment.and_then(|rest| rest.strip_suffix(" -->")).map(str::to_owned);
                }
                Event::Start(Tag::HtmlBlock) | Event::End(TagEnd::HtmlBlock) => {}
                Event::Start(Tag::CodeBlock(kind)) => {
                    let info = match &kind {
                        CodeBlockKind::Fenced(info) => info.as_ref(),
                        CodeBlockKind::Indented => "",
                    };
                    let language = info.split([',', ' ']).next().unwrap_or_default().to_owned();
                    blocks.push(Block { language, origin: origin.take(), text: String::new() });
                    inside = true;
                }
                Event::End(TagEnd::CodeBlock) => inside = false,
                Event::Text(text) if inside => blocks.last_mut().expect("it began").text.push_str(&text),
                _ => origin = None,
            }
        }
        blocks
    }

    /// Returns the items of the list below a heading.
    pub(super) fn items_below(&self, heading: &str) -> Vec<Item> {
        let (mut items, mut below, mut in_heading, mut in_link) = (Vec::<Item>::new(), false, false, false);
        for event in self.events() {
            match event {
                Event::Start(Tag::Heading { .. }) => (in_heading, below) = (true, false),
                Event::End(TagEnd::Heading(_)) => in_heading = false,
                Event::Text(text) if in_heading => below = text.as_ref() == heading,
                Event::Start(Tag::Item) if below => items.push(Item::default()),
                Event::Start(Tag::Link { dest_url, .. }) if below => {
                    in_link = true;
                    items.last_mut().into_iter().for_each(|item| item.links.push(dest_url.to_string()));
                }
                Event::End(TagEnd::Link) => in_link = false,
                Event::Code(code) if below && !in_link => {
                    let item = items.last_mut().filter(|item| !item.links.is_empty());
                    item.into_iter().for_each(|item| item.code.push(code.to_string()));
                }
                _ => {}
            }
        }
        items
    }
}

/// An item of a list.
#[derive(Default)]
pub(super) struct Item {
    pub(super) links: Vec<String>,
    /// What stands in it as code after its first link.
    pub(super) code: Vec<String>,
}

/// Returns the link of a heading, as GitHub and mdBook make it.
pub(super) fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}
