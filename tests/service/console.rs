//! The operator's console: who is let in, what a page of somebody else can do (nothing), and what each role may.

use std::time::{Duration, Instant};

use actionbox_sandbox::Fault;
use actionbox_service::Role;
use http::{Method, StatusCode, header};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::{
    client::{Answered, Client},
    harness::Setup,
};

fn base(setup: &Setup) -> String {
    format!("http://{}", setup.service.address())
}

/// What the console's own page sends with everything.
fn page(setup: &Setup) -> Client {
    Client::new(&base(setup))
        .header("x-actionbox-console", "1")
        .header("origin", base(setup))
        .header("sec-fetch-site", "same-origin")
}

async fn sign_in(setup: &Setup, key: &str) -> Answered {
    page(setup).post("/console/api/sign-in", &json!({ "key": key })).await
}

/// Signs in, and returns the session as the browser would send it back.
async fn cookie(setup: &Setup, key: &str) -> String {
    let answered = sign_in(setup, key).await;
    assert_eq!(answered.status, StatusCode::OK, "{answered:?}");
    let cookie = answered.headers[header::SET_COOKIE].to_str().expect("text");
    cookie.split(';').next().expect("a cookie").to_owned()
}

async fn operator(setup: &Setup) -> Client {
    page(setup).header("cookie", cookie(setup, setup.admin.key.expose_secret()).await)
}

async fn viewer(setup: &Setup) -> Client {
    let key = setup.service.admin("test").new_key("looker", Role::Viewer, None).await.expect("a key").key;
    page(setup).header("cookie", cookie(setup, key.expose_secret()).await)
}

const LOOKS: &[&str] = &[
    "overview",
    "rates",
    "tenants",
    "tenants/acme",
    "grants",
    "grants/acme/hubspot",
    "plugins",
    "executions",
    "audit",
];

