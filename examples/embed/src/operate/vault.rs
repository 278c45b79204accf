//! Credentials that live in a vault, and may change there at any time.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use actionbox_host::{
    BoxFuture, Credential, CredentialError, CredentialProvider, SecretString, TokenExchange,
};
use tokio::sync::Mutex;

/// Stands for the client of your vault.
#[derive(Default)]
pub(crate) struct Vault(RwLock<HashMap<String, SecretString>>);

impl Vault {
    pub(crate) fn put(&self, tenant: &str, key: SecretString) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(tenant.to_owned(), key);
    }

    async fn read(&self, tenant: &str) -> Option<SecretString> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(tenant).cloned()
    }
}

/// What a grant asks for credentials: it reads the tenant's key from the vault, and reads it again once the
/// upstream has refused it.
pub(crate) struct FromVault {
    vault: Arc<Vault>,
    tenant: String,
    account: String,
    // Making a credential prepares the search of answers for it: not for every request.
    kept: Mutex<Option<Credential>>,
}

impl FromVault {
    pub(crate) fn new(vault: Arc<Vault>, tenant: &str, account: &str) -> Self {
        Self { vault, tenant: tenant.to_owned(), account: account.to_owned(), kept: Mutex::default() }
    }
}

impl CredentialProvider for FromVault {
    fn credential<'a>(
        &'a self,
        _: &'a TokenExchange<'a>,
    ) -> BoxFuture<'a, Result<Credential, CredentialError>> {
        Box::pin(async {
            let mut kept = self.kept.lock().await;
            if let Some(credential) = &*kept {
                return Ok(credential.clone());
            }
            let missing = || CredentialError::Provider(format!("the vault has no key of {}", self.tenant));
            let key = self.vault.read(&self.tenant).await.ok_or_else(missing)?;
            Ok(kept.insert(Credential::api_key(&key, &self.account)?).clone())
        })
    }

    fn rejected<'a>(&'a self, _: &'a Credential) -> BoxFuture<'a, bool> {
        Box::pin(async {
            *self.kept.lock().await = None;
            // Ask again: the key may have been changed. The request is sent once more, and no more than once.
            true
        })
    }
}
