//! What is done about the words that are typed.

use std::{
    io::{self, Read},
    sync::Arc,
};

use actionbox_host::{Actor, Error, Plugin};
use tokio::sync::{mpsc, oneshot, watch};

use super::{complete::Wanted, known::Known, report, typed::Word};
use crate::{
    args::Allow,
    calls::Made,
    commands::{describe, execute, list},
    connect::{Connection, Setup},
    failure::{Asked, Exit, Failure},
    logs::PluginLines,
    parameters,
    show::{self, progress},
};

/// What lasts from line to line.
pub(super) struct Session {
    setup: Arc<Setup>,
    /// The plugin that was loaded last.
    plugin: watch::Receiver<Option<Plugin>>,
    /// Builds and loads it again, and tells when that is done.
    rebuild: mpsc::Sender<oneshot::Sender<()>>,
    printed: PluginLines,
    allow: Allow,
    known: Known,
    /// What is done again.
    last: Option<Word>,
    /// What is going on, for whoever drops it.
    running: Option<Asked>,
    json: bool,
}

impl Session {
    pub(super) fn new(
        setup: Arc<Setup>,
        plugin: watch::Receiver<Option<Plugin>>,
        rebuild: mpsc::Sender<oneshot::Sender<()>>,
        printed: PluginLines,
        allow: &Allow,
        json: bool,
    ) -> Self {
        let known = Known::new(setup.is_sandbox(), allow);
        let allow = allow.clone();
        Self { setup, plugin, rebuild, printed, allow, known, last: None, running: None, json }
    }

    /// Does what was typed.
    ///
    /// # Errors
    ///
    /// [`Failure`] when it cannot be done.
    pub(super) async fn obey(&mut self, word: Word) -> Result<Exit, Failure> {
        self.running = None;
        let word = match word {
            Word::Again => self.last.clone().ok_or_else(|| {
                Failure::new(Exit::Usage, "again", Actor::Caller, "nothing was called yet")
                    .hint("list APP, describe APP ACTION or execute APP ACTION")
            })?,
            word => word,
        };
        if let Word::List { app, .. } | Word::Describe { app, .. } | Word::Execute { app, .. } = &word {
            self.known.app(app);
            self.last = Some(word.clone());
        }
        match word {
            Word::List { app, allow } => self.list(&app, &allow).await,
            Word::Describe { app, action, allow } => self.describe(&app, &action, &allow).await,
            Word::Execute { app, action, parameters, allow } => {
                self.execute(&app, &action, &parameters, &allow).await
            }
            Word::Allow(more) => {
                self.allow = self.allow.and(&more);
                self.known.allowed(&more);
                let options = self.allow.options();
                let options = if options.is_empty() { " reads alone" } else { &options };
                show::print_error(&format!("allowed from now on:{options}\n"))?;
                Ok(Exit::Done)
            }
            Word::Reload => self.reload().await,
            // Answered where it was read.
            Word::Again | Word::Quit => Ok(Exit::Done),
        }
    }

    /// Shows what became of a call that was dropped.
    pub(super) fn dropped(&mut self) -> Result<(), Failure> {
        match self.running.take() {
            Some(asked) => {
                show::print_error("dropped: what it had sent is not taken back\n")?;
                self.report(&asked, &[], &self.setup.calls.take())
            }
            None => show::print_error("no longer waited for\n"),
        }
    }

    /// Returns what may be typed where something is wanted.
    pub(super) async fn candidates(&mut self, wanted: &Wanted<'_>) -> Vec<String> {
        let plugin = self.plugin.borrow().clone();
        self.known.only_of(plugin.as_ref().map_or("", Plugin::digest));
        let (setup, allow) = (&self.setup, &self.allow);
        let connect = |app: &str, action: Option<&str>| {
            Connection::new(setup.clone(), plugin.clone()?, allow, app, action).ok()
        };
        self.known.candidates(wanted, connect).await
    }

