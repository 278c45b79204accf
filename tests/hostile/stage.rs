//! Where a lying upstream is played: one host for all cases, and for each a server, a tenant and a grant
//! of its own, so that cases run side by side.
//!
//! A case is played three times: a hostile plugin writes and shows what it got, and the reference plugin
//! writes and reads, so that the embedder's error is seen. After each, the audit, the server's own record
//! and everything that can be shown are looked at.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use actionbox_examples::REFOLD;
use actionbox_host::{
    ApiKey, CallEvent, CredentialProvider, Effect, Error, Exceeded, Grant, Limits, Outcome, Plugin,
    RequestEvent, SendFailure, Sent, SessionTokens, Upstream, Withheld,
};
use actionbox_tests::{
    audit::Ledger,
    canary::{self, Finder},
    liar::{Act, Asked, Authority, Liar, Listening},
    tricks,
    world::{ACCOUNT, World},
};
use serde_json::{Value, json};
use tokio::{runtime::Handle, sync::OnceCell};

use crate::traces::Traces;

/// A wall time that runs out in a test.
pub(crate) const SHORT: Duration = Duration::from_millis(1500);
/// How many tries an attacked request has at most.
const ATTEMPTS: u32 = 2;
/// The bytes of answers that an attacked call may take.
pub(crate) const RESPONSE_BYTES: usize = 1 << 20;

const TOKENS: &str = "/api/v2/public/session-token";
const EXECUTE: &str = "/api/v2/integration-schema/hubspot/actions/create_contact/execute";

/// What all cases share, because it is slow to make.
pub(crate) struct Arena {
    pub(crate) world: World,
    pub(crate) refold: Plugin,
    authority: Authority,
    ledger: Arc<Ledger>,
}

impl Arena {
    async fn new(http2: bool) -> Self {
        let authority = Authority::new("the upstream's authority");
        let pem = authority.pem();
        let ledger = Arc::new(Ledger::default());
        let sink = ledger.clone();
        let world = World::builder()
            .host(move |host| host.root_certificates_pem(pem).http2(http2).audit(sink))
            .host_limits(|limits| limits.connect_time = Duration::from_secs(1))
            .start()
            .await;
        let refold = world.host.load(REFOLD).await.expect("the reference plugin");
        Self { world, refold, authority, ledger }
    }

    /// Makes one on this thread: how a world is to be cannot be sent to another.
    fn make(http2: bool) -> Self {
        tokio::task::block_in_place(|| Handle::current().block_on(Self::new(http2)))
    }

    /// Returns the arena whose host speaks HTTP/1.1.
    async fn get() -> &'static Self {
        static ARENA: OnceCell<Arena> = OnceCell::const_new();
        ARENA.get_or_init(async || Self::make(false)).await
    }

    /// Returns the arena whose host speaks HTTP/2 too.
    async fn http2() -> &'static Self {
        static ARENA: OnceCell<Arena> = OnceCell::const_new();
        ARENA.get_or_init(async || Self::make(true)).await
    }
}

/// Makes a secret that looks different in most encodings, and that no other test has.
fn secret() -> String {
    format!("{}/+Qz=~.-_", canary::secret())
}

/// The part of such a secret that no other has.
fn unique_part(secret: &str) -> &str {
    let random = secret.strip_prefix(canary::PREFIX).expect("a canary");
    &random[..32]
}

/// The secrets of one case.
#[derive(Debug, Clone)]
pub(crate) struct Secrets {
    /// The API key.
    pub(crate) key: String,
    /// The session tokens, in the order in which the upstream gives them out.
    pub(crate) tokens: Vec<String>,
    /// What rides on the calls: the key, or the first token.
    pub(crate) sent: String,
}

/// What the upstream does with a request.
pub(crate) type Lie = Arc<dyn Fn(&Secrets) -> Vec<Act> + Send + Sync>;

