//! The reference plugin by the host's own functions does what it does over `wasi:http`, whatever happens.

use std::{sync::Arc, time::Duration};

use actionbox_examples::{REFOLD, REFOLD_TYPED};
use actionbox_host::{BeforeSend, BoxFuture, Effect, Grant, RequestEvent, SendIntent};
use actionbox_sandbox::{Fault, StatusCode};
use actionbox_tests::world::{Builder, World};
use serde_json::json;

/// Plays a scene with both plugins: what it returns, what the server receives and what the audit says are the same.
async fn is_the_same(name: &str, build: impl Fn(Builder) -> Builder, scene: impl AsyncFn(&World) -> String) {
    let mut seen = Vec::new();
    for plugin in [REFOLD, REFOLD_TYPED] {
        let world = build(World::builder()).plugin(plugin).start().await;
        let returned = scene(&world).await;
        let received: Vec<_> = world.sandbox.requests().iter().map(what_leaves).collect();
        let events: Vec<_> = world.audit.requests().iter().map(what_is_told).collect();
        seen.push((returned, received, events, [world.key.clone(), world.secret()]));
    }
    let (typed, http) = (seen.pop().expect("two"), seen.pop().expect("two"));
    assert_eq!(comparable(&typed.0, &typed.3), comparable(&http.0, &http.3), "{name}: what is returned");
    let leaves = |received: &[String], secrets: &[String]| comparable(&received.concat(), secrets);
    assert_eq!(leaves(&typed.1, &typed.3), leaves(&http.1, &http.3), "{name}: what leaves");
    assert_eq!(typed.2, http.2, "{name}: what the audit says");
}

/// Returns a text without what differs from world to world and from time to time: secrets, identifiers of requests,
/// and times.
fn comparable(text: &str, secrets: &[String]) -> String {
    let is_id = |word: &str| word.len() == 36 && word.matches('-').count() == 4;
    let is_time = |word: &str| word.ends_with('Z') && word.matches(':').count() == 2;
    let word = |word| if is_id(word) || is_time(word) { "…" } else { word };
    let text = secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret, "SECRET"));
    text.split(['"', '\\']).map(word).collect::<Vec<_>>().join("\"")
}

fn what_leaves(request: &actionbox_sandbox::RecordedRequest) -> String {
    let mut headers: Vec<_> = request
        .headers
        .iter()
        .filter(|(name, _)| !name.eq_ignore_ascii_case("host"))
        .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value)))
        .collect();
    headers.sort();
    format!(
        "{} {}\n{}\n\n{}\n",
        request.method,
        request.target,
        headers.join("\n"),
        String::from_utf8_lossy(&request.body)
    )
}

fn what_is_told(event: &RequestEvent) -> String {
    let RequestEvent { request, target, effect, rule, refusal, result, status, sent, attempts, .. } = event;
    let (request_bytes, response_bytes) = (event.request_bytes, event.response_bytes);
    format!(
        "{request} {target} {effect:?} {rule:?} {refusal:?} {result} {status:?} {sent} {attempts} {request_bytes} {response_bytes}"
    )
}

