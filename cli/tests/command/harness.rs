//! Runs the binary and keeps what it prints. No run may ever print the canary key.

use std::{
    path::{Path, PathBuf},
    process::{Output, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
};

use actionbox_sandbox::{Sandbox, SandboxBuilder};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, Command},
};

pub(crate) const KEY: &str = "tk_canary_9f2c7d1e5b8a4036";
pub(crate) const ACCOUNT: &str = "customer-42";

/// What changes the command's behaviour, and must not come from whoever runs the tests.
const VARIABLES: [&str; 9] = [
    "ACTIONBOX_MASTER_KEY",
    "CARGO_TARGET_DIR",
    "REFOLD_API_KEY",
    "REFOLD_LINKED_ACCOUNT",
    "RUST_LOG",
    "NO_COLOR",
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "COLUMNS",
];

/// Configures a server that answers to the canary key, and the same in every run.
pub(crate) fn sandbox() -> SandboxBuilder {
    Sandbox::builder().api_key(KEY).account(ACCOUNT).deterministic().no_rate_limit()
}

/// A run to be.
pub(crate) struct Run {
    command: Command,
    stdin: String,
}

/// Prepares a run with arguments that stand in one text, separated by spaces.
pub(crate) fn actionbox(arguments: &str) -> Run {
    arguments.split_whitespace().fold(program(env!("CARGO_BIN_EXE_actionbox")), Run::arg)
}

/// Prepares a run of another program, which may run this one.
pub(crate) fn program(path: impl AsRef<std::ffi::OsStr>) -> Run {
    let mut command = Command::new(path);
    for variable in VARIABLES {
        command.env_remove(variable);
    }
    // Not in the home of whoever runs the tests.
    command.env("XDG_CACHE_HOME", concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"));
    command.env("XDG_STATE_HOME", concat!(env!("CARGO_TARGET_TMPDIR"), "/state"));
    Run { command, stdin: String::new() }
}

impl Run {
    pub(crate) fn arg(mut self, argument: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// Runs in a folder.
    pub(crate) fn within(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn stdin(mut self, text: &str) -> Self {
        text.clone_into(&mut self.stdin);
        self
    }

    /// Acts on a server, with the canary key in the environment.
    pub(crate) fn on(self, sandbox: &Sandbox) -> Self {
        self.at(&sandbox.base_url())
    }

    pub(crate) fn at(self, base_url: &str) -> Self {
        self.arg("--base-url").arg(base_url).arg("--account").arg(ACCOUNT).env("REFOLD_API_KEY", KEY)
    }

    /// Starts the run, for whoever wants to watch it.
    pub(crate) fn spawn(mut self) -> Child {
        let pipes = self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        pipes.kill_on_drop(true).spawn().expect("the binary starts")
    }

    /// The same run in a terminal, which has its stdin, stdout and stderr.
    #[cfg(target_os = "linux")]
    pub(crate) fn in_terminal(self) -> Self {
        let inner = self.command.as_std();
        let quoted = |word: &std::ffi::OsStr| format!("'{}'", word.to_str().expect("UTF-8"));
        let line: Vec<_> = [inner.get_program()].into_iter().chain(inner.get_args()).map(quoted).collect();
        // Of util-linux: it makes a terminal, and passes on what is typed and printed. Its shell gives way: some
        // shells stay otherwise, are interrupted too, and end with a code of their own.
        let mut command = Command::new("script");
        command.args(["-qec", &format!("exec {}", line.join(" ")), "/dev/null"]).env("TERM", "xterm");
        for (name, value) in inner.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        Self { command, stdin: self.stdin }
    }

    /// Runs to the end.
    pub(crate) async fn done(mut self) -> Done {
        let stdin = std::mem::take(&mut self.stdin);
        let mut child = self.spawn();
        // Whoever does not read its stdin closes it early; that is no failure.
        let _ = child.stdin.take().expect("a pipe").write_all(stdin.as_bytes()).await;
        Done::new(child.wait_with_output().await.expect("the binary ends"))
    }
}

/// Reads the JSON document that a server prints when it runs.
pub(crate) async fn started(child: &mut Child) -> Value {
    let mut lines = BufReader::new(child.stdout.as_mut().expect("a pipe")).lines();
    let mut document = String::new();
    while let Some(line) = lines.next_line().await.expect("text") {
        document.push_str(&line);
        if line == "}" {
            break;
        }
    }
    serde_json::from_str(&document).unwrap_or_else(|error| panic!("{error}: {document}"))
}

/// Sends a signal, as a terminal or a supervisor does.
#[cfg(unix)]
pub(crate) async fn signal(child: &Child, name: &str) {
    let kill = format!("kill -{name} {}", child.id().expect("it runs"));
    let status = Command::new("sh").args(["-c", &kill]).status().await;
    assert!(status.expect("a shell").success());
}

/// What a run printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Done {
    pub(crate) fn new(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        let done = Self {
            code: output.status.code().expect("it was not killed"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        };
        assert!(!done.stdout.contains(KEY) && !done.stderr.contains(KEY), "it printed the key: {done:#?}");
        assert!(!done.stderr.contains("panicked"), "{}", done.stderr);
        done
    }

    /// Checks the exit code.
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:#?}");
        self
    }

    /// Checks that stderr tells something.
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "{text:?} is missing in: {}", self.stderr);
        self
    }

    /// Reads the one JSON document on stdout.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }
}

/// Writes a file of the test's own and returns its path.
pub(crate) fn file(name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{name}", std::process::id()));
    std::fs::write(&path, content).expect("the directory for tests is writable");
    path
}

/// A folder outside of the repository, which goes away with the test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("actionbox-test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).expect("the directory for temporary files is writable");
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file, and the folders above it.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
        std::fs::write(&path, content).expect("writable");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).expect("it is removed");
    }
}

/// Compares text with the snapshot of a name. What differs from run to run is taken out before.
#[track_caller]
pub(crate) fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, redact(text)));
}

/// Takes ports, and the digest and size of the built-in plugin, out of a text.
pub(crate) fn redact(text: &str) -> String {
    let text = after(text, "127.0.0.1:", "PORT", |c| c.is_ascii_digit());
    let text = after(&text, "sha256:", "DIGEST", |c| c.is_ascii_hexdigit());
    after(&text, "DIGEST…  ", "SIZE", |c| c.is_ascii_digit())
}

/// Replaces the characters of a kind that follow a text.
fn after(text: &str, start: &str, replacement: &str, kind: fn(char) -> bool) -> String {
    let mut pieces = text.split(start);
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        out.push_str(&format!("{start}{replacement}{}", piece.trim_start_matches(kind)));
    }
    out
}
