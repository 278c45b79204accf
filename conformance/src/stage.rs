//! Where one case is played: a sandbox server of its own, and a tenant of its own.

use actionbox_host::{
    Action, ApiKey, Effect, Error, Grant, GrantBuilder, Limits, Outcome, Parameter, Plugin, Upstream,
};
use actionbox_sandbox::{DEFAULT_ACCOUNTS, Fault, SANDBOX_API_KEY, Sandbox, StatusCode};
use serde_json::{Value, json};

use crate::{
    audit::{Audit, Events},
    expect::skipped,
    kit::KitError,
    report::Verdict,
};

/// An app that no upstream has.
pub(crate) const NO_APP: &str = "no_such_app";
/// An action that no app has.
pub(crate) const NO_ACTION: &str = "get_no_such_thing";

/// What is known of a plugin before its cases are played.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    pub(crate) plugin: Plugin,
    /// The app whose actions are tried.
    pub(crate) app: String,
    /// What the plugin lists for it.
    pub(crate) listed: Vec<Action>,
    /// The actions that the upstream does not have.
    pub(crate) own: Vec<String>,
    pub(crate) audit: Audit,
    /// The limits of a call.
    pub(crate) limits: Limits,
}

/// An action of the upstream that reads, and one that writes, for every app of the sandbox server.
const PROBES: [(&str, &str, &str); 3] = [
    ("hubspot", "get_contact", "create_contact"),
    ("salesforce", "get_accounts", "create_account"),
    ("slack", "list_channels", "post_message"),
];

/// Where one case is played.
pub(crate) struct Stage {
    pub(crate) subject: Subject,
    pub(crate) sandbox: Sandbox,
    grant: Grant,
    tenant: String,
}

impl Stage {
    /// Prepares a stage for the case of a name.
    pub(crate) async fn new(subject: &Subject, case: &str) -> Result<Self, KitError> {
        let sandbox = sandbox().await?;
        let grant = grant(&sandbox, case, &subject.app)?.limits(subject.limits.clone());
        let grant =
            subject.own.iter().fold(grant, |grant, own| grant.own_action(&subject.app, own, Effect::Write));
        Ok(Self { subject: subject.clone(), grant: grant.build()?, sandbox, tenant: case.to_owned() })
    }

    pub(crate) fn app(&self) -> &str {
        &self.subject.app
    }

    /// Returns an upstream action that reads, if the plugin passes it on.
    pub(crate) fn read(&self) -> Result<&'static str, Verdict> {
        self.probe(|(_, read, _)| read)
    }

    /// Returns an upstream action that writes, if the plugin passes it on.
    pub(crate) fn write(&self) -> Result<&'static str, Verdict> {
        self.probe(|(_, _, write)| write)
    }

    fn probe(
        &self,
        of: impl Fn((&str, &'static str, &'static str)) -> &'static str,
    ) -> Result<&'static str, Verdict> {
        let probe = PROBES.into_iter().find(|(app, ..)| *app == self.subject.app).map(of);
        let passed_on = |id: &&str| self.subject.listed.iter().any(|action| action.id == **id);
        probe.filter(passed_on).ok_or_else(|| {
            skipped(format!("the plugin does not list {}", probe.unwrap_or("an action that the kit knows")))
        })
    }

    /// Returns the actions that the plugin adds, if there are any.
    pub(crate) fn own(&self) -> Result<&[String], Verdict> {
        match self.subject.own.as_slice() {
            [] => Err(skipped("the plugin has no action of its own")),
            own => Ok(own),
        }
    }

    /// Skips a case of a plugin that does not pass on what the upstream lists.
    pub(crate) fn passes_on(&self) -> Result<(), Verdict> {
        self.read().map(drop)
    }

    pub(crate) async fn list(&self, app: &str) -> Result<Vec<Action>, Error> {
        self.subject.plugin.list_actions(&self.grant, app).await
    }

    pub(crate) async fn describe(&self, action: &str) -> Result<Vec<Parameter>, Error> {
        self.subject.plugin.describe_action(&self.grant, self.app(), action).await
    }

    pub(crate) async fn execute(&self, action: &str, parameters: &Value) -> Result<Outcome, Error> {
        self.subject.plugin.execute_action(&self.grant, self.app(), action, parameters).await
    }

    /// Executes under a grant that allows nothing but to read.
    pub(crate) async fn execute_reading(&self, action: &str, parameters: &Value) -> Result<Outcome, Error> {
        let grant = grant_to_read(&self.sandbox, &self.tenant, self.app());
        let grant = grant.and_then(|grant| Ok(grant.own_action(self.app(), action, Effect::Read).build()?));
        match grant {
            Ok(grant) => self.subject.plugin.execute_action(&grant, self.app(), action, parameters).await,
            Err(error) => Err(Error::Plugin { message: error.to_string(), sent: actionbox_host::Sent::No }),
        }
    }

    /// Answers every execution with this JSON text and a status, until the case ends.
    pub(crate) fn answer(&self, status: u16, body: impl Into<bytes::Bytes>) {
        self.always(Fault::json_body(code(status), body).on_path("/execute"));
    }

    /// Answers every execution in the shape of the upstream.
    pub(crate) fn outcome(&self, node_status: &str, data: Value) {
        self.answer(200, json!({ "node_status": node_status, "data": data, "http_status": 200 }).to_string());
    }

    /// From now on, only this goes wrong.
    pub(crate) fn always(&self, fault: Fault) {
        self.sandbox.clear_faults();
        self.sandbox.inject(fault.always());
    }

    /// Returns how many executions have arrived, whatever became of them.
    pub(crate) fn executions(&self) -> usize {
        self.sandbox.requests().iter().filter(|request| request.target.ends_with("/execute")).count()
    }

    /// Returns what the host says of this case so far.
    pub(crate) fn events(&self) -> Events {
        self.subject.audit.of(&self.tenant)
    }
}

pub(crate) fn code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Starts a server that limits no rate: the kit is faster than any tenant.
pub(crate) async fn sandbox() -> Result<Sandbox, KitError> {
    Ok(Sandbox::builder().no_rate_limit().start().await?)
}

/// Begins a grant that reaches the app, and one that nobody has.
pub(crate) fn grant(sandbox: &Sandbox, tenant: &str, app: &str) -> Result<GrantBuilder, KitError> {
    Ok(grant_to_read(sandbox, tenant, app)?.allow_writes(app))
}

fn grant_to_read(sandbox: &Sandbox, tenant: &str, app: &str) -> Result<GrantBuilder, KitError> {
    let upstream = Upstream::refold().at(&sandbox.base_url())?;
    let key = ApiKey::new(SANDBOX_API_KEY, DEFAULT_ACCOUNTS[0])?;
    Ok(Grant::builder(tenant).upstream(upstream, key).allow_reads(app).allow_reads(NO_APP))
}