    async fn list(&mut self, app: &str, allow: &Allow) -> Result<Exit, Failure> {
        let connection = self.connect(allow, app, None)?;
        let listing = connection.plugin.list_actions(&connection.grant, app);
        let outcome = progress::during("listing the actions", listing).await;
        self.conclude(&connection, outcome, |actions| list::show(actions, self.json))
    }

    async fn describe(&mut self, app: &str, action: &str, allow: &Allow) -> Result<Exit, Failure> {
        let connection = self.connect(allow, app, Some(action))?;
        let describing = connection.plugin.describe_action(&connection.grant, app, action);
        let outcome = progress::during("describing the action", describing).await;
        self.conclude(&connection, outcome, |parameters| {
            describe::show(&connection, app, action, parameters, self.json)
        })
    }

    async fn execute(
        &mut self,
        app: &str,
        action: &str,
        parameters: &[String],
        allow: &Allow,
    ) -> Result<Exit, Failure> {
        let parameters = parameters::read(parameters, CommandsAreThere)?;
        let connection = self.connect(allow, app, Some(action))?;
        let executing = connection.plugin.execute_action(&connection.grant, app, action, &parameters);
        let outcome = progress::during("executing the action", executing).await;
        self.conclude(&connection, outcome, |outcome| execute::show(outcome, self.json))
    }

    async fn reload(&self) -> Result<Exit, Failure> {
        let gone = || Failure::new(Exit::Operator, "reload", Actor::Operator, "nothing builds any more");
        let (done, waiting) = oneshot::channel();
        self.rebuild.send(done).await.map_err(|_| gone())?;
        waiting.await.map_err(|_| gone())?;
        Ok(Exit::Done)
    }

    /// Begins a call of the plugin that was loaded last.
    fn connect(&mut self, allow: &Allow, app: &str, action: Option<&str>) -> Result<Connection, Failure> {
        let plugin = self.plugin.borrow().clone().ok_or_else(|| {
            Failure::new(Exit::Plugin, "not-built", Actor::PluginAuthor, "there is no plugin to call")
                .because("it could not be built and loaded yet")
                .hint("mend what the build says: it is built again when a file changes")
        })?;
        let connection = Connection::new(self.setup.clone(), plugin, &self.allow.and(allow), app, action)?;
        self.running = Some(connection.asked.clone());
        Ok(connection)
    }

    /// Shows the outcome of a call, and below it how it came about.
    fn conclude<T>(
        &self,
        connection: &Connection,
        outcome: Result<T, Error>,
        show: impl FnOnce(&T) -> Result<Exit, Failure>,
    ) -> Result<Exit, Failure> {
        let made = self.setup.calls.take();
        let newest = made.iter().map(|made| made.call.call).max();
        let (own, earlier): (Vec<_>, Vec<_>) =
            made.into_iter().partition(|made| Some(made.call.call) == newest);
        let exit = match connection.conclude_of(outcome, &own).and_then(|value| show(&value)) {
            Ok(exit) => exit,
            Err(failure) => failure.report(self.json),
        };
        self.report(&connection.asked, &own, &earlier)?;
        Ok(exit)
    }

    /// Shows how a call came about, and before it what became of earlier ones that were dropped: what such a
    /// call had sent is known only later. Calls for completion are not shown.
    fn report(&self, asked: &Asked, own: &[Made], earlier: &[Made]) -> Result<(), Failure> {
        let lines = self.printed.take();
        let of = |made: &Made| {
            let lines = lines.iter().filter(|(call, _)| *call == made.call.call);
            report::of_call(made, &lines.map(|(_, line)| line.clone()).collect::<Vec<_>>(), asked)
        };
        let dropped = earlier.iter().filter(|made| made.call.result.starts_with("dropped"));
        let mut text: String = dropped.map(|made| report::of_late_call(made) + &of(made)).collect();
        text.extend(own.iter().map(of));
        show::print_error(&text)
    }
}

/// What `-` reads at the prompt.
struct CommandsAreThere;

impl Read for CommandsAreThere {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("commands are read from it; @FILE reads a file"))
    }
}
