//! The demonstration as people read it: a few words per step, in 80 columns.

use std::fmt::Write as _;

use actionbox_sandbox::SANDBOX_API_KEY;
use anstyle::Style;
use serde_json::Value;

use super::{Demo, sides::Sides};
use crate::{
    commands::{describe, list},
    show::{
        escape, style,
        table::{Cell, table, wrap},
    },
};

const WIDTH: usize = 80;
/// The widths of the two sides; the key fits into one line of the right one.
const LEFT: usize = 30;
const RIGHT: usize = 43;
/// So much of the answer is shown.
const ANSWER: usize = 150;

impl Demo {
    pub(super) fn text(&self) -> String {
        let (bold, dim, good) = (style::BOLD, style::DIM, style::GOOD);
        let mut page = Page::default();
        page.line(&format!("{bold}A plugin acts on a connected app, and never sees the key.{bold:#}"));

        page.step("Start a sandbox server", "the upstream, in this process");
        page.line(&format!("  {}  {dim}account{dim:#} {}", self.sandbox.base_url, self.sandbox.account));
        page.line(&format!("  {dim}key{dim:#} {SANDBOX_API_KEY}"));

        page.step("Load the reference plugin", "a WebAssembly component, not trusted");
        let digest: String = self.plugin.digest.chars().take("sha256:".len() + 16).collect();
        page.line(&format!("  {digest}…  {} KiB", self.plugin.size / 1024));
        page.line(&format!("  {dim}granted:{dim:#} read hubspot, and create_contact by name"));

        page.step("List", "the actions of hubspot, and which of them the grant allows");
        page.block(&list::as_table(&self.actions, Some(WIDTH)));

        page.step("Describe", "what create_contact takes");
        page.block(&describe::as_table(&self.parameters, Some(WIDTH)));

        page.step("Read", "get_contact limit=3");
        page.block(&contacts(self.contacts["results"].as_array().map_or(&[], Vec::as_slice)));

        page.step("Write", "create_contact email=ada@example.com firstname=Ada lastname=Lovelace");
        page.line(&format!("  {good}created{good:#} contact {}", text_at(&self.created, "/id")));

        page.step("Read it back", &format!("get_contact_by_id contact_id={}", text_at(&self.created, "/id")));
        page.block(&contacts(std::slice::from_ref(&self.read_back)));

        page.step("Try a raw call", "httprequest, which would reach the whole account");
        let bad = style::BAD;
        let refused = escape::text(&self.refused.error.message);
        for (row, line) in wrap(&refused, WIDTH - 11).iter().enumerate() {
            let label = if row == 0 { "refused" } else { "       " };
            page.line(&format!("  {bad}{label}{bad:#}  {line}"));
        }
        page.line(&format!(
            "  {dim}sent:{dim:#} {}; requests that reached the upstream: {}",
            self.refused.error.sent, self.refused.requests
        ));

        page.step("Compare", "the request of step 6, on both sides of the wall");
        page.block(&both(&self.sides));
        page.line(&verdict(&self.sides));

        page.line(&format!("\n{bold}Next{bold:#}"));
        for (command, what) in [
            ("actionbox execute hubspot get_contact limit=1 --sandbox", "one action"),
            ("actionbox sandbox", "a server to call"),
            ("actionbox --help", "everything else"),
        ] {
            page.line(&format!("  {command:<56} {dim}{what}{dim:#}"));
        }
        page.text
    }
}

/// The text so far, and how many steps it has.
#[derive(Default)]
struct Page {
    text: String,
    steps: usize,
}

impl Page {
    fn step(&mut self, title: &str, what: &str) {
        self.steps += 1;
        let (bold, dim) = (style::BOLD, style::DIM);
        let (number, what) = (self.steps, escape::text(what));
        self.line(&format!("\n{bold}{number} {title}:{bold:#} {dim}{what}{dim:#}"));
    }

    fn line(&mut self, line: &str) {
        self.block(&format!("{line}\n"));
    }

    fn block(&mut self, lines: &str) {
        self.text.push_str(lines);
    }
}

fn contacts(contacts: &[Value]) -> String {
    let rows: Vec<_> = contacts
        .iter()
        .map(|contact| {
            let name = ["/properties/firstname", "/properties/lastname"].map(|path| text_at(contact, path));
            [
                Cell::plain(&text_at(contact, "/id")),
                Cell::plain(name.join(" ").trim()),
                Cell::plain(&text_at(contact, "/properties/email")),
            ]
        })
        .collect();
    table(["ID", "NAME", "EMAIL"], &rows, Some(WIDTH))
}

fn text_at(value: &Value, path: &str) -> String {
    value.pointer(path).and_then(Value::as_str).map(escape::text).unwrap_or_default()
}

/// Lays out the two sides beside each other.
fn both(sides: &Sides) -> String {
    let saw = &sides.plugin_saw;
    let mut left = Side::new(LEFT, "WHAT THE PLUGIN SAW");
    left.add(style::PLAIN, &saw.request);
    saw.headers.iter().for_each(|header| left.add(style::DIM, header));
    left.gap();
    left.add(style::PLAIN, &saw.body.to_string());
    left.gap();
    let mut answer: String = saw.answer.to_string().chars().take(ANSWER).collect();
    answer.push('…');
    left.add(style::PLAIN, &format!("{} {answer}", status(saw.status)));

    let mut right = Side::new(RIGHT, "WHAT THE UPSTREAM RECEIVED");
    if let Some(received) = &sides.upstream_received {
        right.add(style::PLAIN, &received.request);
        for header in &received.headers {
            let holds_key = header.contains(SANDBOX_API_KEY);
            right.add(if holds_key { style::KEY } else { style::DIM }, header);
        }
        right.gap();
        right.add(style::PLAIN, &received.body.to_string());
        right.gap();
        right.add(style::PLAIN, &status(received.status));
    }

    let mut out = String::new();
    for row in 0..left.lines.len().max(right.lines.len()) {
        let (left, left_style) = left.row(row);
        let (right, right_style) = right.row(row);
        let line =
            format!("  {left_style}{left:<LEFT$}{left_style:#}  │  {right_style}{right}{right_style:#}");
        let _infallible = writeln!(out, "{}", line.trim_end());
    }
    out
}

/// The wrapped lines of one side.
struct Side {
    width: usize,
    lines: Vec<(String, Style)>,
}

impl Side {
    fn new(width: usize, title: &str) -> Self {
        Self { width, lines: vec![(title.to_owned(), style::BOLD)] }
    }

    fn add(&mut self, style: Style, text: &str) {
        let lines = wrap(&escape::text(text), self.width);
        self.lines.extend(lines.into_iter().map(|line| (line, style)));
    }

    fn gap(&mut self) {
        self.add(style::PLAIN, "");
    }

    fn row(&self, row: usize) -> (&str, Style) {
        self.lines.get(row).map_or(("", style::PLAIN), |(line, style)| (line, *style))
    }
}

fn status(status: Option<u16>) -> String {
    status.map_or("no answer".to_owned(), |status| format!("→ {status}"))
}

fn verdict(sides: &Sides) -> String {
    match sides.check() {
        Ok(()) => {
            let good = style::GOOD;
            format!(
                "\n  The host built the right one anew, and added key and account.\n  {good}The key is on the right \
                 side only.{good:#} It was searched for in all {} bytes\n  that the plugin sent and answered here.",
                sides.searched
            )
        }
        Err(failure) => {
            let bad = style::BAD;
            format!("\n  {bad}{}{bad:#}", failure.message)
        }
    }
}
