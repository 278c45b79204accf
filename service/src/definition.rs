//! What a grant says, as the API and the database have it.

use actionbox_host::{
    ActionId, AppSlug, ConfigError, CredentialProvider, Effect, Grant, GrantBuilder, Limits, Upstream,
};
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};
use utoipa::ToSchema;

use crate::settle::{NotRead, SettleBy};

/// What one tenant lets one plugin do for one app. Nothing that is not named here.
///
/// ```
/// use actionbox_service::GrantDefinition;
///
/// let definition: GrantDefinition = serde_json::from_str(r#"{
///     "plugin": "sha256:4a21",
///     "credential": "refold",
///     "allow": [{ "app": "hubspot", "read": true, "actions": [{ "id": "create_contact" }] }]
/// }"#).expect("it is a definition");
/// assert!(!definition.allow[0].write);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantDefinition {
    /// The digest of the plugin, `sha256:…`.
    pub plugin: String,
    /// The name of the tenant's credential that the host adds.
    pub credential: String,
    /// Where the upstream is. Default: the address that it has in public.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// What is allowed, app by app.
    pub allow: Vec<Allow>,
    /// What one call may use up. Default: what the host allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<CallLimits>,
}

/// What one call may use up, where a grant says it. What it does not say is as the host has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CallLimits {
    /// Time from the start of the call to its end, waiting included, in milliseconds. Default: 30,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wall_time_ms: Option<u64>,
    /// Time spent running the plugin, in milliseconds. Default: 5,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_time_ms: Option<u64>,
    /// Bytes of linear memory. Default: 128 MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<usize>,
    /// Requests that the plugin may make, refused ones included. Default: 64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<usize>,
    /// Bytes of the bodies of all its requests. Default: 4 MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_bytes: Option<usize>,
    /// Bytes of the bodies of all its answers. Default: 8 MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_bytes: Option<usize>,
}

impl CallLimits {
    fn over(&self, host: &Limits) -> Limits {
        let Self { wall_time_ms, cpu_time_ms, memory_bytes, requests, request_bytes, response_bytes } = *self;
        Limits {
            wall_time: wall_time_ms.map_or(host.wall_time, Duration::from_millis),
            cpu_time: cpu_time_ms.map_or(host.cpu_time, Duration::from_millis),
            memory_bytes: memory_bytes.unwrap_or(host.memory_bytes),
            requests: requests.unwrap_or(host.requests),
            request_bytes: request_bytes.unwrap_or(host.request_bytes),
            response_bytes: response_bytes.unwrap_or(host.response_bytes),
            ..host.clone()
        }
    }
}

/// What is allowed of one app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Allow {
    /// The app's slug.
    pub app: String,
    /// Whether all actions that read are allowed. Default: no.
    #[serde(default)]
    pub read: bool,
    /// Whether all actions that write are allowed; those that delete and raw ones never are by this. Default: no.
    #[serde(default)]
    pub write: bool,
    /// Actions of the upstream that are allowed by name.
    #[serde(default)]
    pub actions: Vec<Named>,
    /// Actions of the plugin's own, made of several of the upstream's.
    #[serde(default)]
    pub own: Vec<Named>,
}

/// An action that is allowed by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// The action's id.
    pub id: String,
    /// Its effect. Default: of an upstream's action what its name says, of a plugin's own `destructive`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<EffectName>)]
    pub effect: Option<Effect>,
    /// How it can be found out whether it ran, when nobody knows. Default: somebody has to look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settle_by: Option<SettleBy>,
}

impl Named {
    /// Names an action, whose effect is what it is by default.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), effect: None, settle_by: None }
    }
}

impl Allow {
    /// Adds what is allowed to a grant.
    pub fn onto(&self, mut grant: GrantBuilder) -> GrantBuilder {
        let Self { app, read, write, actions, own } = self;
        if *read {
            grant = grant.allow_reads(app);
        }
        if *write {
            grant = grant.allow_writes(app);
        }
        for Named { id, effect, .. } in actions {
            grant = match effect {
                Some(effect) => grant.allow_action_as(app, id, *effect),
                None => grant.allow_action(app, id),
            };
        }
        for Named { id, effect, .. } in own {
            grant = grant.own_action(app, id, effect.unwrap_or(Effect::Destructive));
        }
        grant
    }
}

impl GrantDefinition {
    /// Makes the grant.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when the base URL or a name is not valid.
    pub(crate) fn grant(
        &self,
        tenant: &str,
        credentials: Arc<dyn CredentialProvider>,
        host: &Limits,
    ) -> Result<Grant, ConfigError> {
        let upstream = match &self.base_url {
            Some(url) => Upstream::refold().at(url)?,
            None => Upstream::refold(),
        };
        let mut grant = Grant::builder(tenant).upstream_shared(upstream, credentials);
        if let Some(limits) = &self.limits {
            grant = grant.limits(limits.over(host));
        }
        self.allow.iter().fold(grant, |grant, allow| allow.onto(grant)).build()
    }
}

impl GrantDefinition {
    /// Checks that what settles reads, and nothing else.
    pub(crate) fn check_settling(&self, grant: &Grant) -> Result<(), NotRead> {
        for allow in &self.allow {
            for named in allow.actions.iter().chain(&allow.own) {
                let Some(by) = &named.settle_by else { continue };
                let reads = || {
                    let (app, action) = (AppSlug::parse(&allow.app).ok()?, ActionId::parse(&by.action).ok()?);
                    Some(grant.check_execute(&app, &action).ok()? == Effect::Read)
                };
                let why = match (reads(), by.found_at.starts_with('/')) {
                    (Some(true), true) => continue,
                    (_, false) => "found_at is no JSON pointer, such as /results/0",
                    (Some(false), _) => "that action does not only read",
                    (None, _) => "the grant does not allow that action",
                };
                let (app, action) = (allow.app.clone(), named.id.clone());
                return Err(NotRead { app, action, by: by.action.clone(), why });
            }
        }
        Ok(())
    }
}

/// The effect of an action, as the host has it.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "it is only there to be described")]
pub(crate) enum EffectName {
    Read,
    Write,
    Destructive,
    Raw,
}
