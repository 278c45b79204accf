//! The terminal, which hands over each key as it is pressed.

#[cfg(unix)]
pub(super) use unix::Keys;

/// Where keys cannot be had one by one.
#[cfg(not(unix))]
pub(super) enum Keys {}

#[cfg(not(unix))]
impl Keys {
    pub(super) fn open() -> std::io::Result<Option<Self>> {
        Ok(None)
    }

    pub(super) async fn next(&mut self) -> Option<super::keys::Key> {
        match *self {}
    }

    pub(super) async fn interrupt(&mut self) {
        match *self {}
    }
}

#[cfg(unix)]
mod unix {
    use std::{
        collections::VecDeque,
        io::{self, IsTerminal as _, Read as _},
        thread,
    };

    use rustix::termios::{self, InputModes, LocalModes, OptionalActions, Termios};
    use tokio::sync::mpsc;

    use super::super::keys::{self, INTERRUPT, Key};

    /// The keys that are pressed, and the terminal's mode for it, which ends when this is dropped.
    pub(in super::super) struct Keys {
        bytes: mpsc::UnboundedReceiver<Vec<u8>>,
        pending: VecDeque<u8>,
        before: Termios,
    }

    impl Keys {
        /// Takes the keys of the terminal at stdin; there are none where there is no terminal, nor one that
        /// can move its cursor.
        ///
        /// # Errors
        ///
        /// When the terminal does not change its mode, or the system starts no thread.
        pub(in super::super) fn open() -> io::Result<Option<Self>> {
            let (stdin, stdout) = (io::stdin(), io::stdout());
            let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
            if is_dumb || !stdin.is_terminal() || !stdout.is_terminal() {
                return Ok(None);
            }
            let before = termios::tcgetattr(&stdin)?;
            let (sender, bytes) = mpsc::unbounded_channel();
            let keys = Self { bytes, pending: VecDeque::new(), before };
            let mut mode = keys.before.clone();
            // Without signals: Ctrl-C is a key that drops a call, and not a build in the background.
            mode.local_modes -= LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG | LocalModes::IEXTEN;
            mode.input_modes -= InputModes::IXON;
            termios::tcsetattr(&stdin, OptionalActions::Drain, &mode)?;
            thread::Builder::new().name("keys".to_owned()).spawn(move || {
                let (mut stdin, mut buffer) = (stdin.lock(), [0; 1024]);
                loop {
                    match stdin.read(&mut buffer) {
                        Ok(1..) if sender.is_closed() => return,
                        Ok(read @ 1..) => drop(sender.send(buffer[..read].to_vec())),
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                        // The terminal is gone, which ends the keys.
                        Ok(0) | Err(_) => return,
                    }
                }
            })?;
            Ok(Some(keys))
        }

        /// Returns the next key; none when the terminal is gone.
        pub(in super::super) async fn next(&mut self) -> Option<Key> {
            loop {
                if let Some(key) = keys::take(&mut self.pending) {
                    return Some(key);
                }
                self.pending.extend(self.bytes.recv().await?);
            }
        }

        /// Waits for Ctrl-C. What was typed before it is dropped; what is typed without it waits for the
        /// next line.
        pub(in super::super) async fn interrupt(&mut self) {
            loop {
                if let Some(at) = self.pending.iter().rposition(|&byte| byte == INTERRUPT) {
                    self.pending.drain(..=at);
                    return;
                }
                match self.bytes.recv().await {
                    Some(bytes) => self.pending.extend(bytes),
                    None => std::future::pending().await,
                }
            }
        }
    }

    impl Drop for Keys {
        fn drop(&mut self) {
            if let Err(error) = termios::tcsetattr(io::stdin(), OptionalActions::Now, &self.before) {
                tracing::error!(%error, "the terminal stays in its mode for single keys: type reset");
            }
        }
    }
}
