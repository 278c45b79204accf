//! The configuration file of `actionbox serve`, in TOML: read once at the start, refused with the line of the fault.

use std::{collections::BTreeMap, fmt, net::SocketAddr, num::NonZeroU32, path::PathBuf, time::Duration};

use serde::Deserialize;

use crate::{Config, Database, McpHosts};

/// What a configuration file says. Everything has a default; a key that is not known is a fault.
///
/// ```
/// use actionbox_service::Settings;
///
/// let settings = Settings::parse("[limits]\ncalls = 64\n").expect("it is good");
/// assert_eq!(settings.limits.calls, 64);
/// let fault = Settings::parse("[limits]\ncalls = 64\ncals_per_tenant = 8\n").unwrap_err();
/// assert_eq!(fault.line, 3);
/// ```
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The address to listen on. Default: 127.0.0.1:8080.
    pub listen: Option<SocketAddr>,
    /// The path of an SQLite database, or the URL of a PostgreSQL one (`postgres://…`).
    pub database: Option<Database>,
    /// Where the master key is.
    pub master_key: Option<MasterKey>,
    /// How much there may be of what.
    pub limits: Limits,
    /// How long what is kept for ever by default is kept.
    pub retention: Retention,
    /// Which plugins may be uploaded.
    pub plugins: Plugins,
    /// Where secrets are that are not stored here.
    pub vault: Option<Vault>,
    /// What is checked at `/mcp` before the key.
    pub mcp: McpHosts,
    /// What is told to others of how it goes.
    pub telemetry: Telemetry,
}

/// Where the master key is that credentials are encrypted with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MasterKey {
    /// In a file that only its owner may read.
    File(PathBuf),
    /// In a variable of the environment.
    Env(String),
    /// What a program prints: the program, and its arguments.
    Command(Vec<String>),
}

/// Whoever writes the key itself is told so, without it: what serde would say shows what it found.
impl<'de> Deserialize<'de> for MasterKey {
    fn deserialize<D: serde::Deserializer<'de>>(given: D) -> Result<Self, D::Error> {
        let table = toml::Value::deserialize(given)?;
        let only = table.as_table().filter(|table| table.len() == 1).and_then(|table| table.iter().next());
        let key = match only.map(|(name, value)| (&**name, value)) {
            Some(("file", toml::Value::String(path))) => Some(Self::File(path.into())),
            Some(("env", toml::Value::String(name))) => Some(Self::Env(name.clone())),
            Some(("command", toml::Value::Array(words))) => {
                let words: Option<Vec<_>> =
                    words.iter().map(|word| word.as_str().map(str::to_owned)).collect();
                words.filter(|words| !words.is_empty()).map(Self::Command)
            }
            _ => None,
        };
        key.ok_or_else(|| {
            let forms =
                r#"{ file = "PATH" }, { env = "NAME" } or { command = ["PROGRAM"] }, never the key itself"#;
            serde::de::Error::custom(format!("master_key is {forms}"))
        })
    }
}

/// How much there may be of what.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// How many calls may be in the service at once. Default: 512.
    pub calls: usize,
    /// How many of one tenant, where `tenants` says nothing else. Default: 64.
    pub calls_per_tenant: usize,
    /// How many of the tenants that are named.
    pub tenants: BTreeMap<String, usize>,
    /// How many calls run at once; the others wait. Default: the host's, 256.
    pub concurrent_calls: Option<usize>,
    /// How many requests a second go to one linked account. Default: 20, the upstream's own limit.
    pub account_rate: Option<NonZeroU32>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            calls: Config::CALLS,
            calls_per_tenant: Config::CALLS_PER_TENANT,
            tenants: BTreeMap::new(),
            concurrent_calls: None,
            account_rate: None,
        }
    }
}

/// How long what is kept for ever by default is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// For how many days the answers to executions are kept, and their idempotency keys hold. Default: for ever.
    pub answers_days: Option<NonZeroU32>,
}

impl Retention {
    /// Returns how long answers are kept; nothing means for ever.
    pub fn answers(&self) -> Option<Duration> {
        self.answers_days.map(|days| Duration::from_secs(u64::from(days.get()) * 24 * 60 * 60))
    }
}

/// Which plugins may be uploaded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Plugins {
    /// Public keys (Ed25519, base64). If there are any, one of them has to have signed each plugin that is uploaded.
    pub signers: Vec<String>,
    /// Whether only plugins may be granted that the conformance kit finds to keep the contract. Default: no.
    pub only_good: bool,
}

