//! Who may do what, in memory: keys, tenants, and for each tenant and app one plugin and one grant.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use actionbox_host::{ActionHost, CredentialError, CredentialProvider, Grant, LoadError, Plugin};

use tokio::sync::watch;

use crate::{
    caller::{Caller, Role},
    credential::{CredentialKind, provider},
    definition::GrantDefinition,
    error::{StartError, StoreError},
    seal::{Keyring, SealError},
    settle::{NotRead, SettleBy},
    store::{GrantRow, Store},
    vault::{FromVault, Vault},
};

/// What runs when a tenant's caller names an app.
pub(crate) struct Assigned {
    pub(crate) plugin: Plugin,
    pub(crate) grant: Grant,
    pub(crate) version: i64,
    pub(crate) definition: GrantDefinition,
    /// Of the credential: tells whether it was stored anew.
    pub(crate) credential: i64,
}

impl Assigned {
    /// Returns how it can be found out whether an action ran.
    pub(crate) fn settle_by(&self, app: &str, action: &str) -> Option<&SettleBy> {
        let of_app = self.definition.allow.iter().filter(|allow| allow.app == app);
        let mut named = of_app.flat_map(|allow| allow.actions.iter().chain(&allow.own));
        named.find(|named| named.id == action)?.settle_by.as_ref()
    }
}

/// Looked up for each call, changed by the API. Calls that run keep what they began with.
#[derive(Default)]
pub(crate) struct Directory {
    tenants: RwLock<HashSet<String>>,
    keys: RwLock<HashMap<String, Caller>>,
    assigned: RwLock<HashMap<(String, String), Arc<Assigned>>>,
    plugins: Mutex<HashMap<String, Plugin>>,
    /// Held from what is read of the database to what is made of it here: what is older never replaces what is newer.
    pub(crate) changing: tokio::sync::Mutex<()>,
    /// Counts the changes of keys and of what is assigned.
    changes: watch::Sender<u64>,
}

/// Whether everything could be used that was read.
pub(crate) struct Complete(pub(crate) bool);

