//! The book's page of errors tells of every error that there is, and of no other.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use actionbox_host::{
    Actor, BadBody, CredentialError, Error, Exceeded, LoadError, NotARoute, NotRecorded, Rate, Refusal,
    SendFailure, Sent, Withheld,
};
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use syn::visit::Visit;

use super::{Exit, Failure, kind};

/// One row of a table: what the test compares of it.
type Row = Vec<String>;

fn path(below_root: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(below_root)
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns the rows of the table below a heading, without the last column, which is for people.
fn rows(heading: &str) -> BTreeSet<Row> {
    let page = read(&path("docs/errors.md"));
    let (mut rows, mut below, mut in_heading, mut in_head): (Vec<Row>, bool, bool, bool) = Default::default();
    for event in Parser::new_ext(&page, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Heading { level: HeadingLevel::H2, .. }) => (in_heading, below) = (true, false),
            Event::End(TagEnd::Heading(_)) => in_heading = false,
            Event::Text(text) if in_heading => below = text.as_ref() == heading,
            Event::Start(Tag::TableHead) => in_head = true,
            Event::End(TagEnd::TableHead) => in_head = false,
            Event::Start(Tag::TableRow) if below => rows.push(Row::new()),
            Event::Start(Tag::TableCell) if below && !in_head => {
                rows.last_mut().expect("a row began").push(String::new());
            }
            Event::Text(text) | Event::Code(text) if below && !in_head => {
                let cell = rows.last_mut().and_then(|row| row.last_mut());
                cell.into_iter().for_each(|cell| cell.push_str(&text));
            }
            _ => {}
        }
    }
    let count = rows.len();
    for row in &mut rows {
        assert!(row.pop().is_some_and(|advice| advice.ends_with('.')), "what to do is missing: {row:?}");
    }
    let rows: BTreeSet<_> = rows.into_iter().collect();
    assert_eq!(rows.len(), count, "a row of {heading:?} stands there twice");
    rows
}

/// Returns the names of the variants of an enum of the host's.
fn variants(name: &str) -> BTreeSet<String> {
    let file = syn::parse_file(&read(&path("host/src/error.rs"))).expect("Rust");
    let found = file.items.into_iter().find_map(|item| match item {
        syn::Item::Enum(item) if item.ident == name => Some(item.variants),
        _ => None,
    });
    found.expect("the enum is there").iter().map(|variant| variant.ident.to_string()).collect()
}

/// Returns the name of a variant, with which its `Debug` begins.
fn variant(error: &impl std::fmt::Debug) -> String {
    let debug = format!("{error:?}");
    debug.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned()
}

#[track_caller]
fn check(code: &BTreeSet<Row>, page: &BTreeSet<Row>) {
    let (no_row, no_error): (Vec<_>, Vec<_>) =
        (code.difference(page).collect(), page.difference(code).collect());
    assert!(
        no_row.is_empty() && no_error.is_empty(),
        "docs/errors.md has no row for {no_row:?}, and rows of no error: {no_error:?}"
    );
}

fn word(actor: Actor) -> String {
    let name = serde_json::to_value(actor).expect("a word");
    name.as_str().expect("a word").replace('-', " ")
}

fn code(exit: Exit) -> String {
    (exit as u8).to_string()
}

/// An error of each kind, and several where they differ in what is to be done.
fn errors_of_calls(sent: Sent) -> Vec<Error> {
    let denied = |refusal| Error::Denied { refusal, sent };
    let upstream =
        |status| Error::Upstream { status, code: None, message: String::new(), request_id: None, sent };
    let unreachable = |failure| Error::Unreachable { failure, sent };
    let credential = |error| Error::Credential { error, sent };
    let withheld = |reason| Error::Withheld { reason, sent };
    let rate = Rate { per_second: 1, burst: 1 };
    vec![
        Error::UnknownApp { app: String::new(), sent },
        Error::UnknownAction { app: String::new(), action: String::new(), sent },
        Error::InvalidParameters { problems: Vec::new(), sent },
        denied(Refusal::EmptyGrant { tenant: String::new() }),
        denied(Refusal::NotARoute(NotARoute::Path)),
        denied(Refusal::Body(BadBody::Unexpected)),
        denied(Refusal::Quarantined { upstream: String::new(), leaks: 3 }),
        Error::DeniedByPlugin { reason: String::new(), sent },
        Error::ReauthorizationRequired { reason: String::new(), sent },
        Error::Throttled { retry_after: None, sent },
        upstream(None),
        upstream(Some(429)),
        upstream(Some(500)),
        upstream(Some(409)),
        unreachable(SendFailure::Timeout { sent }),
        unreachable(SendFailure::Broken(String::new())),
        unreachable(SendFailure::TooLarge),
        unreachable(SendFailure::Connect(String::new())),
        unreachable(SendFailure::Tls(String::new())),
        withheld(Withheld::Secret),
        withheld(Withheld::Redirect),
        Error::Trapped { reason: String::new(), sent },
        Error::Contract { detail: String::new(), sent },
        Error::Plugin { message: String::new(), sent },
        Error::Limit { exceeded: Exceeded::Memory(1), sent },
        Error::Limit { exceeded: Exceeded::AccountRate(rate), sent },
        credential(CredentialError::Exchange(String::new())),
        credential(CredentialError::Refused { status: 401 }),
        credential(CredentialError::Provider(String::new())),
        Error::HeldBack { reason: String::new(), sent },
        Error::Host { reason: String::new(), sent },
    ]
}

