//! How many instructions the parts of the gate take, by callgrind, held to what they took before: instructions,
//! unlike seconds, are the same on a busy machine.
//!
//! Counted in the profile in which it is built. `counts.txt` has those of the profile `dev`, in which our own
//! crates are not optimised: an allocation or a pass over the bytes more shows in it all the same.

mod parts;

use std::{fmt::Write as _, fs, path::Path, process::Command};

use anyhow::{Context as _, bail, ensure};

use crate::parts::{Part, Place, parts};

/// The argument that has this program do one part so many times.
const PART: &str = "--part";
/// How far a count may be from what it was: a C library picks its `memcpy` by the processor.
const TOLERANCE: f64 = 0.15;
/// What a large answer has: no more than takes a moment to count.
const LARGE: usize = 64 << 10;
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/counts.txt");

fn main() -> anyhow::Result<()> {
    let arguments: Vec<_> = std::env::args().collect();
    let parts = parts(LARGE);
    if let [_, flag, name, times] = arguments.as_slice()
        && flag == PART
    {
        let part = parts.iter().find(|part| part.name == name);
        let mut work = part.with_context(|| format!("there is no part {name}"))?.make()?;
        (0..times.parse()?).for_each(|_: usize| work());
        return Ok(());
    }
    let ours = parts.iter().filter(|part| part.place != Place::Beside);
    let counts: Vec<_> = ours.map(count).collect::<Result<_, _>>()?;
    if arguments.iter().any(|argument| argument == "--update") {
        return write(&counts);
    }
    compare(&counts)
}

/// Counts the instructions of doing a part once: those of many times, less those of few.
fn count(part: &Part) -> anyhow::Result<(&'static str, u64)> {
    let (few, many) = if part.place == Place::Large { (1, 3) } else { (10, 1_010) };
    let difference = counted(part.name, many)?.checked_sub(counted(part.name, few)?);
    let difference =
        difference.with_context(|| format!("{} takes less the more often it is done", part.name))?;
    Ok((part.name, difference / (many - few)))
}

fn counted(name: &str, times: u64) -> anyhow::Result<u64> {
    let run = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .args([PART, name, &times.to_string()])
        .output()
        .context("valgrind does not start: run apt install valgrind")?;
    let said = String::from_utf8_lossy(&run.stderr);
    ensure!(run.status.success(), "{name}: {said}");
    let collected = said.lines().find_map(|line| line.split_once("Collected :"));
    Ok(collected.with_context(|| format!("valgrind counts nothing: {said}"))?.1.trim().parse()?)
}

fn write(counts: &[(&str, u64)]) -> anyhow::Result<()> {
    let mut text =
        "# Instructions of each part of the gate, in the profile dev. Made by `just counts`.\n".to_owned();
    for (name, count) in counts {
        writeln!(text, "{count:>12} {name}")?;
    }
    print!("{text}");
    fs::write(FILE, text).with_context(|| format!("{FILE} cannot be written"))
}

fn compare(counts: &[(&str, u64)]) -> anyhow::Result<()> {
    let file = Path::new(FILE);
    let text = fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let mut before = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (count, name) = line.trim().split_once(' ').with_context(|| format!("{line} is no count"))?;
        before.push((name, count.parse::<u64>()?));
    }
    println!("{:<34}{:>14}{:>14}{:>10}", "instructions", "before", "now", "change");
    let mut changed = Vec::new();
    for (name, now) in counts {
        let known = before.iter().find(|(known, _)| known == name);
        let Some((_, before)) = known else {
            changed.push(format!("{name} is new"));
            continue;
        };
        let change = *now as f64 / *before as f64 - 1.0;
        println!("{name:<34}{before:>14}{now:>14}{:>+9.1}%", 100.0 * change);
        if change.abs() > TOLERANCE {
            changed.push(format!("{name} took {before} instructions and takes {now}"));
        }
    }
    let gone = before.iter().filter(|(known, _)| counts.iter().all(|(name, _)| name != known));
    changed.extend(gone.map(|(name, _)| format!("{name} is gone")));
    if !changed.is_empty() {
        bail!(
            "{}\nIf that is meant, run `just counts` and commit benches/counts.txt; if not, something in the gate does \
             more than it did.",
            changed.join("\n")
        );
    }
    Ok(())
}
