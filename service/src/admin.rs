//! What an administrator changes. Each change leaves a line in the audit, in the same transaction.

use std::sync::Arc;

use actionbox_host::{ApiKey, AppSlug, LoadError, SecretString};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::{
    caller::{self, Caller, Role},
    chain::Entry,
    definition::GrantDefinition,
    directory::{Assigned, Unusable, context},
    error::StoreError,
    seal::SealError,
    service::Shared,
    store::{GrantRow, State, now},
    writer::{Change, Done},
};

/// Changes what a service knows, in the name of somebody: see [`Service::admin`](crate::Service::admin).
pub struct Admin {
    shared: Arc<Shared>,
    by: String,
}

/// Why a change is not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdminError {
    /// What was given is not acceptable.
    #[error("{0}")]
    Invalid(String),
    /// What is to be changed is not there.
    #[error("there is no {0}")]
    Missing(String),
    /// It is there, and not in a state to be changed so.
    #[error("{0}")]
    Conflict(String),
    /// The component is none that the host loads.
    #[error("the component is not loaded: {0}")]
    Component(#[from] LoadError),
    /// What a grant needs is not there, or not usable.
    #[error("the grant cannot be used: {0}")]
    Unusable(String),
    /// A secret cannot be encrypted.
    #[error(transparent)]
    Sealed(#[from] SealError),
    /// It could not be written down.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Unusable> for AdminError {
    fn from(error: Unusable) -> Self {
        match error {
            Unusable::Store(error) => Self::Store(error),
            other => Self::Unusable(other.to_string()),
        }
    }
}

/// A credential as it is handed in.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewCredential {
    /// How the host authenticates.
    pub kind: CredentialKind,
    /// The upstream's linked account.
    pub account: String,
    /// The upstream's API key.
    #[serde(deserialize_with = "secret")]
    pub key: SecretString,
}

fn secret<'de, D: serde::Deserializer<'de>>(given: D) -> Result<SecretString, D::Error> {
    <String as serde::Deserialize>::deserialize(given).map(Into::into)
}

/// How the host authenticates at the upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialKind {
    /// With the API key and the linked account.
    ApiKey,
    /// With a session token that it obtains for the API key.
    SessionToken,
}

/// A key that was made, shown this once.
#[derive(Debug)]
pub struct NewKey {
    /// What it is called in the API and in the audit: its digest.
    pub id: String,
    /// The key.
    pub key: SecretString,
}

impl Admin {
    pub(crate) fn new(shared: Arc<Shared>, by: String) -> Self {
        Self { shared, by }
    }

    fn entry(&self, tenant: Option<&str>, mut event: Value) -> Entry {
        event["by"] = json!(self.by);
        Entry { at: now(), tenant: tenant.map(str::to_owned), correlation: None, event }
    }

    async fn make(&self, change: Change) -> Result<Done, AdminError> {
        Ok(self.shared.writer.make(change).await?)
    }

    fn check_tenant(&self, tenant: &str) -> Result<(), AdminError> {
        match self.shared.directory.has_tenant(tenant) {
            true => Ok(()),
            false => Err(AdminError::Missing("such tenant".to_owned())),
        }
    }

    /// Makes a tenant, and tells whether there was none of that name.
    ///
    /// # Errors
    ///
    /// [`AdminError`] when the name is none, or it cannot be written down; so for all that follow.
    pub async fn new_tenant(&self, tenant: &str) -> Result<bool, AdminError> {
        check_name("the name of a tenant", tenant)?;
        let entry = self.entry(Some(tenant), json!({ "kind": "tenant", "change": "made" }));
        let made = self.make(Change::Tenant { id: tenant.to_owned(), entry }).await?;
        self.shared.directory.add_tenant(tenant.to_owned());
        Ok(matches!(made, Done::Changed))
    }

    /// Makes a key: for one tenant, or for all.
    ///
    /// # Errors
    ///
    /// [`AdminError`].
    pub async fn new_key(&self, name: &str, role: Role, tenant: Option<&str>) -> Result<NewKey, AdminError> {
        check_name("the name of a key", name)?;
        if let Some(tenant) = tenant {
            self.check_tenant(tenant)?;
            if role != Role::Caller {
                return Err(AdminError::Invalid("only a caller's key is for one tenant".to_owned()));
            }
        }
        let key = caller::new_key(role)?;
        let id = caller::digest(key.expose_secret());
        let event = json!({ "kind": "key", "change": "made", "name": name, "role": role, "key": id });
        let change = Change::Key {
            hash: id.clone(),
            name: name.to_owned(),
            role: role.as_str(),
            tenant: tenant.map(str::to_owned),
            entry: self.entry(tenant, event),
        };
        self.make(change).await?;
        let caller = Caller { name: name.to_owned(), role, tenant: tenant.map(str::to_owned) };
        self.shared.directory.add_key(id.clone(), caller);
        Ok(NewKey { id, key })
    }

    /// Has a key open nothing from now on.
    ///
    /// # Errors
    ///
    /// [`AdminError`].
    pub async fn revoke_key(&self, id: &str) -> Result<(), AdminError> {
        // At once, whatever becomes of the database.
        self.shared.directory.remove_key(id);
        let entry = self.entry(None, json!({ "kind": "key", "change": "revoked", "key": id }));
        match self.make(Change::Revoke { hash: id.to_owned(), entry }).await? {
            Done::Nothing => Err(AdminError::Missing("such key, or it is revoked already".to_owned())),
            _ => Ok(()),
        }
    }

