//! Secrets that are never stored here: a program of the operator's fetches them, when they are needed.

use std::{
    fmt,
    process::Stdio,
    sync::Arc,
    time::{Duration, Instant},
};

use actionbox_host::{
    BoxFuture, Credential, CredentialError, CredentialProvider, SecretString, TokenExchange,
};
use secrecy::ExposeSecret as _;
use tokio::{io::AsyncReadExt as _, process::Command, sync::Mutex};

use crate::credential::{CredentialKind, provider};

/// How long the program may take.
const TIME: Duration = Duration::from_secs(10);
/// What was fetched so short a time ago is not fetched again because the upstream refuses it.
const NEWEST: Duration = Duration::from_secs(10);
/// Longer than any key.
const LONGEST: u64 = 16 << 10;

/// Asks an outside vault, by a program: `PROGRAM ARGUMENT… NAME` prints the secret of that name.
#[derive(Clone, PartialEq, Eq)]
pub struct Vault {
    program: String,
    arguments: Vec<String>,
    cache: Duration,
}

impl fmt::Debug for Vault {
    /// Names the program alone: an argument may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("program", &self.program).finish_non_exhaustive()
    }
}

impl Vault {
    /// Names the program. A secret that it has printed is used for as long as `cache` says before it is asked for
    /// again. Nothing when there is no program in it.
    pub fn new(command: &[String], cache: Duration) -> Option<Self> {
        let (program, arguments) = command.split_first()?;
        Some(Self { program: program.clone(), arguments: arguments.to_vec(), cache })
    }

    /// Asks for a secret. What goes wrong is told without anything that the program has printed: it may be part of
    /// a secret.
    async fn fetch(&self, name: &str) -> Result<SecretString, CredentialError> {
        let failed =
            |what: String| CredentialError::Provider(format!("the vault's program {}: {what}", self.program));
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .arg(name)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| failed(error.to_string()))?;
        let Some(stdout) = child.stdout.take() else { return Err(failed("it has no output".to_owned())) };
        let printed = async {
            let mut printed = String::new();
            stdout
                .take(LONGEST + 1)
                .read_to_string(&mut printed)
                .await
                .map_err(|error| failed(error.to_string()))?;
            let printed = SecretString::from(printed);
            if printed.expose_secret().len() as u64 > LONGEST {
                return Err(failed("it printed no secret".to_owned()));
            }
            match child.wait().await {
                Ok(status) if status.success() => Ok(printed),
                Ok(status) => Err(failed(format!("{status}"))),
                Err(error) => Err(failed(error.to_string())),
            }
        };
        let printed = tokio::time::timeout(TIME, printed);
        let printed = printed.await.map_err(|_| failed(format!("it took more than {TIME:?}")))??;
        let secret = printed.expose_secret().trim();
        if secret.is_empty() {
            return Err(failed("it printed no secret".to_owned()));
        }
        Ok(secret.to_owned().into())
    }
}

/// A credential whose secret is in the vault.
pub(crate) struct FromVault {
    vault: Arc<Vault>,
    name: String,
    kind: CredentialKind,
    account: String,
    /// What was made of the secret that was fetched last.
    fetched: Mutex<Option<Fetched>>,
}

#[derive(Clone)]
struct Fetched {
    at: Instant,
    provider: Arc<dyn CredentialProvider>,
}

impl FromVault {
    pub(crate) fn new(vault: Arc<Vault>, name: String, kind: CredentialKind, account: String) -> Self {
        Self { vault, name, kind, account, fetched: Mutex::default() }
    }

    /// Those who need it at the same moment wait for one fetch.
    async fn provider(&self) -> Result<Arc<dyn CredentialProvider>, CredentialError> {
        let mut fetched = self.fetched.lock().await;
        if let Some(Fetched { at, provider }) = &*fetched
            && at.elapsed() < self.vault.cache
        {
            return Ok(provider.clone());
        }
        let secret = self.vault.fetch(&self.name).await?;
        let provider = provider(self.kind, secret, &self.account)?;
        *fetched = Some(Fetched { at: Instant::now(), provider: provider.clone() });
        Ok(provider)
    }
}

impl CredentialProvider for FromVault {
    fn credential<'a>(
        &'a self,
        exchange: &'a TokenExchange<'a>,
    ) -> BoxFuture<'a, Result<Credential, CredentialError>> {
        Box::pin(async move { self.provider().await?.credential(exchange).await })
    }

    /// A secret that was changed in the vault is fetched again; not for every request of one that stays wrong.
    fn rejected<'a>(&'a self, credential: &'a Credential) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            let mut fetched = self.fetched.lock().await;
            let Some(Fetched { at, provider }) = fetched.clone() else { return true };
            if provider.rejected(credential).await {
                return true;
            }
            let is_old = at.elapsed() >= NEWEST;
            if is_old {
                *fetched = None;
            }
            is_old
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn fetch(script: &str) -> Result<String, String> {
        let command = ["sh", "-c", script].map(str::to_owned);
        let vault = Vault::new(&command, Duration::ZERO).expect("a program");
        let fetched = vault.fetch("acme/refold").await;
        fetched.map(|secret| secret.expose_secret().to_owned()).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn the_program_prints_the_secret_of_a_name_or_nothing_is_used() {
        // `sh -c` has the first argument in $0.
        assert_eq!(fetch("echo \" secret-of-$0 \"").await.as_deref(), Ok("secret-of-acme/refold"));
        let table = [
            ("echo half-a-secret; exit 3", "exit status: 3"),
            ("exit 0", "it printed no secret"),
            ("yes secret", "it printed no secret"),
            ("printf '\\377secret'", "invalid utf-8"),
            ("kill -9 $$", "signal: 9"),
        ];
        for (script, says) in table {
            let error = fetch(script).await.unwrap_err();
            assert!(error.contains(says) && !error.contains("half-a"), "{script}: {error}");
        }
        let nowhere = Vault::new(&["/nowhere/at-all".to_owned()], Duration::ZERO).expect("a program");
        let error = nowhere.fetch("acme").await.unwrap_err().to_string();
        assert!(error.contains("/nowhere/at-all"), "{error}");
        assert_eq!(Vault::new(&[], Duration::ZERO), None);
    }
}
