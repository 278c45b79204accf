//! Completions that shells can read.

use crate::harness::{actionbox, file};

const SUBCOMMANDS: [&str; 16] = [
    "demo",
    "dev",
    "new",
    "build",
    "list",
    "describe",
    "execute",
    "explain",
    "inspect",
    "limits",
    "mcp",
    "sandbox",
    "serve",
    "audit",
    "test",
    "completions",
];

#[tokio::test]
async fn every_script_names_every_subcommand() {
    for (shell, start) in [
        ("bash", "_actionbox() {"),
        ("zsh", "#compdef actionbox"),
        ("fish", "# Print an optspec"),
        ("elvish", "\nuse builtin;"),
        ("powershell", "\nusing namespace"),
    ] {
        let script = actionbox(&format!("completions {shell}")).done().await.exits(0).stdout;
        assert!(script.starts_with(start), "{shell}: {script:.80}");
        for subcommand in SUBCOMMANDS {
            assert!(script.contains(subcommand), "{shell}: {subcommand}");
        }
        assert!(script.contains("allow-write"), "{shell}");
    }
}

/// Bash is the shell that every machine with tests has; the other scripts come from the same generator.
#[cfg(unix)]
#[tokio::test]
async fn the_script_for_bash_parses_and_completes() {
    let script = actionbox("completions bash").done().await.exits(0).stdout;
    let path = file("completions.bash", script);
    let try_it = format!(
        "set -eu; source {}; COMP_WORDS=(actionbox exe); COMP_CWORD=1; _actionbox actionbox exe actionbox; \
         echo \"${{COMPREPLY[@]}}\"",
        path.display()
    );
    let bash = tokio::process::Command::new("bash").args(["--norc", "-c", &try_it]).output();
    let output = bash.await.expect("bash is missing: apt-get install bash");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "execute");
}