    /// Keeps a component that the host can load, and returns its digest.
    ///
    /// # Errors
    ///
    /// [`AdminError`].
    pub async fn new_plugin(&self, component: &[u8]) -> Result<String, AdminError> {
        let plugin = self.shared.host.load(component).await?;
        let digest = plugin.digest().to_owned();
        let entry = self.entry(None, json!({ "kind": "plugin", "change": "uploaded", "plugin": digest }));
        let change = Change::Plugin { digest: digest.clone(), component: component.to_vec(), entry };
        self.make(change).await?;
        self.shared.directory.keep(plugin);
        Ok(digest)
    }

    /// Stores a credential, in place of the one of that name. It holds from the next call on.
    ///
    /// # Errors
    ///
    /// [`AdminError`].
    pub async fn put_credential(
        &self,
        tenant: &str,
        name: &str,
        new: NewCredential,
    ) -> Result<(), AdminError> {
        check_name("the name of a credential", name)?;
        self.check_tenant(tenant)?;
        // As for each call: what cannot be sent is refused here.
        if let Err(error) = ApiKey::new(new.key.clone(), &new.account) {
            return Err(AdminError::Invalid(error.to_string()));
        }
        let shared = &self.shared;
        let context = context(tenant, name, &new.account);
        let sealed = shared.keyring.seal(new.key.expose_secret().as_bytes(), &context)?;
        let event = json!({ "kind": "credential", "change": "stored", "name": name });
        let change = Change::Credential {
            tenant: tenant.to_owned(),
            name: name.to_owned(),
            kind: match new.kind {
                CredentialKind::ApiKey => "api_key",
                CredentialKind::SessionToken => "session_token",
            },
            account: new.account,
            sealed,
            entry: self.entry(Some(tenant), event),
        };
        self.make(change).await?;
        for app in shared.directory.users_of(tenant, name) {
            if let Some(row) = shared.store.grant(tenant, &app, None).await? {
                let assigned =
                    shared.directory.prepare(&shared.store, &shared.host, &shared.keyring, row).await?;
                shared.directory.assign(tenant, &app, assigned);
            }
        }
        Ok(())
    }

    /// Grants, from the next call on, and returns the version. Calls that run keep the grant that they began under.
    ///
    /// # Errors
    ///
    /// [`AdminError`].
    pub async fn put_grant(
        &self,
        tenant: &str,
        app: &str,
        definition: &GrantDefinition,
    ) -> Result<i64, AdminError> {
        self.check_tenant(tenant)?;
        AppSlug::parse(app).map_err(|error| AdminError::Invalid(error.to_string()))?;
        let shared = &self.shared;
        let text = serde_json::to_string(definition).map_err(Unusable::Definition)?;
        let row =
            GrantRow { tenant: tenant.to_owned(), app: app.to_owned(), version: 0, definition: text.clone() };
        let prepared = shared.directory.prepare(&shared.store, &shared.host, &shared.keyring, row).await?;
        let event = json!({ "kind": "grant", "change": "stored", "app": app, "definition": definition });
        let change = Change::Grant {
            tenant: tenant.to_owned(),
            app: app.to_owned(),
            definition: text,
            entry: self.entry(Some(tenant), event),
        };
        let Done::Version(version) = self.make(change).await? else {
            return Err(AdminError::Conflict("the grant has no version".to_owned()));
        };
        shared.directory.assign(tenant, app, Assigned { version, ..prepared });
        Ok(version)
    }

    /// Grants again what an earlier version granted, and returns the new version.
    ///
    /// # Errors
    ///
    /// [`AdminError`].
    pub async fn roll_back(&self, tenant: &str, app: &str, version: i64) -> Result<i64, AdminError> {
        let row = self.shared.store.grant(tenant, app, Some(version)).await?;
        let row =
            row.filter(|_| version > 0).ok_or_else(|| AdminError::Missing("such version".to_owned()))?;
        let definition = serde_json::from_str(&row.definition).map_err(Unusable::Definition)?;
        self.put_grant(tenant, app, &definition).await
    }

    /// Settles an execution that is in doubt: somebody has found out whether it ran.
    ///
    /// # Errors
    ///
    /// [`AdminError`].
    pub async fn settle(&self, id: &str, ran: bool, note: &str) -> Result<(), AdminError> {
        let state = if ran { State::SettledRan } else { State::SettledNotRun };
        let execution = self.shared.store.execution(id).await?;
        let execution = execution.ok_or_else(|| AdminError::Missing("such execution".to_owned()))?;
        let event = json!({ "kind": "settled", "state": state, "note": note });
        let mut entry = self.entry(Some(&execution.tenant), event);
        entry.correlation = Some(id.to_owned());
        let change = Change::Settle { id: id.to_owned(), state, note: note.to_owned(), entry };
        match self.make(change).await? {
            Done::Nothing => {
                Err(AdminError::Conflict(format!("it is {}, not in doubt", execution.state.as_str())))
            }
            _ => Ok(()),
        }
    }
}

/// Checks a name that others will read: what a tenant, a key or a credential is called.
fn check_name(what: &str, name: &str) -> Result<(), AdminError> {
    let fits = |c: char| c.is_ascii_graphic() && !matches!(c, '/' | '\\' | '"' | '<' | '>' | '?' | '#' | '%');
    if name.is_empty() || name.len() > 128 || !name.chars().all(fits) || matches!(name, "." | "..") {
        return Err(AdminError::Invalid(format!(
            "{what} has 1 to 128 visible ASCII characters, without spaces and without / \\ \" < > ? # %"
        )));
    }
    Ok(())
}