/// A program that fetches secrets from an outside vault.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vault {
    /// The program and its first arguments; the name of the secret comes last. It prints the secret.
    pub command: Vec<String>,
    /// For how many seconds a secret is used before it is fetched again. Default: 300.
    #[serde(default = "five_minutes")]
    pub cache_seconds: u32,
}

impl fmt::Debug for Vault {
    /// Names the program alone: an argument may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("program", &self.command.first()).finish_non_exhaustive()
    }
}

fn five_minutes() -> u32 {
    300
}

/// What is told to others of how it goes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Telemetry {
    /// Where traces and metrics are sent by OTLP over HTTP, such as `http://127.0.0.1:4318`. Default: nowhere.
    pub otlp_endpoint: Option<String>,
}

/// What is wrong with a configuration file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct SettingsError {
    /// Of the fault, from 1.
    pub line: usize,
    /// Of the fault, from 1, in characters.
    pub column: usize,
    /// What is wrong, without the values of the file: a database's URL has a password.
    pub message: String,
}

impl Settings {
    /// Reads a configuration file.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] when it is no TOML, or says something that is not known.
    pub fn parse(text: &str) -> Result<Self, SettingsError> {
        toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line_begins = before.rfind('\n').map_or(0, |newline| newline + 1);
            SettingsError {
                line: before.matches('\n').count() + 1,
                column: before[line_begins..].chars().count() + 1,
                message: without_value(error.message()),
            }
        })
    }
}

/// Returns the words of a fault, without what was found where something else was expected.
fn without_value(message: &str) -> String {
    let message = message.trim_end().replace('\n', ", ");
    for kind in ["invalid type", "invalid value"] {
        if message.starts_with(kind) {
            let expected = message.rfind(", expected ").map_or("", |at| &message[at..]);
            return format!("{kind}{expected}");
        }
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_has_a_default_and_a_name() {
        let empty = Settings::parse("").expect("it is good");
        assert_eq!((empty.limits.calls, empty.limits.calls_per_tenant), (512, 64));
        let whole = Settings::parse(include_str!("../../examples/serve/actionbox.toml")).expect("it is good");
        assert_eq!(whole.master_key, Some(MasterKey::File("master.key".into())));
        assert_eq!(whole.limits.tenants["acme"], 128);
        assert_eq!(whole.retention.answers(), Some(Duration::from_secs(30 * 86_400)));
    }

    #[test]
    fn a_fault_is_told_with_its_line_and_without_values() {
        let secret = "postgres://actionbox:hunter2@db/actionbox";
        let table = [
            ("listen = \"nowhere\"\n".to_owned(), 1, "socket address"),
            (format!("\n\ndatabase = \"{secret}\"\ndatabase = \"{secret}\"\n"), 4, "duplicate key"),
            (format!("databse = \"{secret}\"\n"), 1, "unknown field `databse`"),
            (format!("database = \"{secret}\n"), 1, ""),
            ("[limits]\ncalls = -1\n".to_owned(), 2, "invalid value"),
            ("[limits]\ncalls = \"many\"\n".to_owned(), 2, "invalid type"),
            ("[telemetry]\n[vault]\n".to_owned(), 2, "missing field `command`"),
            ("\nmaster_key = \"hunter2\"\n".to_owned(), 2, "never the key itself"),
            ("master_key = { hunter2 = 1 }\n".to_owned(), 1, "never the key itself"),
            ("[vault]\ncommand = \"vault --token hunter2\"\n".to_owned(), 2, "expected a sequence"),
            ("listen = [\"hunter2\"]\n".to_owned(), 1, "invalid type"),
            ("[limits]\ncalls = \"hunter2\"\n".to_owned(), 2, "expected usize"),
            ("[retention]\nanswers_days = 0\n".to_owned(), 2, "nonzero"),
        ];
        for (text, line, says) in table {
            let fault = Settings::parse(&text).unwrap_err();
            assert_eq!(fault.line, line, "{text}{fault}");
            assert!(fault.message.contains(says), "{text}{fault}");
            assert!(!fault.to_string().contains("hunter2"), "{fault}");
        }
        let whole =
            format!("database = \"{secret}\"\n[vault]\ncommand = [\"vault\", \"--token\", \"hunter2\"]\n");
        let whole = Settings::parse(&whole).expect("it is good");
        assert!(!format!("{whole:?}").contains("hunter2"), "{whole:?}");
    }
}
