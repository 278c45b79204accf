//! The contestants of this program: hyper, to which all others are compared, and Actionbox in its modes.

use actionbox_contestant::{
    ACCOUNT, ACTION, APP, AsyncCall, Invitation, KEY, check, parameters, take_part as with,
};
use actionbox_examples::{REFOLD, REFOLD_TYPED};
use actionbox_host::{ActionHost, ApiKey, Grant, HostLimits, Outcome, Plugin, Upstream};
use anyhow::{Context as _, ensure};
use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};

/// The contestant to which all others are compared.
pub(crate) const NATIVE: &str = "hyper";

/// A way in which Actionbox runs plugins.
pub(crate) struct Mode {
    pub(crate) name: &'static str,
    /// The component that makes the call.
    plugin: &'static [u8],
    /// How many instances are kept for the next call.
    kept: usize,
}

/// The modes that take part: one line adds one.
pub(crate) const MODES: &[Mode] = &[
    Mode { name: "actionbox", plugin: REFOLD, kept: 0 },
    Mode { name: "actionbox, kept", plugin: REFOLD, kept: 128 },
    Mode { name: "actionbox, typed", plugin: REFOLD_TYPED, kept: 0 },
    Mode { name: "actionbox, typed, kept", plugin: REFOLD_TYPED, kept: 128 },
];

/// Takes part as one of them.
pub(crate) fn take_part(name: &str) -> anyhow::Result<()> {
    let invitation = Invitation::from_arguments(2)?;
    if name == NATIVE {
        return with(async move || Ok(Native::new(invitation.url())));
    }
    let mode = MODES.iter().find(|mode| mode.name == name).with_context(|| format!("no mode {name}"))?;
    with(async move || Boxed::new(mode, &invitation.upstream).await)
}

struct Boxed {
    plugin: Plugin,
    grant: Grant,
    parameters: serde_json::Value,
    _host: ActionHost,
}

impl Boxed {
    async fn new(mode: &Mode, upstream: &str) -> anyhow::Result<Self> {
        // The pace that the upstream asks for is not what is measured.
        let limits = HostLimits { account_rate: None, kept_instances: mode.kept, ..HostLimits::default() };
        let host = ActionHost::builder().host_limits(limits).build()?;
        let plugin = host.load(mode.plugin).await?;
        let grant = Grant::builder("bench")
            .upstream(Upstream::refold().at(upstream)?, ApiKey::new(KEY, ACCOUNT)?)
            .allow_reads(APP)
            .build()?;
        Ok(Self { plugin, grant, parameters: parameters(), _host: host })
    }
}

impl AsyncCall for Boxed {
    async fn call(&self) -> anyhow::Result<()> {
        let outcome = self.plugin.execute_action(&self.grant, APP, ACTION, &self.parameters).await?;
        ensure!(matches!(outcome, Outcome::Succeeded(_)), "the call did not succeed: {outcome:?}");
        Ok(())
    }
}

struct Native {
    client: Client<HttpConnector, Full<Bytes>>,
    url: String,
}

impl Native {
    fn new(url: String) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        Self { client: Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(tcp), url }
    }
}

impl AsyncCall for Native {
    async fn call(&self) -> anyhow::Result<()> {
        let request = Request::post(&self.url)
            .header("x-api-key", KEY)
            .header("linked_account_id", ACCOUNT)
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(parameters().to_string())))?;
        check(&self.client.request(request).await?.into_body().collect().await?.to_bytes())
    }
}
