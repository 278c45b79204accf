//! Talks with a `dev` that runs: types lines, and waits for what it says.

use std::time::Duration;

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, ChildStdin},
    sync::mpsc,
};

use crate::harness::{KEY, Run};

/// Long enough for a build on a busy machine: whoever waits longer waits for ever.
const PATIENCE: Duration = Duration::from_secs(300);

pub(super) struct Dev {
    child: Child,
    stdin: ChildStdin,
    output: mpsc::UnboundedReceiver<(Stream, Vec<u8>)>,
    /// What was printed and not waited for yet, on stdout and on stderr.
    unread: [Vec<u8>; 2],
}

#[derive(Clone, Copy)]
enum Stream {
    Stdout,
    Stderr,
}

impl Dev {
    pub(super) fn start(run: Run) -> Self {
        let mut child = run.spawn();
        let stdin = child.stdin.take().expect("a pipe");
        let (sender, output) = mpsc::unbounded_channel();
        pass_on(child.stdout.take().expect("a pipe"), Stream::Stdout, sender.clone());
        pass_on(child.stderr.take().expect("a pipe"), Stream::Stderr, sender);
        Self { child, stdin, output, unread: Default::default() }
    }

    pub(super) async fn types(&mut self, text: &str) {
        self.stdin.write_all(text.as_bytes()).await.expect("it reads");
    }

    /// Waits until it says something, and returns what it said on that stream before.
    pub(super) async fn says(&mut self, text: &str) -> String {
        self.says_up_to(text, "").await.0
    }

    /// Waits until it says something, and returns the rest of that line.
    pub(super) async fn says_line(&mut self, text: &str) -> String {
        self.says_up_to(text, "\n").await.1
    }

    async fn says_up_to(&mut self, text: &str, end: &str) -> (String, String) {
        let find = |bytes: &[u8], text: &str| {
            text.is_empty()
                .then_some(0)
                .or_else(|| bytes.windows(text.len()).position(|w| w == text.as_bytes()))
        };
        loop {
            for unread in &mut self.unread {
                let Some(at) = find(unread, text) else { continue };
                let after = at + text.len();
                let Some(length) = find(&unread[after..], end) else { continue };
                let said: Vec<_> = unread.drain(..after + length).collect();
                return (checked(&said[..at]), checked(&said[after..]));
            }
            let received = tokio::time::timeout(PATIENCE, self.output.recv()).await;
            match received.unwrap_or_else(|_| panic!("it did not say {text:?}: {}", self.rest())) {
                Some((stream, bytes)) => self.unread[stream as usize].extend(bytes),
                None => panic!("it ended, and did not say {text:?}: {}", self.rest()),
            }
        }
    }

    /// Ends its input, and returns its exit code and what it said since.
    pub(super) async fn ends(mut self) -> (i32, String) {
        drop(self.stdin);
        while let Some((stream, bytes)) = self.output.recv().await {
            self.unread[stream as usize].extend(bytes);
        }
        let status = self.child.wait().await.expect("it ends");
        let rest = self.unread.map(|unread| checked(&unread)).concat();
        (status.code().expect("it was not killed"), rest)
    }

    fn rest(&self) -> String {
        self.unread.iter().map(|unread| checked(unread)).collect()
    }
}

fn pass_on(
    mut from: impl AsyncRead + Unpin + Send + 'static,
    stream: Stream,
    to: mpsc::UnboundedSender<(Stream, Vec<u8>)>,
) {
    tokio::spawn(async move {
        let mut buffer = [0; 4096];
        // A terminal ends with an error.
        while let Ok(read @ 1..) = from.read(&mut buffer).await {
            if to.send((stream, buffer[..read].to_vec())).is_err() {
                return;
            }
        }
    });
}

fn checked(said: &[u8]) -> String {
    let said = String::from_utf8_lossy(said).into_owned();
    assert!(!said.contains(KEY), "it printed the key: {said}");
    assert!(!said.contains("panicked"), "{said}");
    said
}
