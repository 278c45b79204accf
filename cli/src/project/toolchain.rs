//! Builds a project with the tool of its language.

use std::{
    io,
    path::{Path, PathBuf},
    process::{Output, Stdio},
};

use actionbox_host::Actor;
use tokio::process::{Child, Command};

use super::component;
use crate::{
    args::quoted,
    failure::{Exit, Failure},
    key,
};

/// What Rust is compiled for.
const TARGET: &str = "wasm32-wasip2";

/// A tool that builds projects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Toolchain {
    Cargo,
    Npm,
    Make,
}

/// What becomes of what a tool says.
#[derive(Debug)]
pub(crate) enum Talk<'a> {
    /// People read it as it comes, on stderr.
    Shown,
    /// It is kept for later; the tool says no more than what is wrong, where it can be asked to.
    Kept(&'a mut String),
}

/// By which file a project is known, in this order: a project in Rust may have a Makefile too.
const KNOWN_BY: [(&str, Toolchain); 3] =
    [("Cargo.toml", Toolchain::Cargo), ("package.json", Toolchain::Npm), ("Makefile", Toolchain::Make)];

impl Toolchain {
    /// Finds the tool that builds what lies in a folder.
    ///
    /// # Errors
    ///
    /// [`Failure`] when the folder is no project.
    pub(crate) fn find(project: &Path) -> Result<Self, Failure> {
        let known = KNOWN_BY.into_iter().find(|(file, _)| project.join(file).is_file());
        known.map(|(_, toolchain)| toolchain).ok_or_else(|| {
            let message = format!("there is no plugin project in {}", project.display());
            Failure::new(Exit::Usage, "no-project", Actor::Caller, message)
                .because("it has no Cargo.toml, package.json or Makefile")
                .hint(
                    "name its folder: actionbox build DIR; or begin one: actionbox new NAME --lang LANGUAGE",
                )
        })
    }

    /// Builds a project, and leaves the component in its place.
    ///
    /// # Errors
    ///
    /// [`Failure`] when the tool or something that it needs is missing, or when it fails.
    pub(crate) async fn build(self, project: &Path, talk: Talk<'_>) -> Result<(), Failure> {
        match self {
            Self::Cargo => self.build_with_cargo(project, talk).await,
            Self::Npm => {
                if !project.join("node_modules").is_dir() {
                    return Err(missing("the packages of this project are not installed", "npm ci", project));
                }
                self.run(project, &["run", "build"], talk).await?;
                check_was_made(project)
            }
            Self::Make => {
                self.run(project, &[], talk).await?;
                check_was_made(project)
            }
        }
    }

    async fn build_with_cargo(self, project: &Path, talk: Talk<'_>) -> Result<(), Failure> {
        check_target_is_installed(project, &talk).await?;
        let mut arguments =
            vec!["build", "--release", "--target", TARGET, "--message-format", "json-render-diagnostics"];
        arguments.extend(matches!(talk, Talk::Kept(_)).then_some("--quiet"));
        let output = self.run(project, &arguments, talk).await?;
        let built = components(&String::from_utf8_lossy(&output.stdout));
        let [built] = built.as_slice() else {
            let names: Vec<_> = built.iter().map(|path| path.display().to_string()).collect();
            return Err(match names.is_empty() {
                true => failed("cargo built no component")
                    .hint("the plugin is a library: add [lib] crate-type = [\"cdylib\"] to its Cargo.toml"),
                false => failed("cargo built several components")
                    .because(names.join(", "))
                    .hint("build in the folder of one package"),
            });
        };
        component::copy(built, project).map_err(|error| {
            let message = format!("{} cannot be written", component::place(project).display());
            Failure::new(Exit::Operator, "output", Actor::Operator, message).because(error)
        })
    }

    /// Runs the tool. Cargo's messages on stdout are for us; what others print there is for people.
    async fn run(self, project: &Path, arguments: &[&str], talk: Talk<'_>) -> Result<Output, Failure> {
        let (program, install) = self.program();
        let (stdout, stderr) = match (self, &talk) {
            (_, Talk::Kept(_)) => (Stdio::piped(), Stdio::piped()),
            (Self::Cargo, Talk::Shown) => (Stdio::piped(), Stdio::inherit()),
            (Self::Npm | Self::Make, Talk::Shown) => (Stdio::from(io::stderr()), Stdio::inherit()),
        };
        let mut command = command(program, project, &talk);
        let child = command.args(arguments).stdout(stdout).stderr(stderr).spawn();
        let output = match child {
            Ok(child) => {
                let group = Group::of(&child, &talk);
                let output = child.wait_with_output().await;
                group.ended();
                output
            }
            Err(error) => Err(error),
        };
        let output = output.map_err(|error| not_started(program, install, error))?;
        if let Talk::Kept(kept) = talk {
            if self != Self::Cargo {
                kept.push_str(&String::from_utf8_lossy(&output.stdout));
            }
            kept.push_str(&String::from_utf8_lossy(&output.stderr));
        }
        if output.status.success() {
            return Ok(output);
        }
        let failure = failed(format!("{program} failed: {}", output.status));
        let unprepared =
            self == Self::Make && ![".tools", ".venv"].iter().any(|dir| project.join(dir).is_dir());
        Err(match unprepared {
            true => failure
                .because("the tools of this project may not be installed")
                .hint(format!("install them: {}", within(project, "make setup"))),
            false => failure.hint("mend what it says above, and build again"),
        })
    }

