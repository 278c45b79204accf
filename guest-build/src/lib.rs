//! Builds guest programs from a build script, by a nested cargo in a target directory of its own.
//!
//! ```no_run
//! // build.rs of a crate that embeds `OUT_DIR/refold.wasm`
//! actionbox_guest_build::build("../refold");
//! ```
//!
//! The nested cargo shares neither the target directory of the outer one (each would wait for the other's
//! lock) nor its environment (clippy's wrapper and coverage flags do not fit WebAssembly).

mod depfile;
mod environment;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

const TARGET: &str = "wasm32-wasip2";

/// One component that was built.
#[derive(Debug, Clone)]
pub struct Artifact {
    /// The name of its target, with `_` for `-`.
    pub name: String,
    /// Where it is: `OUT_DIR/{name}.wasm`.
    pub path: PathBuf,
}

/// Builds a guest program, or a workspace of them, for WASI 0.2 in the release profile, and copies the
/// components to `OUT_DIR`.
///
/// `manifest_dir` is the directory of its `Cargo.toml`, relative to the package whose build script this
/// is. The `Cargo.lock` beside it must be there and up to date. The build script runs again when a file
/// changes from which a component was built, the SDK and the WIT files included.
///
/// When they cannot be built, it prints everything that cargo said and ends the build script with an
/// error; when the target is not installed, it prints the command that installs it.
pub fn build(manifest_dir: impl AsRef<Path>) -> Vec<Artifact> {
    build_with(manifest_dir.as_ref(), None)
}

/// Builds as [`build`] does, with a feature on; the name of the feature is added to that of each component:
/// `refold_upstream.wasm`.
pub fn build_with_feature(manifest_dir: impl AsRef<Path>, feature: &str) -> Vec<Artifact> {
    build_with(manifest_dir.as_ref(), Some(feature))
}

fn build_with(manifest_dir: &Path, feature: Option<&str>) -> Vec<Artifact> {
    try_build(manifest_dir, feature).unwrap_or_else(|reason| {
        eprintln!("cannot build the guests in {}: {reason}", manifest_dir.display());
        std::process::exit(1);
    })
}

fn try_build(manifest_dir: &Path, feature: Option<&str>) -> Result<Vec<Artifact>, String> {
    let out_dir = PathBuf::from(variable("OUT_DIR")?);
    let manifest_dir = PathBuf::from(variable("CARGO_MANIFEST_DIR")?).join(manifest_dir);
    let target_dir = target_dir(&out_dir);
    for file in ["Cargo.toml", "Cargo.lock"] {
        depfile::rerun_if_changed(&manifest_dir.join(file));
    }
    check_target_is_installed()?;

    fs::create_dir_all(&target_dir).map_err(|error| at(&target_dir, error))?;
    // Held until the components are copied: another build script may build the same ones.
    let lock = target_dir.join(".guest-build.lock");
    let lock =
        fs::File::create(&lock).and_then(|file| file.lock().map(|()| file)).map_err(|e| at(&lock, e))?;
    let built = components(&cargo_build(&manifest_dir, &target_dir, feature)?)?;
    let artifacts = built.iter().map(|component| copy(component, &out_dir, feature)).collect();
    drop(lock);
    artifacts
}

/// Returns `guests` in the target directory of the outer cargo, which is the one that is tagged as a cache.
fn target_dir(out_dir: &Path) -> PathBuf {
    let tagged = out_dir.ancestors().find(|dir| dir.join("CACHEDIR.TAG").exists());
    tagged.unwrap_or(out_dir).join("guests")
}

fn check_target_is_installed() -> Result<(), String> {
    let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args(["--print", "target-libdir", "--target", TARGET]);
    environment::clean(&mut rustc);
    let libraries = PathBuf::from(String::from_utf8_lossy(&run(&mut rustc)?.stdout).trim());
    if libraries.is_dir() {
        return Ok(());
    }
    Err(format!("the target {TARGET} is not installed; install it with\n\n    rustup target add {TARGET}\n"))
}

/// Builds and returns cargo's messages, one JSON object a line.
fn cargo_build(manifest_dir: &Path, target_dir: &Path, feature: Option<&str>) -> Result<String, String> {
    let mut cargo = Command::new(variable("CARGO")?);
    cargo
        .args(["build", "--release", "--locked", "--target", TARGET])
        .args(["--message-format", "json-render-diagnostics"])
        .arg("--target-dir")
        .arg(target_dir)
        .args(feature.map(|feature| ["--features", feature]).into_iter().flatten())
        // Where the guests' own .cargo/config.toml would be looked for.
        .current_dir(manifest_dir);
    environment::clean(&mut cargo);
    let output = run(&mut cargo)?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a command; when it fails, all that it said is in the error.
fn run(command: &mut Command) -> Result<Output, String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(output);
    }
    Err(format!("{command:?}: {}\n\n{}", output.status, String::from_utf8_lossy(&output.stderr)))
}

/// Reads from cargo's messages which components were built.
fn components(messages: &str) -> Result<Vec<PathBuf>, String> {
    let mut components = Vec::new();
    for line in messages.lines() {
        let message: serde_json::Value =
            serde_json::from_str(line).map_err(|error| format!("{error}: {line}"))?;
        if message["reason"] == "compiler-artifact" {
            let files = message["filenames"].as_array().into_iter().flatten();
            let files = files.filter_map(|file| file.as_str()).map(PathBuf::from);
            components
                .extend(files.filter(|file| file.extension().is_some_and(|extension| extension == "wasm")));
        }
    }
    if components.is_empty() {
        return Err("no component was built; is `crate-type = [\"cdylib\"]` missing?".to_owned());
    }
    Ok(components)
}

fn copy(component: &Path, out_dir: &Path, feature: Option<&str>) -> Result<Artifact, String> {
    depfile::rerun_if_sources_change(&component.with_extension("d"))?;
    let stem = component.file_stem().unwrap_or_default().to_string_lossy();
    let name = feature.map_or(stem.to_string(), |feature| format!("{stem}_{feature}"));
    let path = out_dir.join(format!("{name}.wasm"));
    fs::copy(component, &path).map_err(|error| at(component, error))?;
    Ok(Artifact { name, path })
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|error| format!("{name}: {error}; this works in a build script only"))
}

fn at(path: &Path, error: std::io::Error) -> String {
    format!("{}: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_are_found_among_cargos_messages() {
        let messages = r#"{"reason":"compiler-artifact","filenames":["/t/libserde.rlib"]}
{"reason":"build-script-executed"}
{"reason":"compiler-artifact","filenames":["/t/refold.wasm"]}
{"reason":"build-finished","success":true}"#;
        assert_eq!(components(messages), Ok(vec![PathBuf::from("/t/refold.wasm")]));
        assert!(components("").is_err() && components("no JSON").is_err());
    }
}
