//! The example of operating a host does what the book says of it.

use std::{fs, path::Path, process::Command};

#[test]
fn a_host_is_operated_with_vault_limits_audit_journal_worker_and_cache() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("operate-{}", std::process::id()));
    fs::create_dir_all(&directory).expect("writable");
    for _ in ["compiled by a worker", "found in the cache"] {
        let output = Command::new(env!("CARGO_BIN_EXE_operate")).arg(&directory).output().expect("it starts");
        let (stdout, stderr) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{stdout}{stderr}");
        assert!(stdout.starts_with("created "), "{stdout}");
        assert!(stderr.contains("request 2.1 execute hubspot/create_contact answered sent=yes"), "{stderr}");
        assert!(stderr.contains("call 2 acme execute ok sent=yes"), "{stderr}");
    }
    let journal = fs::read_to_string(directory.join("journal")).expect("a journal");
    assert_eq!(journal, "acme write execute hubspot/create_contact\n".repeat(4));
    let entries = fs::read_dir(directory.join("compiled")).expect("a cache").count();
    assert!(entries > 0, "the cache is empty");
    fs::remove_dir_all(&directory).expect("it is ours");
}
