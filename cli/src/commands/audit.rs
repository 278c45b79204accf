//! `audit`: checks the audit trail of a service, or follows it. It reads the database, and changes nothing.

use std::time::Duration;

use actionbox_host::Actor;
use actionbox_service::{StoreError, Trail, TrailError, Wanted};
use serde_json::{Value, json};

use super::serve::settings;
use crate::{
    args::{self, OfService},
    failure::{Exit, Failure},
    process,
    show::{self, escape, style},
};

/// How often it looks for new lines.
const LOOK: Duration = Duration::from_millis(500);

pub(super) async fn run(audit: &args::Audit, json: bool) -> Result<Exit, Failure> {
    match audit {
        args::Audit::Verify(options) => verify(options, json).await,
        args::Audit::Tail(options) => tail(options).await,
    }
}

async fn open(of: &OfService) -> Result<Trail, Failure> {
    let database = match (&of.database, &of.config) {
        (Some(database), _) => Some(database.clone()),
        (None, Some(path)) => settings(path)?.database,
        (None, None) => None,
    };
    let database = database.ok_or_else(|| {
        Failure::new(Exit::Usage, "usage", Actor::Caller, "the configuration file names no database")
            .hint("add --database FILE")
    })?;
    Ok(Trail::open(&database).await?)
}

async fn verify(options: &args::AuditVerify, json: bool) -> Result<Exit, Failure> {
    let trail = open(&options.of).await?;
    let end = trail.verify().await?;
    if let Some((line, hash)) = &options.kept {
        trail.check_kept(*line, hash).await?;
    }
    match json {
        true => show::json(&json!({ "lines": end.lines, "hash": end.hash, "kept": options.kept.is_some() }))?,
        false => {
            let (bold, dim) = (style::BOLD, style::DIM);
            let mut text = format!("{bold}the trail is as it was written{bold:#}\n");
            text += &format!(
                "  {dim}lines{dim:#}  {}\n  {dim}end{dim:#}    {}:{}\n",
                end.lines, end.lines, end.hash
            );
            if let Some((line, _)) = options.kept {
                text += &format!("  {dim}kept{dim:#}   line {line} has the hash that you kept\n");
            }
            show::print(&text)?;
        }
    }
    Ok(Exit::Done)
}

async fn tail(options: &args::AuditTail) -> Result<Exit, Failure> {
    let mut stop = std::pin::pin!(process::stop_signal()?);
    let trail = open(&options.of).await?;
    let wanted = Wanted { tenant: options.tenant.as_deref(), request: options.request.as_deref() };
    let (lines, mut end) = trail.newest(wanted, options.lines).await?;
    print(&lines)?;
    if options.no_follow {
        return Ok(Exit::Done);
    }
    loop {
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            _stopped = &mut stop => return Ok(Exit::Done),
        }
        loop {
            let (lines, seen) = trail.after(end, wanted).await?;
            print(&lines)?;
            if seen == end {
                break;
            }
            end = seen;
        }
    }
}

/// One document a line, without raw control characters: plugins and strangers have chosen some of the text.
fn print(lines: &[Value]) -> Result<(), Failure> {
    lines.iter().try_for_each(|line| show::print(&(escape::json(&line.to_string()) + "\n")))
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::new(Exit::Operator, "audit", Actor::Operator, "the audit trail cannot be read").because(error)
    }
}

impl From<TrailError> for Failure {
    fn from(error: TrailError) -> Self {
        match error {
            TrailError::Store(error) => error.into(),
            broken => Self::new(
                Exit::Operator,
                "audit",
                Actor::Operator,
                "the audit trail is not as it was written",
            )
            .because(broken)
            .hint("keep the database as it is, and compare it with a copy: somebody has changed it"),
        }
    }
}
