//! What the documents say is typed at a console is typed, and what they show of the answer is answered.

use std::{
    fs,
    path::{Path, PathBuf},
};

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

use crate::harness::{Done, Folder, actionbox};

/// What is typed elsewhere: by `.ci/run`, or by `.ci/plugins` in the projects of the languages. Only what installs
/// this command is typed by nobody but its users.
const RUN_ELSEWHERE: [&str; 9] = [
    "cargo install --locked --path cli",
    "cargo test",
    "make",
    "make check",
    "make setup",
    "make test",
    "npm ci",
    "npm run build",
    "npm test",
];

/// A command, and what the page shows of its answer.
#[derive(Debug, PartialEq)]
struct Typed {
    command: String,
    shown: Vec<String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Returns the documents whose commands are for readers to type: the README and the book.
fn pages() -> Vec<PathBuf> {
    let (mut pages, mut folders) = (vec![root().join("README.md")], vec![root().join("docs")]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path);
            }
        }
    }
    pages.sort();
    pages
}

/// Returns what is typed on a page, in order.
fn typed(page: &str) -> Vec<Typed> {
    let (mut blocks, mut inside) = (Vec::<String>::new(), false);
    for event in Parser::new(page) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) if info.as_ref() == "console" => {
                inside = true;
                blocks.push(String::new());
            }
            Event::End(TagEnd::CodeBlock) => inside = false,
            Event::Text(text) if inside => blocks.last_mut().expect("it began").push_str(&text),
            _ => {}
        }
    }
    blocks.iter().flat_map(|block| typed_in(block)).collect()
}

fn typed_in(block: &str) -> Vec<Typed> {
    let mut typed: Vec<Typed> = Vec::new();
    let mut goes_on = false;
    for line in block.lines() {
        let (text, begins) = match line.strip_prefix("$ ") {
            Some(command) => (command, true),
            None => (line, false),
        };
        // What follows two spaces and a # is for people.
        let command = text.split_once("  #").map_or(text, |(command, _)| command).trim();
        let (command, continued) =
            command.strip_suffix('\\').map_or((command, false), |command| (command.trim(), true));
        if begins {
            typed.push(Typed { command: command.to_owned(), shown: Vec::new() });
        } else if goes_on {
            let last = typed.last_mut().expect("it began");
            last.command = format!("{} {command}", last.command);
        } else {
            let last = typed.last_mut().unwrap_or_else(|| panic!("an answer to nothing: {block}"));
            last.shown.push(text.trim_end().to_owned());
        }
        goes_on = continued && (begins || goes_on);
    }
    typed
}

/// Says which line of what is shown was not answered, in this order. `…` stands for anything; nothing that is
/// not shown is answered.
fn missing(shown: &[String], answer: &str) -> Option<String> {
    let mut lines = answer.lines();
    let mut may_skip = shown.is_empty();
    for wanted in shown {
        if wanted.trim() == "…" {
            may_skip = true;
            continue;
        }
        let found = match may_skip {
            true => lines.any(|line| is_like(line, wanted)),
            false => lines.next().is_some_and(|line| is_like(line, wanted)),
        };
        if !found {
            return Some(wanted.clone());
        }
        may_skip = false;
    }
    let more = lines.next().filter(|_| !may_skip)?;
    Some(format!("nothing in place of {more:?}"))
}

/// Compares a line with one in which `…` stands for anything.
fn is_like(line: &str, wanted: &str) -> bool {
    let mut rest = line.trim_end();
    let mut pieces = wanted.split('…');
    match pieces.next().and_then(|first| rest.strip_prefix(first)) {
        Some(after) => rest = after,
        None => return false,
    }
    let pieces: Vec<_> = pieces.collect();
    let Some((last, middle)) = pieces.split_last() else { return rest.is_empty() };
    for piece in middle {
        match rest.split_once(piece) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Takes a command line apart as a shell does, as far as documents need it.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut quote, mut begun): (Vec<String>, Option<char>, bool) = Default::default();
    for c in command.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                if !begun {
                    words.push(String::new());
                }
                begun = true;
            }
            (None, ' ') => begun = false,
            (None, '|' | '>' | '<' | '&' | ';' | '$' | '`' | '*') => panic!("no shell runs this: {command}"),
            (_, c) => {
                if !begun {
                    words.push(String::new());
                }
                begun = true;
                words.last_mut().expect("it began").push(c);
            }
        }
    }
    assert_eq!(quote, None, "a quote is open: {command}");
    words
}