    /// Returns the tool's program, and how it is installed.
    fn program(self) -> (&'static str, &'static str) {
        match self {
            Self::Cargo => ("cargo", RUSTUP),
            Self::Npm => ("npm", "install Node.js, which brings it: apt install npm, or https://nodejs.org"),
            Self::Make => ("make", "install it: apt install make, or on macOS: xcode-select --install"),
        }
    }
}

const RUSTUP: &str = "install Rust, which brings it: https://rustup.rs";

/// Prepares a program that runs in a project. Tools that run code of others have no business with the key.
fn command(program: &str, project: &Path, talk: &Talk<'_>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(project).stdin(Stdio::null()).env_remove(key::VARIABLE).kill_on_drop(true);
    // In the background it is none of what Ctrl-C at the prompt is meant for.
    #[cfg(unix)]
    if matches!(talk, Talk::Kept(_)) {
        command.process_group(0);
    }
    // Elsewhere a key of a console reaches all that share it.
    #[cfg(not(unix))]
    let _ = talk;
    command
}

/// The processes of a build in the background, which end with it when it is given up.
struct Group {
    #[cfg(unix)]
    leader: Option<rustix::process::Pid>,
}

impl Group {
    #[cfg(unix)]
    fn of(child: &Child, talk: &Talk<'_>) -> Self {
        let id = child.id().filter(|_| matches!(talk, Talk::Kept(_)));
        let id = id.and_then(|id| i32::try_from(id).ok());
        Self { leader: id.and_then(rustix::process::Pid::from_raw) }
    }

    #[cfg(not(unix))]
    fn of(_: &Child, _: &Talk<'_>) -> Self {
        Self {}
    }

    /// Notes that the tool has ended: its number may be another's from now on.
    fn ended(mut self) {
        #[cfg(unix)]
        self.leader.take();
        #[cfg(not(unix))]
        let _ = &mut self;
    }
}

#[cfg(unix)]
impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.leader {
            // Nobody is left to be told, and they may have ended by themselves.
            let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
        }
    }
}

async fn check_target_is_installed(project: &Path, talk: &Talk<'_>) -> Result<(), Failure> {
    let mut rustc = command("rustc", project, talk);
    let asked = rustc.args(["--print", "target-libdir", "--target", TARGET]).output().await;
    let asked = asked.map_err(|error| not_started("rustc", RUSTUP, error))?;
    if !asked.status.success() {
        return Err(Failure::new(Exit::Operator, "toolchain", Actor::Operator, "rustc does not run")
            .because(String::from_utf8_lossy(&asked.stderr).trim())
            .hint(format!("install the toolchain: {}", within(project, "rustup toolchain install"))));
    }
    match Path::new(String::from_utf8_lossy(&asked.stdout).trim()).is_dir() {
        true => Ok(()),
        false => {
            let message = format!("the target {TARGET} is not installed");
            Err(missing(message, &format!("rustup target add {TARGET}"), project))
        }
    }
}

fn check_was_made(project: &Path) -> Result<(), Failure> {
    let place = component::place(project);
    match place.is_file() {
        true => Ok(()),
        false => Err(failed("the build ended well, and made no plugin")
            .because(format!("there is no file {}", place.display()))),
    }
}

/// Reads from cargo's messages which components were built.
fn components(messages: &str) -> Vec<PathBuf> {
    // What is not JSON is printed by a macro or a build script that cargo passes on.
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let artifacts = messages.filter(|message| message["reason"] == "compiler-artifact");
    let files = artifacts.flat_map(|artifact| match &artifact["filenames"] {
        serde_json::Value::Array(files) => files.clone(),
        _ => Vec::new(),
    });
    let files = files.filter_map(|file| file.as_str().map(PathBuf::from));
    files.filter(|file| file.extension().is_some_and(|extension| extension == "wasm")).collect()
}

fn failed(message: impl Into<String>) -> Failure {
    Failure::new(Exit::Plugin, "build", Actor::PluginAuthor, message)
}

fn missing(message: impl Into<String>, install: &str, project: &Path) -> Failure {
    Failure::new(Exit::Operator, "toolchain", Actor::Operator, message)
        .hint(format!("install: {}", within(project, install)))
}

fn not_started(program: &str, install: &str, error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::NotFound => {
            let message = format!("{program} is not installed, or not in PATH");
            Failure::new(Exit::Operator, "toolchain", Actor::Operator, message).hint(install)
        }
        _ => Failure::new(Exit::Operator, "toolchain", Actor::Operator, format!("{program} cannot be run"))
            .because(error),
    }
}

/// Returns a command line that works from where the user is.
fn within(project: &Path, command: &str) -> String {
    match project == Path::new(".") {
        true => command.to_owned(),
        false => format!("cd {} && {command}", quoted(&project.display().to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_are_found_among_cargos_messages() {
        let messages = r#"{"reason":"compiler-artifact","filenames":["/t/libserde.rlib"]}
a build script that prints
{"reason":"compiler-artifact","filenames":["/t/my_plugin.wasm"]}
{"reason":"build-finished","success":true}"#;
        assert_eq!(components(messages), [PathBuf::from("/t/my_plugin.wasm")]);
        assert!(components("").is_empty());
    }
}