/// What becomes of an attacked request.
#[derive(Debug, Clone)]
pub(crate) enum Fate {
    /// The guest gets this status, and this body.
    Shown(u16, Vec<u8>),
    /// The guest gets nothing of an answer with this status.
    Withheld(Withheld, u16),
    /// The answer broke off, or was none: nobody knows what became of the request.
    Broken,
    /// The wall time ran out, before the head of the answer (`unknown`) or after it (`yes`).
    TimedOut(Sent),
    /// The answer was too large.
    TooLarge,
    /// No connection came about, and the reason holds these words.
    Unconnected(&'static str),
    /// No secure connection came about, and the reason holds these words.
    Insecure(&'static str),
}

/// A lie and what must become of it.
#[derive(Clone)]
pub(crate) struct Attack {
    pub(crate) lie: Lie,
    pub(crate) fate: Fate,
    pub(crate) listening: fn(&Authority, &Secrets) -> Listening,
    pub(crate) session_tokens: bool,
    pub(crate) http2: bool,
    pub(crate) limits: Limits,
}

impl Attack {
    pub(crate) fn new(fate: Fate, lie: impl Fn(&Secrets) -> Vec<Act> + Send + Sync + 'static) -> Self {
        let wall_time = match fate {
            Fate::TimedOut(_) => SHORT,
            _ => Duration::from_secs(20),
        };
        let limits =
            Limits { wall_time, attempts: ATTEMPTS, response_bytes: RESPONSE_BYTES, ..Limits::default() };
        let listening = |_: &Authority, _: &Secrets| Listening::default();
        Self { lie: Arc::new(lie), fate, listening, session_tokens: false, http2: false, limits }
    }

    /// A lie that needs no secret.
    pub(crate) fn says(fate: Fate, acts: Vec<Act>) -> Self {
        Self::new(fate, move |_| acts.clone())
    }

    pub(crate) fn with_tokens(mut self) -> Self {
        self.session_tokens = true;
        self
    }

    pub(crate) fn listening(mut self, listening: fn(&Authority, &Secrets) -> Listening) -> Self {
        self.listening = listening;
        self
    }
}

/// Writes an answer with a length and a kept connection.
pub(crate) fn answer(status: u16, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!("HTTP/1.1 {status} Said So\r\n{headers}content-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// Says a whole answer, and waits for the next request.
pub(crate) fn say(status: u16, headers: &str, body: impl AsRef<[u8]>) -> Vec<Act> {
    vec![Act::Say(answer(status, headers, body)), Act::Next]
}

/// Says bytes and closes.
pub(crate) fn wire(bytes: impl Into<Vec<u8>>) -> Vec<Act> {
    vec![Act::Say(bytes.into())]
}

/// One case on its stage.
pub(crate) struct Stage {
    pub(crate) arena: &'static Arena,
    pub(crate) server: Liar,
    pub(crate) grant: Grant,
    pub(crate) secrets: Secrets,
    pub(crate) traces: Traces,
    session_tokens: bool,
}

impl Stage {
    /// Sets a stage: `lie` answers every request but those for session tokens, which are answered properly.
    pub(crate) async fn new(tenant: &str, attack: &Attack) -> Self {
        let lie = attack.lie.clone();
        Self::with_script(tenant, attack, move |secrets, _, _| lie(secrets)).await
    }

    /// Sets a stage whose script sees the number of the request, and the request.
    pub(crate) async fn with_script(
        tenant: &str,
        attack: &Attack,
        script: impl Fn(&Secrets, usize, &Asked) -> Vec<Act> + Send + Sync + 'static,
    ) -> Self {
        let given_out = AtomicUsize::new(0);
        let honest = move |secrets: &Secrets| {
            let token = &secrets.tokens[given_out.fetch_add(1, SeqCst).min(secrets.tokens.len() - 1)];
            say(200, "", json!({ "token": token, "expires_in": 3600 }).to_string())
        };
        let requests = AtomicUsize::new(0);
        Self::with_tokens(tenant, attack, move |secrets, asked| match asked.target.starts_with(TOKENS) {
            true => honest(secrets),
            false => script(secrets, requests.fetch_add(1, SeqCst), asked),
        })
        .await
    }

    /// Sets a stage whose script answers requests for session tokens too.
    pub(crate) async fn with_tokens(
        tenant: &str,
        attack: &Attack,
        script: impl Fn(&Secrets, &Asked) -> Vec<Act> + Send + Sync + 'static,
    ) -> Self {
        let arena = if attack.http2 { Arena::http2().await } else { Arena::get().await };
        let (key, tokens): (_, Vec<_>) = (secret(), (0..2).map(|_| secret()).collect());
        let sent = if attack.session_tokens { tokens[0].clone() } else { key.clone() };
        let secrets = Secrets { key, tokens, sent };
        let known = secrets.clone();
        let listening = (attack.listening)(&arena.authority, &secrets);
        let server = Liar::start(listening, Arc::new(move |asked| script(&known, asked))).await;
        let upstream = Upstream::refold().at(&server.base_url()).expect("a base URL");
        let credentials: Arc<dyn CredentialProvider> = match attack.session_tokens {
            true => Arc::new(SessionTokens::new(secrets.key.as_str(), ACCOUNT).expect("a key")),
            false => Arc::new(ApiKey::new(secrets.key.as_str(), ACCOUNT).expect("a key")),
        };
        let grant = Grant::builder(tenant)
            .upstream_shared(upstream, credentials)
            .allow_reads("hubspot")
            .allow_writes("hubspot");
        let grant =
            tricks::ALL.iter().fold(grant, |grant, trick| grant.own_action("hubspot", trick, Effect::Write));
        let grant = grant.limits(attack.limits.clone()).build().expect("a grant");
        let tokens = if attack.session_tokens { secrets.tokens.as_slice() } else { &[] };
        let finder = Finder::new(tokens.iter().chain([&secrets.key]).map(|secret| unique_part(secret)));
        let traces = Traces::new(tenant, Arc::new(finder), arena.ledger.clone());
        Self { arena, server, grant, secrets, traces, session_tokens: attack.session_tokens }
    }

    /// Has the hostile plugin write.
    pub(crate) async fn send_write(&self) -> Result<Value, Error> {
        self.server.settled().await;
        let played = self.arena.world.play_under(&self.grant, tricks::SEND, tricks::write()).await;
        if let Ok(report) = &played {
            self.traces.assert_clean("what the guest got", report.to_string());
        }
        self.traces.look_around(played)
    }

    /// Has the reference plugin write.
    pub(crate) async fn write(&self) -> Result<Outcome, Error> {
        self.execute("create_contact", &json!({ "email": "mallory@example.com" })).await
    }

    /// Has the reference plugin read.
    pub(crate) async fn read(&self) -> Result<Outcome, Error> {
        self.execute("get_contact", &json!({ "limit": "1" })).await
    }

    async fn execute(&self, action: &str, parameters: &Value) -> Result<Outcome, Error> {
        self.server.settled().await;
        let executed = self.arena.refold.execute_action(&self.grant, "hubspot", action, parameters).await;
        self.traces.look_around(executed)
    }

    /// Returns the requests that the server received, those for session tokens left out.
    pub(crate) fn received(&self) -> Vec<Asked> {
        self.server.asked().into_iter().filter(|asked| !asked.target.starts_with(TOKENS)).collect()
    }

    /// Returns the requests for session tokens that the server received.
    pub(crate) fn token_requests(&self) -> Vec<Asked> {
        self.server.asked().into_iter().filter(|asked| asked.target.starts_with(TOKENS)).collect()
    }

    /// Asserts that what the server received is the host's own request.
    fn assert_own(&self, asked: &Asked) {
        let body = r#"{"email":"mallory@example.com"}"#;
        assert_eq!(String::from_utf8_lossy(&asked.body), body);
        if asked.stream != 0 {
            return;
        }
        assert_eq!((asked.method.as_str(), asked.target.as_str()), ("POST", EXECUTE));
        assert_eq!(asked.header("accept-encoding"), ["identity"]);
        match self.session_tokens {
            true => {
                assert!(
                    self.secrets
                        .tokens
                        .iter()
                        .any(|t| asked.header("authorization") == [format!("Bearer {t}")])
                );
                assert!(asked.header("x-api-key").is_empty());
            }
            false => {
                assert_eq!(asked.header("x-api-key"), [self.secrets.key.as_str()]);
                assert_eq!(asked.header("linked_account_id"), [ACCOUNT]);
            }
        }
    }
}

impl Fate {
    /// Returns what is said of a write of this fate.
    fn sent(&self) -> Sent {
        match self {
            // Such an answer proves that it did not run.
            Self::Shown(401 | 429, _) | Self::Withheld(_, 401 | 429) => Sent::No,
            Self::Shown(..) | Self::Withheld(..) | Self::TooLarge => Sent::Yes,
            Self::Broken => Sent::Unknown,
            Self::TimedOut(sent) => *sent,
            Self::Unconnected(_) | Self::Insecure(_) => Sent::No,
        }
    }

    /// Returns how often a read of this fate is tried.
    fn read_attempts(&self) -> u32 {
        match self {
            Self::Broken | Self::Unconnected(_) => ATTEMPTS,
            Self::Shown(429 | 500.., _) | Self::Withheld(_, 429 | 500..=599) => ATTEMPTS,
            _ => 1,
        }
    }

    /// Returns how often a write of this fate is tried: again only when it never left.
    fn write_attempts(&self) -> u32 {
        if matches!(self, Self::Unconnected(_)) { ATTEMPTS } else { 1 }
    }

    fn assert_guest(&self, played: &Result<Value, Error>) {
        let code = match (self, played) {
            (Self::Shown(status, body), Ok(report)) => {
                assert_eq!(report["status"], *status, "{report}");
                assert_eq!(report["body"], String::from_utf8_lossy(body).as_ref());
                let passed = |header: &Value| header[0] == "content-type" || header[0] == "retry-after";
                let headers = report["headers"].as_array().expect("headers");
                assert!(headers.iter().all(passed), "{report}");
                assert_eq!(report["trailers"], Value::Null);
                return;
            }
            (Self::TooLarge | Self::TimedOut(_), Err(error)) => return self.assert_error(error),
            (Self::TooLarge, _) => panic!("the call goes on: {played:?}"),
            (Self::Withheld(..), Ok(_)) => "HttpProtocolError",
            (Self::Broken, Ok(_)) => "HttpResponseIncomplete",
            // The guest and its request run out of time at the same moment.
            (Self::TimedOut(_), Ok(_)) => "HttpResponseTimeout",
            (Self::Unconnected(_), Ok(_)) => "ConnectionRefused",
            (Self::Insecure(_), Ok(_)) => "TlsProtocolError",
            (_, Err(error)) => panic!("the hostile plugin reports what it got: {error:?}"),
        };
        let expected = json!({ "error": format!("ErrorCode::{code}"), "unset": [] });
        assert_eq!(played.as_ref().expect("a report"), &expected);
    }

    fn assert_error(&self, error: &Error) {
        let limit = Exceeded::ResponseBytes(RESPONSE_BYTES);
        let as_expected = match (self, error) {
            (Self::Shown(..), _) => true,
            (Self::Withheld(expected, _), Error::Withheld { reason, .. }) => reason == expected,
            (Self::Broken, Error::Unreachable { failure: SendFailure::Broken(_), .. }) => true,
            (Self::TimedOut(_), Error::Unreachable { failure: SendFailure::Timeout { .. }, .. }) => true,
            (Self::TooLarge, Error::Limit { exceeded, .. }) => *exceeded == limit,
            (Self::Unconnected(words), Error::Unreachable { failure: SendFailure::Connect(why), .. })
            | (Self::Insecure(words), Error::Unreachable { failure: SendFailure::Tls(why), .. }) => {
                why.contains(words)
            }
            _ => false,
        };
        assert!(as_expected, "expected {self:?} and got {error:?}");
    }

    fn assert_events(&self, request: &RequestEvent, call: &CallEvent, attempts: u32) {
        let (result, status) = match self {
            Self::Shown(status, _) => ("answered".to_owned(), Some(*status)),
            Self::Withheld(reason, status) => (format!("answer withheld: {reason}"), Some(*status)),
            Self::Broken => ("the connection broke before the answer was complete".to_owned(), None),
            Self::TimedOut(_) => ("the upstream did not answer within the call's wall time".to_owned(), None),
            Self::TooLarge => (format!("over the limit {}", Exceeded::ResponseBytes(RESPONSE_BYTES)), None),
            Self::Unconnected(_) => ("no connection to the upstream".to_owned(), None),
            Self::Insecure(_) => ("no secure connection to the upstream".to_owned(), None),
        };
        assert!(request.result.starts_with(&result), "expected {result:?} and got {:?}", request.result);
        assert_eq!((request.status, request.attempts), (status, attempts));
        assert_eq!((request.sent, call.sent), (self.sent(), self.sent()), "in the audit");
    }
}

/// Plays a case.
pub(crate) async fn endure(name: String, attack: Attack) {
    let stage = Stage::new(&name, &attack).await;
    endure_on(&stage, &attack.fate).await;
    if !matches!((attack.lie)(&stage.secrets).last(), Some(Act::Next)) {
        tokio::time::timeout(Duration::from_secs(10), stage.server.abandoned())
            .await
            .expect("the host lets go of the connection");
    }
}

/// Plays a case on a stage, whose server may be asked before and after.
pub(crate) async fn endure_on(stage: &Stage, fate: &Fate) {
    let arrives = |attempts: u32| match fate {
        Fate::Unconnected(_) | Fate::Insecure(_) => 0,
        _ => attempts as usize,
    };
    let check = |before: usize, attempts: u32| {
        let received = stage.received();
        assert_eq!(received.len() - before, arrives(attempts), "requests at the server");
        let event = stage.traces.request_events().pop().expect("an event of the request");
        fate.assert_events(&event, &stage.traces.last_call(), attempts);
        received
    };

    let before = stage.received().len();
    let played = stage.send_write().await;
    fate.assert_guest(&played);
    check(before, fate.write_attempts()).iter().skip(before).for_each(|asked| stage.assert_own(asked));

    let before = stage.received().len();
    let written = stage.write().await;
    check(before, fate.write_attempts()).iter().skip(before).for_each(|asked| stage.assert_own(asked));
    match &written {
        Err(error) => {
            fate.assert_error(error);
            assert_eq!(error.sent(), fate.sent(), "of a write: {error:?}");
            assert!(fate.sent() == Sent::No || !error.is_retryable(), "it may have run: {error:?}");
        }
        Ok(_) => assert!(matches!(fate, Fate::Shown(200..300, _)), "expected {fate:?} and got {written:?}"),
    }

    let before = stage.received().len();
    let read = stage.read().await;
    check(before, fate.read_attempts());
    match &read {
        Err(error) => fate.assert_error(error),
        Ok(_) => assert!(matches!(fate, Fate::Shown(200..300, _)), "expected {fate:?} and got {read:?}"),
    }
}
