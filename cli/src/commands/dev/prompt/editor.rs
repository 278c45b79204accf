//! A line as it is edited, on a thread of its own: the library waits for keys, and blocks.

use std::{
    io,
    sync::mpsc::{Receiver, Sender, channel},
    thread,
};

use anstream::{ColorChoice, adapter::strip_str};
use rustyline::{
    CompletionType, Config, Context, ExternalPrinter as _, Helper,
    completion::{Completer, Pair},
    config::BellStyle,
    error::ReadlineError,
    highlight::{CmdKind, Highlighter},
    hint::Hinter,
    history::MemHistory,
    validate::Validator,
};
use tokio::sync::{mpsc, oneshot};

use super::{
    super::complete,
    ROW,
    history::{History, MOST},
    no_prompt,
    terminal::Mode,
};
use crate::{
    failure::Failure,
    show::{self, escape},
};

const PROMPT: &str = "actionbox> ";

/// The prompt of a terminal.
pub(super) struct Editor {
    wanted: Sender<()>,
    events: mpsc::UnboundedReceiver<Event>,
    messages: Sender<String>,
}

/// What becomes of a line that is edited.
pub(super) enum Event {
    /// It is there; none at the end.
    Line(Result<Option<String>, Failure>),
    /// It is to be completed at the cursor: what may be typed there is to be given.
    Tab { before_cursor: String, give: oneshot::Sender<Vec<String>> },
}

type Library = rustyline::Editor<Words, MemHistory>;

impl Editor {
    /// # Errors
    ///
    /// [`Failure`] when the terminal or the system does not let us.
    pub(super) fn open(mut history: History) -> Result<Self, Failure> {
        let (sender, events) = mpsc::unbounded_channel();
        let (wanted, asked) = channel();
        let (messages, said) = channel::<String>();
        let mut library = library(&mut history, sender.clone()).map_err(no_prompt)?;
        let mut printer = library.create_external_printer().map_err(no_prompt)?;
        let edit = move || edit(library, history, &asked, &sender);
        // Printing waits for the thread that edits, and that one for candidates of ours.
        let print = move || said.into_iter().try_for_each(|message| printer.print(message));
        thread::Builder::new().name("lines".to_owned()).spawn(edit).map_err(no_prompt)?;
        thread::Builder::new().name("messages".to_owned()).spawn(print).map_err(no_prompt)?;
        Ok(Self { wanted, events, messages })
    }

    /// Begins a line, of which events tell.
    ///
    /// # Errors
    ///
    /// [`Failure`] when nothing is edited any more.
    pub(super) fn begin(&self) -> Result<(), Failure> {
        self.wanted.send(()).map_err(no_prompt)
    }

    pub(super) async fn event(&mut self) -> Event {
        self.events.recv().await.unwrap_or_else(|| Event::Line(Err(no_prompt("nothing is edited any more"))))
    }

    /// Says something above the line that is edited.
    ///
    /// # Errors
    ///
    /// [`Failure`] when the terminal takes no messages any more.
    pub(super) fn say(&self, message: &str) -> Result<(), Failure> {
        let message = match anstream::stdout().current_choice() {
            ColorChoice::Never => strip_str(message).to_string(),
            _ => message.to_owned(),
        };
        // The line may just be beginning, and not be known to be there.
        self.messages.send(format!("{ROW}{message}")).map_err(no_prompt)
    }
}

fn library(history: &mut History, events: mpsc::UnboundedSender<Event>) -> rustyline::Result<Library> {
    let config = Config::builder()
        .max_history_size(MOST)?
        .history_ignore_space(true)
        .completion_type(CompletionType::List)
        .completion_show_all_if_ambiguous(true)
        .bell_style(BellStyle::None)
        // Each line that is pasted is one to obey.
        .bracketed_paste(false)
        .build();
    let lines = MemHistory::with_config(&config);
    let mut library = Library::with_history(config, lines)?;
    for line in history.take_earlier() {
        library.add_history_entry(line)?;
    }
    library.set_helper(Some(Words(events)));
    Ok(library)
}

/// Edits a line whenever one is wanted.
fn edit(
    mut library: Library,
    mut history: History,
    wanted: &Receiver<()>,
    events: &mpsc::UnboundedSender<Event>,
) {
    while wanted.recv().is_ok() {
        let line = line(&mut library, &mut history);
        if events.send(Event::Line(line)).is_err() {
            return;
        }
    }
}

fn line(library: &mut Library, history: &mut History) -> Result<Option<String>, Failure> {
    loop {
        match library.readline(PROMPT) {
            Ok(line) => {
                let is_new = library.add_history_entry(line.as_str()).map_err(no_prompt)?;
                if is_new && let Err(error) = history.keep(&line) {
                    show::note(&format!("the history is kept no longer: {error}"))?;
                }
                return Ok(Some(line));
            }
            Err(ReadlineError::Eof) => return Ok(None),
            // Ctrl-C drops what is typed, and what came with it; so does a byte that is no UTF-8.
            Err(ReadlineError::Interrupted) => {}
            Err(ReadlineError::Io(error)) if error.kind() == io::ErrorKind::InvalidData => {}
            Err(error) => return Err(no_prompt(error)),
        }
    }
}

/// What the library asks while a line is edited.
struct Words(mpsc::UnboundedSender<Event>);

impl Completer for Words {
    type Candidate = Pair;

    fn complete(&self, line: &str, cursor: usize, _: &Context) -> rustyline::Result<(usize, Vec<Pair>)> {
        let before_cursor = line[..cursor].to_owned();
        let (_, word) = complete::wanted(&before_cursor);
        let (word, begin) = (word.to_owned(), cursor - word.len());
        let (give, given) = oneshot::channel();
        // Where nobody listens any more, nothing is given either.
        let _ = self.0.send(Event::Tab { before_cursor, give });
        let mut candidates = Mode::with_interrupt(|| given.blocking_recv()).unwrap_or_default();
        candidates.retain(|candidate| candidate.starts_with(&word));
        let pairs = candidates
            .into_iter()
            .map(|replacement| Pair { display: escape::text(replacement.trim_end()), replacement });
        Ok((begin, pairs.collect()))
    }
}

impl Highlighter for Words {
    /// Has the whole line drawn at each key, in case a message was printed just when it began.
    fn highlight_char(&self, _: &str, _: usize, _: CmdKind) -> bool {
        true
    }
}

impl Hinter for Words {
    type Hint = String;
}

impl Validator for Words {}

impl Helper for Words {}
