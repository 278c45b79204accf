//! The plugin asks the right path with another method, or with a body that is not the endpoint's.

use actionbox_host::{BadBody, NotARoute};
use actionbox_tests::{
    attacks,
    scoreboard::{BUSY, Case},
};
use serde_json::{Value, json};

use crate::attempt::{DESCRIBE, EXECUTE, Fate, LIST, attempt};

attacks! {
    "Other methods and bodies":
        "The plugin asks one of the three endpoints with another method, with a body where none belongs, with one \
         that is not a JSON object, or with one that is longer or shorter than it says. No connection is opened.",
    cases,
    play,
    nothing_leaves_with_another_method_or_body on BUSY,
}

const METHODS: &[&str] = &[
    "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT", "QUERY", "PROPFIND",
    "MKCOL", "COPY", "MOVE", "LOCK", "PURGE", "LINK", "SEARCH", "PRI", "get", "Get", "post", "pOST", "GETT",
    "XGET", "GET-", "G*T", "*", "0",
];

const NO_METHODS: &[(&str, &str)] = &[
    ("nothing", ""),
    ("a space", "GET "),
    ("a request line", "GET / HTTP/1.1\r\n\r\n"),
    ("a new header", "GET\r\nx-api-key: 1"),
    ("a letter beyond ASCII", "G\u{c9}T"),
    ("NUL", "GET\0"),
    ("a path", "GET /api/v2/public/linked-account"),
    ("65 letters", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
];

pub(crate) const NO_OBJECTS: &[&str] = &[
    "",
    " ",
    "[]",
    "[{}]",
    "null",
    "true",
    "1",
    "-0",
    "\"{}\"",
    "{",
    "}",
    "}{",
    "{}{}",
    "{},",
    "{} {}",
    "{}\n{}",
    "{}x",
    "{}]",
    "{'a':1}",
    "{a:1}",
    "{\"a\":1,}",
    "{,\"a\":1}",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\":1 \"b\":2}",
    "{\"a\"=1}",
    "{\"a\":NaN}",
    "{\"a\":Infinity}",
    "{\"a\":undefined}",
    "{\"a\":01}",
    "{\"a\":+1}",
    "{\"a\":1.}",
    "{\"a\":.5}",
    "{\"a\":0x1}",
    "{\"a\":1e}",
    "{\"a\":'x'}",
    "{\"a\":\"\n\"}",
    "{\"a\":\"\\x41\"}",
    "{\"a\":\"\\u12\"}",
    "{\"a\":\"",
    "{\"a\":[1,]}",
    "{\"a\":[}",
    "{\"a\":TRUE}",
    "{1:2}",
    "{null:1}",
    "// x\n{}",
    "/**/{}",
    "{}//",
    "{}#",
    "{}\0",
    "\0{}",
    "\u{feff}{}",
    "\u{a0}{}",
    "\u{c}{}",
    ")]}'\n{}",
    "while(1);{}",
    "callback({})",
    "email=a%40b.example",
    "<x/>",
    "<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]><x>&y;</x>",
    "- yaml",
    "--x\r\n\r\n{}\r\n--x--",
    "2\r\n{}\r\n0\r\n\r\n",
    "{}\r\nPOST /api/v2/public/linked-account HTTP/1.1\r\nhost: app.refold.ai\r\n\r\n",
    "0\r\n\r\nGET /api/v2/public/linked-account HTTP/1.1\r\nhost: app.refold.ai\r\n\r\n",
];

const NO_TEXT: &[(&str, &str)] = &[
    ("a key that is no UTF-8", "7b22ff223a317d"),
    ("a key in overlong UTF-8", "7b22c0af223a317d"),
    ("a key with half a surrogate", "7b22eda080223a317d"),
    ("UTF-16", "7b007d00"),
    ("UTF-16, big-endian", "007b007d"),
    ("UTF-16 with a mark", "fffe7b007d00"),
    ("UTF-32", "7b0000007d000000"),
    ("UTF-7", "2b41487341665100"),
    ("gzip", "1f8b0800000000000003abae050043bfa6a302000000"),
    ("zlib", "789cabae0500017500f9"),
    ("zstd", "28b52ffd0402110000007b7d"),
    ("MessagePack", "81a16101"),
    ("CBOR", "a1616101"),
    ("BSON", "0500000000"),
    ("WebAssembly", "0061736d01000000"),
];

fn cases() -> Vec<Case<(Value, Fate)>> {
    let mut all = Vec::new();
    let mut add = |name: String, request: Value, fate: Fate| all.push(Case::new(name, (request, fate)));
    for method in METHODS {
        for (what, own, path) in
            [("list", "GET", LIST), ("describe", "GET", DESCRIBE), ("execute", "POST", EXECUTE)]
        {
            if *method != own {
                let request = json!({ "method": method, "path": path });
                add(format!("{method} to {what}"), request, NotARoute::Method.into());
            }
        }
        if !matches!(*method, "GET" | "POST") {
            let request = json!({ "method": method, "path": EXECUTE, "body": "{}" });
            add(format!("{method} to execute, with a body"), request, NotARoute::Method.into());
        }
    }
    for (what, method) in NO_METHODS {
        // What could not be set is GET, which does not execute.
        let request = json!({ "method": method, "path": EXECUTE, "body": "{}" });
        add(format!("a method that is none: {what}"), request, Fate::Unset(NotARoute::Method.into()));
    }
    for (what, path) in [("list", LIST), ("describe", DESCRIBE)] {
        for body in ["{}", " ", "[]", "x", "GET /evil HTTP/1.1\r\n\r\n"] {
            let request = json!({ "path": path, "body": body });
            add(format!("a body to {what}: {body:?}"), request, BadBody::Unexpected.into());
        }
    }
    let execute = |body: &str| json!({ "method": "POST", "path": EXECUTE, "body": body });
    for body in NO_OBJECTS {
        add(format!("no object: {body:?}"), execute(body), BadBody::NotAnObject.into());
    }
    let deep = format!("{}{}", "{\"a\":".repeat(1000), "}".repeat(1000));
    add("no object: one that is a thousand deep".to_owned(), execute(&deep), BadBody::NotAnObject.into());
    let deep = format!("{{\"a\":{}", "[".repeat(100_000));
    add("no object: a hundred thousand brackets".to_owned(), execute(&deep), BadBody::NotAnObject.into());
    for (what, hex) in NO_TEXT {
        let request = json!({ "method": "POST", "path": EXECUTE, "body_hex": hex });
        add(format!("no text: {what}"), request, BadBody::NotAnObject.into());
    }
    let mut without_length = execute("{}");
    without_length["length"] = Value::Null;
    add("no length".to_owned(), without_length, BadBody::Incomplete.into());
    for length in [0u64, 1, 3, 1000, u64::from(u32::MAX), u64::MAX] {
        let mut request = execute("{}");
        request["length"] = length.into();
        add(format!("a length of {length} for two bytes"), request, Fate::Misses);
    }
    for length in [
        "2, 2",
        "2,2",
        "+2",
        "0x2",
        "02x",
        "2\t",
        " 2",
        "-1",
        "2.0",
        "2e0",
        "",
        "two",
        "\u{662}",
        "18446744073709551616",
        "99999999999999999999",
    ] {
        let mut request = execute("{}");
        request["length"] = Value::Null;
        request["headers"] = json!([["content-length", length]]);
        add(format!("a length that is none: {length:?}"), request, Fate::Misses);
    }
    let mut request = execute("{}");
    request["length"] = Value::Null;
    request["headers"] = json!([["content-length", "2"], ["content-length", "20"]]);
    // The first is the one that counts, and the one that leaves is the host's own.
    add(
        "two lengths, the first of them true".to_owned(),
        request.clone(),
        Fate::Posts(EXECUTE, "{}".to_owned()),
    );
    request["headers"] = json!([["content-length", "20"], ["content-length", "2"]]);
    add("two lengths, the last of them true".to_owned(), request, Fate::Misses);
    all
}

async fn play(name: String, (request, fate): (Value, Fate)) {
    attempt(&name, request, &fate).await;
}
