//! Says on stderr what is taking long, when a person is watching.

use std::{
    io::{IsTerminal as _, Write as _},
    pin::pin,
    time::Duration,
};

/// What is done sooner needs no words.
const PATIENCE: Duration = Duration::from_millis(300);

/// Does some work, and shows what it is while it takes long.
pub(crate) async fn during<T>(what: &str, work: impl Future<Output = T>) -> T {
    if !std::io::stderr().is_terminal() {
        return work.await;
    }
    let mut work = pin!(work);
    if let Ok(done) = tokio::time::timeout(PATIENCE, &mut work).await {
        return done;
    }
    let _line = Line::show(what);
    work.await
}

/// A line on stderr, until it is dropped.
struct Line;

impl Line {
    fn show(what: &str) -> Self {
        // Not being able to show progress is no reason to stop.
        let _ = write!(std::io::stderr(), "{what} …");
        Self
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let _ = write!(std::io::stderr(), "\r\x1b[2K");
    }
}
