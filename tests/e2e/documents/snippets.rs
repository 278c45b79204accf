//! The code that documents show is part of a file that is compiled or run.

use super::page::{Block, Page, read};

/// What blocks may hold beside code: what is typed and answered, and drawings.
const NO_CODE: [&str; 2] = ["console", "text"];

/// Takes the indentation away that all lines have in common.
fn dedented<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let indent = |line: &&str| line.len() - line.trim_start().len();
    let common = lines.iter().filter(|line| !line.trim().is_empty()).map(indent).min().unwrap_or(0);
    lines.iter().map(|line| line.get(common..).unwrap_or_default().trim_end()).collect()
}

/// Finds lines in a row, wherever they are indented to; returns what follows them.
fn after<'a, 'b>(lines: &'a [&'b str], wanted: &[&str]) -> Option<&'a [&'b str]> {
    let wanted = dedented(wanted);
    let at = lines.windows(wanted.len()).position(|window| dedented(window) == wanted)?;
    lines.get(at + wanted.len()..)
}

/// Says what of a block the file does not hold, in this order.
fn missing(block: &str, file: &str) -> Option<String> {
    let file: Vec<_> = file.lines().collect();
    let block: Vec<_> = block.lines().collect();
    let mut rest = file.as_slice();
    for piece in block.split(|line| line.trim() == "…") {
        match after(rest, piece) {
            Some(following) => rest = following,
            None => return Some(piece.join("\n")),
        }
    }
    None
}

#[test]
fn every_block_of_code_is_part_of_the_file_that_it_names() {
    let mut seen = 0;
    for page in Page::all() {
        for Block { language, origin, text } in page.blocks() {
            if NO_CODE.contains(&language.as_str()) {
                assert_eq!(origin, None, "{}: {text}", page.path);
                continue;
            }
            let origin = origin.unwrap_or_else(|| {
                panic!("{}: a block of {language:?} without <!-- from PATH --> before it:\n{text}", page.path)
            });
            assert!(!origin.ends_with(".md"), "{}: nothing compiles {origin}", page.path);
            if let Some(piece) = missing(&text, &read(&origin)) {
                panic!("{} shows what {origin} does not hold:\n{piece}", page.path);
            }
            seen += 1;
        }
    }
    assert!(seen > 20, "only {seen} blocks were found");
}

#[test]
fn what_a_file_does_not_hold_is_found() {
    let file = "fn a() {\n    one();\n\n    two();\n}\nfn b() {}\n";
    let held = ["fn a() {\n    one();", "one();\n\ntwo();", "one();\n…\nfn b() {}", "    two();\n}"];
    let absent =
        ["one();\ntwo();", "fn b() {}\n…\none();", "two();\n…\none();", "fn a() {\none();", "three();"];
    for block in held {
        assert_eq!(missing(block, file), None, "{block}");
    }
    for block in absent {
        assert!(missing(block, file).is_some(), "{block}");
    }
}