/// Everything that a plugin may be asked, once.
async fn all_three(world: &World, grant: &Grant) -> String {
    let plugin = &world.plugin;
    let listed = plugin.list_actions(grant, "hubspot").await;
    let described = plugin.describe_action(grant, "hubspot", "create_contact").await;
    let read = plugin.execute_action(grant, "hubspot", "get_contact", &json!({ "limit": "2" })).await;
    let unicode = json!({ "email": "ada@b.example", "firstname": "Ad\u{e4} \u{2603} \\u0041 \"" });
    let written = plugin.execute_action(grant, "hubspot", "create_contact", &unicode).await;
    let refused =
        plugin.execute_action(grant, "hubspot", "delete_contact", &json!({ "contact_id": "51" })).await;
    format!("{listed:?}\n{described:?}\n{read:?}\n{written:?}\n{refused:?}")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_main_job_is_the_same() {
    is_the_same("the main job", |b| b, async |world: &World| all_three(world, &world.grant).await).await;
    is_the_same(
        "session tokens",
        |b| b.session_tokens(),
        async |world: &World| all_three(world, &world.grant).await,
    )
    .await;
    is_the_same("TLS", Builder::tls, async |world: &World| all_three(world, &world.grant).await).await;
    let nothing = async |world: &World| all_three(world, &Grant::default()).await;
    is_the_same("an empty grant", |b| b, nothing).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_any_kind_is_the_same() {
    type Make = fn() -> Fault;
    let faults: Vec<(&str, Make)> = vec![
        ("a failure", || Fault::status(StatusCode::INTERNAL_SERVER_ERROR)),
        ("throttled", || Fault::throttled("0")),
        ("throttled for long", || Fault::throttled("100000")),
        ("not found", || Fault::status(StatusCode::NOT_FOUND)),
        ("unauthorized", || Fault::status(StatusCode::UNAUTHORIZED)),
        ("HTML", || Fault::html_error(StatusCode::BAD_GATEWAY)),
        ("nothing", || Fault::empty_body(StatusCode::OK)),
        ("no JSON", || Fault::json_body(StatusCode::OK, "{")),
        ("no text", || Fault::json_body(StatusCode::OK, vec![b'"', 0xff, b'"'])),
        ("deep", || Fault::json_body(StatusCode::OK, "[".repeat(10_000))),
        ("a redirect", || Fault::redirect("https://evil.example/")),
        ("a reset", Fault::reset),
        ("a close", Fault::close),
        ("a body that breaks off", Fault::truncated_body),
        ("an endless body", Fault::endless_body),
        ("the credentials in the body", Fault::echo_headers),
        ("the credentials in the headers", Fault::echo_headers_in_headers),
    ];
    for (name, fault) in faults {
        let scene = async |world: &World| {
            let mut ended = Vec::new();
            for (action, parameters) in
                [("get_contact", json!({})), ("create_contact", json!({ "email": "a@b.example" }))]
            {
                world.sandbox.inject(fault().always());
                let outcome = world.execute(action, parameters).await;
                world.sandbox.clear_faults();
                ended.push(format!("{outcome:?}"));
            }
            ended.join("\n")
        };
        is_the_same(name, |b| b, scene).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wall_time_ends_both() {
    let hang = async |world: &World| {
        world.sandbox.inject(Fault::hang());
        format!("{:?}", world.execute("create_contact", json!({ "email": "a@b.example" })).await)
    };
    is_the_same("an upstream that hangs", |b| b.limits(|l| l.wall_time = Duration::from_millis(500)), hang)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_names_are_told_in_the_same_words() {
    let names = async |world: &World| {
        let mut ended = Vec::new();
        for name in ["hubspot", "..", "no_such_app", "slack"] {
            ended.push(format!("{:?}", world.plugin.list_actions(&world.grant, name).await));
            ended.push(format!("{:?}", world.plugin.describe_action(&world.grant, "hubspot", name).await));
        }
        ended.join(
            "
",
        )
    };
    is_the_same("names", |b| b, names).await;
}

/// Lets nothing out that writes.
struct ReadOnly;

impl BeforeSend for ReadOnly {
    fn before_send<'a>(&'a self, intent: &'a SendIntent) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            match intent.effect {
                Effect::Read => Ok(()),
                _ => Err(format!("{} of {} bytes", intent.route, intent.body.len())),
            }
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hook_is_asked_for_both() {
    let both = async |world: &World| all_three(world, &world.grant).await;
    is_the_same("a hook", |b| b.before_send(Arc::new(ReadOnly)), both).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_imports_no_http() {
    let world = World::start().await;
    let imports = |component: &'static [u8]| {
        let host = world.host.clone();
        async move { host.inspect(component).await.imports }
    };
    let has = |imports: &[String], name: &str| imports.iter().any(|import| import.starts_with(name));
    let (http, typed) = (imports(REFOLD).await, imports(REFOLD_TYPED).await);
    assert!(
        has(&http, "wasi:http/outgoing-handler@") && !has(&http, "actionbox:plugin/upstream@"),
        "{http:?}"
    );
    assert!(!has(&typed, "wasi:http") && has(&typed, "actionbox:plugin/upstream@"), "{typed:?}");
}
