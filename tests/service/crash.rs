//! The process is killed at random moments under load: nothing that was acknowledged is lost, nothing is doubled, and
//! what may have happened is in doubt.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use actionbox_service::{Execution, State};
use http::StatusCode;
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::{
    client::Client,
    harness::{Setup, cache, try_start, until},
};

/// A service in a process of its own.
pub(crate) struct Process {
    child: Child,
    pub(crate) base: String,
}

impl Process {
    pub(crate) fn start(database: &str, master: &str) -> Self {
        Self::run(Command::new(env!("CARGO_BIN_EXE_service")), database, master)
    }

    /// Starts one for which no file may grow beyond so many bytes, as on a disk that is full.
    fn start_within(bytes: u64, database: &str, master: &str) -> Self {
        let mut shell = Command::new("sh");
        // A write beyond is an error then, and no signal. In blocks of 512 bytes.
        let limited = "trap '' XFSZ; ulimit -f \"$0\"; exec \"$@\"";
        shell.args(["-c", limited, &(bytes / 512).to_string(), env!("CARGO_BIN_EXE_service")]);
        Self::run(shell, database, master)
    }

    fn run(mut program: Command, database: &str, master: &str) -> Self {
        let mut child = program
            .arg(database)
            .arg(cache())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        writeln!(stdin, "{master}").expect("it listens");
        let mut address = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut address).expect("it says where it is");
        assert!(!address.is_empty(), "it did not start");
        Self { child, base: format!("http://{}", address.trim()) }
    }

    /// As a power cut would, but for the disk.
    pub(crate) fn kill(self) {
        drop(self);
    }
}

impl Drop for Process {
    /// Whatever becomes of the test, nothing is left behind that holds its output open.
    fn drop(&mut self) {
        self.child.kill().expect("it is ours");
        self.child.wait().expect("it is ours");
    }
}

/// What callers know of their requests: those that were answered, by e-mail address.
type Known = Arc<Mutex<BTreeMap<String, Option<StatusCode>>>>;

