//! `inspect`: what a component is and asks for, and whether this host would load it.

mod diff;

use std::path::Path;

use actionbox_host::{ActionHost, Inspection, LoadError, Producer, ProducerField};
use serde::Serialize;

use crate::{
    args,
    failure::{Exit, Failure},
    process,
    project::component,
    show::{self, lines::Lines, progress, style},
};

pub(super) async fn run(options: &args::Inspect, json: bool) -> Result<Exit, Failure> {
    if let Some(old) = &options.diff {
        return diff::run(options, old, json).await;
    }
    let file = component::file(&options.file)?;
    let host = process::host(!options.no_cache)?.build()?;
    Look::at(&host, &file).await?.show(json, Detail::All)
}

/// How much people are told. Programs are told everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    All,
    /// Of the imports those that will not work, and no exports.
    Short,
}

/// A component that was looked at.
pub(super) struct Look {
    file: String,
    inspection: Inspection,
    refusal: Option<Failure>,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    file: &'a str,
    size: usize,
    digest: &'a str,
    imports: &'a [String],
    /// Those of the imports that are there only to deny.
    denied: Vec<&'a str>,
    exports: &'a [String],
    /// What the component says of itself.
    claimed_producers: &'a [Producer],
    memory_bytes: u64,
    loadable: bool,
    error: Option<&'a Failure>,
}

impl Look {
    /// Looks at a file as the host would load it.
    ///
    /// # Errors
    ///
    /// [`Failure`] when it cannot be read.
    pub(super) async fn at(host: &ActionHost, file: &Path) -> Result<Self, Failure> {
        let inspection = progress::during("compiling the component", host.inspect_file(file))
            .await
            .map_err(|error| Failure::of_load(&error))?;
        let refusal = inspection.verdict.as_ref().err().map(Failure::of_load);
        Ok(Self { file: file.display().to_string(), inspection, refusal })
    }

    /// Shows it, and returns the exit code of the verdict.
    pub(super) fn show(self, json: bool, detail: Detail) -> Result<Exit, Failure> {
        match json {
            true => show::json(&self.report())?,
            false => show::print(&self.text(detail))?,
        }
        Ok(self.refusal.map_or(Exit::Done, |refusal| refusal.exit))
    }

    fn report(&self) -> Report<'_> {
        let Inspection { size, digest, imports, exports, producers, memory_bytes, .. } = &self.inspection;
        Report {
            file: &self.file,
            size: *size,
            digest,
            imports,
            denied: imports.iter().map(String::as_str).filter(|import| is_denied(import)).collect(),
            exports,
            claimed_producers: producers,
            memory_bytes: *memory_bytes,
            loadable: self.refusal.is_none(),
            error: self.refusal.as_ref(),
        }
    }

    fn text(&self, detail: Detail) -> String {
        let inspection = &self.inspection;
        let foreign = match &inspection.verdict {
            Err(LoadError::ForeignImports { imports }) => imports.as_slice(),
            _ => &[],
        };
        let mut report = Lines::default();
        report.add("file", style::BOLD, &self.file);
        report.add("size", style::PLAIN, &format!("{} bytes", inspection.size));
        report.add("digest", style::PLAIN, &inspection.digest);
        let imports = inspection.imports.iter().filter_map(|import| {
            Some(match () {
                () if foreign.contains(import) => {
                    (style::BAD, format!("{import}  (no plugin is given this)"))
                }
                () if is_denied(import) => (style::CAREFUL, format!("{import}  (there only to deny)")),
                () if detail == Detail::All => (style::PLAIN, import.clone()),
                () => return None,
            })
        });
        for (row, (style, import)) in imports.enumerate() {
            report.add(if row == 0 { "imports" } else { "" }, style, &import);
        }
        let exports = inspection.exports.iter().filter(|_| detail == Detail::All);
        for (row, export) in exports.enumerate() {
            report.add(if row == 0 { "exports" } else { "" }, style::PLAIN, export);
        }
        if detail == Detail::All {
            let producers = &inspection.producers;
            add_claims(&mut report, "languages", producers, |field| field == ProducerField::Language);
            add_claims(&mut report, "made by", producers, |field| field != ProducerField::Language);
            if inspection.memory_bytes > 0 {
                let memory = format!("{} bytes to begin with", inspection.memory_bytes);
                report.add("memory", style::PLAIN, &memory);
            }
        }
        match &self.refusal {
            None => report.add("verdict", style::GOOD, "this host would load it"),
            Some(refusal) => {
                report.add("verdict", style::BAD, "this host would not load it");
                report.add("why", style::PLAIN, &refusal.message);
                if let Some(hint) = &refusal.hint {
                    report.add("next", style::PLAIN, hint);
                }
            }
        }
        report.into_text()
    }
}

/// Tells whether an import is there only because a language's runtime asks for it: the host offers no file
/// and no socket through it.
fn is_denied(import: &str) -> bool {
    import.starts_with("wasi:filesystem/") || import.starts_with("wasi:sockets/")
}

/// Adds the producers of some fields, if there are any, and says whose word that is.
fn add_claims(lines: &mut Lines, label: &str, producers: &[Producer], fields: fn(ProducerField) -> bool) {
    let shown: Vec<_> = producers.iter().filter(|p| fields(p.field)).map(shown).collect();
    if !shown.is_empty() {
        lines.add(label, style::PLAIN, &format!("{}  (says the component)", shown.join(", ")));
    }
}

/// Shows a producer's name and version.
fn shown(producer: &Producer) -> String {
    format!("{} {}", producer.name, producer.version).trim_end().to_owned()
}
