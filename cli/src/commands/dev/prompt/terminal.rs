//! The terminal's mode while the prompt is there, between its lines too.

use std::io::{self, IsTerminal as _};

#[cfg(unix)]
pub(super) use unix::Mode;

/// Where the library sees to it.
#[cfg(not(unix))]
pub(super) struct Mode;

#[cfg(not(unix))]
impl Mode {
    pub(super) fn enter() -> io::Result<Self> {
        Ok(Self)
    }

    pub(super) fn with_interrupt<T>(work: impl FnOnce() -> T) -> T {
        work()
    }
}

/// Tells whether a line can be edited.
pub(super) fn is_there() -> bool {
    let is_known = cfg!(windows)
        || std::env::var_os("TERM").is_some_and(|term| {
            // The library edits none on these.
            !["dumb", "cons25", "emacs"].iter().any(|other| term.eq_ignore_ascii_case(other))
        });
    is_known && io::stdin().is_terminal() && io::stdout().is_terminal()
}

#[cfg(unix)]
mod unix {
    use std::io;

    use rustix::termios::{
        InputModes, LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
    };

    /// What is typed while a call runs is kept for the next line, and is not seen among the output; Ctrl-C is
    /// a signal. While a line is edited it is a key. It ends when this is dropped.
    pub(in super::super) struct Mode {
        before: Termios,
    }

    impl Mode {
        /// # Errors
        ///
        /// When the terminal does not change its mode.
        pub(in super::super) fn enter() -> io::Result<Self> {
            let mode = Self { before: tcgetattr(io::stdin())? };
            let mut quiet = mode.before.clone();
            quiet.local_modes -= LocalModes::ICANON | LocalModes::ECHO | LocalModes::IEXTEN;
            quiet.input_modes -= InputModes::ICRNL | InputModes::IXON;
            // Ctrl-\ would end us, and leave the terminal so.
            quiet.special_codes[SpecialCodeIndex::VQUIT] = quiet.special_codes[SpecialCodeIndex::VINTR];
            tcsetattr(io::stdin(), OptionalActions::Drain, &quiet)?;
            Ok(mode)
        }

        /// Makes Ctrl-C a signal while a line is edited, for the time of some work.
        pub(in super::super) fn with_interrupt<T>(work: impl FnOnce() -> T) -> T {
            let Ok(before) = tcgetattr(io::stdin()) else { return work() };
            let mut mode = before.clone();
            mode.local_modes |= LocalModes::ISIG;
            set(&mode);
            let done = work();
            set(&before);
            done
        }
    }

    impl Drop for Mode {
        fn drop(&mut self) {
            set(&self.before);
        }
    }

    fn set(mode: &Termios) {
        if let Err(error) = tcsetattr(io::stdin(), OptionalActions::Now, mode) {
            tracing::error!(%error, "the terminal is left in another mode: type reset");
        }
    }
}
