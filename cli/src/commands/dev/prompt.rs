//! Lines to obey: from a terminal with editing, completion and history, or from stdin as they come.
//!
//! What happens in the background is said between the lines, never within one.

mod history;
mod keys;
mod line;
mod terminal;

use std::{
    io::{self, Write as _},
    path::Path,
    pin::pin,
    thread,
};

use actionbox_host::Actor;
use tokio::sync::mpsc;

use self::{history::History, keys::Key, line::Line, terminal::Keys};
use super::complete::{self, Wanted};
use crate::{
    failure::{Exit, Failure},
    show::{self, escape, table},
};

const PROMPT: &str = "actionbox> ";

/// Begins the row anew.
const ROW: &str = "\r\x1b[2K";

/// Where lines come from, and where messages from the background are said.
pub(super) struct Prompt {
    source: Source,
    messages: mpsc::UnboundedReceiver<String>,
}

enum Source {
    Terminal { keys: Keys, history: History },
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
        let source = match Keys::open().map_err(no_prompt)? {
            Some(keys) => Source::Terminal { keys, history: history(directory)? },
            None => Source::Lines(lines().map_err(no_prompt)?),
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
            Source::Terminal { keys, history } => {
                Editor { keys, history, messages, line: Line::default(), back: 0, typed: Line::default() }
                    .edit(candidates)
                    .await
            }
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
        let mut work = pin!(work);
        let row = if self.is_terminal() { ROW } else { "" };
        let done = loop {
            tokio::select! {
                done = &mut work => break Some(done),
                Some(message) = self.messages.recv() => show::print_error(&format!("{row}{message}"))?,
                () = interrupt(&mut self.source) => break None,
            }
        };
        while let Ok(message) = self.messages.try_recv() {
            show::print_error(&format!("{row}{message}"))?;
        }
        Ok(done)
    }
}

/// Waits for Ctrl-C as a key. Where there are none it is a signal, which ends everything.
async fn interrupt(source: &mut Source) {
    match source {
        Source::Terminal { keys, .. } => keys.interrupt().await,
        Source::Lines(_) => std::future::pending().await,
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
fn history(directory: Option<&Path>) -> Result<History, Failure> {
    let Some(directory) = directory else { return Ok(History::default()) };
    History::open(directory).or_else(|error| {
        show::note(&format!("no history is kept: {}: {error}", directory.display()))?;
        Ok(History::default())
    })
}

fn no_prompt(error: io::Error) -> Failure {
    Failure::new(Exit::Operator, "prompt", Actor::Operator, "no line can be read").because(error)
}

/// One line on its way.
struct Editor<'a> {
    keys: &'a mut Keys,
    history: &'a mut History,
    messages: &'a mut mpsc::UnboundedReceiver<String>,
    line: Line,
    /// How many lines back in the history this one is.
    back: usize,
    /// What was typed before going back.
    typed: Line,
}

impl Editor<'_> {
    async fn edit(
        mut self,
        mut candidates: impl AsyncFnMut(&Wanted<'_>) -> Vec<String>,
    ) -> Result<Option<String>, Failure> {
        loop {
            self.draw()?;
            let key = tokio::select! {
                Some(message) = self.messages.recv() => {
                    self.say(&message)?;
                    continue;
                }
                key = self.keys.next() => key,
            };
            match key {
                None => return Ok(None),
                Some(Key::EndOfInput) if self.line.text().is_empty() => {
                    write("\n")?;
                    return Ok(None);
                }
                Some(Key::Enter) => return self.enter().map(Some),
                Some(Key::Interrupt) => {
                    self.line.go_to_end();
                    self.draw()?;
                    write("^C\n")?;
                    (self.line, self.back) = (Line::default(), 0);
                }
                Some(Key::ClearScreen) => write("\x1b[H\x1b[2J")?,
                Some(Key::Up) => self.go_back(self.back + 1),
                Some(Key::Down) => self.go_back(self.back.saturating_sub(1)),
                Some(Key::Tab) => self.complete(&mut candidates).await?,
                Some(key) => self.press(key),
            }
        }
    }

    fn enter(mut self) -> Result<String, Failure> {
        self.line.go_to_end();
        self.draw()?;
        write("\n")?;
        let text = self.line.text().to_owned();
        if let Err(error) = self.history.add(&text) {
            show::note(&format!("the history is kept no longer: {error}"))?;
        }
        Ok(text)
    }

    fn press(&mut self, key: Key) {
        let line = &mut self.line;
        match key {
            Key::Char(c) => line.insert(c.encode_utf8(&mut [0; 4])),
            Key::Backspace => line.backspace(),
            Key::Delete | Key::EndOfInput => line.delete(),
            Key::Left => line.left(),
            Key::Right => line.right(),
            Key::WordLeft => line.word_left(),
            Key::WordRight => line.word_right(),
            Key::Start => line.go_to_start(),
            Key::End => line.go_to_end(),
            Key::EraseToStart => line.erase_to_start(),
            Key::EraseToEnd => line.erase_to_end(),
            Key::EraseWord => line.erase_word(),
            Key::Enter | Key::Tab | Key::Up | Key::Down | Key::ClearScreen | Key::Interrupt | Key::Other => {}
        }
    }

    fn go_back(&mut self, back: usize) {
        let line = match (back, self.history.back(back)) {
            (0, _) => self.typed.clone(),
            (_, Some(text)) => Line::of(text),
            (_, None) => return,
        };
        if self.back == 0 {
            self.typed = std::mem::take(&mut self.line);
        }
        (self.line, self.back) = (line, back);
    }

    /// Inserts what is certain, or shows what there is to choose from. Ctrl-C drops it.
    async fn complete(
        &mut self,
        candidates: &mut impl AsyncFnMut(&Wanted<'_>) -> Vec<String>,
    ) -> Result<(), Failure> {
        let (wanted, word) = complete::wanted(self.line.before_cursor());
        let known = tokio::select! {
            known = candidates(&wanted) => known,
            () = self.keys.interrupt() => Vec::new(),
        };
        let (more, choice) = complete::matching(word, &known);
        self.line.insert(&more);
        if choice.is_empty() {
            return Ok(());
        }
        let text = escape::text(&choice.iter().map(|name| name.trim_end()).collect::<Vec<_>>().join("  "));
        let rows = table::wrap(&text, columns());
        self.say(&(rows.join("\n") + "\n"))
    }

    fn say(&self, message: &str) -> Result<(), Failure> {
        show::print_error(&format!("{ROW}{message}"))
    }

    fn draw(&self) -> Result<(), Failure> {
        let (seen, cursor) = self.line.seen(columns().saturating_sub(PROMPT.len()));
        let column = PROMPT.len() + cursor;
        write(&format!("{ROW}{PROMPT}{seen}\r\x1b[{column}C"))
    }
}

fn columns() -> usize {
    table::terminal_width().unwrap_or(80)
}

/// Writes to the terminal as it is, whatever is said about colours: this is no decoration.
fn write(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(no_prompt)
}
