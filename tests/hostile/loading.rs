//! What is loaded is hostile: no component, a component that asks for more than plugins are given, one that
//! is too much work to compile, and files that change while they are read.

use std::{fs, path::PathBuf, time::Duration};

use actionbox_host::{ActionHost, CompileWorker, HostLimits, LoadError, Plugin};
use actionbox_tests::{
    attacks,
    bare::{Bare, EXPORTS, TYPES},
    hog,
    scoreboard::{BUSY, Case, Hole},
};
use tokio::sync::oneshot::{self, error::TryRecvError};

use crate::{
    cell::{Prison, ROOM},
    traces::forges_a_line,
};

attacks! {
    "Loading":
        "What is loaded is no component, native code, cut short, of absurd size or depth, too much work to compile, \
         asks for what no plugin is given, or changes while it is read. It is refused by name, in bounded time, and \
         another tenant's calls go on meanwhile.",
    cases,
    play,
    nothing_hostile_is_loaded on BUSY,
}

const NATIVE: [Hole; 1] = [Hole {
    what: "lind-wasm, #1048: precompiled code is loaded from files that guests can write",
    url: "https://github.com/Lind-Project/lind-wasm/issues/1048",
}];

const DEEP: [Hole; 1] = [Hole {
    what: "wasm-tools before #2570: deeply nested types of a component overflow the stack of its reader",
    url: "https://github.com/bytecodealliance/wasm-tools/pull/2570",
}];

const TABLE: [Hole; 1] = [Hole {
    what: "wasmtime, CVE-2026-44216: a table that exceeds the address space ends the host",
    url: "https://github.com/bytecodealliance/wasmtime/security/advisories/GHSA-p8xm-42r7-89xg",
}];

/// Where the bytes come from.
enum Origin {
    Bytes(Vec<u8>),
    /// Made when it is played: it is large.
    Made(fn() -> Vec<u8>),
    /// Compiled in a worker, within little time and memory.
    Worker(fn() -> Vec<u8>, Duration, usize),
    /// A file, made in a folder of its own.
    File(fn(&PathBuf)),
}