fn acts(id: &str) -> [(String, Value); 3] {
    [
        (format!("executions/{id}/settle"), json!({ "ran": true, "note": "forged" })),
        ("grants/acme/hubspot/roll-back".to_owned(), json!({ "version": 1 })),
        (
            "try".to_owned(),
            json!({
                "tenant": "acme", "app": "hubspot", "action": "create_contact",
                "parameters": { "email": "a@example.com" },
            }),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_comes_with_what_keeps_it_where_it_belongs() {
    let setup = Setup::new("console-page").await;
    let client = Client::new(&base(&setup));
    for path in ["/", "/console"] {
        let answered = client.get(path).await;
        assert_eq!(answered.status, StatusCode::TEMPORARY_REDIRECT, "{path}");
        assert_eq!(answered.headers[header::LOCATION], "/console/", "{path}");
    }
    let index = client.get("/console/").await;
    assert!(index.text.contains("<title>Actionbox</title>") && !index.text.contains("://"), "{index:?}");
    for path in
        ["/console/", "/console/main.js", "/console/console.css", "/console/nothing", "/console/api/session"]
    {
        let answered = client.get(path).await;
        let policy = answered.headers[header::CONTENT_SECURITY_POLICY].to_str().expect("text");
        for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answered.headers[name], value, "{path}: {name}");
        }
        assert!(!answered.headers.contains_key("access-control-allow-origin"), "{path}");
    }
    let tag = client.get("/console/main.js").await.headers[header::ETAG].clone();
    let again =
        Client::new(&base(&setup)).header("if-none-match", tag.as_bytes()).get("/console/main.js").await;
    assert_eq!((again.status, again.text.as_str()), (StatusCode::NOT_MODIFIED, ""));
    assert_eq!(client.get("/console/..%2f..%2fCargo.toml").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_no_key_for_it_does_not_get_in_and_keeps_nobody_out() {
    let setup = Setup::new("console-sign-in").await;
    let admin = setup.service.admin("test");
    let revoked = admin.new_key("gone", Role::Viewer, None).await.expect("a key");
    admin.revoke_key(&revoked.id).await.expect("it was there");
    let good = setup.admin.key.expose_secret();
    let table: Vec<(&str, String)> = vec![
        ("empty", String::new()),
        ("forged", "ab_admin_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned()),
        ("cut", good[..good.len() - 1].to_owned()),
        ("its digest", setup.admin.id.clone()),
        ("a caller's", setup.caller.key.expose_secret().to_owned()),
        ("revoked", revoked.key.expose_secret().to_owned()),
        ("the upstream's", setup.upstream_key.clone()),
    ];
    // All at once: whoever is wrong waits, whoever is right does not.
    let began = Instant::now();
    let refused = async {
        for (what, key) in &table {
            let answered = sign_in(&setup, key).await;
            assert_eq!(
                (answered.status, answered.code()),
                (StatusCode::FORBIDDEN, "WRONG_KEY".to_owned()),
                "{what}"
            );
            assert!(!answered.headers.contains_key(header::SET_COOKIE), "{what}");
        }
        began.elapsed()
    };
    let admitted = async {
        cookie(&setup, good).await;
        began.elapsed()
    };
    let (refused, admitted) = tokio::join!(refused, admitted);
    let pause = Duration::from_secs(1);
    assert!(refused >= pause * u32::try_from(table.len()).expect("few"), "each of them waits: {refused:?}");
    assert!(admitted < pause * 2, "others do not: {admitted:?}");
    for form in ["", "{}", "[]", "null", "{\"key\":1}", "{\"key\":\"a\",\"more\":1}", &"x".repeat(2000)] {
        let answered = page(&setup).send(Method::POST, "/console/api/sign-in", form.to_owned()).await;
        assert!(answered.status.is_client_error(), "{form}: {answered:?}");
        assert!(!answered.headers.contains_key(header::SET_COOKIE), "{form}");
    }
    let trail = setup.administrator().get("/v1/audit?limit=1000").await;
    let lines = trail.json();
    let lines = lines["lines"].as_array().expect("lines");
    assert!(lines.iter().any(|line| line["event"]["path"] == "/console/api/sign-in"), "failures are told");
    assert!(
        lines.iter().any(|line| line["event"]["change"] == "signed in" && line["event"]["by"] == "operator")
    );
    for (what, key) in table.iter().filter(|(_, key)| key.len() > 40 && *key != setup.admin.id) {
        assert!(!trail.text.contains(key.as_str()), "{what} is told nowhere");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_a_cookie_that_only_the_console_gets() {
    let setup = Setup::new("console-cookie").await;
    let key = setup.admin.key.expose_secret();
    let set = |answered: &Answered| answered.headers[header::SET_COOKIE].to_str().expect("text").to_owned();
    let here = set(&sign_in(&setup, key).await);
    assert!(here.ends_with("; Path=/console; HttpOnly; SameSite=Strict"), "{here}");
    // Behind a proxy that speaks TLS, the browser names an origin with https.
    let far = |origin: &str| {
        let client = Client::new(&base(&setup)).header("x-actionbox-console", "1").header("origin", origin);
        client.header("host", "actionbox.example")
    };
    let body = json!({ "key": key });
    let answered = far("https://actionbox.example").post("/console/api/sign-in", &body).await;
    assert!(set(&answered).ends_with("; SameSite=Strict; Secure"), "{answered:?}");
    let answered = far("http://actionbox.example").post("/console/api/sign-in", &body).await;
    assert_eq!((answered.status, answered.code()), (StatusCode::FORBIDDEN, "NOT_ENCRYPTED".to_owned()));
    // What opens the console opens nothing else.
    let session = cookie(&setup, key).await;
    let token = session.split_once('=').expect("a pair").1;
    for client in [
        Client::new(&base(&setup)).header("cookie", &session),
        Client::new(&base(&setup)).header("x-api-key", token),
    ] {
        assert_eq!(client.get("/v1/tenants").await.status, StatusCode::UNAUTHORIZED);
        let client = client.header("linked_account_id", "acme");
        assert_eq!(client.actions("hubspot").await.status, StatusCode::UNAUTHORIZED);
    }
    // And a key in a header opens no console.
    let with_key = page(&setup).header("x-api-key", key);
    assert_eq!(with_key.get("/console/api/tenants").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_forged_ended_or_of_a_revoked_key_opens_nothing() {
    let setup = Setup::new("console-sessions").await;
    let good = cookie(&setup, setup.admin.key.expose_secret()).await;
    let (name, token) = good.split_once('=').expect("a pair");
    let looks = async |cookies: &[&str]| {
        let client = cookies.iter().fold(page(&setup), |client, cookie| client.header("cookie", cookie));
        let mut statuses = Vec::new();
        for path in LOOKS {
            statuses.push(client.get(&format!("/console/api/{path}")).await.status);
        }
        for (path, body) in acts("req_0") {
            statuses.push(client.post(&format!("/console/api/{path}"), &body).await.status);
        }
        statuses
    };
    let digest = setup.admin.id.clone();
    for (what, cookies) in [
        ("none", vec![]),
        ("empty", vec![format!("{name}=")]),
        ("forged", vec![format!("{name}={}", "A".repeat(43))]),
        ("cut", vec![format!("{name}={}", &token[1..])]),
        ("longer", vec![format!("{name}={token}A")]),
        ("the key's digest", vec![format!("{name}={digest}")]),
        ("another name", vec![format!("x{name}={token}")]),
        ("two", vec![good.clone(), format!("{name}=x")]),
    ] {
        let cookies: Vec<&str> = cookies.iter().map(String::as_str).collect();
        let statuses = looks(&cookies).await;
        assert!(statuses.iter().all(|status| *status == StatusCode::UNAUTHORIZED), "{what}: {statuses:?}");
    }
    assert!(looks(&[&good]).await[..LOOKS.len()].iter().all(|status| *status == StatusCode::OK));
    // Signed out, the same cookie opens nothing.
    let client = page(&setup).header("cookie", &good);
    assert_eq!(client.post("/console/api/sign-out", &json!({})).await.status, StatusCode::OK);
    assert!(looks(&[&good]).await.iter().all(|status| *status == StatusCode::UNAUTHORIZED));
    // A session ends with its key, and does not come back with the service.
    let admin = setup.service.admin("test");
    let key = admin.new_key("leaver", Role::Admin, None).await.expect("a key");
    let session = cookie(&setup, key.key.expose_secret()).await;
    admin.revoke_key(&key.id).await.expect("it was there");
    assert!(looks(&[&session]).await.iter().all(|status| *status == StatusCode::UNAUTHORIZED));
    let last = cookie(&setup, setup.admin.key.expose_secret()).await;
    let setup = setup.restart().await;
    let after = page(&setup).header("cookie", &last).get("/console/api/overview").await;
    assert_eq!(after.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_origin_can_do_nothing_with_somebody_elses_session() {
    let setup = Setup::new("console-csrf").await;
    let (here, session) = (base(&setup), cookie(&setup, setup.admin.key.expose_secret()).await);
    let before = setup.sandbox.requests().len();
    let own = ("x-actionbox-console", "1");
    let (origin, same) = (("origin", here.as_str()), ("sec-fetch-site", "same-origin"));
    let table: &[(&str, &[(&str, &str)])] = &[
        ("a form", &[origin, same]),
        ("nothing but the header", &[own]),
        ("another origin", &[own, ("origin", "https://evil.example"), same]),
        ("another port", &[own, ("origin", "http://127.0.0.1:1"), same]),
        ("a name that leads here", &[own, ("origin", "http://localhost.evil.example"), same]),
        ("a frame without origin", &[own, ("origin", "null"), same]),
        ("two origins", &[own, origin, ("origin", "https://evil.example"), same]),
        ("another site, says the browser", &[own, origin, ("sec-fetch-site", "cross-site")]),
        ("the same site, says the browser", &[own, origin, ("sec-fetch-site", "same-site")]),
        ("two answers of the browser", &[own, origin, same, ("sec-fetch-site", "cross-site")]),
    ];
    for (what, headers) in table {
        let client = Client::new(&here).header("cookie", &session);
        let client = headers.iter().fold(client, |client, (name, value)| client.header(name, value));
        for (path, body) in acts("req_0") {
            let answered = client.post(&format!("/console/api/{path}"), &body).await;
            assert_eq!(
                (answered.status, answered.code()),
                (StatusCode::FORBIDDEN, "FOREIGN_ORIGIN".to_owned()),
                "{what}: {path}"
            );
        }
        let answered = client.post("/console/api/sign-in", &json!({ "key": "x" })).await;
        assert_eq!(answered.code(), "FOREIGN_ORIGIN", "{what}: nobody is signed in as somebody else");
    }
    // What a link or an image would send reads nothing either.
    for headers in [&[][..], &[("sec-fetch-site", "cross-site"), own]] {
        let client = Client::new(&here).header("cookie", &session);
        let client = headers.iter().fold(client, |client, (name, value)| client.header(name, value));
        assert_eq!(client.get("/console/api/tenants").await.code(), "FOREIGN_ORIGIN");
    }
    // Being asked beforehand whether another origin may: no.
    let asked = Client::new(&here).header("origin", "https://evil.example");
    let asked = asked.header("access-control-request-headers", "x-actionbox-console");
    let answered = asked.send(Method::OPTIONS, "/console/api/try", "").await;
    assert!(!answered.headers.contains_key("access-control-allow-origin"), "{answered:?}");
    assert_eq!(setup.sandbox.requests().len(), before, "nothing left");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_looks_and_changes_nothing() {
    let setup = Setup::new("console-viewer").await;
    let viewer = viewer(&setup).await;
    for path in LOOKS {
        let answered = viewer.get(&format!("/console/api/{path}")).await;
        assert_eq!(answered.status, StatusCode::OK, "{path}: {answered:?}");
        assert_eq!(answered.headers[header::CACHE_CONTROL], "no-store", "{path}");
    }
    setup.sandbox.inject(Fault::reset().on_path("/execute").after_execute());
    let doubt = setup.client("acme").execute("hubspot", "create_contact", &json!({ "email": "a@b.c" })).await;
    let id = doubt.json()["request_id"].as_str().expect("an id").to_owned();
    let before = setup.sandbox.requests().len();
    for (path, body) in acts(&id) {
        let answered = viewer.post(&format!("/console/api/{path}"), &body).await;
        assert_eq!(answered.status, StatusCode::FORBIDDEN, "{path}: {answered:?}");
    }
    // To list and to describe runs a plugin too.
    for body in [
        json!({ "tenant": "acme", "app": "hubspot" }),
        json!({ "tenant": "acme", "app": "hubspot", "action": "get_contact" }),
    ] {
        assert_eq!(viewer.post("/console/api/try", &body).await.status, StatusCode::FORBIDDEN);
    }
    assert_eq!(setup.sandbox.requests().len(), before, "nothing left");
    let call = viewer.get(&format!("/console/api/calls/{id}")).await.json();
    assert_eq!(call["execution"]["state"], "in_doubt");
    assert_eq!(call["sends"][0]["state"], "in_doubt");
    // An operator settles it, and only once.
    let operator = operator(&setup).await;
    let path = format!("/console/api/executions/{id}/settle");
    let verdict = json!({ "ran": true, "note": "it is in the app" });
    assert_eq!(operator.post(&path, &verdict).await.status, StatusCode::OK);
    assert_eq!(operator.post(&path, &verdict).await.status, StatusCode::CONFLICT);
    let call = viewer.get(&format!("/console/api/calls/{id}")).await.json();
    let lines = call["lines"].as_array().expect("lines").iter();
    let settled = lines.filter(|line| line["event"]["kind"] == "settled").collect::<Vec<_>>();
    assert_eq!((settled.len(), &settled[0]["event"]["by"]), (1, &json!("operator")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_operator_tries_is_bound_by_the_grant_and_in_the_audit_under_its_name() {
    let setup = Setup::new("console-try").await;
    let operator = operator(&setup).await;
    let attempt = async |body: Value| operator.post("/console/api/try", &body).await.json();
    let listed = attempt(json!({ "tenant": "acme", "app": "hubspot" })).await;
    let of = |id: &str| {
        let actions = listed["body"].as_array().expect("actions").iter();
        actions.clone().find(|action| action["action_id"] == id).expect("it is there").clone()
    };
    assert_eq!(of("get_contact")["effect"], "read");
    assert_eq!(of("create_contact")["effect"], "write");
    assert_eq!(of("delete_contact")["effect"], "destructive");
    assert!(of("update_contact")["refused"].as_str().is_some_and(|why| why.contains("does not allow")));
    let described = attempt(json!({ "tenant": "acme", "app": "hubspot", "action": "create_contact" })).await;
    assert!(described["body"].as_array().is_some_and(|all| all.iter().any(|one| one["required"] == true)));

    let create = |key: &str| {
        json!({ "tenant": "acme", "app": "hubspot", "action": "create_contact", "idempotency_key": key,
            "parameters": { "email": "ada@example.com" } })
    };
    let made = attempt(create("once")).await;
    assert_eq!(made["status"], 200, "{made}");
    assert_eq!(attempt(create("once")).await["body"], made["body"], "the same key, the same answer");
    assert_eq!(setup.ran("create_contact"), 1);
    for key in ["", "two words", &"x".repeat(256), "line\nbreak"] {
        assert_eq!(
            operator.post("/console/api/try", &create(key)).await.status,
            StatusCode::BAD_REQUEST,
            "{key:?}"
        );
    }
    let id = made["id"].as_str().expect("an id");
    let call = operator.get(&format!("/console/api/calls/{id}")).await.json();
    assert!(call.to_string().contains("\"caller\":\"operator (console)\""), "{call}");

    // What destroys is asked for twice; what is not granted is refused however often.
    let contact = made["body"]["data"]["id"].clone();
    let delete = |confirmed: bool| {
        json!({ "tenant": "acme", "app": "hubspot", "action": "delete_contact", "confirmed": confirmed,
            "parameters": { "contact_id": contact } })
    };
    let asked = operator.post("/console/api/try", &delete(false)).await;
    assert_eq!((asked.status, asked.code()), (StatusCode::CONFLICT, "CONFIRM".to_owned()));
    assert_eq!(setup.ran("delete_contact"), 0);
    assert_eq!(attempt(delete(true)).await["status"], 200);
    assert_eq!(setup.ran("delete_contact"), 1);
    let before = setup.sandbox.requests().len();
    let refused = attempt(json!({ "tenant": "acme", "app": "hubspot", "action": "httprequest",
        "parameters": {}, "confirmed": true }))
    .await;
    assert_eq!((&refused["status"], &refused["body"]["error_code"]), (&json!(403), &json!("DENIED")));
    let nobody = json!({ "tenant": "nobody", "app": "hubspot" });
    assert_eq!(operator.post("/console/api/try", &nobody).await.status, StatusCode::NOT_FOUND);
    assert_eq!(setup.sandbox.requests().len(), before, "nothing left");

    // The charts have counted all of it.
    let rates = operator.get("/console/api/rates").await.json();
    let acme = rates["tenants"].as_array().expect("rows").iter().find(|row| row["name"] == "acme");
    assert_eq!(acme.expect("a row")["ended"][2], 1, "one refusal: {rates}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_have_everything_once_and_a_forged_place_to_begin_is_refused() {
    let setup = Setup::new("console-pages").await;
    let admin = setup.service.admin("test");
    for number in 0..118 {
        admin.new_tenant(&format!("tenant-{number:03}")).await.expect("a tenant");
    }
    for number in 0..60 {
        let new = json!({ "email": format!("{number}@example.com") });
        let made = setup.client("acme").execute("hubspot", "create_contact", &new).await;
        assert_eq!(made.json()["node_status"], "Success", "{made:?}");
    }
    let viewer = viewer(&setup).await;
    for (path, count, name) in [
        ("tenants", 120, "id"),
        ("executions", 60, "id"),
        ("executions?tenant=acme&state=succeeded", 60, "id"),
    ] {
        let (mut names, mut from) = (std::collections::HashSet::new(), None::<String>);
        loop {
            let separator = if path.contains('?') { '&' } else { '?' };
            let place =
                from.map_or_else(String::new, |from| format!("{separator}from={}", from.replace(' ', "%20")));
            let page = viewer.get(&format!("/console/api/{path}{place}")).await.json();
            let rows = page["rows"].as_array().expect("rows");
            assert!(rows.len() <= 50, "{path}");
            for row in rows {
                assert!(names.insert(row[name].as_str().expect("a name").to_owned()), "{path}: twice");
            }
            from = page["next"].as_str().map(str::to_owned);
            if from.is_none() {
                break;
            }
        }
        assert_eq!(names.len(), count, "{path}");
    }
    for path in [
        "executions?from=x",
        "executions?from=1",
        "executions?from=%20",
        "executions?state=lost",
        "plugins?from='",
        "grants?from=x",
        "audit?from=x",
        "audit?which=secrets",
        "tenants?unknown=1",
    ] {
        let answered = viewer.get(&format!("/console/api/{path}")).await;
        assert_eq!(answered.status, StatusCode::BAD_REQUEST, "{path}: {answered:?}");
    }
    // Text is compared, whatever it is.
    for tenant in ["'%20OR%20'1'='1", "%25", "acme'--", "_cme"] {
        for path in ["executions?tenant=", "grants?tenant=", "audit?tenant=", "tenants?begins="] {
            let page = viewer.get(&format!("/console/api/{path}{tenant}")).await;
            assert_eq!(page.json()["rows"], json!([]), "{path}{tenant}: {page:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_of_the_console_holds_a_secret() {
    let setup = Setup::new("console-secrets").await;
    let operator = operator(&setup).await;
    let made = setup.client("acme").execute("hubspot", "create_contact", &json!({ "email": "a@b.c" })).await;
    assert_eq!(made.status, StatusCode::OK);
    let digest = operator.get("/console/api/plugins").await.json()["rows"][0]["digest"].clone();
    let id = operator.get("/console/api/executions").await.json()["rows"][0]["id"].clone();
    let more = [
        format!("plugins/{}", digest.as_str().expect("a digest")),
        format!("calls/{}", id.as_str().expect("an id")),
        "session".to_owned(),
        "grants/globex/hubspot".to_owned(),
    ];
    let secrets = [
        &setup.upstream_key,
        setup.master.expose_secret(),
        setup.admin.key.expose_secret(),
        setup.caller.key.expose_secret(),
    ];
    for path in LOOKS.iter().map(|path| (*path).to_owned()).chain(more) {
        let answered = operator.get(&format!("/console/api/{path}")).await;
        assert_eq!(answered.status, StatusCode::OK, "{path}: {answered:?}");
        for secret in secrets {
            assert!(!answered.text.contains(secret.trim()), "{path}");
        }
    }
}
