//! `dev`: the author's loop. A project's plugin is built again when a file changes, and called from a prompt.

mod complete;
mod ignored;
mod known;
mod prompt;
mod rebuild;
mod report;
mod session;
mod typed;
mod watch;
mod words;

use std::{path::Path, pin::pin, sync::Arc};

use actionbox_host::Actor;
use tokio::{
    sync::{mpsc, watch::channel},
    task::JoinHandle,
};

use self::{
    prompt::Prompt,
    rebuild::Rebuild,
    session::Session,
    typed::{Typed, Word},
};
use crate::{
    args::{self, To},
    connect::Setup,
    failure::{Exit, Failure, Place},
    logs::PluginLines,
    process,
    project::toolchain::{Talk, Toolchain},
    show::{self, escape, style},
};

pub(super) async fn run(options: &args::Dev, json: bool, printed: PluginLines) -> Result<Exit, Failure> {
    // Whatever ends it, the terminal is left as it was.
    let (mut stop, terminate) = (pin!(process::stop_signal()?), process::terminate_signal()?);
    let (mut prompt, mut session, rebuilding) = tokio::select! {
        begun = begin(options, json, printed) => begun?,
        () = &mut stop => return Ok(Exit::Done),
    };
    let is_terminal = prompt.is_terminal();
    let exit = tokio::select! {
        exit = obey(&mut prompt, &mut session, json) => exit,
        // At a prompt Ctrl-C drops a call.
        () = terminate, if is_terminal => Ok(Exit::Done),
        () = &mut stop, if !is_terminal => Ok(Exit::Done),
    };
    rebuilding.abort();
    exit
}

/// Builds and loads the plugin, and begins to watch and to read.
async fn begin(
    options: &args::Dev,
    json: bool,
    printed: PluginLines,
) -> Result<(Prompt, Session, JoinHandle<()>), Failure> {
    let project = &options.dir;
    // Before anything is started: the folder may be the wrong one.
    Toolchain::find(project)?;
    let to = To { sandbox: options.to.sandbox || options.to.is_nowhere(), ..options.to.clone() };
    let setup = Arc::new(Setup::open(&to, true, Place::Prompt).await?);

    // What changes while it is built for the first time is built after that.
    let changed = watch::start(project).map_err(|error| {
        Failure::new(Exit::Operator, "watch", Actor::Operator, "the project cannot be watched").because(error)
    })?;
    let (sender, plugin) = channel(None);
    let rebuild = Rebuild { project: project.clone(), setup: setup.clone(), plugin: sender };
    match rebuild.once(Talk::Shown).await {
        Ok(what) => show::print_error(&introduction(project, &setup, &what))?,
        // It is the author's to mend, and that is what this is for.
        Err(failure) => show::print_error(&failure.text())?,
    }

    let (say, messages) = mpsc::unbounded_channel();
    let (ask, asked) = mpsc::channel(1);
    let prompt = Prompt::open(messages, process::state_directory(|name| std::env::var_os(name)).as_deref())?;
    let rebuilding = tokio::spawn(rebuild.on_change(changed, asked, say));
    let session = Session::new(setup, plugin, ask, printed, &options.allow, json);
    Ok((prompt, session, rebuilding))
}

/// Does line by line what is typed, until the end.
async fn obey(prompt: &mut Prompt, session: &mut Session, json: bool) -> Result<Exit, Failure> {
    let mut exit = Exit::Done;
    while let Some(line) = prompt.next(async |wanted| session.candidates(wanted).await).await? {
        let word = match Typed::parse(&line) {
            Ok(Some(Word::Quit)) => break,
            Ok(Some(word)) => word,
            Ok(None) => continue,
            Err(failure) => {
                exit = failure.report(json);
                continue;
            }
        };
        match prompt.during(session.obey(word)).await? {
            Some(Ok(done)) => exit = done,
            Some(Err(failure)) => exit = failure.report(json),
            None => session.dropped()?,
        }
    }
    // A person has seen how each ended.
    Ok(if prompt.is_terminal() { Exit::Done } else { exit })
}

/// Says what was loaded, and what it acts on.
fn introduction(project: &Path, setup: &Setup, what: &str) -> String {
    let (bold, dim) = (style::BOLD, style::DIM);
    let name = project.canonicalize().ok();
    let name = name.as_deref().and_then(Path::file_name).unwrap_or(project.as_os_str()).to_string_lossy();
    format!(
        "{bold}{}{bold:#}: {what}; acts on {} as {}\n{dim}help says what can be typed{dim:#}\n",
        escape::text(&name),
        escape::text(&setup.upstream()),
        escape::text(&setup.account),
    )
}
