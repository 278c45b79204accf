//! What the figures were measured on, and with which versions.

use std::{fs, path::Path, process::Command};

use anyhow::{Context as _, ensure};

/// Describes it, a name and a value each.
pub(crate) fn describe() -> anyhow::Result<Vec<(String, String)>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ours = fs::read_to_string(here.join("../Cargo.lock"))?;
    let peers = fs::read_to_string(here.join("peers/Cargo.lock"))?;
    let rows = [
        ("processor", processor()?),
        ("processors", std::thread::available_parallelism()?.to_string()),
        ("kernel", format!("Linux {}", fs::read_to_string("/proc/sys/kernel/osrelease")?.trim())),
        ("compiler", said_by("rustc", "--version")?),
        // No benchmark sets one.
        ("allocator", format!("that of the C library, {}", said_by("getconf", "GNU_LIBC_VERSION")?)),
        ("wasmtime", version(&ours, "wasmtime")?),
        ("hyper", version(&ours, "hyper")?),
        ("reqwest", version(&peers, "reqwest")?),
        ("wasmtime-wasi-http", version(&peers, "wasmtime-wasi-http")?),
        // The lower of the two versions there is Extism's, and a lock file is sorted.
        ("extism", format!("{}, on wasmtime {}", version(&peers, "extism")?, version(&peers, "wasmtime")?)),
        ("node", said_by("node", "--version")?),
        ("date", time::OffsetDateTime::now_utc().date().to_string()),
    ];
    Ok(rows.map(|(name, value)| (name.to_owned(), value)).into())
}

fn processor() -> anyhow::Result<String> {
    let info = fs::read_to_string("/proc/cpuinfo")?;
    let name = info.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown");
    Ok(name.trim_start_matches([' ', '\t', ':']).to_owned())
}

fn said_by(program: &str, argument: &str) -> anyhow::Result<String> {
    let output = Command::new(program).arg(argument).output();
    let output = output.with_context(|| format!("{program} is not there"))?;
    ensure!(output.status.success(), "{program} {argument} fails");
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// Finds the version of a package in a lock file.
fn version(lock: &str, package: &str) -> anyhow::Result<String> {
    let (_, rest) = lock.split_once(&format!("name = \"{package}\"\nversion = \"")).context("no package")?;
    let (version, _) = rest.split_once('"').context("no version")?;
    Ok(version.to_owned())
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_version_is_found_by_the_whole_name() {
        let lock = "[[package]]\nname = \"hyper-util\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"hyper\"\nversion = \"1.12.0\"\n";
        assert_eq!(super::version(lock, "hyper").expect("it is there"), "1.12.0");
        assert!(super::version(lock, "extism").is_err());
    }
}
