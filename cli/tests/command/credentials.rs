//! Where the key comes from, and that it goes nowhere else.

use crate::harness::{ACCOUNT, KEY, actionbox, file, sandbox};

#[tokio::test]
async fn without_a_key_the_places_for_one_are_named() {
    for run in [
        actionbox("list hubspot --account x"),
        actionbox("list hubspot --account x").env("REFOLD_API_KEY", " "),
    ] {
        let done = run.done().await.exits(7).says("there is no API key");
        done.says("REFOLD_API_KEY").says("--key-file FILE").says("--sandbox needs no key");
    }
}

#[tokio::test]
async fn without_an_account_the_places_for_one_are_named() {
    let done = actionbox("list hubspot").env("REFOLD_API_KEY", KEY).done().await.exits(2);
    done.says("there is no linked account").says("REFOLD_LINKED_ACCOUNT").says("--account ID");
}

#[tokio::test]
async fn the_account_may_come_from_the_environment() {
    let sandbox = sandbox().start().await.expect("a server");
    let run = actionbox("execute hubspot get_contact limit=1 --base-url").arg(sandbox.base_url());
    let run = run.env("REFOLD_API_KEY", KEY).env("REFOLD_LINKED_ACCOUNT", ACCOUNT);
    run.done().await.exits(0);
    assert_eq!(sandbox.executions()[0].account, ACCOUNT);
}

#[tokio::test]
async fn a_key_that_cannot_be_used_is_not_shown() {
    for bad in ["tk_short", "tk_9f2c7d1e5b8a4036 with spaces", "tk_9f2c7d1e5b8a4036é"] {
        let run = actionbox("list hubspot --account x").env("REFOLD_API_KEY", bad);
        let done = run.done().await.exits(7).says("the credentials cannot be used").says("check the API key");
        assert!(!done.stderr.contains(bad), "{}", done.stderr);
    }
}

#[cfg(unix)]
mod files {
    use std::{os::unix::fs::PermissionsExt as _, path::Path};

    use super::*;

    fn set_mode(path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("it is our file");
    }

    #[tokio::test]
    async fn a_key_file_that_others_may_read_is_refused() {
        let sandbox = sandbox().start().await.expect("a server");
        let path = file("open.key", KEY);
        for mode in [0o644, 0o640, 0o660, 0o604, 0o601, 0o620] {
            set_mode(&path, mode);
            let run = actionbox("list hubspot --key-file").arg(&path).on(&sandbox);
            let done = run.done().await.exits(7).says("is open to others");
            done.says(&format!("its mode is {mode:o}")).says(&format!("chmod 600 {}", path.display()));
        }
        assert_eq!(sandbox.connections(), 0, "nothing was sent");
    }

    #[tokio::test]
    async fn a_key_file_of_ones_own_is_used_before_the_environment() {
        let sandbox = sandbox().start().await.expect("a server");
        let path = file("own.key", format!("{KEY}\n"));
        for mode in [0o600, 0o400] {
            set_mode(&path, mode);
            let run = actionbox("list hubspot --json --key-file").arg(&path).on(&sandbox);
            run.env("REFOLD_API_KEY", "tk_wrong_0123456789abcdef").done().await.exits(0);
        }
    }

    #[tokio::test]
    async fn a_key_file_without_a_key_is_named() {
        let empty = file("empty.key", "\n");
        set_mode(&empty, 0o600);
        let binary = file("binary.key", [0xff, 0xfe, 0x00]);
        set_mode(&binary, 0o600);
        for (path, message) in [
            (empty.as_path(), "is empty"),
            (&binary, "cannot be read"),
            (Path::new("nowhere"), "cannot be read"),
        ] {
            let run = actionbox("list hubspot --account x --key-file").arg(path);
            run.done().await.exits(7).says(message).says(&path.display().to_string());
        }
    }
}

#[tokio::test]
async fn with_session_tokens_the_key_rides_on_no_action_call() {
    let sandbox = sandbox().start().await.expect("a server");
    let run = actionbox("execute hubspot get_contact limit=1 --auth session-token").on(&sandbox);
    run.done().await.exits(0);
    let requests = sandbox.requests();
    let with_key: Vec<_> = requests.iter().filter(|request| request.header("x-api-key").is_some()).collect();
    assert_eq!(requests.len(), 2);
    assert_eq!(with_key.len(), 1);
    assert_eq!(with_key[0].target, "/api/v2/public/session-token");
}

#[tokio::test]
async fn a_refused_key_is_the_operators_affair() {
    let sandbox = sandbox().start().await.expect("a server");
    let run = actionbox("execute hubspot get_contact --auth session-token").on(&sandbox);
    let run = run.env("REFOLD_API_KEY", "tk_wrong_0123456789abcdef");
    run.done().await.exits(7).says("check the API key").says("sent: no");
}

#[tokio::test]
async fn no_secret_is_logged_at_any_level() {
    let sandbox = sandbox().tls().start().await.expect("a server");
    let ca = file("trace.pem", sandbox.root_certificate_pem().expect("it serves https"));
    for auth in ["api-key", "session-token"] {
        let run = actionbox("execute hubspot get_contact limit=1 -v --auth").arg(auth);
        let run = run.arg("--ca").arg(&ca).on(&sandbox).env("RUST_LOG", "trace");
        let done = run.done().await.exits(0).says("actionbox::audit");
        assert!(done.stderr.contains("TRACE"), "there is something to search: {}", done.stderr);
        let token = sandbox.session_token(ACCOUNT).expect("the account exists");
        assert!(!done.stderr.contains(&token) && !done.stdout.contains(&token), "{auth}");
    }
}

#[tokio::test]
async fn the_log_is_quiet_unless_asked() {
    let done = actionbox("execute hubspot get_contact --sandbox").done().await.exits(0);
    assert_eq!(done.stderr, "");
    let done = actionbox("execute hubspot get_contact --sandbox -v").done().await.exits(0);
    done.says("actionbox::audit").says("operation=execute");
}
