//! `inspect`: what a component is and asks for, and whether this host would load it.

use std::fmt::Write as _;

use actionbox_host::{Inspection, LoadError};
use anstyle::Style;
use serde::Serialize;

use crate::{
    args,
    failure::{Exit, Failure},
    process,
    show::{self, escape, progress, style},
};

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    file: String,
    size: usize,
    digest: &'a str,
    imports: &'a [String],
    exports: &'a [String],
    loadable: bool,
    error: Option<&'a Failure>,
}

pub(super) async fn run(options: &args::Inspect, json: bool) -> Result<Exit, Failure> {
    let host = process::host(!options.no_cache)?.build()?;
    let inspection = progress::during("compiling the component", host.inspect_file(&options.file))
        .await
        .map_err(|error| Failure::of_load(&error))?;
    let refusal = inspection.verdict.as_ref().err().map(Failure::of_load);
    let file = options.file.display().to_string();
    match json {
        true => show::json(&Report {
            file,
            size: inspection.size,
            digest: &inspection.digest,
            imports: &inspection.imports,
            exports: &inspection.exports,
            loadable: refusal.is_none(),
            error: refusal.as_ref(),
        })?,
        false => show::print(&text(&file, &inspection, refusal.as_ref()))?,
    }
    Ok(refusal.map_or(Exit::Done, |refusal| refusal.exit))
}

fn text(file: &str, inspection: &Inspection, refusal: Option<&Failure>) -> String {
    let foreign = match &inspection.verdict {
        Err(LoadError::ForeignImports { imports }) => imports.as_slice(),
        _ => &[],
    };
    let mut report = Lines::default();
    report.add("file", style::BOLD, file);
    report.add("size", style::PLAIN, &format!("{} bytes", inspection.size));
    report.add("digest", style::PLAIN, &inspection.digest);
    for (row, import) in inspection.imports.iter().enumerate() {
        let label = if row == 0 { "imports" } else { "" };
        match foreign.contains(import) {
            true => report.add(label, style::BAD, &format!("{import}  (no plugin is given this)")),
            false => report.add(label, style::PLAIN, import),
        }
    }
    for (row, export) in inspection.exports.iter().enumerate() {
        report.add(if row == 0 { "exports" } else { "" }, style::PLAIN, export);
    }
    match refusal {
        None => report.add("verdict", style::GOOD, "this host would load it"),
        Some(refusal) => {
            report.add("verdict", style::BAD, "this host would not load it");
            report.add("why", style::PLAIN, &refusal.message);
            if let Some(hint) = &refusal.hint {
                report.add("next", style::PLAIN, hint);
            }
        }
    }
    report.0
}

/// Lines of a label and a text.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn add(&mut self, label: &str, style: Style, text: &str) {
        let dim = style::DIM;
        let text = escape::text(text);
        let _infallible = writeln!(self.0, "  {dim}{label:<8}{dim:#} {style}{text}{style:#}");
    }
}
