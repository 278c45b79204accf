//! The processes of the contestants: where they are, and how they are asked.

use std::{
    env, fs,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use actionbox_benches::{figure, processors};
use actionbox_contestant::{Order, Showing};
use actionbox_examples::REFOLD;
use anyhow::{Context as _, ensure};

use crate::own;

/// A contestant, as a process that waits for orders.
pub(crate) struct Rival {
    pub(crate) name: String,
    process: Child,
    orders: ChildStdin,
    showings: BufReader<ChildStdout>,
}

/// Starts the contestants that are wanted, each on this processor. The first is that to which all others are
/// compared: it always takes part.
pub(crate) fn start(
    upstream: &str,
    processor: usize,
    wanted: impl Fn(&str) -> bool,
) -> anyhow::Result<Vec<Rival>> {
    let this = env::current_exe()?;
    let own = |name: &'static str| (name, this.clone(), vec!["contestant", name, upstream]);
    let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
    let built = |name: &str| peers.join("target/release").join(name);
    let refold = written("refold.wasm", REFOLD)?;
    let plugin = peers.join("target/wasm32-unknown-unknown/release/actionbox_peer_plugin.wasm");
    let script = peers.join("node.mjs");
    let (refold, plugin, script) = (text(&refold)?, text(&plugin)?, text(&script)?);

    let mut all = vec![own(own::NATIVE), ("reqwest", built("reqwest"), vec![upstream])];
    all.extend(own::MODES.iter().map(|mode| own(mode.name)));
    all.extend([
        ("wasmtime-wasi-http", built("stock"), vec![upstream, refold]),
        ("extism, fresh", built("extism"), vec!["fresh", upstream, plugin]),
        ("extism, kept", built("extism"), vec!["kept", upstream, plugin]),
        ("node vm", PathBuf::from("node"), vec![script, upstream]),
    ]);
    let taking_part = all.into_iter().filter(|(name, ..)| *name == own::NATIVE || wanted(name));
    let started = taking_part.map(|(name, program, arguments)| {
        // The search path has Node; everything else is a file.
        let is_file = program.components().count() > 1;
        ensure!(!is_file || program.exists(), "{} is not there: `benches/run` builds it", program.display());
        let mut command = processors::command_on(processor, &program);
        command.args(arguments);
        Rival::start(name, command)
    });
    started.collect()
}

/// Writes a plugin beside the figures, for processes that read it.
fn written(name: &str, component: &[u8]) -> anyhow::Result<PathBuf> {
    let folder = figure::folder();
    fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let path = folder.join(name);
    fs::write(&path, component).with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(path)
}

fn text(path: &Path) -> anyhow::Result<&str> {
    path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))
}

impl Rival {
    fn start(name: &str, mut command: Command) -> anyhow::Result<Self> {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{name} cannot be started"))?;
        let (orders, showings) = process.stdin.take().zip(process.stdout.take()).context("no pipes")?;
        Ok(Self { name: name.to_owned(), process, orders, showings: BufReader::new(showings) })
    }

    /// Has it call for the time of an order.
    pub(crate) fn ask(&mut self, order: Order) -> anyhow::Result<Showing> {
        self.exchange(order).with_context(|| format!("{} gave up", self.name))
    }

    fn exchange(&mut self, order: Order) -> anyhow::Result<Showing> {
        writeln!(self.orders, "{}", serde_json::to_string(&order)?)?;
        let mut line = String::new();
        self.showings.read_line(&mut line)?;
        serde_json::from_str(&line).with_context(|| format!("no showing: {line:?}"))
    }
}

/// Its input ends with it, but it may be in the middle of a round.
impl Drop for Rival {
    fn drop(&mut self) {
        if let Err(error) = self.process.kill().and_then(|()| self.process.wait()) {
            eprintln!("{} did not end: {error}", self.name);
        }
    }
}