/// Parts what is piped into a command, by an echo, from the command.
fn piped(command: &str) -> (String, &str) {
    match command.strip_prefix("echo ").and_then(|rest| rest.split_once(" | ")) {
        Some((said, command)) => (format!("{}\n", words(said).join(" ")), command),
        None => (String::new(), command),
    }
}

/// Runs the command of this project, where it is typed, with what is piped into it.
async fn run(arguments: &str, stdin: &str, here: &Path) -> Done {
    let words = words(arguments);
    let run = words.iter().fold(actionbox(""), |run, word| run.arg(word)).stdin(stdin).within(here);
    // Crates are those that the examples were built with: nothing is fetched, and little compiled.
    let guests = concat!(env!("CARGO_TARGET_TMPDIR"), "/../guests");
    run.env("CARGO_NET_OFFLINE", "true").env("CARGO_TARGET_DIR", guests).done().await
}

/// Types all that a page says, in a fresh folder, and returns how many commands were run.
///
/// # Errors
///
/// The first that does not do what the page shows.
async fn type_all(typed: &[Typed]) -> Result<usize, String> {
    let folder = Folder::new();
    let mut here = folder.path().to_owned();
    let (mut exit, mut count) = (0, 0);
    for (at, Typed { command, shown }) in typed.iter().enumerate() {
        if command == "echo $?" {
            if *shown != [exit.to_string()] {
                return Err(format!("it exits with {exit}, not with {shown:?}: {}", typed[at - 1].command));
            }
            continue;
        }
        if let Some(to) = command.strip_prefix("cd ") {
            here = here.join(to);
            if !here.is_dir() {
                return Err(format!("there is no such folder: {command}"));
            }
            continue;
        }
        let (stdin, command) = piped(command);
        let ours = ["actionbox ", "cargo run -- "].into_iter().find_map(|start| command.strip_prefix(start));
        let Some(arguments) = ours else {
            if !RUN_ELSEWHERE.contains(&command) {
                return Err(format!("nothing runs this: {command}"));
            }
            continue;
        };
        let done = run(arguments, &stdin, &here).await;
        (exit, count) = (done.code, count + 1);
        let answers = [&done.stdout, &done.stderr, &format!("{}{}", done.stderr, done.stdout)];
        let missing = answers.map(|answer| missing(shown, answer));
        if !missing.contains(&None) {
            return Err(format!("it does not answer one of {missing:?}: {command}\n{done:#?}"));
        }
        let told = typed.get(at + 1).is_some_and(|next| next.command == "echo $?");
        if exit != 0 && !told {
            return Err(format!("it fails, and the page does not say so: {command}\n{done:#?}"));
        }
    }
    Ok(count)
}

#[tokio::test]
async fn what_the_documents_type_does_what_they_show() {
    let (mut count, mut wrong) = (0, Vec::new());
    for page in pages() {
        let text = fs::read_to_string(&page).expect("a page");
        match type_all(&typed(&text)).await {
            Ok(run) => count += run,
            Err(what) => wrong.push(format!("{}: {what}", page.display())),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(count > 20, "only {count} commands were run");
}

#[test]
fn a_console_is_read_line_by_line() {
    let block = "$ a b   # why\nx\n$ c \\\n    d 'e f'\n\n  y …\n";
    let typed = typed_in(block);
    let all: Vec<_> = typed.iter().map(|typed| (typed.command.as_str(), typed.shown.join("|"))).collect();
    assert_eq!(all, [("a b", "x".to_owned()), ("c d 'e f'", "|  y …".to_owned())]);
    assert_eq!(piped("echo 'a b' c | d"), ("a b c\n".to_owned(), "d"));
    assert_eq!(words("c d 'e f' g=\"h i\""), ["c", "d", "e f", "g=h i"]);
}

#[test]
fn an_answer_that_is_not_given_is_found() {
    let shown = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    for held in ["", "one\n…\nfour", "one\ntwo 2\n…", "…\ntwo …\n…", "…\nth…e\nf…", "one\n…"]
    {
        assert_eq!(missing(&shown(held), "one\ntwo 2\nthree\nfour\n"), None, "{held}");
    }
    for absent in ["one", "two 2\n…", "one\nthree\n…", "…\nfour\n…\none", "…\ntw", "…\nx…e", "one\n…\nfive"]
    {
        assert!(missing(&shown(absent), "one\ntwo 2\nthree\nfour\n").is_some(), "{absent}");
    }
}
