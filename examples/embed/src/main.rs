//! A small service that lets two tenants' users execute actions through one plugin.
//!
//! Each tenant has a grant of its own, so one plugin acts on two accounts and can mix up neither. Tries
//! itself against a sandbox server that it starts; see `README.md` for how to call it.

use std::{collections::HashMap, sync::Arc};

use actionbox_host::{
    Action, ActionHost, Actor, Effect, Error, Grant, Outcome, Plugin, SessionTokens, Success, Upstream,
};
use actionbox_sandbox::{SANDBOX_API_KEY, Sandbox};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, post},
};
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_env_filter("info").with_writer(std::io::stderr).init();
    // For the real thing: leave the sandbox server away, take the key from a vault, and end with
    // `Upstream::refold()`.
    let sandbox = Sandbox::builder().start().await?;
    let upstream = Upstream::refold().at(&sandbox.base_url())?;

    let host = ActionHost::builder().build()?;
    let plugin = host.load(actionbox_examples::UPSERT_CONTACT).await?;
    let mut grants = HashMap::new();
    for (tenant, account) in [("acme", "customer@example.com"), ("globex", "demo-user-1")] {
        let tokens = SessionTokens::new(SANDBOX_API_KEY.to_owned(), account)?;
        let mut grant = Grant::builder(tenant).upstream(upstream.clone(), tokens).allow_reads("hubspot");
        // What one tenant bought, the other need not have.
        if tenant == "acme" {
            grant = grant
                .own_action("hubspot", "upsert_contact", Effect::Write)
                .allow_action("hubspot", "create_contact")
                .allow_action("hubspot", "update_contact");
        }
        grants.insert(tenant.to_owned(), grant.build()?);
    }

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, service(plugin, grants)).await?;
    Ok(())
}

struct Tenants {
    plugin: Plugin,
    grants: HashMap<String, Grant>,
}

fn service(plugin: Plugin, grants: HashMap<String, Grant>) -> Router {
    Router::new()
        .route("/{tenant}/{app}", get(list))
        .route("/{tenant}/{app}/{action}", post(execute))
        .with_state(Arc::new(Tenants { plugin, grants }))
}

/// An answer that is no success.
type Refused = (StatusCode, Json<Value>);

impl Tenants {
    /// Who calls would be known from a session or a token in a real service; here the path says it.
    fn grant(&self, tenant: &str) -> Result<&Grant, Refused> {
        let unknown = || (StatusCode::NOT_FOUND, Json(json!({ "error": "there is no such tenant" })));
        self.grants.get(tenant).ok_or_else(unknown)
    }
}

async fn list(
    State(tenants): State<Arc<Tenants>>,
    Path((tenant, app)): Path<(String, String)>,
) -> Result<Json<Vec<Action>>, Refused> {
    let grant = tenants.grant(&tenant)?;
    tenants.plugin.list_actions(grant, &app).await.map(Json).map_err(refused)
}

async fn execute(
    State(tenants): State<Arc<Tenants>>,
    Path((tenant, app, action)): Path<(String, String, String)>,
    Json(parameters): Json<Value>,
) -> Result<Json<Success>, Refused> {
    let grant = tenants.grant(&tenant)?;
    match tenants.plugin.execute_action(grant, &app, &action, &parameters).await.map_err(refused)? {
        Outcome::Succeeded(success) => Ok(Json(success)),
        // The app was reached and refused: the caller's affair, not a fault of this service.
        Outcome::Failed(failure) => Err((StatusCode::UNPROCESSABLE_ENTITY, Json(json!(failure)))),
    }
}

/// Turns the host's typed error into a status: by who must act.
fn refused(error: Error) -> Refused {
    let status = match error.actor() {
        Actor::Caller => StatusCode::BAD_REQUEST,
        Actor::Tenant => StatusCode::FORBIDDEN,
        Actor::Upstream => StatusCode::BAD_GATEWAY,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let body = json!({
        "error": error.to_string(), "actor": error.actor(), "sent": error.sent(), "retryable": error.is_retryable(),
    });
    (status, Json(body))
}