/// How it is refused.
enum Verdict {
    NotWasm,
    CoreModule,
    Precompiled,
    TooLarge,
    Foreign(&'static str),
    TooMuchWork(&'static str),
    Exports,
    Invalid,
    /// It is not a whole component; where that is noticed depends on where it is cut.
    Broken,
    CompileTime,
    Compiler,
    File,
}

const FOREIGN: &[&str] = &[
    "acme:vault/keys@1.2.3",
    "acme:vault/keys",
    "actionbox:host/keys@0.1.0",
    "actionbox:plugin/actions@0.1.0",
    "actionbox:plugin/types@0.2.0",
    "actionbox:plugin/types@1.0.0",
    "actionbox:plugin/types",
    "actionbox:plugin/credentials@0.1.0",
    "wasi:blobstore/blobstore@0.2.0",
    "wasi:cli/run@0.2.0",
    "wasi:cli/environment@0.3.0",
    "wasi:cli/environment@1.0.0",
    "wasi:cli/environment",
    "wasi:clocks/timezone@0.2.0",
    "wasi:config/store@0.2.0-draft",
    "wasi:filesystem/types@0.1.0",
    "wasi:filesystem/watch@0.2.0",
    "wasi:http/incoming-handler@0.2.0",
    "wasi:http/client@0.3.0",
    "wasi:http/types@0.3.0",
    "wasi:http/types@1.0.0",
    "wasi:http/types",
    "wasi:http/proxy@0.2.0",
    "wasi:keyvalue/store@0.2.0",
    "wasi:logging/logging@0.2.0",
    "wasi:messaging/producer@0.2.0",
    "wasi:nn/inference@0.2.0",
    "wasi:random/other@0.2.0",
    "wasi:sockets/raw@0.2.0",
    "wasi:sql/readwrite@0.2.0",
    "wasi:threads/spawn@0.2.0",
    "wasi:tls/types@0.2.0",
    "xwasi:http/types@0.2.0",
    "wasi:httpx/types@0.2.0",
];

/// Imports of another kind than an interface.
const KINDS: &[(&str, &str)] = &[
    ("steal", r#"(import "steal" (func (result u32)))"#),
    ("wasi-http", r#"(import "wasi-http" (func))"#),
    ("env", r#"(import "env" (core module (export "f" (func))))"#),
    ("handle", r#"(import "handle" (type (sub resource)))"#),
    // An interface's name makes no difference.
    ("wasi:clocks/wall-clock@0.2.0", r#"(import "wasi:clocks/wall-clock@0.2.0" (component))"#),
];

/// Offered interfaces in a shape that they do not have.
const SHAPES: &[&str] = &[
    r#"(import "wasi:http/types@0.2.0" (instance (export "steal-credentials" (func (result string)))))"#,
    r#"(import "wasi:cli/environment@0.2.0" (instance (export "get-environment" (func (result string)))))"#,
    r#"(import "wasi:random/random@0.2.0" (instance (export "get-random-u64" (func (param "seed" u64) (result u64)))))"#,
    r#"(import "wasi:clocks/wall-clock@0.2.0" (func))"#,
    r#"(import "wasi:io/poll@0.2.0" (instance (export "poll" (func))))"#,
];

/// Bytes that are no component, by what they are.
const OTHERS: &[(&str, &[u8])] = &[
    ("nothing", b""),
    ("one byte", b"\0"),
    ("half a magic number", b"\0asm"),
    ("a magic number alone", b"\0asm\x0d\0\x01"),
    ("an unknown version", b"\0asm\x0e\0\x01\0"),
    ("an unknown layer", b"\0asm\x0d\0\x02\0"),
    ("an unknown layer, beyond", b"\0asm\x0d\0\x01\x01"),
    ("a module of the future", b"\0asm\x02\0\0\0"),
    ("a magic number backwards", b"msa\0\x0d\0\x01\0"),
    ("a component after a space", b" \0asm\x0d\0\x01\0"),
    ("a component after a byte order mark", b"\xef\xbb\xbf\0asm\x0d\0\x01\0"),
    ("the text of a component", b"(component)"),
    ("the text of a module", b"(module)"),
    ("a Windows program", b"MZ\x90\0\x03\0\0\0"),
    ("a macOS program", b"\xcf\xfa\xed\xfe\x07\0\0\x01"),
    ("a fat macOS program", b"\xca\xfe\xba\xbe\0\0\0\x02"),
    ("a script", b"#!/bin/sh\nid\n"),
    ("an archive", b"PK\x03\x04\x14\0\0\0"),
    ("a compressed component", b"\x1f\x8b\x08\0\0\0\0\0\0\x03"),
    ("HTML", b"<!DOCTYPE html><title>404</title>"),
    ("JSON", b"{\"error\":\"not found\"}"),
    ("LLVM bitcode", b"BC\xc0\xde\x35\x14\0\0"),
];

/// Sections that follow the head of a component and are none.
const SECTIONS: &[(&str, &[u8])] = &[
    ("an unknown section", b"\xfe\x00"),
    ("a section longer than the rest", b"\x01\xff\xff\xff\xff\x0f"),
    ("a section whose length never ends", b"\x01\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"),
    ("a section of less than nothing", b"\x07\x00"),
    ("very many types that are not there", b"\x07\x05\xff\xff\xff\xff\x0f"),
    ("very many imports that are not there", b"\x0a\x05\xff\xff\xff\xff\x0f"),
    ("a custom section whose name is longer than itself", b"\x00\x05\xff\xff\xff\xff\x0f"),
    ("a module in it that is none", b"\x01\x08\0asm\x0d\0\x01\0"),
    ("a component in it that is none", b"\x04\x04\0asm"),
    ("a start that is not there", b"\x09\x03\x00\x00\x00"),
    ("an alias of nothing", b"\x06\x05\x01\x01\x02\x00\x00"),
    ("an instance of nothing", b"\x05\x04\x01\x00\x63\x00"),
];

/// Core modules that use what the host does not offer.
const FEATURES: &[(&str, &str)] = &[
    ("a shared memory", "(module (memory 1 1 shared))"),
    ("pages of one byte", "(module (memory 1 (pagesize 1)))"),
    ("continuations", "(module (type $f (func)) (type (cont $f)))"),
    ("an import of its own", r#"(module (import "env" "f" (func)))"#),
    ("a type error", "(module (func (result i32) (i64.const 1)))"),
    ("an unknown local", "(module (func (drop (local.get 7))))"),
    ("a memory of 4 GiB", "(module (memory 65536))"),
    ("a memory of 64 bits", "(module (memory i64 1000000000))"),
    ("a table of all elements", "(module (table 4294967295 funcref))"),
    ("a table of 64 bits", "(module (table i64 9223372036854775807 funcref))"),
    ("a memory that is larger than its largest", "(module (memory 2 1))"),
];

const RENAMED: &[(&str, &str, &str)] = &[
    ("another version", "actionbox:plugin/actions@0.1.0", "actionbox:plugin/actions@0.2.0"),
    ("the first version", "actionbox:plugin/actions@0.1.0", "actionbox:plugin/actions@1.0.0"),
    ("no version", "actionbox:plugin/actions@0.1.0", "actionbox:plugin/actions"),
    ("another package", "actionbox:plugin/actions@0.1.0", "acme:plugin/actions@0.1.0"),
    ("another interface", "actionbox:plugin/actions@0.1.0", "actionbox:plugin/action@0.1.0"),
    ("the command's export", "actionbox:plugin/actions@0.1.0", "wasi:cli/run@0.2.0"),
    ("the proxy's export", "actionbox:plugin/actions@0.1.0", "wasi:http/incoming-handler@0.2.0"),
    ("no list", r#"(export "list-actions" (func $list))"#, ""),
    ("no describe", r#"(export "describe-action" (func $describe))"#, ""),
    ("no execute", r#"(export "execute-action" (func $execute))"#, ""),
    ("a list of another name", r#"(export "list-actions""#, r#"(export "list-action""#),
];

fn component(text: &str) -> Vec<u8> {
    wat::parse_str(format!("(component {text})")).unwrap_or_else(|error| panic!("{text:.300}: {error}"))
}

fn honest() -> Vec<u8> {
    Bare::default().component()
}

fn with_module(module: &str) -> Vec<u8> {
    hog::with_modules(&honest(), &[(module, 1)])
}

fn with_modules(module: &str, instances: usize) -> Vec<u8> {
    hog::with_modules(&honest(), &[(module, instances)])
}

/// Types in types, each made of the one before.
fn types(first: &str, next: impl Fn(usize) -> String, depth: usize) -> Vec<u8> {
    let mut text = format!("(type $t0 {first})");
    for level in 1..depth {
        text += &format!("(type $t{level} {})", next(level - 1));
    }
    component(&format!(r#"{text} (export "t" (type $t{}))"#, depth - 1))
}

/// Components that each instantiate the one before twice: the last one does so many times.
fn doubling(levels: usize, leaf: &str) -> Vec<u8> {
    let mut text = format!("(component $c0 {leaf})");
    for level in 1..=levels {
        text += &format!(
            "(component $c{level} (alias outer 1 $c{} (component $before)) \
             (instance (instantiate $before)) (instance (instantiate $before)))",
            level - 1
        );
    }
    component(&format!("{text} (instance (instantiate $c{levels}))"))
}

/// The text of 24 components, each made of the number of the one before.
fn doubling_by(next: impl Fn(usize) -> String) -> String {
    let mut text = String::from(r#"(component $c0 (component $d) (export "c" (component $d)))"#);
    for level in 1..=24 {
        text += &format!("(component $c{level} {})", next(level - 1));
    }
    text
}

/// A component that is valid, small, and much work.
fn many_functions() -> Vec<u8> {
    with_module(&format!("(module {})", "(func)".repeat(90_000)))
}

fn cases() -> Vec<Case<(Origin, Verdict)>> {
    let mut all = Vec::new();
    let mut add = |name: String, from: Origin, verdict: Verdict, holes: &[Hole]| {
        all.push(Case::new(name, (from, verdict)).catches(holes));
    };
    for (what, bytes) in OTHERS {
        add(format!("no component: {what}"), Origin::Bytes(bytes.to_vec()), Verdict::NotWasm, &[]);
    }
    for (what, module) in
        [("an empty one", "(module)"), ("one with a start", "(module (func $f) (start $f))")]
    {
        let bytes = wat::parse_str(module).expect("a module");
        add(format!("a module: {what}"), Origin::Bytes(bytes), Verdict::CoreModule, &[]);
    }
    add(
        "a module: a head and nothing".to_owned(),
        Origin::Bytes(b"\0asm\x01\0\0\0".to_vec()),
        Verdict::CoreModule,
        &[],
    );
    let elf = |rest: &[u8]| Origin::Bytes([b"\x7fELF\x02\x01\x01\0", rest].concat());
    add("native code: a program".to_owned(), elf(b""), Verdict::Precompiled, &NATIVE);
    add("native code: a program and a component".to_owned(), elf(&honest()), Verdict::Precompiled, &NATIVE);
    add(
        "native code: a component, precompiled".to_owned(),
        Origin::Made(precompiled_component),
        Verdict::Precompiled,
        &NATIVE,
    );
    add(
        "native code: a module, precompiled".to_owned(),
        Origin::Made(precompiled_module),
        Verdict::Precompiled,
        &NATIVE,
    );
    add("65 MiB".to_owned(), Origin::Made(|| [honest(), vec![0; 65 << 20]].concat()), Verdict::TooLarge, &[]);
    for name in FOREIGN {
        let bytes = component(&format!(r#"(import "{name}" (instance))"#));
        add(format!("an import: {name}"), Origin::Bytes(bytes), Verdict::Foreign(name), &[]);
    }
    for (name, text) in KINDS {
        add(
            format!("an import of another kind: {text}"),
            Origin::Bytes(component(text)),
            Verdict::Foreign(name),
            &[],
        );
    }
    for text in SHAPES {
        add(
            format!("an import in another shape: {text}"),
            Origin::Bytes(component(text)),
            Verdict::Invalid,
            &[],
        );
    }
    let honest_text = Bare::default().text();
    for (what, from, to) in RENAMED {
        let text = honest_text.replace(from, to);
        assert_ne!(text, honest_text, "{what}");
        let bytes = wat::parse_str(text).unwrap_or_else(|error| panic!("{what}: {error}"));
        add(format!("another contract: {what}"), Origin::Bytes(bytes), Verdict::Exports, &[]);
    }
    add("another contract: nothing".to_owned(), Origin::Bytes(component("")), Verdict::Exports, &[]);
    let only_types = format!("(component {TYPES})");
    let bytes = wat::parse_str(only_types).expect("text that is valid");
    add("another contract: the types alone".to_owned(), Origin::Bytes(bytes), Verdict::Exports, &[]);
    assert!(EXPORTS.contains("list-actions"), "the exports are those of the contract");
    for (what, section) in SECTIONS {
        let bytes = [b"\0asm\x0d\0\x01\0", *section].concat();
        add(format!("a broken component: {what}"), Origin::Bytes(bytes), Verdict::Broken, &[]);
        let bytes = [honest(), section.to_vec()].concat();
        add(format!("a plugin, and then {what}"), Origin::Bytes(bytes), Verdict::Broken, &[]);
    }
    let whole = honest();
    for part in 1..16 {
        let bytes = whole[..8 + (whole.len() - 8) * part / 16].to_vec();
        add(format!("a plugin, cut after {part} of 16 parts"), Origin::Bytes(bytes), Verdict::Broken, &[]);
    }
    for (what, module) in FEATURES {
        let holes: &[Hole] = if what.contains("table") { &TABLE } else { &[] };
        add(format!("a module with {what}"), Origin::Bytes(with_module(module)), Verdict::Invalid, holes);
    }
    for (what, module, instances) in [
        ("memories", "(module (memory 1))", 20),
        ("tables", "(module (table 1 funcref))", 50),
        ("instances", "(module)", 2_000),
    ] {
        let bytes = with_modules(module, instances);
        add(format!("{instances} {what}"), Origin::Bytes(bytes), Verdict::Invalid, &[]);
    }

    add(
        "a hundred thousand functions".to_owned(),
        Origin::Made(|| with_module(&format!("(module {})", "(func)".repeat(100_001)))),
        Verdict::TooMuchWork("functions"),
        &[],
    );
    add(
        "a hundred thousand functions, in a hundred modules".to_owned(),
        Origin::Made(|| component(&format!("(core module {})", "(func)".repeat(1_001)).repeat(100))),
        Verdict::TooMuchWork("functions"),
        &[],
    );
    add(
        "a function of two megabytes".to_owned(),
        Origin::Made(|| with_module(&format!("(module (func {}))", "(nop)".repeat(2 << 20)))),
        Verdict::TooMuchWork("function_bytes"),
        &[],
    );
    add(
        "components in components, twenty deep".to_owned(),
        Origin::Made(|| component(&format!("{}{}", "(component ".repeat(20), ")".repeat(20)))),
        Verdict::TooMuchWork("components within components"),
        &[],
    );
    for (depth, made) in [
        (150, Origin::Made(|| types("(list u8)", |t| format!("(list $t{t})"), 150))),
        (10_000, Origin::Made(|| types("(list u8)", |t| format!("(list $t{t})"), 10_000))),
    ] {
        add(format!("lists in lists, {depth} deep"), made, Verdict::Invalid, &DEEP);
    }
    for (depth, made) in [
        (150, Origin::Made(|| types("(option u8)", |t| format!("(option $t{t})"), 150))),
        (10_000, Origin::Made(|| types("(option u8)", |t| format!("(option $t{t})"), 10_000))),
    ] {
        add(format!("options in options, {depth} deep"), made, Verdict::Invalid, &DEEP);
    }
    add(
        "records in records, 5,000 deep".to_owned(),
        Origin::Made(|| {
            types("(record (field \"a\" u8))", |t| format!("(record (field \"a\" $t{t}))"), 5_000)
        }),
        Verdict::Invalid,
        &DEEP,
    );
    add(
        "results in results, 5,000 deep".to_owned(),
        Origin::Made(|| types("(result u8)", |t| format!("(result $t{t} (error $t{t}))"), 5_000)),
        Verdict::Invalid,
        &DEEP,
    );
    add(
        "a tuple of 2^60 bytes".to_owned(),
        Origin::Made(|| types("(tuple u8 u8)", |t| format!("(tuple $t{t} $t{t})"), 60)),
        Verdict::Invalid,
        &[],
    );
    add(
        "2^12 instances, by doubling".to_owned(),
        Origin::Made(|| doubling(12, "(core module $m) (core instance (instantiate $m))")),
        Verdict::TooMuchWork("instances"),
        &[],
    );
    add(
        "2^60 instances, by doubling".to_owned(),
        Origin::Made(|| doubling(60, "(core module $m) (core instance (instantiate $m))")),
        Verdict::TooMuchWork("instances"),
        &[],
    );
    for (what, bytes) in [
        (
            "instances of a component that is an argument",
            component(&doubling_by(|before| {
                format!(
                    r#"(import "c" (component $c)) (instance (instantiate $c)) (instance (instantiate $c))
               (alias outer 1 $c{before} (component $before)) (instance (instantiate $before (with "c" (component $c))))"#
                )
            })),
        ),
        (
            "instances of a component that is an export",
            component(&doubling_by(|before| {
                format!(
                    r#"(alias outer 1 $c{before} (component $before)) (instance $i (instantiate $before))
               (alias export $i "c" (component $c)) (instance (instantiate $c)) (instance (instantiate $c))
               (export "c" (component $before))"#
                )
            })),
        ),
    ] {
        add(format!("2^24 {what}"), Origin::Bytes(bytes), Verdict::TooMuchWork("instances"), &[]);
    }
    add(
        "2^24 components that hold nothing, by doubling".to_owned(),
        Origin::Made(|| doubling(24, "")),
        Verdict::TooMuchWork("instances"),
        &[],
    );

    add(
        "a compile bomb of functions, in a worker with little time".to_owned(),
        Origin::Worker(many_functions, Duration::from_millis(100), 1 << 30),
        Verdict::CompileTime,
        &[],
    );
    add(
        "a compile bomb of functions, in a worker with little memory".to_owned(),
        Origin::Worker(many_functions, Duration::from_secs(30), 48 << 20),
        Verdict::Compiler,
        &[],
    );

    add("a file that is not there".to_owned(), Origin::File(|_| {}), Verdict::File, &[]);
    add(
        "a file that is a folder".to_owned(),
        Origin::File(|path| fs::create_dir(path).expect("a folder")),
        Verdict::File,
        &[],
    );
    add(
        "a file that is empty".to_owned(),
        Origin::File(|path| fs::write(path, "").expect("a file")),
        Verdict::NotWasm,
        &[],
    );
    add(
        "a file that is half a plugin".to_owned(),
        Origin::File(|path| fs::write(path, &honest()[..500]).expect("a file")),
        Verdict::Broken,
        &[],
    );
    #[cfg(unix)]
    for (what, target, verdict) in [
        ("a device without end", "/dev/zero", Verdict::File),
        ("a device of random bytes", "/dev/urandom", Verdict::File),
        ("the host's environment", "/proc/self/environ", Verdict::NotWasm),
        ("the host's memory", "/proc/self/mem", Verdict::File),
        ("itself", "plugin.wasm", Verdict::File),
    ] {
        let from = match target {
            "/dev/zero" => Origin::File(|path| link("/dev/zero", path)),
            "/dev/urandom" => Origin::File(|path| link("/dev/urandom", path)),
            "/proc/self/environ" => Origin::File(|path| link("/proc/self/environ", path)),
            "/proc/self/mem" => Origin::File(|path| link("/proc/self/mem", path)),
            _ => Origin::File(|path| link("plugin.wasm", path)),
        };
        add(format!("a link to {what}"), from, verdict, &[]);
    }
    add(
        "a file that is too large, and sparse".to_owned(),
        Origin::File(|path| {
            let file = fs::File::create(path).expect("a file");
            file.set_len(1 << 40).expect("a sparse file");
        }),
        Verdict::TooLarge,
        &[],
    );
    all
}

#[cfg(unix)]
fn link(target: &str, path: &PathBuf) {
    std::os::unix::fs::symlink(target, path).expect("a link");
}

fn precompiled_component() -> Vec<u8> {
    wasmtime::Engine::default().precompile_component(&honest()).expect("code")
}

fn precompiled_module() -> Vec<u8> {
    wasmtime::Engine::default().precompile_module(b"\0asm\x01\0\0\0").expect("code")
}

/// Returns the prison's host: what it takes to load something, its neighbours notice.
async fn host() -> &'static ActionHost {
    &Prison::get().await.world.host
}

/// Returns a host that compiles in a worker: it runs no call.
fn host_with_worker(time: Duration, bytes: usize) -> ActionHost {
    let limits =
        HostLimits { compile_time: time, compile_bytes: bytes, concurrent_calls: 1, ..HostLimits::default() };
    let worker = CompileWorker::new(env!("CARGO_BIN_EXE_compile_worker"), [] as [&str; 0]);
    ActionHost::builder().host_limits(limits).compile_in(worker).build().expect("a host")
}

async fn play(name: String, (from, verdict): (Origin, Verdict)) {
    let _room = ROOM.acquire().await;
    let loading = tokio::spawn(async move { load(&name, from).await });
    let world = &Prison::get().await.world;
    world.neighbour_is_well().await;
    while !loading.is_finished() {
        world.neighbour_is_well().await;
    }
    let error = loading.await.expect("no panic").map(drop).expect_err("it is refused");
    let mut shown = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(inner) = source {
        shown = format!("{shown}: {inner}");
        source = inner.source();
    }
    assert!(!shown.contains(forges_a_line) && shown.len() < 3_000, "{shown:?}");
    let told = match &verdict {
        Verdict::NotWasm => matches!(error, LoadError::NotWasm),
        Verdict::CoreModule => matches!(error, LoadError::CoreModule),
        Verdict::Precompiled => matches!(error, LoadError::Precompiled),
        Verdict::TooLarge => matches!(error, LoadError::TooLarge { .. }),
        Verdict::Foreign(name) => {
            matches!(&error, LoadError::ForeignImports { imports } if imports == &[*name])
        }
        Verdict::TooMuchWork(what) => {
            matches!(&error, LoadError::TooMuchWork { what: told, .. } if told == what)
        }
        Verdict::Exports => matches!(error, LoadError::Exports { .. }),
        Verdict::Invalid => matches!(error, LoadError::Invalid { .. }),
        Verdict::Broken => matches!(
            error,
            LoadError::Invalid { .. }
                | LoadError::Exports { .. }
                | LoadError::TooMuchWork { what: "instances", .. }
        ),
        Verdict::CompileTime => matches!(error, LoadError::CompileTime(_)),
        Verdict::Compiler => matches!(error, LoadError::Compiler),
        Verdict::File => matches!(error, LoadError::File { .. }),
    };
    assert!(told, "{error:?}");
}

async fn load(name: &str, from: Origin) -> Result<Plugin, LoadError> {
    let bytes = match from {
        Origin::Bytes(bytes) => bytes,
        Origin::Made(make) => make(),
        Origin::Worker(make, time, memory) => {
            let host = host_with_worker(time, memory);
            let ended = host.load(make()).await;
            host.load(component("")).await.map(drop).expect_err("the next one is compiled, and is no plugin");
            return ended;
        }
        Origin::File(make) => {
            let folder =
                PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name.replace(['/', ':', ' ', ','], "_"));
            drop(fs::remove_dir_all(&folder));
            fs::create_dir_all(&folder).expect("a folder");
            let file = folder.join("plugin.wasm");
            make(&file);
            let loaded = host().await.load_file(&file).await;
            fs::remove_dir_all(&folder).expect("the folder is mine");
            return loaded;
        }
    };
    let inspected = host().await.inspect(bytes.clone()).await.verdict.map(drop);
    let loaded = host().await.load(bytes).await;
    if let (Err(inspected), Err(loaded)) = (&inspected, &loaded) {
        assert_eq!(inspected.to_string(), loaded.to_string(), "inspected and loaded");
    }
    loaded
}

/// Not in the table: what is loaded is one of the two, and not a mixture.
#[test]
fn a_file_that_changes_while_it_is_read_is_one_or_the_other() {
    BUSY.block_on(async {
        let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("changing.wasm");
        let plugin = honest();
        let bomb = [plugin.as_slice(), &vec![0; 1 << 20]].concat();
        let host = host().await;
        fs::write(&file, &plugin).expect("a file");
        let digest = host.load(plugin.clone()).await.expect("a plugin").digest().to_owned();
        let (stop, mut stopped) = oneshot::channel::<()>();
        let changed = file.clone();
        let changing = tokio::task::spawn_blocking(move || {
            while stopped.try_recv() == Err(TryRecvError::Empty) {
                fs::write(&changed, &bomb).expect("a file");
                fs::write(&changed, &plugin).expect("a file");
            }
        });
        for _ in 0..50 {
            if let Ok(loaded) = host.load_file(&file).await {
                assert_eq!(loaded.digest(), digest, "only what is a plugin is loaded");
            }
        }
        drop(stop);
        changing.await.expect("no panic");
        assert_eq!(host.load_file(&file).await.expect("a plugin").digest(), digest);
        fs::remove_file(file).expect("the file is mine");
    });
}
