//! Builds and loads the plugin: at first, and again in the background whenever its project changes.

use std::{path::PathBuf, sync::Arc, time::Instant};

use actionbox_host::Plugin;
use tokio::sync::{mpsc, oneshot, watch};

use super::report::{bytes, time};
use crate::{
    connect::{Setup, load_file},
    failure::Failure,
    project::toolchain::{Talk, Toolchain},
    show::{escape, style},
};

/// Builds and loads one project's plugin.
pub(super) struct Rebuild {
    pub(super) project: PathBuf,
    pub(super) setup: Arc<Setup>,
    /// Where the plugin is to be found that was loaded last.
    pub(super) plugin: watch::Sender<Option<Plugin>>,
}

impl Rebuild {
    /// Builds and loads, and says how long that took. Another plugin than before takes its place.
    ///
    /// # Errors
    ///
    /// [`Failure`] when it cannot be built or loaded; the plugin before stays.
    pub(super) async fn once(&self, talk: Talk<'_>) -> Result<String, Failure> {
        let began = Instant::now();
        Toolchain::find(&self.project)?.build(&self.project, talk).await?;
        let built = began.elapsed();
        let plugin = load_file(&self.setup.host, &self.project).await?;
        let loaded = began.elapsed() - built;
        let size = bytes(plugin.size());
        let is_new = self.plugin.send_if_modified(|before| {
            let is_new = before.as_ref().is_none_or(|before| before.digest() != plugin.digest());
            *before = Some(plugin);
            is_new
        });
        let same = if is_new { "" } else { ", the same as before" };
        Ok(format!("{size}, built in {}, loaded in {}{same}", time(built), time(loaded)))
    }

    /// Does so after each change, and when asked, in turn: what changes meanwhile is built afterwards.
    pub(super) async fn on_change(
        self,
        mut changed: mpsc::Receiver<()>,
        mut asked: mpsc::Receiver<oneshot::Sender<()>>,
        say: mpsc::UnboundedSender<String>,
    ) {
        loop {
            let waiting = tokio::select! {
                Some(()) = changed.recv() => None,
                Some(waiting) = asked.recv() => Some(waiting),
                else => return,
            };
            let mut kept = String::new();
            let done = self.once(Talk::Kept(&mut kept)).await;
            let said = said(&kept);
            let ended = say.send(match done {
                Ok(what) => format!("{said}{}reloaded:{:#} {what}\n", style::GOOD, style::GOOD),
                Err(failure) => format!("{said}{}{}", failure.text(), self.what_answers()),
            });
            if ended.is_err() {
                return;
            }
            // Whoever asked may have stopped waiting.
            let _nobody_waits = waiting.map(|waiting| waiting.send(()));
        }
    }

    fn what_answers(&self) -> String {
        let dim = style::DIM;
        let answers = match *self.plugin.borrow() {
            Some(_) => "the plugin before this change still answers",
            None => "there is no plugin yet",
        };
        format!("  {dim}now: {dim:#} {answers}\n")
    }
}

/// Shows what a tool said, line by line.
fn said(words: &str) -> String {
    let plain = anstream::adapter::strip_str(words).to_string();
    plain.lines().map(|line| format!("{}\n", escape::text(line))).collect()
}
