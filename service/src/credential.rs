//! Credentials as they are handed in, and as the host asks for them.

use std::sync::Arc;

use actionbox_host::{ApiKey, CredentialError, CredentialProvider, SecretString, SessionTokens};

/// A credential as it is handed in.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(try_from = "GivenCredential")]
pub struct NewCredential {
    /// How the host authenticates.
    pub kind: CredentialKind,
    /// The upstream's linked account.
    pub account: String,
    /// The upstream's API key.
    pub key: NewSecret,
}

/// A secret, or where it is.
#[derive(Debug, Clone)]
pub enum NewSecret {
    /// The secret, to be kept here, encrypted.
    Stored(SecretString),
    /// What it is called in the outside vault. It is fetched when it is needed, and never kept here.
    Vault(String),
}

impl From<String> for NewSecret {
    fn from(secret: String) -> Self {
        Self::Stored(secret.into())
    }
}

impl From<SecretString> for NewSecret {
    fn from(secret: SecretString) -> Self {
        Self::Stored(secret)
    }
}

/// A credential in JSON: with a `key`, or with the name of one in the `vault`.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GivenCredential {
    kind: CredentialKind,
    /// The upstream's linked account.
    account: String,
    /// The upstream's API key, to be kept here, encrypted.
    #[serde(default, deserialize_with = "secret")]
    #[schema(value_type = Option<String>)]
    key: Option<SecretString>,
    /// Or what it is called in the outside vault, never to be kept here.
    #[serde(default)]
    vault: Option<String>,
}

impl TryFrom<GivenCredential> for NewCredential {
    type Error = &'static str;

    fn try_from(given: GivenCredential) -> Result<Self, Self::Error> {
        let key = match (given.key, given.vault) {
            (Some(key), None) => NewSecret::Stored(key),
            (None, Some(name)) => NewSecret::Vault(name),
            _ => return Err("a credential has either a key, or the name of one in the vault"),
        };
        Ok(Self { kind: given.kind, account: given.account, key })
    }
}

fn secret<'de, D: serde::Deserializer<'de>>(given: D) -> Result<Option<SecretString>, D::Error> {
    let given = <Option<String> as serde::Deserialize>::deserialize(given)?;
    Ok(given.map(Into::into))
}

/// How the host authenticates at the upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CredentialKind {
    /// With the API key and the linked account.
    ApiKey,
    /// With a session token that it obtains for the API key.
    SessionToken,
}

impl CredentialKind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::ApiKey => "api_key",
            Self::SessionToken => "session_token",
        }
    }

    pub(crate) fn parse(word: &str) -> Option<Self> {
        [Self::ApiKey, Self::SessionToken].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Makes what the host asks for credentials.
pub(crate) fn provider(
    kind: CredentialKind,
    secret: SecretString,
    account: &str,
) -> Result<Arc<dyn CredentialProvider>, CredentialError> {
    Ok(match kind {
        CredentialKind::SessionToken => Arc::new(SessionTokens::new(secret, account)?),
        CredentialKind::ApiKey => Arc::new(ApiKey::new(secret, account)?),
    })
}
