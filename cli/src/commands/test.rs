//! `test`: the conformance kit, case by case.

mod junit;

use actionbox_conformance::{CaseReport, Conformance, Cost, KitError, Report, Verdict};
use actionbox_host::{Actor, LoadError};

use self::junit::JunitFile;
use crate::{
    args,
    failure::{Exit, Failure},
    process,
    project::component,
    show::{self, escape, style},
};

pub(super) async fn run(options: &args::Test, json: bool) -> Result<Exit, Failure> {
    let file = component::file(&options.plugin)?;
    let component = std::fs::read(&file)
        .map_err(|source| Failure::of_load(&LoadError::File { path: file.display().to_string(), source }))?;
    let junit = options.junit.as_deref().map(JunitFile::begin).transpose()?;
    let kit = Conformance::new().host(process::host(!options.no_cache)?);
    let kit = options.app.iter().fold(kit, |kit, app| kit.app(app));
    let mut group = "";
    let mut unseen = Ok(());
    let report = kit.run_with(component, |case| {
        if !json && unseen.is_ok() {
            unseen = show::print(&line(case, case.group != group));
            group = case.group;
        }
    });
    let report = report.await.map_err(|error| failed(&error, options))?;
    unseen?;
    if let Some(junit) = junit {
        junit.finish(&report)?;
    }
    match json {
        true => show::json(&report)?,
        false => show::print(&summary(&report))?,
    }
    Ok(if report.is_held() { Exit::Done } else { Exit::Plugin })
}

fn failed(error: &KitError, options: &args::Test) -> Failure {
    match error {
        KitError::Load(error) => Failure::of_load(error),
        KitError::NoActions { error: source, .. } => {
            let failure = Failure::new(Exit::Plugin, "no-actions", Actor::PluginAuthor, error.to_string());
            let failure = source.iter().fold(failure, |failure, source| failure.because(source));
            failure.hint(format!(
                "actionbox list APP --sandbox --plugin {} shows more",
                options.plugin.display()
            ))
        }
        other => {
            let failure = Failure::new(Exit::Operator, "conformance", Actor::Operator, other.to_string());
            std::error::Error::source(other)
                .into_iter()
                .fold(failure, |failure, source| failure.because(source))
        }
    }
}

/// Shows one case, below its group's name when it is the first of it.
fn line(case: &CaseReport, first: bool) -> String {
    let mut text = String::new();
    if first {
        let bold = style::BOLD;
        text.push_str(&format!("\n  {bold}{}{bold:#}\n", case.group));
    }
    let (mark, style) = match &case.verdict {
        Verdict::Held => ("ok", style::GOOD),
        Verdict::Broken { .. } => ("no", style::BAD),
        _ => ("--", style::DIM),
    };
    text.push_str(&format!("  {style}{mark}{style:#}  {}\n", case.claim));
    let dim = style::DIM;
    let mut detail = |label: &str, value: &str| {
        text.push_str(&format!("        {dim}{label:<9}{dim:#}{}\n", escape::text(value)));
    };
    match &case.verdict {
        Verdict::Broken { tried, expected, found } => {
            detail("tried", tried);
            detail("expected", expected);
            detail("found", found);
        }
        Verdict::Skipped { reason } => detail("skipped", reason),
        _ => {}
    }
    text
}

fn summary(report: &Report) -> String {
    let (held, broken, skipped) = report.counts();
    let style = if broken == 0 { style::GOOD } else { style::BAD };
    let mut text = format!(
        "\n  {style}{held} held, {broken} broken, {skipped} skipped{style:#} with the actions of {}\n\n  \
         {} bytes, loaded in {:.1?}\n",
        report.app, report.measures.component_bytes, report.measures.load
    );
    let costs = [
        ("a call that makes no request", &report.measures.idle),
        ("a call with an answer of 1 KB", &report.measures.small),
        ("a call with an answer of 300 KB", &report.measures.large),
    ];
    for (what, cost) in costs {
        if let Some(Cost { duration, cpu_time, memory_bytes, .. }) = cost {
            text.push_str(&format!(
                "  {what}: {duration:.2?}, of which {cpu_time:.2?} in the plugin, {} KiB of memory\n",
                memory_bytes >> 10
            ));
        }
    }
    text
}
