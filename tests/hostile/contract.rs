//! The plugin returns what no compiler would: pointers to nowhere, lengths beyond all, cases that there are
//! none of, text that is none, and data that is not JSON.

use actionbox_host::{Error, Exceeded, Limits, LoadError, Sent};
use actionbox_tests::{
    attacks,
    bare::Bare,
    played_by,
    scoreboard::{BUSY, Case},
};
use serde_json::json;

use crate::cell::Cell;

attacks! {
    "Lies about the contract":
        "The plugin returns, and makes room for what it is given, at places outside of its memory; it returns cases, \
         texts and lengths that are none, and data that is not JSON. The call ends as the plugin's fault, and nothing \
         of the host's memory is read or written.",
    cases,
    play,
    no_lie_about_the_contract_is_believed on BUSY,
}

played_by!(
    return_no_json => no_lie_about_the_contract_is_believed,
);

enum Lie {
    /// Core functions that lie.
    Bare(Box<Bare<'static>>, Operation),
    /// Data that is not JSON.
    Data(String),
    /// A component whose functions are not the contract's.
    Types(Vec<u8>),
}

#[derive(Clone, Copy)]
enum Operation {
    List,
    Describe,
    Execute,
}

/// Where a result may be said to be.
const NOWHERE: &[(&str, &str)] = &[
    ("at the end of its memory", "(i32.const 65528)"),
    ("beyond its memory", "(i32.const 65536)"),
    ("far beyond its memory", "(i32.const 0x7fffffff)"),
    ("at the last address", "(i32.const -1)"),
    ("at the last address that is aligned", "(i32.const -8)"),
    ("at an odd address", "(i32.const 17)"),
    ("at an address that is half aligned", "(i32.const 20)"),
];

/// Bodies that store a result at 256 and return its address, by what is wrong with it.
const OUTCOMES: &[(&str, &str)] = &[
    ("neither a success nor an error", "(i32.store8 (i32.const 256) (i32.const 2)) (i32.const 256)"),
    ("a case of 255", "(i32.store8 (i32.const 256) (i32.const 255)) (i32.const 256)"),
    ("an outcome that is none", "(i32.store8 (i32.const 264) (i32.const 2)) (i32.const 256)"),
    ("a status that is neither there nor not", "(i32.store8 (i32.const 268) (i32.const 2)) (i32.const 256)"),
    (
        "data beyond its memory",
        "(i32.store (i32.const 272) (i32.const 65536)) (i32.store (i32.const 276) (i32.const 1)) (i32.const 256)",
    ),
    (
        "data across the end of its memory",
        "(i32.store (i32.const 272) (i32.const 65530)) (i32.store (i32.const 276) (i32.const 100)) (i32.const 256)",
    ),
    (
        "data of all lengths",
        "(i32.store (i32.const 272) (i32.const 1)) (i32.store (i32.const 276) (i32.const -1)) (i32.const 256)",
    ),
    (
        "data whose end wraps around",
        "(i32.store (i32.const 272) (i32.const -16)) (i32.store (i32.const 276) (i32.const 32)) (i32.const 256)",
    ),
    (
        "data that is no UTF-8",
        "(i32.store8 (i32.const 512) (i32.const 0xff)) (i32.store (i32.const 272) (i32.const 512)) \
         (i32.store (i32.const 276) (i32.const 1)) (i32.const 256)",
    ),
    (
        "data that is half a surrogate",
        "(i32.store (i32.const 512) (i32.const 0x80a0ed)) (i32.store (i32.const 272) (i32.const 512)) \
         (i32.store (i32.const 276) (i32.const 3)) (i32.const 256)",
    ),
    (
        "data in overlong UTF-8",
        "(i32.store (i32.const 512) (i32.const 0xafc0)) (i32.store (i32.const 272) (i32.const 512)) \
         (i32.store (i32.const 276) (i32.const 2)) (i32.const 256)",
    ),
    (
        "an error that is none",
        "(i32.store8 (i32.const 256) (i32.const 1)) (i32.store8 (i32.const 264) (i32.const 8)) (i32.const 256)",
    ),
    (
        "an error of 255",
        "(i32.store8 (i32.const 256) (i32.const 1)) (i32.store8 (i32.const 264) (i32.const 255)) (i32.const 256)",
    ),
    (
        "an error whose text is beyond its memory",
        "(i32.store8 (i32.const 256) (i32.const 1)) (i32.store8 (i32.const 264) (i32.const 7)) \
         (i32.store (i32.const 272) (i32.const -1)) (i32.store (i32.const 276) (i32.const 9)) (i32.const 256)",
    ),
    (
        "an error with problems beyond its memory",
        "(i32.store8 (i32.const 256) (i32.const 1)) (i32.store8 (i32.const 264) (i32.const 2)) \
         (i32.store (i32.const 272) (i32.const 1024)) (i32.store (i32.const 276) (i32.const 0x0fffffff)) (i32.const 256)",
    ),
];

/// The same for the lists of the other two functions.
const LISTS: &[(&str, &str)] = &[
    ("neither a success nor an error", "(i32.store8 (i32.const 256) (i32.const 2)) (i32.const 256)"),
    (
        "a list beyond its memory",
        "(i32.store (i32.const 264) (i32.const 65536)) (i32.store (i32.const 268) (i32.const 1)) (i32.const 256)",
    ),
    (
        "a list across the end of its memory",
        "(i32.store (i32.const 264) (i32.const 65500)) (i32.store (i32.const 268) (i32.const 9)) (i32.const 256)",
    ),
    (
        "a list of all lengths",
        "(i32.store (i32.const 264) (i32.const 1024)) (i32.store (i32.const 268) (i32.const -1)) (i32.const 256)",
    ),
    (
        "a list whose size wraps around",
        "(i32.store (i32.const 264) (i32.const 1024)) (i32.store (i32.const 268) (i32.const 0x08000001)) (i32.const 256)",
    ),
    (
        "a list at an odd address",
        "(i32.store (i32.const 264) (i32.const 1023)) (i32.store (i32.const 268) (i32.const 1)) (i32.const 256)",
    ),
    (
        "a list whose texts are beyond its memory",
        "(i32.store (i32.const 1024) (i32.const -1)) (i32.store (i32.const 1028) (i32.const 100)) \
         (i32.store (i32.const 264) (i32.const 1024)) (i32.store (i32.const 268) (i32.const 1)) (i32.const 256)",
    ),
    (
        "a list with a case that is none",
        "(memory.fill (i32.const 1044) (i32.const 255) (i32.const 20)) \
         (i32.store (i32.const 264) (i32.const 1024)) (i32.store (i32.const 268) (i32.const 1)) (i32.const 256)",
    ),
];

const NO_JSON: &[&str] = &[
    "",
    " ",
    "<html>",
    "{",
    "}",
    "{}{}",
    "{} x",
    "[1,]",
    "{\"a\":}",
    "{a:1}",
    "{'a':1}",
    "nul",
    "True",
    "NaN",
    "Infinity",
    "-",
    "01",
    "+1",
    "1.",
    ".5",
    "1e",
    "1e999",
    "0x1",
    "\"",
    "\"\\x41\"",
    "\"\\ud800\"",
    "\"\\u12\"",
    "\"\n\"",
    "\"\0\"",
    "\u{feff}{}",
    "// x\n{}",
    "undefined",
    "x\u{1b}[31m",
];

/// Functions of other types than the contract's: what is replaced in an honest plugin, and by what.
const TYPES: &[(&str, &str, &str)] = &[
    (
        "an execute that lists",
        r#"(export "execute-action" (func $execute))"#,
        r#"(export "execute-action" (func $list))"#,
    ),
    (
        "an execute that describes",
        r#"(export "execute-action" (func $execute))"#,
        r#"(export "execute-action" (func $describe))"#,
    ),
    ("parameters as bytes", r#"(param "parameters" string)"#, r#"(param "parameters" (list u8))"#),
    ("data as bytes", r#"(field "data" string)"#, r#"(field "data" (list u8))"#),
    ("an action with another field", r#"(field "id" string)"#, r#"(field "key" string)"#),
    ("an effect more", r#""destructive" "raw""#, r#""destructive" "raw" "free""#),
    ("an effect less", r#""destructive" "raw""#, r#""destructive""#),
    ("an error less", r#" (case "other" string)))"#, "))"),
    (
        "errors in another order",
        r#"(case "denied" string) (case "throttled" $throttle)"#,
        r#"(case "throttled" $throttle) (case "denied" string)"#,
    ),
];

fn cases() -> Vec<Case<Lie>> {
    let mut all = Vec::new();
    let mut bare = |name: String, bare: Bare<'static>, operation: Operation| {
        all.push(Case::new(name, Lie::Bare(Box::new(bare), operation)));
    };
    for (place, address) in NOWHERE {
        bare(format!("an outcome {place}"), Bare { execute: address, ..Bare::default() }, Operation::Execute);
        bare(format!("a listing {place}"), Bare { list: address, ..Bare::default() }, Operation::List);
        bare(
            format!("a description {place}"),
            Bare { describe: address, ..Bare::default() },
            Operation::Describe,
        );
        let realloc = Bare { realloc: address, ..Bare::default() };
        // Room for a few bytes of text may be anywhere within.
        if !matches!(*address, "(i32.const 17)" | "(i32.const 20)" | "(i32.const 65528)") {
            bare(format!("room {place}"), realloc, Operation::Execute);
        }
    }
    for (what, execute) in OUTCOMES {
        bare(format!("an outcome: {what}"), Bare { execute, ..Bare::default() }, Operation::Execute);
    }
    for (what, body) in LISTS {
        bare(format!("a listing: {what}"), Bare { list: body, ..Bare::default() }, Operation::List);
        bare(
            format!("a description: {what}"),
            Bare { describe: body, ..Bare::default() },
            Operation::Describe,
        );
    }
    let honest = Bare::default().text();
    all.extend(TYPES.iter().map(|(what, from, to)| {
        let text = honest.replace(from, to);
        assert_ne!(text, honest, "{what}");
        let bytes = wat::parse_str(text).unwrap_or_else(|error| panic!("{what}: {error}"));
        Case::new(format!("other types: {what}"), Lie::Types(bytes))
    }));
    all.extend(
        NO_JSON.iter().map(|text| Case::new(format!("no JSON: {text:?}"), Lie::Data((*text).to_owned()))),
    );
    for (what, open, close) in [("brackets", "[", "]"), ("braces", "{\"\":", "}")] {
        let deep = format!("{}0{}", open.repeat(10_000), close.repeat(10_000));
        all.push(Case::new(format!("no JSON: ten thousand {what}"), Lie::Data(deep)));
    }
    all
}

async fn play(name: String, lie: Lie) {
    let cell = Cell::new(&name).await;
    match lie {
        Lie::Bare(bare, operation) => {
            let plugin = cell.prison.world.host.load(bare.component()).await.expect("a plugin");
            let ended = match operation {
                Operation::List => cell.discover(&plugin, "hubspot", false).await,
                Operation::Describe => cell.discover(&plugin, "get_contact", true).await,
                Operation::Execute => cell.play_with(&plugin, "succeed", json!({})).await.map(drop),
            };
            let bytes = Exceeded::ResultBytes(Limits::default().result_bytes);
            match &ended {
                Err(Error::Trapped { sent: Sent::No, .. }) => {}
                // What is too much is not looked for.
                Err(Error::Limit { exceeded, sent: Sent::No }) if *exceeded == bytes => {}
                _ => panic!("{ended:?}"),
            }
        }
        Lie::Types(bytes) => {
            let plugin = match cell.prison.world.host.load(bytes).await {
                Ok(plugin) => plugin,
                Err(LoadError::Exports { .. }) => return,
                Err(error) => panic!("{error:?}"),
            };
            let ended = cell.play_with(&plugin, "succeed", json!({})).await;
            assert!(matches!(ended, Err(Error::Trapped { sent: Sent::No, .. })), "{ended:?}");
        }
        Lie::Data(text) => {
            let ended = cell.play("return_no_json", json!({ "text": text })).await;
            assert!(matches!(ended, Err(Error::Contract { sent: Sent::No, .. })), "{ended:?}");
        }
    }
    assert_eq!(cell.traces.events().len(), 1, "one event");
    cell.assert_untouched();
}
