//! What one of the two plugins is, and what it offers when it is asked.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use actionbox_host::{
    Action, ApiKey, Effect, Error, Grant, Inspection, Parameter, Plugin, Producer, Upstream,
};
use actionbox_sandbox::{DEFAULT_ACCOUNTS, SANDBOX_API_KEY, Sandbox};

use crate::failure::{Failure, causes};

/// Actions of a plugin's own that are described, for each app: every one is a call.
const DESCRIBED: usize = 100;
/// After so long no more of an app are described.
const PATIENCE: Duration = Duration::from_secs(60);

/// One of the two plugins.
#[derive(Debug, Clone, Default)]
pub(super) struct Side {
    pub(super) imports: Vec<String>,
    pub(super) exports: Vec<String>,
    pub(super) producers: Vec<Producer>,
    pub(super) memory_bytes: u64,
    pub(super) size: usize,
    pub(super) apps: Apps,
}

/// What a plugin lists of each app, or why it does not.
pub(super) type Apps = BTreeMap<String, Result<BTreeMap<String, Offered>, String>>;

/// An action that a plugin lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Offered {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) claimed_effect: Option<Effect>,
    /// What it takes, if it is the plugin's own: the others are the upstream's, which describes them.
    pub(super) own: Option<Described>,
}

/// What an action takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Described {
    Takes(Vec<Parameter>),
    /// The plugin does not say, and why.
    Failed(String),
    /// There are too many, or they take too long.
    NotAsked,
}

impl Side {
    pub(super) fn new(inspection: &Inspection, apps: Apps) -> Self {
        Self {
            imports: inspection.imports.clone(),
            exports: inspection.exports.clone(),
            producers: inspection.producers.clone(),
            memory_bytes: inspection.memory_bytes,
            size: inspection.size,
            apps,
        }
    }
}

/// A sandbox server to ask plugins against, and a grant that reads and no more.
pub(super) struct Asking {
    grant: Grant,
    /// Runs as long as plugins are asked.
    _sandbox: Sandbox,
}

impl Asking {
    pub(super) async fn begin() -> Result<Self, Failure> {
        let account = DEFAULT_ACCOUNTS[0];
        let sandbox = Sandbox::builder().deterministic().no_rate_limit().start().await?;
        let upstream = Upstream::refold().at(&sandbox.base_url())?;
        let grant =
            Grant::builder(account).upstream(upstream, ApiKey::new(SANDBOX_API_KEY.to_owned(), account)?);
        let grant = Sandbox::apps().into_iter().fold(grant, |grant, app| grant.allow_reads(app));
        Ok(Self { grant: grant.build()?, _sandbox: sandbox })
    }

    /// Asks a plugin for its actions of every app of the sandbox server.
    pub(super) async fn ask(&self, plugin: &Plugin) -> Apps {
        let mut apps = Apps::new();
        for app in Sandbox::apps() {
            let listed = match plugin.list_actions(&self.grant, app).await {
                Ok(actions) => Ok(self.describe(plugin, app, actions).await),
                // The right answer of a plugin that is for other apps.
                Err(Error::UnknownApp { .. }) => Ok(BTreeMap::new()),
                Err(error) => Err(words(&error)),
            };
            apps.insert(app.to_owned(), listed);
        }
        apps
    }

    async fn describe(&self, plugin: &Plugin, app: &str, actions: Vec<Action>) -> BTreeMap<String, Offered> {
        let upstream = Sandbox::actions(app);
        let (began, mut described) = (Instant::now(), 0);
        let mut offered = BTreeMap::new();
        for Action { id, name, description, claimed_effect, .. } in actions {
            if offered.contains_key(&id) {
                continue;
            }
            let own = match upstream.contains(&id.as_str()) {
                true => None,
                false if described == DESCRIBED || began.elapsed() > PATIENCE => Some(Described::NotAsked),
                false => {
                    described += 1;
                    let parameters = plugin.describe_action(&self.grant, app, &id).await;
                    Some(parameters.map_or_else(|error| Described::Failed(words(&error)), Described::Takes))
                }
            };
            offered.insert(id, Offered { name, description, claimed_effect, own });
        }
        offered
    }
}

/// Returns what an error says, and what its causes do.
fn words(error: &Error) -> String {
    let causes = causes(error).into_iter();
    causes.fold(error.to_string(), |words, cause| format!("{words}: {cause}"))
}