/// Why a grant cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    #[error("there is no plugin {0}; upload it first")]
    NoPlugin(String),
    #[error("{0} has no credential {1:?}; store it first")]
    NoCredential(String, String),
    #[error("the credential cannot be decrypted: {0}")]
    Sealed(#[from] SealError),
    #[error("the credential is in a vault, and this service has none")]
    NoVault,
    #[error("the credential is not usable: {0}")]
    Credential(#[from] CredentialError),
    #[error(transparent)]
    Config(#[from] actionbox_host::ConfigError),
    #[error("the plugin cannot be loaded: {0}")]
    Load(#[from] LoadError),
    #[error(transparent)]
    SettleBy(#[from] NotRead),
    #[error("it is no grant: {0}")]
    Definition(#[from] serde_json::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a tenant's secret is sealed for.
pub(crate) fn context(tenant: &str, name: &str, account: &str) -> String {
    // Lengths first: no two can be written alike.
    format!("credential {} {} {tenant}/{name}/{account}", tenant.len(), name.len())
}

impl Directory {
    /// Reads everything that the database has.
    pub(crate) async fn load(parts: Parts<'_>) -> Result<Self, StartError> {
        let directory = Self::default();
        match directory.read(parts, true).await {
            Ok(_) => Ok(directory),
            // With the wrong master key, nobody is served.
            Err((tenant, app, Unusable::Sealed(error))) => Err(StartError::Credential { tenant, app, error }),
            Err((_, _, Unusable::Store(error))) => Err(error.into()),
            Err((_, _, error)) => Err(StoreError::Layout(error.to_string()).into()),
        }
    }

    /// Reads what has changed since, in another process. What cannot be used is told, and is no longer served.
    pub(crate) async fn refresh(&self, parts: Parts<'_>) -> Result<Complete, StoreError> {
        let _changing = self.changing.lock().await;
        self.read(parts, false).await.map_err(|(tenant, app, error)| match error {
            Unusable::Store(error) => error,
            error => StoreError::Database(format!("the grant of {tenant:?} for {app:?}: {error}")),
        })
    }

    async fn read(&self, parts: Parts<'_>, first: bool) -> Result<Complete, (String, String, Unusable)> {
        let of_store = |error: StoreError| (String::new(), String::new(), Unusable::Store(error));
        let store = parts.store;
        let mut keys = HashMap::new();
        for key in store.keys().await.map_err(of_store)? {
            let role = Role::parse(&key.role)
                .ok_or_else(|| of_store(StoreError::Layout(format!("a role {:?}", key.role))))?;
            keys.insert(key.hash, Caller { name: key.name, role, tenant: key.tenant });
        }
        let tenants = store.tenants().await.map_err(of_store)?;
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        self.tenants.write().unwrap_or_else(PoisonError::into_inner).extend(tenants);
        self.tell_of_change();
        let credentials = store.credentials().await.map_err(of_store)?;
        let credentials: HashMap<_, _> =
            credentials.into_iter().map(|row| ((row.tenant, row.name), row.generation)).collect();
        let mut complete = true;
        for row in store.grants().await.map_err(of_store)? {
            let (tenant, app) = (row.tenant.clone(), row.app.clone());
            let is_known = self.assigned(&tenant, &app).is_some_and(|known| {
                let credential = (tenant.clone(), known.definition.credential.clone());
                known.version == row.version && credentials.get(&credential) == Some(&known.credential)
            });
            if is_known {
                continue;
            }
            match self.prepare(parts, row).await {
                Ok(assigned) => self.assign(&tenant, &app, assigned),
                Err(error @ Unusable::Store(_)) => return Err((tenant, app, error)),
                Err(error @ Unusable::Sealed(_)) if first => return Err((tenant, app, error)),
                // The others are served.
                Err(error) => {
                    tracing::error!(tenant, app, %error, "a grant is not usable: its calls are refused");
                    self.assigned.write().unwrap_or_else(PoisonError::into_inner).remove(&(tenant, app));
                    self.tell_of_change();
                    complete = false;
                }
            }
        }
        Ok(Complete(complete))
    }

    /// Makes what a grant says ready to run, and puts it nowhere yet.
    pub(crate) async fn prepare(&self, parts: Parts<'_>, row: GrantRow) -> Result<Assigned, Unusable> {
        let definition: GrantDefinition = serde_json::from_str(&row.definition)?;
        let (credentials, credential) = parts.credentials(&row.tenant, &definition.credential).await?;
        let grant = definition.grant(&row.tenant, credentials, parts.host.limits())?;
        definition.check_settling(&grant)?;
        let plugin = self.plugin(parts.store, parts.host, &definition.plugin).await?;
        Ok(Assigned { plugin, grant, version: row.version, definition, credential })
    }

    /// Returns a plugin, loaded once.
    async fn plugin(&self, store: &Store, host: &ActionHost, digest: &str) -> Result<Plugin, Unusable> {
        let loaded = |plugins: &Mutex<HashMap<_, Plugin>>| {
            plugins.lock().unwrap_or_else(PoisonError::into_inner).get(digest).cloned()
        };
        if let Some(plugin) = loaded(&self.plugins) {
            return Ok(plugin);
        }
        let component =
            store.component(digest).await?.ok_or_else(|| Unusable::NoPlugin(digest.to_owned()))?;
        let plugin = host.load(component).await?;
        self.keep(plugin.clone());
        Ok(plugin)
    }

    pub(crate) fn keep(&self, plugin: Plugin) {
        let mut plugins = self.plugins.lock().unwrap_or_else(PoisonError::into_inner);
        plugins.insert(plugin.digest().to_owned(), plugin);
    }

    pub(crate) fn add_tenant(&self, tenant: String) {
        self.tenants.write().unwrap_or_else(PoisonError::into_inner).insert(tenant);
    }

    pub(crate) fn has_tenant(&self, tenant: &str) -> bool {
        self.tenants.read().unwrap_or_else(PoisonError::into_inner).contains(tenant)
    }

    pub(crate) fn add_key(&self, hash: String, caller: Caller) {
        self.keys.write().unwrap_or_else(PoisonError::into_inner).insert(hash, caller);
    }

    pub(crate) fn remove_key(&self, hash: &str) {
        self.keys.write().unwrap_or_else(PoisonError::into_inner).remove(hash);
        self.tell_of_change();
    }

    pub(crate) fn caller(&self, hash: &str) -> Option<Caller> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).get(hash).cloned()
    }

    pub(crate) fn has_admin_key(&self) -> bool {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.values().any(|caller| caller.role == Role::Admin)
    }

    pub(crate) fn assign(&self, tenant: &str, app: &str, assigned: Assigned) {
        let mut all = self.assigned.write().unwrap_or_else(PoisonError::into_inner);
        all.insert((tenant.to_owned(), app.to_owned()), Arc::new(assigned));
        drop(all);
        self.tell_of_change();
    }

    /// Returns what tells that a key was removed, or that something was assigned.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Has all look again who watch for changes.
    pub(crate) fn tell_of_change(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// Returns what is assigned to a tenant, app by app.
    pub(crate) fn all_of(&self, tenant: &str) -> Vec<(String, Arc<Assigned>)> {
        let all = self.assigned.read().unwrap_or_else(PoisonError::into_inner);
        let own = all.iter().filter(|((of, _), _)| of == tenant);
        own.map(|((_, app), assigned)| (app.clone(), assigned.clone())).collect()
    }

    pub(crate) fn assigned(&self, tenant: &str, app: &str) -> Option<Arc<Assigned>> {
        let all = self.assigned.read().unwrap_or_else(PoisonError::into_inner);
        all.get(&(tenant.to_owned(), app.to_owned())).cloned()
    }

    /// Returns who has a plugin: tenants and apps, in no order.
    pub(crate) fn granted(&self, plugin: &str) -> Vec<(String, String)> {
        let all = self.assigned.read().unwrap_or_else(PoisonError::into_inner);
        let granted = all.iter().filter(|(_, assigned)| assigned.definition.plugin == plugin);
        granted.map(|(of, _)| of.clone()).collect()
    }

    /// Returns the apps of a tenant that use a credential.
    pub(crate) fn users_of(&self, tenant: &str, credential: &str) -> Vec<String> {
        let all = self.assigned.read().unwrap_or_else(PoisonError::into_inner);
        let uses = all
            .iter()
            .filter(|((of, _), assigned)| of == tenant && assigned.definition.credential == credential);
        uses.map(|((_, app), _)| app.clone()).collect()
    }
}

/// What a grant is made of.
#[derive(Clone, Copy)]
pub(crate) struct Parts<'a> {
    pub(crate) store: &'a Store,
    pub(crate) host: &'a ActionHost,
    pub(crate) keyring: &'a Keyring,
    pub(crate) vault: Option<&'a Arc<Vault>>,
}

impl Parts<'_> {
    async fn credentials(
        self,
        tenant: &str,
        name: &str,
    ) -> Result<(Arc<dyn CredentialProvider>, i64), Unusable> {
        let row = self.store.credential(tenant, name).await?;
        let row = row.ok_or_else(|| Unusable::NoCredential(tenant.to_owned(), name.to_owned()))?;
        let kind = CredentialKind::parse(&row.kind)
            .ok_or_else(|| StoreError::Layout(format!("a credential of kind {:?}", row.kind)))?;
        let generation = row.generation;
        if let Some(name) = row.vault {
            let vault = self.vault.ok_or(Unusable::NoVault)?.clone();
            return Ok((Arc::new(FromVault::new(vault, name, kind, row.account)), generation));
        }
        let sealed = row.sealed.ok_or(SealError::Damaged)?;
        let secret = self.keyring.open(&sealed, &context(tenant, name, &row.account))?;
        let secret = String::from_utf8(secret).map_err(|_| SealError::Damaged)?;
        Ok((provider(kind, secret.into(), &row.account)?, generation))
    }
}
