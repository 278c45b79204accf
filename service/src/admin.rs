//! What an administrator changes. Each change leaves a line in the audit, in the same transaction.

use std::sync::Arc;

use actionbox_host::{ApiKey, AppSlug, Effect, LoadError, SecretString};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::{
    caller::{self, Caller, Role},
    chain::Entry,
    credential::{NewCredential, NewSecret},
    definition::GrantDefinition,
    directory::{Assigned, Unusable, context},
    error::StoreError,
    run::{Ask, Call, run},
    seal::SealError,
    service::Shared,
    settle::SettleBy,
    signers::Unsigned,
    store::{GrantRow, State, now},
    writer::{Change, Done, Secret},
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
    /// Nobody whom this service trusts has signed it.
    #[error(transparent)]
    Unsigned(#[from] Unsigned),
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

    /// In whose name changes are made.
    pub(crate) fn by(&self) -> &str {
        &self.by
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
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
        let _changing = self.shared.directory.changing.lock().await;
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
        let _changing = self.shared.directory.changing.lock().await;
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
        let _changing = self.shared.directory.changing.lock().await;
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
    /// [`AdminError`]; [`AdminError::Unsigned`] where the service has [`Signers`](crate::Signers).
    pub async fn new_plugin(&self, component: &[u8]) -> Result<String, AdminError> {
        self.new_signed_plugin(component, None).await
    }

    /// As [`new_plugin`](Self::new_plugin), with a signature in base64: Ed25519 over the bytes of the component.
    ///
    /// # Errors
    ///
    /// [`AdminError`].
    pub async fn new_signed_plugin(
        &self,
        component: &[u8],
        signature: Option<&str>,
    ) -> Result<String, AdminError> {
        let signer = self.shared.signers.check(component, signature)?;
        let plugin = self.shared.host.load(component).await?;
        let digest = plugin.digest().to_owned();
        let event = json!({ "kind": "plugin", "change": "uploaded", "plugin": digest, "signer": signer });
        let entry = self.entry(None, event);
        let change = Change::Plugin { digest: digest.clone(), component: component.to_vec(), signer, entry };
        self.make(change).await?;
        self.shared.directory.keep(plugin);
        let is_judged = self.shared.store.plugin(&digest).await?.is_some_and(|row| row.verdict.is_some());
        if !is_judged {
            self.shared.judge(digest.clone(), component.to_vec());
        }
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
        let _changing = self.shared.directory.changing.lock().await;
        self.check_tenant(tenant)?;
        let shared = &self.shared;
        let (secret, at) = match new.key {
            NewSecret::Stored(key) => {
                // As for each call: what cannot be sent is refused here.
                if let Err(error) = ApiKey::new(key.clone(), &new.account) {
                    return Err(AdminError::Invalid(error.to_string()));
                }
                let context = context(tenant, name, &new.account);
                let sealed = shared.keyring.seal(key.expose_secret().as_bytes(), &context)?;
                (Secret::Sealed(sealed), "stored here".to_owned())
            }
            NewSecret::Vault(secret) => {
                check_name("the name of a secret in the vault", &secret.replace('/', "."))?;
                if secret.starts_with('-') {
                    let message = "the name of a secret in the vault does not begin with a hyphen: its program would take it for an option";
                    return Err(AdminError::Invalid(message.to_owned()));
                }
                if shared.vault.is_none() {
                    return Err(AdminError::Conflict(
                        "this service has no vault: see its configuration".to_owned(),
                    ));
                }
                let at = format!("in the vault as {secret}");
                (Secret::Vault(secret), at)
            }
        };
        let event = json!({ "kind": "credential", "change": "stored", "name": name, "secret": at });
        let change = Change::Credential {
            tenant: tenant.to_owned(),
            name: name.to_owned(),
            kind: new.kind.as_str(),
            account: new.account,
            secret,
            entry: self.entry(Some(tenant), event),
        };
        self.make(change).await?;
        for app in shared.directory.users_of(tenant, name) {
            if let Some(row) = shared.store.grant(tenant, &app, None).await? {
                let assigned = shared.directory.prepare(shared.parts(), row).await?;
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
        let _changing = self.shared.directory.changing.lock().await;
        let shared = &self.shared;
        let row = shared.store.plugin(&definition.plugin).await?;
        if let Some(row) = &row
            && !shared.signers.still_trust(row.signer.as_deref())
        {
            return Err(Unsigned::NoSigner.into());
        }
        if shared.only_good_plugins {
            let verdict = row.and_then(|row| row.verdict);
            match verdict {
                Some(verdict) if verdict.is_good() => {}
                Some(_) => {
                    return Err(AdminError::Unusable(
                        "the plugin does not keep the contract: see its verdict".to_owned(),
                    ));
                }
                None => {
                    return Err(AdminError::Unusable(
                        "the plugin is not tried yet; wait for its verdict".to_owned(),
                    ));
                }
            }
        }
        let text = serde_json::to_string(definition).map_err(Unusable::Definition)?;
        let row =
            GrantRow { tenant: tenant.to_owned(), app: app.to_owned(), version: 0, definition: text.clone() };
        let prepared = shared.directory.prepare(shared.parts(), row).await?;
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

    /// Settles an execution that is in doubt by the action that its grant named for the purpose, which reads. Returns
    /// whether it ran; nothing when that action does not tell, and somebody has to look.
    ///
    /// # Errors
    ///
    /// [`AdminError`].
    pub async fn settle_by_reading(&self, id: &str) -> Result<Option<bool>, AdminError> {
        let shared = &self.shared;
        let execution = shared.store.execution(id).await?;
        let execution = execution.ok_or_else(|| AdminError::Missing("such execution".to_owned()))?;
        if execution.state != State::InDoubt {
            return Err(AdminError::Conflict(format!("it is {}, not in doubt", execution.state.as_str())));
        }
        let by = execution.settle_by.as_deref().and_then(|by| serde_json::from_str::<SettleBy>(by).ok());
        let by = by.ok_or_else(|| {
            AdminError::Conflict(
                "its grant named no action to find out by; look, and say what is the case".to_owned(),
            )
        })?;
        let assigned = shared.directory.assigned(&execution.tenant, &execution.app);
        let assigned = assigned.ok_or_else(|| AdminError::Missing("grant for it any more".to_owned()))?;
        let call = Call {
            id: format!("req_{:032x}", fastrand::u128(..)).into(),
            caller: self.by.clone(),
            tenant: execution.tenant,
            app: execution.app,
            ask: Ask::Execute {
                action: by.action.clone(),
                parameters: Value::Object(by.parameters.clone()),
                idempotency_key: None,
            },
            assigned,
            trace: Default::default(),
        };
        // As the grant is now: it may not be what it was.
        if call.effect(&by.action) != Some(Effect::Read) {
            return Err(AdminError::Conflict(
                "the grant does not allow to find out by that action any more".to_owned(),
            ));
        }
        let reading = call.id.clone();
        let answer = run(shared, call).await;
        let answer = answer
            .map_err(|_| AdminError::Conflict("there is no room for the call; try again".to_owned()))?;
        let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        if body["node_status"] != "Success" {
            return Err(AdminError::Conflict(format!(
                "the action that finds out has failed: see {reading} in the audit"
            )));
        }
        let Some(ran) = by.ran(&body["data"]) else { return Ok(None) };
        self.settle(id, ran, &format!("{} was asked: {reading}", by.action)).await?;
        Ok(Some(ran))
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
