//! Lines to obey: from a terminal with editing, completion and history, or from stdin as they come.
//!
//! What happens in the background is said between the lines, never within one.

mod editor;
mod history;
mod terminal;

use std::{
    fmt::Display,
    io,
    path::{Path, PathBuf},
    pin::pin,
    thread,
};

use actionbox_host::Actor;
use tokio::{signal, sync::mpsc};

use self::{
    editor::{Editor, Event},
    history::History,
    terminal::Mode,
};
use super::complete::{self, Wanted};
use crate::{
    failure::{Exit, Failure},
    show,
};

/// Begins the row anew.
const ROW: &str = "\r\x1b[2K";

/// Where lines come from, and where messages from the background are said.
pub(super) struct Prompt {
    source: Source,
    messages: mpsc::UnboundedReceiver<String>,
}

enum Source {
    /// The mode ends with it.
    Terminal {
        editor: Editor,
        _mode: Mode,
        directory: Option<PathBuf>,
    },
    Lines(mpsc::Receiver<io::Result<String>>),
}

impl Prompt {
    /// Begins to read. The history of a terminal's lines is kept in a directory, if there is one.
    ///
    /// # Errors
    ///
    /// [`Failure`] when the terminal or the system does not let us.
    pub(super) fn open(
        messages: mpsc::UnboundedReceiver<String>,
        directory: Option<&Path>,
    ) -> Result<Self, Failure> {
        let source = if terminal::is_there() {
            let (history, directory) = history(directory)?;
            let mode = Mode::enter().map_err(no_prompt)?;
            let editor = Editor::open(history)?;
            Source::Terminal { editor, _mode: mode, directory }
        } else {
            Source::Lines(lines().map_err(no_prompt)?)
        };
        Ok(Self { source, messages })
    }

    /// Tells whether a person types the lines.
    pub(super) fn is_terminal(&self) -> bool {
        matches!(self.source, Source::Terminal { .. })
    }

    /// Returns the next line; none at the end. `candidates` tells what may be typed where something is wanted.
    ///
    /// # Errors
    ///
    /// [`Failure`] when a line cannot be read, or a message not be said.
    pub(super) async fn next(
        &mut self,
        candidates: impl AsyncFnMut(&Wanted<'_>) -> Vec<String>,
    ) -> Result<Option<String>, Failure> {
        let Self { source, messages } = self;
        match source {
            Source::Terminal { editor, .. } => edit(editor, messages, candidates).await,
            Source::Lines(lines) => loop {
                tokio::select! {
                    line = lines.recv() => return line.transpose().map_err(no_prompt),
                    Some(message) = messages.recv() => show::print_error(&message)?,
                }
            },
        }
    }

    /// Does some work, and says meanwhile what happens. Ctrl-C drops it, which gives nothing.
    ///
    /// # Errors
    ///
    /// [`Failure`] when a message cannot be said.
    pub(super) async fn during<T>(&mut self, work: impl Future<Output = T>) -> Result<Option<T>, Failure> {
        let row = if self.is_terminal() { ROW } else { "" };
        let Self { source, messages } = self;
        let mut work = pin!(work);
        // For the whole time: a signal in between would be lost.
        let mut interrupt = pin!(source.interrupt());
        let done = loop {
            tokio::select! {
                done = &mut work => break Some(done),
                Some(message) = messages.recv() => show::print_error(&format!("{row}{message}"))?,
                interrupted = &mut interrupt => {
                    interrupted?;
                    break None;
                }
            }
        };
        while let Ok(message) = messages.try_recv() {
            show::print_error(&format!("{row}{message}"))?;
        }
        Ok(done)
    }
}

impl Source {
    /// Waits for Ctrl-C. Where no person types the lines it ends everything, which is seen to elsewhere.
    async fn interrupt(&mut self) -> Result<(), Failure> {
        let Self::Terminal { editor, directory, .. } = self else { return std::future::pending().await };
        signal::ctrl_c().await.map_err(no_prompt)?;
        // What was typed before it goes too: this one may hold lines that were pasted with the one that ran.
        *editor = Editor::open(history(directory.as_deref())?.0)?;
        Ok(())
    }
}

/// Has a line edited.
async fn edit(
    editor: &mut Editor,
    messages: &mut mpsc::UnboundedReceiver<String>,
    mut candidates: impl AsyncFnMut(&Wanted<'_>) -> Vec<String>,
) -> Result<Option<String>, Failure> {
    editor.begin()?;
    loop {
        let event = tokio::select! {
            event = editor.event() => event,
            Some(message) = messages.recv() => {
                editor.say(&message)?;
                continue;
            }
        };
        match event {
            Event::Line(line) => return line,
            Event::Tab { before_cursor, give } => {
                let (wanted, _) = complete::wanted(&before_cursor);
                let known = tokio::select! {
                    known = candidates(&wanted) => known,
                    interrupted = signal::ctrl_c() => interrupted.map(|()| Vec::new()).map_err(no_prompt)?,
                };
                give.send(known).map_err(|_| no_prompt("nothing is edited any more"))?;
            }
        }
    }
}

/// Reads lines from stdin, one ahead at most.
fn lines() -> io::Result<mpsc::Receiver<io::Result<String>>> {
    let (sender, lines) = mpsc::channel(1);
    thread::Builder::new().name("lines".to_owned()).spawn(move || {
        for line in io::stdin().lines() {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    })?;
    Ok(lines)
}

/// Opens the history, or says why there is none: that is no reason not to work.
fn history(directory: Option<&Path>) -> Result<(History, Option<PathBuf>), Failure> {
    let Some(directory) = directory else { return Ok((History::default(), None)) };
    match History::open(directory) {
        Ok(history) => Ok((history, Some(directory.to_owned()))),
        Err(error) => {
            show::note(&format!("no history is kept: {}: {error}", directory.display()))?;
            Ok((History::default(), None))
        }
    }
}

fn no_prompt(error: impl Display) -> Failure {
    Failure::new(Exit::Operator, "prompt", Actor::Operator, "no line can be read").because(error)
}
