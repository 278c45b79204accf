//! Plays the conformance kit against the same plugin in several languages, and prints `docs/languages.md`.
//!
//! Arguments: `NAME=FILE`, one for each. Exits with an error when any case of any plugin is broken.

use std::{path::Path, process::ExitCode, time::Duration};

use actionbox_conformance::{Conformance, Cost, Report};
use actionbox_host::{ActionHost, CompileCache};

const HEAD: &str = "\
# Plugins in every language

The same plugin in each language: it passes on all of Refold's actions and adds `upsert_contact`. Written by the conformance kit
(`just languages`), which fails when a case is broken. All run unchanged on the same host, within its default 128 MiB of memory; what a
language imports beyond HTTP is there, and denies.

Times are medians on the machine and the build that the last line names; take them as ratios. A call runs in a fresh instance; the
sandbox server that answers it runs in the same process and is included.

| plugin | cases held | component | compile | load from the cache | a call without a request | 1 KB answer | 300 KB answer | memory, 1 KB / 300 KB |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |";

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let cache = std::env::temp_dir().join(format!("actionbox-languages-{}", std::process::id()));
    let rows = table(&cache).await;
    std::fs::remove_dir_all(&cache)?;
    Ok(if rows? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Prints the table; tells whether every plugin holds.
async fn table(cache: &Path) -> Result<bool, Box<dyn std::error::Error>> {
    println!("{HEAD}");
    let mut all_held = true;
    for argument in std::env::args().skip(1) {
        let (name, file) = argument.split_once('=').ok_or("expected NAME=FILE")?;
        let component = std::fs::read(file).map_err(|error| format!("{file}: {error}"))?;
        let compiled = run(cache, &component).await?;
        let cached = run(cache, &component).await?;
        println!("{}", row(name, &compiled, &cached));
        for case in compiled.broken().chain(cached.broken()) {
            all_held = false;
            eprintln!("{name}: {case:#?}");
        }
    }
    let build = if cfg!(debug_assertions) { "debug" } else { "release" };
    let processors = std::thread::available_parallelism()?;
    println!(
        "\nMeasured with a {build} build on {processors} processors, {}-{}.",
        std::env::consts::ARCH,
        std::env::consts::OS
    );
    Ok(all_held)
}

async fn run(cache: &Path, component: &[u8]) -> Result<Report, Box<dyn std::error::Error>> {
    let host = ActionHost::builder().compile_cache(CompileCache::at(cache));
    Ok(Conformance::new().host(host).run(component).await?)
}

fn row(name: &str, compiled: &Report, cached: &Report) -> String {
    let (held, broken, skipped) = compiled.counts();
    let measures = &cached.measures;
    let time = |cost: &Option<Cost>| cost.as_ref().map_or("–".to_owned(), |cost| shown(cost.duration));
    let memory =
        |cost: &Option<Cost>| cost.as_ref().map_or("–".to_owned(), |cost| mebibytes(cost.memory_bytes));
    format!(
        "| {name} | {held} of {} | {} | {} | {} | {} | {} | {} | {} / {} |",
        held + broken + skipped,
        mebibytes(measures.component_bytes),
        shown(compiled.measures.load),
        shown(measures.load),
        time(&measures.idle),
        time(&measures.small),
        time(&measures.large),
        memory(&measures.small),
        memory(&measures.large),
    )
}

fn mebibytes(bytes: usize) -> String {
    #[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
    let mebibytes = bytes as f64 / f64::from(1 << 20);
    format!("{mebibytes:.2} MiB")
}

fn shown(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds >= 1.0 => format!("{seconds:.1} s"),
        seconds => format!("{:.2} ms", seconds * 1e3),
    }
}
