//! `execute`: runs one action and shows what the connected app answered.

use actionbox_host::Outcome;

use crate::{
    args,
    connect::Connection,
    failure::{Exit, Failure},
    parameters,
    show::{self, escape, progress, style},
};

pub(super) async fn run(options: &args::Execute, json: bool) -> Result<Exit, Failure> {
    let (app, action) = (&options.app, &options.action);
    let parameters = parameters::read(&options.parameters, std::io::stdin().lock())?;
    let connection = Connection::open(&options.connect, app, Some(action)).await?;
    let executing = connection.plugin.execute_action(&connection.grant, app, action, &parameters);
    let outcome = connection.conclude(progress::during("executing the action", executing).await)?;
    show(&outcome, json)
}

/// Shows an outcome, and returns the exit code that says how it ended.
pub(super) fn show(outcome: &Outcome, json: bool) -> Result<Exit, Failure> {
    let exit = match outcome {
        Outcome::Succeeded(_) => Exit::Done,
        Outcome::Failed(_) => Exit::Failed,
    };
    match outcome {
        _ if json => show::json(outcome)?,
        Outcome::Succeeded(success) => show::json(&success.data)?,
        Outcome::Failed(failure) => {
            let (bad, dim) = (style::BAD, style::DIM);
            let status = failure.http_status.map_or(String::new(), |status| format!(" with status {status}"));
            show::print_error(&format!(
                "{bad}failed:{bad:#} {}{status}\n  {dim}app: {dim:#} {}\n  {dim}sent:{dim:#} yes\n",
                escape::text(&failure.to_string()),
                show::to_json(&failure.data)?.replace('\n', "\n        "),
            ))?;
        }
    }
    Ok(exit)
}
