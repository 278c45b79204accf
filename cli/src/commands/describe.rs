//! `describe`: the parameters of an action.

use actionbox_host::{Effect, Parameter, Refusal};

use crate::{
    args,
    connect::Connection,
    failure::{Exit, Failure},
    show::{
        self, escape, progress, style,
        table::{Cell, table, terminal_width},
    },
};

pub(super) async fn run(options: &args::Describe, json: bool) -> Result<Exit, Failure> {
    let (app, action) = (&options.app, &options.action);
    let connection = Connection::open(&options.connect, app, Some(action)).await?;
    let describing = connection.plugin.describe_action(&connection.grant, app, action);
    let parameters = connection.conclude(progress::during("describing the action", describing).await)?;
    show(&connection, app, action, &parameters, json)
}

/// Shows parameters, and how the action is executed.
pub(super) fn show(
    connection: &Connection,
    app: &str,
    action: &str,
    parameters: &[Parameter],
    json: bool,
) -> Result<Exit, Failure> {
    if json {
        show::json(&parameters)?;
        return Ok(Exit::Done);
    }
    let dim = style::DIM;
    let example = escape::text(&example(connection, app, action, parameters));
    show::print(&format!("{}\n  {dim}next:{dim:#} {example}\n", as_table(parameters, terminal_width())))?;
    Ok(Exit::Done)
}

/// Returns the command that executes the action, with what it takes and needs.
fn example(connection: &Connection, app: &str, action: &str, parameters: &[Parameter]) -> String {
    let required = parameters.iter().filter(|parameter| parameter.required);
    let required: String = required.map(|parameter| format!(" {}=…", parameter.name)).collect();
    let allow = match connection.check() {
        Some(Err(Refusal::Action { effect: Some(Effect::Write), .. })) => " --allow-write".to_owned(),
        Some(Err(_)) => format!(" --allow {app}/{action}"),
        _ => String::new(),
    };
    connection.asked.place.command(&format!("execute {app} {action}{required}{allow}"))
}

/// Shows parameters to people.
pub(super) fn as_table(parameters: &[Parameter], width: Option<usize>) -> String {
    let rows: Vec<_> = parameters
        .iter()
        .map(|parameter| {
            let (required, style) =
                if parameter.required { ("required", style::BOLD) } else { ("", style::PLAIN) };
            [
                Cell::plain(&parameter.name),
                Cell::plain(&parameter.kind.to_string()),
                Cell::new(required, style),
                Cell::plain(&parameter.label),
            ]
        })
        .collect();
    table(["PARAMETER", "KIND", "", "LABEL"], &rows, width)
}