/// Asks for one contact after the other, until nobody answers.
async fn ask(base: String, key: String, name: String, known: Known) {
    for number in 0.. {
        let email = format!("{name}-{number}@example.com");
        known.lock().expect("no panic").insert(email.clone(), None);
        let client = Client::new(&base)
            .header("x-api-key", &key)
            .header("linked_account_id", ["acme", "globex"][number % 2])
            .header("idempotency-key", &email);
        let path = "/api/v2/integration-schema/hubspot/actions/create_contact/execute";
        let body = json!({ "email": email }).to_string();
        match client.try_send(http::Method::POST, path, body).await {
            Ok(answered) => known.lock().expect("no panic").insert(email, Some(answered.status)),
            Err(_) => return,
        };
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_random_it_loses_nothing_and_doubles_nothing() {
    const ROUNDS: usize = 6;
    const CALLERS: usize = 8;
    let Setup { sandbox, service, folder, master, caller, .. } = Setup::new("killed").await;
    service.stop(Duration::from_secs(20)).await;
    let key = caller.key.expose_secret().to_owned();
    let known = Known::default();
    for round in 0..ROUNDS {
        let process = Process::start(&folder.database(), master.expose_secret());
        let mut callers = tokio::task::JoinSet::new();
        for number in 0..CALLERS {
            let name = format!("r{round}c{number}");
            callers.spawn(ask(process.base.clone(), key.clone(), name, known.clone()));
        }
        let until = sandbox.executions().len() + fastrand::usize(1..40);
        sandbox.executed(until).await;
        process.kill();
        callers.join_all().await;
    }

    let service = try_start(&folder, &master).await.expect("it starts after all that");
    let base = format!("http://{}", service.address());
    let ran = || {
        let mut ran = BTreeMap::<String, usize>::new();
        for execution in sandbox.executions() {
            let email = execution.parameters["email"].as_str().expect("text").to_owned();
            *ran.entry(email).or_default() += 1;
        }
        ran
    };
    let known = known.lock().expect("no panic").clone();
    // A server may notice only after a while that a client is gone.
    until("the end of what was running", async || {
        service.executions(None, Some(State::Running), 1).await.expect("the journal").is_empty().then_some(())
    })
    .await;
    let told: Vec<Execution> = service.executions(None, None, 100_000).await.expect("the journal");
    let before = ran();
    let (mut acknowledged, mut doubts) = (0, 0);
    for (email, status) in &known {
        let times = before.get(email).copied().unwrap_or(0);
        assert!(times <= 1, "{email} ran {times} times");
        let written = told.iter().find(|execution| execution.idempotency_key.as_deref() == Some(email));
        if let Some(status) = status {
            assert_eq!(*status, StatusCode::OK, "{email}");
            assert_eq!(
                (times, written.map(|execution| execution.state)),
                (1, Some(State::Succeeded)),
                "{email}"
            );
            acknowledged += 1;
        } else if times == 1 {
            let state = written.expect("what ran is not forgotten").state;
            assert!(matches!(state, State::Succeeded | State::InDoubt), "{email} ran, and is {state:?}");
            doubts += usize::from(state == State::InDoubt);
        }
    }
    assert!(acknowledged > 0 && before.len() > acknowledged, "{acknowledged} of {}", before.len());

    // Whoever asks again under the same key does no harm.
    for (number, (email, _)) in known.iter().enumerate() {
        let tenant = told
            .iter()
            .find(|execution| execution.idempotency_key.as_deref() == Some(email))
            .map_or(["acme", "globex"][number % 2], |execution| &execution.tenant);
        let client = Client::new(&base)
            .header("x-api-key", &key)
            .header("linked_account_id", tenant)
            .header("idempotency-key", email);
        let again = client.execute("hubspot", "create_contact", &json!({ "email": email })).await;
        assert!(matches!(again.status, StatusCode::OK | StatusCode::CONFLICT), "{again:?}");
    }
    assert!(ran().values().all(|times| *times == 1), "{:?}", ran());
    let lines = service.verify_audit().await.expect("the trail is whole");
    println!("{} ran, {acknowledged} acknowledged, {doubts} in doubt, {lines} lines", before.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_nothing_is_sent_that_is_not_written_down() {
    let Setup { sandbox, service, folder, master, caller, .. } = Setup::new("full").await;
    service.stop(Duration::from_secs(20)).await;
    // A server's disk is not ours to fill.
    if !folder.is_sqlite() {
        return;
    }
    let size = std::fs::metadata(folder.file()).expect("it is there").len();
    let process = Process::start_within(size + 50_000, &folder.database(), master.expose_secret());
    let ask = async |base: &str, number: usize| {
        let client = Client::new(base)
            .header("x-api-key", caller.key.expose_secret())
            .header("linked_account_id", "acme")
            .header("idempotency-key", format!("n{number}"));
        let new = json!({ "email": format!("n{number}@example.com") });
        client.execute("hubspot", "create_contact", &new).await
    };
    let (mut acknowledged, mut unwritten) = (0, 0);
    let mut number = 0;
    // Until the disk is full, and some more.
    while unwritten < 5 {
        let answered = ask(&process.base, number).await;
        match answered.status {
            // Now and then there is room again: the log's, which has gone into the database.
            StatusCode::OK => acknowledged += 1,
            StatusCode::SERVICE_UNAVAILABLE => {
                assert_eq!(answered.code(), "JOURNAL");
                // What began while there was room may have ended when there was none.
                let sent = answered.json()["sent"].as_str().expect("text").to_owned();
                let ran = sandbox.executions().len();
                assert_eq!(ran, acknowledged + usize::from(sent == "yes"), "{answered:?}");
                if sent == "yes" {
                    acknowledged += 1;
                }
                unwritten += 1;
            }
            _ => panic!("{answered:?}"),
        }
        number += 1;
    }
    println!("{acknowledged} acknowledged before the disk was full, {unwritten} refused");
    assert!(acknowledged > 3, "there was room for some: {acknowledged}");
    process.kill();

    let service = try_start(&folder, &master).await.expect("there is room again");
    let base = format!("http://{}", service.address());
    for number in 0..number {
        let again = ask(&base, number).await;
        assert!(matches!(again.status, StatusCode::OK | StatusCode::CONFLICT), "{again:?}");
    }
    let mut ran: Vec<_> =
        sandbox.executions().iter().map(|execution| execution.parameters.to_string()).collect();
    let count = ran.len();
    ran.sort();
    ran.dedup();
    assert_eq!(ran.len(), count, "nothing ran twice");
    service.verify_audit().await.expect("the trail is whole");
}
