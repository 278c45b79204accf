//! Who calls the service: keys of its own, which open nothing else.

use actionbox_host::SecretString;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::{digest::sha256, seal::SealError};

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Lists, describes and executes actions.
    Caller,
    /// Sees tenants, plugins, grants, executions and the audit. Changes and executes nothing.
    Viewer,
    /// Sees what a viewer sees, changes tenants, plugins, credentials, grants and keys, and settles what is in
    /// doubt. Executes nothing.
    Admin,
}

impl Role {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Viewer => "viewer",
            Self::Admin => "admin",
        }
    }

    pub(crate) fn parse(word: &str) -> Option<Self> {
        [Self::Caller, Self::Viewer, Self::Admin].into_iter().find(|role| role.as_str() == word)
    }
}

/// Whoever has a key.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) name: String,
    pub(crate) role: Role,
    /// The only tenant that it speaks for; nothing means all.
    pub(crate) tenant: Option<String>,
}

impl Caller {
    pub(crate) fn may_speak_for(&self, tenant: &str) -> bool {
        self.role == Role::Caller && self.tenant.as_deref().is_none_or(|own| own == tenant)
    }
}

/// Makes a key: 256 random bits, so that its digest alone, without salt, tells nothing of it.
pub(crate) fn new_key(role: Role) -> Result<SecretString, SealError> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).map_err(|_| SealError::Random)?;
    Ok(format!("ab_{}_{}", role.as_str(), BASE64_URL_SAFE_NO_PAD.encode(bytes)).into())
}

/// Returns what is kept of a key.
pub(crate) fn digest(key: &str) -> String {
    sha256(key.as_bytes())
}
