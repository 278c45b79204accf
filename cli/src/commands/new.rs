//! `new`: a project of an author's own, which builds at once.

use std::fmt::Write as _;

use serde_json::json;

use crate::{
    args::{self, quoted},
    failure::{Exit, Failure},
    project::write,
    show::{self, escape, style},
};

pub(super) fn run(options: &args::New, as_json: bool) -> Result<Exit, Failure> {
    let project = write::write(options.lang, &options.name, &options.dir)?;
    let project = project.display().to_string();
    let next = next(options, &project);
    match as_json {
        true => show::json(&json!({ "project": project, "language": options.lang.name(), "next": next }))?,
        false => show::print(&text(options, &project, &next))?,
    }
    Ok(Exit::Done)
}

/// Returns the commands that lead from a new project to a plugin that was tested.
fn next(options: &args::New, project: &str) -> Vec<String> {
    let enter = format!("cd {}", quoted(project));
    let set_up = options.lang.set_up().map(str::to_owned);
    let rest = ["actionbox build", "actionbox test"].map(str::to_owned);
    [enter].into_iter().chain(set_up).chain(rest).collect()
}

fn text(options: &args::New, project: &str, next: &[String]) -> String {
    let bold = style::BOLD;
    let (files, language) = (options.lang.project().len(), options.lang.name());
    let project = escape::text(project);
    let mut text = format!("{bold}{project}{bold:#} is a plugin in {language}, of {files} files. Next:\n\n");
    for command in next {
        let _infallible = writeln!(text, "  {}", escape::text(command));
    }
    text.push_str("\nREADME.md says what it does, and how its own tests are run.\n");
    text
}
