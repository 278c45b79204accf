//! `mcp`: offers the actions that are allowed as tools of the Model Context Protocol, on stdin and stdout.
//!
//! Stdout is the protocol's alone: everything else is told on stderr.

mod grant_file;
mod source;

use std::{path::Path, sync::Arc, time::Duration};

use actionbox_host::{Actor, AppSlug};
use actionbox_mcp::{Catalogue, Server};
use rmcp::{ServiceExt as _, service::ServerInitializeError, transport::io::stdio_pipes};

use self::source::{Allowed, Local};
use crate::{
    args,
    connect::{self, Setup},
    failure::{Exit, Failure, Place},
    process, show,
};

/// How long calls may go on when there is nobody any more to be told.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) async fn run(options: &args::Mcp) -> Result<Exit, Failure> {
    let exit = match serve(options).await {
        Ok(()) => Exit::Done,
        // Also with --json.
        Err(failure) => failure.report(false),
    };
    // A read of stdin that waits cannot be taken back, and the runtime would wait for it.
    std::process::exit(exit as i32)
}

async fn serve(options: &args::Mcp) -> Result<(), Failure> {
    let stop = process::stop_signal()?;
    let place = Place::Shell { options: options.connect.again() };
    let setup = Arc::new(Setup::open(&options.connect.to, !options.connect.no_cache, place).await?);
    let plugin = connect::load(&setup.host, options.connect.plugin.as_deref()).await?;
    let local = match &options.grant {
        None => Local::new(setup.clone(), plugin, of_options(options, &setup)?, None),
        Some(path) => {
            // Before it is read, so that no change of it is missed.
            let changed = grant_file::watch(path).map_err(|error| {
                let message = format!("the folder of {} cannot be watched", path.display());
                Failure::new(Exit::Operator, "watch", Actor::Operator, message).because(error)
            })?;
            let allowed = grant_file::read(path, &setup)?;
            let local = Local::new(setup.clone(), plugin, allowed, Some(path.clone()));
            tokio::spawn(follow(path.clone(), changed, setup, local.clone()));
            local
        }
    };
    let server = Server::new(local.clone(), Arc::new(Catalogue::default()));
    tokio::select! {
        served = speak(server) => served?,
        () = stop => {}
    }
    // What was begun for nobody is not cut off: a write that is cut off may have run.
    tokio::select! {
        () = local.rest(PATIENCE) => {}
        () = process::stop_signal()? => {}
    }
    Ok(())
}

/// Speaks with the client until it goes.
async fn speak(server: Server<Local>) -> Result<(), Failure> {
    let broken = |error: &dyn std::fmt::Display| {
        Failure::new(Exit::Usage, "mcp", Actor::Caller, "the client does not speak the protocol")
            .because(error)
            .hint("a client of the Model Context Protocol starts this command; see docs/mcp.md")
    };
    match server.serve(stdio_pipes()).await {
        Ok(served) => served.waiting().await.map(drop).map_err(|error| broken(&error)),
        // It went before it said anything.
        Err(ServerInitializeError::ConnectionClosed(_)) => Ok(()),
        Err(error) => Err(broken(&error)),
    }
}

/// Allows what the options say: by default, to read the apps.
fn of_options(options: &args::Mcp, setup: &Setup) -> Result<Vec<Allowed>, Failure> {
    let allowed = |app: &String| {
        let slug = AppSlug::parse(app).map_err(actionbox_host::ConfigError::from)?;
        Ok(Allowed { app: slug, grant: options.connect.allow.of_app(app, setup.grant()).build()? })
    };
    options.app.iter().map(allowed).collect()
}

/// Allows what the file says, whenever it says something else. What it says wrongly changes nothing.
async fn follow(
    path: impl AsRef<Path>,
    mut changed: tokio::sync::mpsc::Receiver<()>,
    setup: Arc<Setup>,
    local: Local,
) {
    let path = path.as_ref();
    while changed.recv().await.is_some() {
        match grant_file::read(path, &setup) {
            Ok(allowed) => local.allow(allowed),
            Err(failure) => {
                let told = show::print_error(&failure.text())
                    .and_then(|()| show::note("what was allowed before is still allowed"));
                if let Err(error) = told {
                    tracing::debug!(?error, "nobody listens");
                }
            }
        }
    }
}
