//! `demo`: the whole job in one go, on a sandbox server in this process.
//!
//! It lists, describes, reads, writes, reads back and is refused; then it holds what the plugin saw against
//! what the upstream received, and checks that the key is on the upstream's side only.

mod sides;
mod text;

use std::sync::Arc;

use actionbox_host::{Action, ApiKey, Error, Grant, Outcome, Parameter, Plugin, Upstream};
use actionbox_sandbox::{DEFAULT_ACCOUNTS, SANDBOX_API_KEY, Sandbox};
use serde::Serialize;
use serde_json::{Value, json};

use self::sides::{PluginSaw, Sides, UpstreamReceived};
use crate::{
    calls::Calls,
    connect,
    failure::{Asked, Exit, Failure, Place},
    process, show,
};

const APP: &str = "hubspot";
const ACCOUNT: &str = DEFAULT_ACCOUNTS[0];

/// Everything that the demonstration did, in order. Serialises to what `--json` prints.
#[derive(Serialize)]
struct Demo {
    sandbox: Server,
    plugin: Component,
    actions: Vec<Action>,
    /// The parameters of `create_contact`.
    parameters: Vec<Parameter>,
    contacts: Value,
    created: Value,
    read_back: Value,
    refused: Refused,
    #[serde(flatten)]
    sides: Sides,
}

#[derive(Serialize)]
struct Server {
    base_url: String,
    account: &'static str,
}

#[derive(Serialize)]
struct Component {
    digest: String,
    size: usize,
}

/// What became of the raw call.
#[derive(Serialize)]
struct Refused {
    error: Failure,
    /// How many requests reached the upstream meanwhile.
    requests: usize,
}

pub(super) async fn run(json: bool) -> Result<Exit, Failure> {
    let demo = Demo::perform().await?;
    match json {
        true => show::json(&demo)?,
        false => show::print(&demo.text())?,
    }
    // Shown first: whoever finds a leak wants to see it.
    match demo.sides.check() {
        Ok(()) => Ok(Exit::Done),
        // The one document tells it already.
        Err(leak) if json => Ok(leak.exit),
        Err(leak) => Err(leak),
    }
}

impl Demo {
    async fn perform() -> Result<Self, Failure> {
        // The same data and times in every run, and no waiting.
        let sandbox = Sandbox::builder().deterministic().no_rate_limit().start().await?;
        let calls = Arc::new(Calls::default());
        let host = process::host(true)?.audit(calls.clone()).build()?;
        let plugin = connect::load(&host, None).await?;
        let upstream = Upstream::refold().at(&sandbox.base_url())?;
        let grant = Grant::builder(ACCOUNT)
            .upstream(upstream, ApiKey::new(SANDBOX_API_KEY.to_owned(), ACCOUNT)?)
            .allow_reads(APP)
            .allow_action(APP, "create_contact")
            .build()?;
        let mut user = User { plugin: &plugin, grant: &grant, base_url: sandbox.base_url(), answers: vec![] };

        let actions = user.list().await?;
        let parameters = user.describe("create_contact").await?;
        let contacts = user.execute("get_contact", json!({ "limit": "3" })).await?;
        let ada = json!({ "email": "ada@example.com", "firstname": "Ada", "lastname": "Lovelace" });
        let created = user.execute("create_contact", ada.clone()).await?;
        let mut made = calls.take();
        let request = made.last().and_then(|made| made.requests.last().cloned());
        let received = sandbox.requests();
        let read_back = user.execute("get_contact_by_id", json!({ "contact_id": created["id"] })).await?;
        let before = sandbox.requests().len();
        let error = user.refused("httprequest", json!({ "method": "GET", "url": "/account-info" })).await?;

        made.extend(calls.take());
        let requests =
            made.iter().flat_map(|made| &made.requests).map(|request| request.guest_request.clone());
        let sides = Sides::new(
            PluginSaw::new(request, ada, created.clone()),
            received.last().map(UpstreamReceived::new),
            &[requests.collect(), user.answers].concat(),
            SANDBOX_API_KEY,
        );
        Ok(Self {
            plugin: Component { digest: plugin.digest().to_owned(), size: plugin.size() },
            actions,
            parameters,
            contacts,
            created,
            read_back,
            refused: Refused { error, requests: sandbox.requests().len() - before },
            sides,
            sandbox: Server { base_url: sandbox.base_url(), account: ACCOUNT },
        })
    }
}

/// Who calls the plugin, and keeps a copy of all that it answers.
struct User<'a> {
    plugin: &'a Plugin,
    grant: &'a Grant,
    base_url: String,
    answers: Vec<String>,
}

impl User<'_> {
    async fn list(&mut self) -> Result<Vec<Action>, Failure> {
        let actions = self.plugin.list_actions(self.grant, APP).await;
        let actions = actions.map_err(|error| self.explain(error, None))?;
        self.keep(&actions)?;
        Ok(actions)
    }

    async fn describe(&mut self, action: &str) -> Result<Vec<Parameter>, Failure> {
        let parameters = self.plugin.describe_action(self.grant, APP, action).await;
        let parameters = parameters.map_err(|error| self.explain(error, Some(action)))?;
        self.keep(&parameters)?;
        Ok(parameters)
    }

    async fn execute(&mut self, action: &str, parameters: Value) -> Result<Value, Failure> {
        let outcome = self.plugin.execute_action(self.grant, APP, action, &parameters).await;
        let outcome = outcome.map_err(|error| self.explain(error, Some(action)))?;
        self.keep(&outcome)?;
        match outcome {
            Outcome::Succeeded(success) => Ok(success.data),
            Outcome::Failed(failure) => Err(unexpected(format!("{APP}/{action} failed")).because(failure)),
        }
    }

    /// Makes a call that must be refused, and returns the refusal.
    async fn refused(&self, action: &str, parameters: Value) -> Result<Failure, Failure> {
        match self.plugin.execute_action(self.grant, APP, action, &parameters).await {
            Err(error @ Error::Denied { .. }) => Ok(self.explain(error, Some(action))),
            Err(error) => Err(self.explain(error, Some(action))),
            Ok(_) => Err(unexpected(format!("{APP}/{action} was not refused"))),
        }
    }

    fn keep(&mut self, answer: &impl Serialize) -> Result<(), Failure> {
        self.answers.push(show::to_json(answer)?);
        Ok(())
    }

    fn explain(&self, error: Error, action: Option<&str>) -> Failure {
        let asked = Asked {
            app: APP.to_owned(),
            action: action.map(str::to_owned),
            account: ACCOUNT.to_owned(),
            base_url: self.base_url.clone(),
            place: Place::Shell { options: " --sandbox".to_owned() },
            sandbox: true,
            changes: true,
        };
        Failure::of_call(error, &asked)
    }
}

/// What the demonstration shows is not what it ought to show.
fn unexpected(message: String) -> Failure {
    Failure::new(Exit::Operator, "demo", actionbox_host::Actor::Operator, message)
        .hint("this is a fault of the host or of the sandbox server: please report it")
}
