//! What people read of a difference: what asks for more first, what is the same not at all.

use std::{borrow::Cow, fmt::Write as _};

use actionbox_host::{Effect, Parameter, Producer, ProducerField};
use anstyle::Style;

use super::{
    Report,
    change::{ActionOf, Change, NotTold, Versions},
};
use crate::{
    commands::inspect::shown,
    show::{escape, style},
};

/// Characters of a plugin's words that are shown.
const SHOWN: usize = 200;

pub(super) fn text(report: &Report<'_>) -> String {
    let mut out = String::new();
    let dim = style::DIM;
    for (label, component) in [("old", &report.old), ("new", &report.new)] {
        let file = escape::text(component.file);
        let _infallible = writeln!(out, "  {dim}{label:<4}{dim:#} {file}  {dim}{}{dim:#}", component.digest);
    }
    let difference = report.difference;
    if difference.is_none() {
        let _infallible = writeln!(out, "\n  {0}no differences{0:#}", style::GOOD);
    }
    section(&mut out, "asks for more", style::BAD, difference.asks_for_more.iter().map(line));
    section(&mut out, "not compared", style::CAREFUL, difference.not_compared.iter().map(not_told));
    section(&mut out, "also changed", style::BOLD, difference.also_changed.iter().map(line));
    out
}

/// A sign, what it is about, and what became of it.
type Line = (char, &'static str, String);

fn section(out: &mut String, title: &str, style: Style, lines: impl ExactSizeIterator<Item = Line>) {
    if lines.len() == 0 {
        return;
    }
    let _infallible = writeln!(out, "\n  {style}{title}{style:#}");
    let dim = style::DIM;
    for (sign, what, text) in lines {
        let _infallible = writeln!(out, "  {sign} {dim}{what:<11}{dim:#} {}", escape::text(&text));
    }
}

fn not_told(NotTold { plugin, app, action, reason }: &NotTold) -> Line {
    let reason = format!("the {plugin} plugin {}", cut(reason));
    match action {
        None => ('!', "app", format!("{app}  {reason}")),
        Some(action) => ('!', "action", format!("{app}/{}  {reason}", cut(action))),
    }
}

fn line(change: &Change) -> Line {
    match change {
        Change::ImportAdded { import, denied } => {
            let denied = if *denied { "  (there only to deny)" } else { "" };
            ('+', "import", format!("{import}{denied}"))
        }
        Change::ImportRemoved { import } => ('-', "import", import.clone()),
        Change::ImportVersion(versions) => ('~', "import", versions_of(versions)),
        Change::ExportAdded { export } => ('+', "export", export.clone()),
        Change::ExportRemoved { export } => ('-', "export", export.clone()),
        Change::ExportVersion(versions) => ('~', "export", versions_of(versions)),
        Change::ActionAdded { of, own, effect, claimed_effect, granted_by } => {
            let effect = effect.map_or("unknown effect", Effect::as_str);
            let own = if *own { ", its own" } else { "" };
            let claim = claimed_effect.map(|claim| format!(", says {claim}")).unwrap_or_default();
            let granted = match granted_by.as_slice() {
                [] => "no grant allows it: that is no action id".to_owned(),
                ways => format!("granted by {}", ways.join(" or ")),
            };
            ('+', "action", format!("{}  {effect}{own}{claim}  {granted}", name(of)))
        }
        Change::ActionRemoved { of } => ('-', "action", name(of)),
        Change::ClaimedEffect { of, old, new } => {
            let claim = |effect: &Option<Effect>| effect.map_or("nothing", Effect::as_str);
            ('~', "claim", format!("{}  says {}, said {}", name(of), claim(new), claim(old)))
        }
        Change::Name { of, old, new } => ('~', "name", format!("{}  {}", name(of), from_to(old, new))),
        Change::Description { of, old, new } => {
            ('~', "description", format!("{}  {}", name(of), from_to(old, new)))
        }
        Change::ParameterAdded { of, parameter } => {
            ('+', "parameter", format!("{}  {}", name(of), takes(parameter)))
        }
        Change::ParameterRemoved { of, parameter } => {
            ('-', "parameter", format!("{}  {}", name(of), takes(parameter)))
        }
        Change::ParameterChanged { of, old, new } => {
            ('~', "parameter", format!("{}  {} → {}", name(of), takes(old), takes(new)))
        }
        Change::MemoryBytes { old, new } => ('~', "memory", format!("{old} → {new} bytes to begin with")),
        Change::Size { old, new } => ('~', "size", format!("{old} → {new} bytes")),
        Change::ClaimedProducerAdded(producer) => says('+', producer),
        Change::ClaimedProducerRemoved(producer) => says('-', producer),
    }
}

fn name(of: &ActionOf) -> String {
    format!("{}/{}", of.app, cut(&of.action))
}

fn versions_of(Versions { interface, old, new }: &Versions) -> String {
    format!("{interface}  {} → {}", old.join(", "), new.join(", "))
}

fn from_to(old: &str, new: &str) -> String {
    format!("\"{}\" → \"{}\"", cut(old), cut(new))
}

fn takes(parameter: &Parameter) -> String {
    let required = if parameter.required { ", required" } else { "" };
    let Parameter { name, label, kind, .. } = parameter;
    format!("{} ({}{required}) \"{}\"", cut(name), cut(&kind.to_string()), cut(label))
}

fn says(sign: char, producer: &Producer) -> Line {
    let what = match producer.field {
        ProducerField::Language => "language",
        _ => "made by",
    };
    (sign, what, format!("{}  (says the component)", shown(producer)))
}

fn cut(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(SHOWN) {
        None => text.into(),
        Some((end, _)) => format!("{}…", &text[..end]).into(),
    }
}