#[test]
fn every_error_of_a_call_is_in_the_book() {
    let invalid = || actionbox_host::AppSlug::parse("no slug").expect_err("a space").into();
    let unrecorded = || Error::NotRecorded(NotRecorded { request: String::new(), reason: String::new() });
    let samples = || errors_of_calls(Sent::No).into_iter().chain([invalid(), unrecorded()]);
    let row = |error: Error| {
        let again = if error.is_retryable() { "yes" } else { "no" };
        let exit = Exit::of(error.actor());
        vec![
            variant(&error),
            kind::of_call(&error).to_owned(),
            word(error.actor()),
            code(exit),
            again.to_owned(),
        ]
    };
    assert_eq!(samples().map(|error| variant(&error)).collect::<BTreeSet<_>>(), variants("Error"));
    check(&samples().map(row).collect(), &rows("Calls"));
    for sent in [Sent::Yes, Sent::Unknown] {
        for error in errors_of_calls(sent) {
            assert!(
                !error.is_retryable(),
                "the book says that only what was not sent may be tried again: {error:?}"
            );
        }
    }
}

#[test]
fn every_reason_not_to_load_a_component_is_in_the_book() {
    let io = || std::io::Error::other("");
    let samples = [
        LoadError::File { path: String::new(), source: io() },
        LoadError::TooLarge { limit: 1 },
        LoadError::CoreModule,
        LoadError::Precompiled,
        LoadError::NotWasm,
        LoadError::ForeignImports { imports: Vec::new() },
        LoadError::TooMuchWork { what: "functions", found: 2, limit: 1 },
        LoadError::CompileTime(std::time::Duration::ZERO),
        LoadError::Compiler,
        LoadError::Worker(io()),
        LoadError::Exports { detail: String::new() },
        LoadError::Invalid { detail: String::new() },
    ];
    let row = |error: &LoadError| {
        let failure = Failure::of_load(error);
        vec![variant(error), failure.kind.to_owned(), word(failure.actor), code(failure.exit)]
    };
    assert_eq!(samples.iter().map(variant).collect::<BTreeSet<_>>(), variants("LoadError"));
    check(&samples.iter().map(row).collect(), &rows("Loading"));
}

/// Collects what the command's own failures are made of, wherever they are made: an exit, a kind and an actor in a row.
#[derive(Default)]
struct Own(BTreeSet<Row>);

impl Own {
    fn look_at<'ast>(&mut self, arguments: impl IntoIterator<Item = &'ast syn::Expr>) {
        let arguments: Vec<_> = arguments.into_iter().take(3).collect();
        let [syn::Expr::Path(exit), syn::Expr::Lit(kind), syn::Expr::Path(actor)] = arguments.as_slice()
        else {
            return;
        };
        let last = |path: &syn::ExprPath| path.path.segments.last().map(|segment| segment.ident.to_string());
        let exit =
            Exit::ALL.into_iter().find(|each| last(exit).is_some_and(|name| name == format!("{each:?}")));
        let actors = [Actor::Caller, Actor::Tenant, Actor::PluginAuthor, Actor::Upstream, Actor::Operator];
        let actor =
            actors.into_iter().find(|each| last(actor).is_some_and(|name| name == format!("{each:?}")));
        if let (Some(exit), syn::Lit::Str(kind), Some(actor)) = (exit, &kind.lit, actor) {
            self.0.insert(vec![kind.value(), word(actor), code(exit)]);
        }
    }
}

impl<'ast> Visit<'ast> for Own {
    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        self.look_at(&call.args);
        syn::visit::visit_expr_call(self, call);
    }

    fn visit_expr_tuple(&mut self, tuple: &'ast syn::ExprTuple) {
        self.look_at(&tuple.elems);
        syn::visit::visit_expr_tuple(self, tuple);
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if module.ident != "tests" {
            syn::visit::visit_item_mod(self, module);
        }
    }
}

#[test]
fn every_failure_of_the_commands_own_is_in_the_book() {
    let (mut own, mut folders) = (Own::default(), vec![path("cli/src")]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                own.visit_file(&syn::parse_file(&read(&path)).expect("Rust"));
            }
        }
    }
    assert!(own.0.len() > 10, "hardly any was found: {:?}", own.0);
    check(&own.0, &rows("The command itself"));
}
