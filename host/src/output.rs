//! What a guest writes to stdout and stderr: bounded, split into lines, handed to `tracing` escaped.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::{
    cli::{IsTerminal, StdoutStream},
    p2::{OutputStream, Pollable, StreamError, StreamResult},
};

use crate::{audit::escaped, limits::Exceeded};

/// The standard output of one call. All handles to it share one bound and one line buffer.
#[derive(Clone)]
pub(crate) struct GuestOutput(Arc<Mutex<State>>);

struct State {
    call: u64,
    line: Vec<u8>,
    /// The latest lines that were logged, escaped.
    last: VecDeque<String>,
    left: usize,
    limit: usize,
}

/// What a line costs beside its bytes: many short lines are many records in a log.
const LINE_COST: usize = 64;
/// A line longer than this is logged in pieces.
const LINE_BYTES: usize = 1024;
/// How many lines are kept, to tell why a plugin crashed: Go prints a stack behind its reason.
const KEPT: usize = 64;

impl GuestOutput {
    pub(crate) fn new(call: u64, limit: usize) -> Self {
        let state = State { call, line: Vec::new(), last: VecDeque::new(), left: limit, limit };
        Self(Arc::new(Mutex::new(state)))
    }

    /// Begins with the output of another call of the same guest.
    pub(crate) fn begin(&self, call: u64) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.last.clear();
        (state.call, state.left) = (call, state.limit);
    }

    /// Logs what is left of a call's output.
    pub(crate) fn end(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).log();
    }

    /// Returns the last lines that the guest wrote, each escaped and cut.
    pub(crate) fn last_lines(&self) -> Vec<String> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.log();
        state.last.iter().cloned().collect()
    }

    fn append(&self, bytes: &[u8]) -> Result<(), Exceeded> {
        // A panic cannot leave the buffer in a state that matters.
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = memchr::memchr_iter(b'\n', bytes).count();
        let cost = bytes.len().saturating_add(lines * LINE_COST);
        state.left = state.left.checked_sub(cost).ok_or(Exceeded::OutputBytes(state.limit))?;
        for byte in bytes {
            if *byte != b'\n' {
                state.line.push(*byte);
            }
            if *byte == b'\n' || state.line.len() == LINE_BYTES {
                state.log();
            }
        }
        Ok(())
    }
}

impl State {
    fn log(&mut self) {
        let line = std::mem::take(&mut self.line);
        if !line.is_empty() {
            let text = escaped(&String::from_utf8_lossy(&line));
            tracing::info!(target: "actionbox::plugin", call = self.call, "{text}");
            // What Rust says after the message of a panic tells nothing.
            if !text.starts_with("note: run with `RUST_BACKTRACE=1`") {
                if self.last.len() == KEPT {
                    self.last.pop_front();
                }
                self.last.push_back(text);
            }
        }
    }
}

impl Drop for State {
    fn drop(&mut self) {
        self.log();
    }
}

impl IsTerminal for GuestOutput {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for GuestOutput {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }

    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        // Only WASI 0.3 asks for this form, and it is not linked.
        Box::new(tokio::io::sink())
    }
}

impl OutputStream for GuestOutput {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.append(&bytes).map_err(|exceeded| StreamError::Trap(exceeded.into()))
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(64 << 10)
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for GuestOutput {
    async fn ready(&mut self) {}
}
