//! The command line: subcommands, options and their help.

use std::{net::SocketAddr, path::PathBuf};

use actionbox_host::Upstream;
use actionbox_service::Database;
use clap::{Parser, Subcommand, ValueEnum};

use crate::{
    action_name::{ActionName, OwnAction},
    during::During,
    language::Language,
    project::name::ProjectName,
};

/// Makes a heading that looks like clap's own.
macro_rules! heading {
    ($text:literal) => {
        concat!("\x1b[1m\x1b[4m", $text, "\x1b[0m\n")
    };
}

/// The exit codes of [`Exit`](crate::failure::Exit), as the help shows them.
macro_rules! exit_codes {
    () => {
        concat!(
            heading!("Exit codes:"),
            "  0  done
  1  the connected app was reached, and refused or failed
  2  wrong usage, or a file or parameters that cannot be read
  3  the caller must act: unknown app or action, or parameters not accepted
  4  the tenant must act: not granted, or the app has to be connected again
  5  the upstream must act: throttled, failed, or gave no answer
  6  the plugin is at fault: not loadable, crashed, or broke a rule or a limit
  7  the operator must act: key, network, certificate, host"
        )
    };
}

const ROOT_HELP: &str = concat!(
    heading!("Examples:"),
    "  actionbox demo
  actionbox list hubspot --sandbox
  actionbox execute hubspot get_contact limit=1 --sandbox --json

",
    exit_codes!()
);

const DEMO_HELP: &str = concat!(
    heading!("Example:"),
    "  actionbox demo

It needs no account and no network: the upstream is a sandbox server in this process."
);

const SERVE_HELP: &str = concat!(
    heading!("Examples:"),
    "  actionbox serve --sandbox
  actionbox serve --database actionbox.db --master-key-file master.key
  actionbox serve --config actionbox.toml

Callers use the upstream's own API, with a key of this service in x-api-key and a tenant in linked_account_id.
The first start shows a key for the administrator, who makes tenants, credentials, plugins and grants under /v1."
);

const MCP_HELP: &str = concat!(
    heading!("Examples:"),
    "  actionbox mcp --app hubspot --sandbox
  actionbox mcp --app hubspot --app salesforce --allow-write \\
    --key-file key.txt --account customer@example.com
  actionbox mcp --grant grant.json --sandbox

A client, such as an agent, starts it and speaks with it on stdin and stdout. It ends when stdin does.

The file of --grant is {\"allow\": [{\"app\": \"hubspot\", \"read\": true, \"actions\": [{\"id\": \"create_contact\"}]}]}.
When it changes, the tools do, and the client is told."
);

const AUDIT_HELP: &str = concat!(
    heading!("Examples:"),
    "  actionbox audit verify --database actionbox.db
  actionbox audit tail --database actionbox.db"
);

const AUDIT_VERIFY_HELP: &str = concat!(
    heading!("Examples:"),
    "  actionbox audit verify --database actionbox.db
  actionbox audit verify --config actionbox.toml --kept 1200:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef

Exits with 0 when the trail is as it was written, and with 7 when it is not. Whoever can write to the database can
write all of it anew: keep the last line's hash elsewhere, now and then, and check it with --kept."
);

const AUDIT_TAIL_HELP: &str = concat!(
    heading!("Examples:"),
    "  actionbox audit tail --database actionbox.db --tenant acme
  actionbox audit tail --config actionbox.toml --lines 100 --no-follow | jq .event

Each line is a JSON document."
);

const LIST_HELP: &str = concat!(
    heading!("Examples:"),
    "  actionbox list hubspot --sandbox
  actionbox list hubspot --key-file key.txt --account customer@example.com"
);

const DESCRIBE_HELP: &str = concat!(
    heading!("Examples:"),
    "  actionbox describe hubspot create_contact --sandbox
  actionbox describe hubspot create_contact \\
    --key-file key.txt --account customer@example.com"
);

const EXECUTE_HELP: &str = concat!(
    heading!("Examples:"),
    "  actionbox execute hubspot get_contact limit=1 --sandbox --json
  actionbox execute hubspot create_contact email=ada@example.com \\
    --allow-write --sandbox
  echo '{\"limit\":\"3\"}' | actionbox execute hubspot get_contact - --sandbox
  actionbox execute hubspot get_contact limit=1 \\
    --key-file key.txt --account customer@example.com
  actionbox execute hubspot get_contact limit=1 --sandbox --record contacts.json
  actionbox execute hubspot get_contact limit=1 --replay contacts.json

",
    exit_codes!()
);

const EXPLAIN_HELP: &str = concat!(
    heading!("Examples:"),
    "  actionbox explain POST https://app.refold.ai/api/v2/integration-schema/hubspot/actions/get_contact/execute
  actionbox explain GET https://api.hubapi.com/crm/v3/objects/contacts
  actionbox explain --recorded contacts.json --allow-write

Needs no key, and sends nothing. Exits with 0 when the request is allowed, with 4 when the grant refuses it,
and with 6 when no grant would allow it."
);

const NEW_HELP: &str = concat!(
    heading!("Examples:"),
    "  actionbox new my-plugin --lang rust
  actionbox new my-plugin --lang python --dir ~/plugins

The project carries the SDK and the contract with it, and builds and passes its tests at once."
);

const BUILD_HELP: &str = concat!(
    heading!("Examples:"),
    "  actionbox build
  actionbox build ~/plugins/my-plugin --json

It runs cargo, npm or make, whichever the project is made for, and leaves the component at
build/plugin.wasm. Where a command takes a plugin's FILE, the project's folder will do.

Exits with 0 when this host would load the plugin, with 6 when it would not or is not built, and with
7 when a tool is missing."
);

const DEV_HELP: &str = concat!(
    heading!("Examples:"),
    "  actionbox dev
  actionbox dev ~/plugins/my-plugin --allow-write
  echo 'execute hubspot get_contact limit=1' | actionbox dev --json

Builds the plugin again as soon as a file of the project changes, and calls it from a prompt: help says
what can be typed there, Tab completes. Without an upstream it acts on a sandbox server, whose data last
until the end. The files that .gitignore names are not watched, nor what is outside of the folder.

With commands on stdin it ends with them, and exits with the code of the last one."
);

const INSPECT_HELP: &str = concat!(
    heading!("Examples:"),
    "  actionbox inspect plugin.wasm
  actionbox inspect plugin.wasm --diff plugin-1.0.wasm

With --diff, both plugins are asked for their actions against a sandbox server, under a grant that
only reads. What a plugin tells is its own word; what it may do, its grant says.

Exits with 0 when this host would load the file, with --diff both, and with 6 when it would not."
);

const TEST_HELP: &str = concat!(
    heading!("Examples:"),
    "  actionbox test plugin.wasm
  actionbox test my-plugin/ --app salesforce --json
  actionbox test --junit build/junit.xml

Exits with 0 when every case holds or is skipped, and with 6 when one is broken."
);

const SANDBOX_HELP: &str = concat!(
    heading!("Examples:"),
    "  actionbox sandbox
  actionbox sandbox --listen 127.0.0.1:8080 --account customer-42
  actionbox sandbox --tls --ca-out ca.pem"
);

const LIMITS_HELP: &str = concat!(heading!("Example:"), "  actionbox limits --json");

const COMPLETIONS_HELP: &str = concat!(
    heading!("Examples:"),
    "  source <(actionbox completions bash)
  actionbox completions zsh > ~/.zfunc/_actionbox
  actionbox completions fish > ~/.config/fish/completions/actionbox.fish"
);

/// Lists, describes and executes actions of connected apps through sandboxed plugins
///
/// A plugin is a WebAssembly component. It makes only the calls that its grant allows, and never sees a
/// key: the host adds it on the far side of the sandbox wall.
#[derive(Debug, Parser)]
#[command(name = "actionbox", version, after_help = ROOT_HELP)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Print one JSON document on stdout, errors included
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Log calls, requests and what plugins print to stderr; RUST_LOG chooses in more detail
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the whole job in one go, and who sees the key
    #[command(after_help = DEMO_HELP)]
    Demo,
    /// List the actions of an app, and which of them the options allow
    #[command(after_help = LIST_HELP)]
    List(List),
    /// Describe the parameters of an action
    #[command(after_help = DESCRIBE_HELP)]
    Describe(Describe),
    /// Execute an action
    #[command(after_help = EXECUTE_HELP)]
    Execute(Execute),
    /// Tell what the host makes of a request: the route it is, the rule that allows or refuses it, the
    /// credential that is added
    #[command(after_help = EXPLAIN_HELP)]
    Explain(Explain),
    /// Begin a plugin: a project that builds at once, with the SDK and the contract in it
    #[command(after_help = NEW_HELP)]
    New(New),
    /// Build a plugin from its project, and show whether this host would load it
    #[command(after_help = BUILD_HELP)]
    Build(Build),
    /// Work on a plugin: build it when a file changes, and call it from a prompt
    #[command(after_help = DEV_HELP)]
    Dev(Dev),
    /// Show what a component is and asks for, and what an upgrade to it changes
    #[command(after_help = INSPECT_HELP)]
    Inspect(Inspect),
    /// Find out whether a plugin keeps the contract, case by case, against a sandbox server
    #[command(after_help = TEST_HELP)]
    Test(Test),
    /// Run a sandbox server that answers as the real upstream does, until Ctrl-C
    #[command(after_help = SANDBOX_HELP)]
    Sandbox(Sandbox),
    /// Run Actionbox for many tenants: a service that holds credentials, plugins and grants, until Ctrl-C
    #[command(after_help = SERVE_HELP)]
    Serve(Serve),
    /// Offer the actions that are allowed as tools of the Model Context Protocol, on stdin and stdout
    #[command(after_help = MCP_HELP)]
    Mcp(Mcp),
    /// Check the audit trail of a service, or follow it
    #[command(subcommand, after_help = AUDIT_HELP)]
    Audit(Audit),
    /// Show every limit that this command keeps for a plugin, and why
    #[command(after_help = LIMITS_HELP)]
    Limits,
    /// Print a script that completes this command in a shell
    #[command(after_help = COMPLETIONS_HELP)]
    Completions(Completions),
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// The slug of the app, such as hubspot
    pub(crate) app: String,
    #[command(flatten)]
    pub(crate) connect: Connect,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Describe {
    /// The slug of the app, such as hubspot
    pub(crate) app: String,
    /// The id of the action, such as get_contact
    pub(crate) action: String,
    #[command(flatten)]
    pub(crate) connect: Connect,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Execute {
    /// The slug of the app, such as hubspot
    pub(crate) app: String,
    /// The id of the action, such as get_contact
    pub(crate) action: String,
    /// key=value (a string), key:=json, @FILE (a JSON object) or - (a JSON object on stdin);
    /// a later one overrides the same key of an earlier one
    #[arg(value_name = "PARAMETER")]
    pub(crate) parameters: Vec<String>,
    #[command(flatten)]
    pub(crate) connect: Connect,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Explain {
    /// The method, such as GET
    #[arg(required_unless_present = "recorded", requires = "url")]
    pub(crate) method: Option<String>,
    /// The URL that the plugin asks for
    pub(crate) url: Option<String>,
    /// Explain the requests of a recording, as --record makes one
    #[arg(long, value_name = "FILE", conflicts_with_all = ["method", "url"])]
    pub(crate) recorded: Option<PathBuf>,
    /// The call that makes it: APP to list or describe, APP/ACTION to execute [default: the call that is
    /// named as the request is]
    #[arg(long, value_name = "CALL")]
    pub(crate) during: Option<During>,

    /// The linked account to act for
    #[arg(long, help_heading = UPSTREAM, value_name = "ID")]
    pub(crate) account: Option<String>,
    /// How calls authenticate
    #[arg(long, help_heading = UPSTREAM, value_enum, value_name = "WAY", default_value_t = Auth::ApiKey)]
    pub(crate) auth: Auth,
    /// Where the upstream is [default: https://app.refold.ai]
    #[arg(long, help_heading = UPSTREAM, value_name = "URL", value_parser = parse_upstream)]
    pub(crate) base_url: Option<Upstream>,

    #[command(flatten)]
    pub(crate) allow: Allow,
}

#[derive(Debug, clap::Args)]
pub(crate) struct New {
    /// The name: lower-case words and digits with hyphens between
    pub(crate) name: ProjectName,
    /// The language to write it in
    #[arg(long, value_enum, value_name = "LANGUAGE")]
    pub(crate) lang: Language,
    /// The folder to make the project's folder in [default: this one]
    #[arg(long, value_name = "DIR", default_value = ".", hide_default_value = true)]
    pub(crate) dir: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Build {
    /// The folder of the project [default: this one]
    #[arg(value_name = "DIR", default_value = ".", hide_default_value = true)]
    pub(crate) dir: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Dev {
    /// The folder of the project [default: this one]
    #[arg(value_name = "DIR", default_value = ".", hide_default_value = true)]
    pub(crate) dir: PathBuf,
    #[command(flatten)]
    pub(crate) to: To,
    #[command(flatten)]
    pub(crate) allow: Allow,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Inspect {
    /// The file to look at, or the folder of a project that was built
    pub(crate) file: PathBuf,
    /// Show what changes from an older plugin to this one, and first what asks for more
    #[arg(long, value_name = "OLD")]
    pub(crate) diff: Option<PathBuf>,
    /// Compile the component even if its code is in the cache, and keep none
    #[arg(long)]
    pub(crate) no_cache: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Sandbox {
    /// The address to listen on [default: any free port of 127.0.0.1]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<SocketAddr>,
    /// Serve https, with a certificate of an authority made at start
    #[arg(long)]
    pub(crate) tls: bool,
    /// Write the authority's certificate to a file, for --ca
    #[arg(long, value_name = "FILE", requires = "tls")]
    pub(crate) ca_out: Option<PathBuf>,
    /// Add a linked account that has connected every app; may be repeated
    #[arg(long, value_name = "ID")]
    pub(crate) account: Vec<String>,
    /// Let every account make as many requests as it likes
    #[arg(long)]
    pub(crate) no_rate_limit: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Serve {
    /// Read a configuration file, in TOML; options override it
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The address to listen on [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<SocketAddr>,
    /// Serve sample tenants on a sandbox server, and keep nothing
    #[arg(long, conflicts_with_all = ["database", "master_key_file"])]
    pub(crate) sandbox: bool,
    /// The SQLite database, which is made when it is not there, or the URL of a PostgreSQL one. Other users of this
    /// machine see options: a URL with a password belongs into the file
    #[arg(long, value_name = "FILE|URL")]
    pub(crate) database: Option<Database>,
    /// Read the master key, which credentials are encrypted with, from a file that only you may read; else it is in
    /// ACTIONBOX_MASTER_KEY
    #[arg(long, value_name = "FILE")]
    pub(crate) master_key_file: Option<PathBuf>,
    /// Compile plugins even if their code is in the cache, and keep none
    #[arg(long)]
    pub(crate) no_cache: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Check that no line was changed, removed or inserted, and show the end of the trail
    #[command(after_help = AUDIT_VERIFY_HELP)]
    Verify(AuditVerify),
    /// Show the newest lines, and follow the trail, until Ctrl-C
    #[command(after_help = AUDIT_TAIL_HELP)]
    Tail(AuditTail),
}

/// Where a service has its database.
#[derive(Debug, clap::Args)]
pub(crate) struct OfService {
    /// The database of the service, which may be running
    #[arg(long, value_name = "FILE|URL", required_unless_present = "config")]
    pub(crate) database: Option<Database>,
    /// The configuration file of the service, which names the database
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct AuditVerify {
    #[command(flatten)]
    pub(crate) of: OfService,
    /// Check too that a line still has the hash that you have kept of it
    #[arg(long, value_name = "LINE:HASH", value_parser = parse_kept)]
    pub(crate) kept: Option<(i64, String)>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct AuditTail {
    #[command(flatten)]
    pub(crate) of: OfService,
    /// How many of the newest lines to begin with
    #[arg(long, value_name = "NUMBER", default_value_t = 10)]
    pub(crate) lines: u32,
    /// Only lines of a tenant
    #[arg(long, value_name = "TENANT")]
    pub(crate) tenant: Option<String>,
    /// Only lines of a request, by its x-request-id
    #[arg(long, value_name = "ID")]
    pub(crate) request: Option<String>,
    /// End when the newest lines are shown
    #[arg(long)]
    pub(crate) no_follow: bool,
}

fn parse_kept(text: &str) -> Result<(i64, String), String> {
    let parts = text.split_once(':').and_then(|(line, hash)| Some((line.parse().ok()?, hash)));
    match parts {
        Some((line @ 1.., hash)) if hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            Ok((line, hash.to_owned()))
        }
        _ => Err(
            "the number of a line, a colon, and 64 hexadecimal digits, as actionbox audit verify shows them"
                .to_owned(),
        ),
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct Mcp {
    /// The slug of an app, such as hubspot; may be repeated
    #[arg(long, value_name = "APP", required_unless_present = "grant")]
    pub(crate) app: Vec<String>,
    /// Read what is allowed from a file, a JSON document, and again whenever it changes
    #[arg(long, help_heading = GRANT, value_name = "FILE", conflicts_with_all = ["app", "allow_write", "allow", "own"])]
    pub(crate) grant: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) connect: Connect,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Test {
    /// The plugin: a component, or the folder of a project where one was built
    #[arg(value_name = "FILE", default_value = ".")]
    pub(crate) plugin: PathBuf,
    /// The app whose actions are tried [default: the first of which the plugin lists any]
    #[arg(long)]
    pub(crate) app: Option<String>,
    /// Write the cases to a file too, as JUnit XML, which CI systems show
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Compile the plugin even if its code is in the cache, and keep none
    #[arg(long)]
    pub(crate) no_cache: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

const UPSTREAM: &str = "Upstream";
const GRANT: &str = "Grant";

/// The plugin, the upstream with its credentials, and the grant.
#[derive(Debug, clap::Args)]
pub(crate) struct Connect {
    /// The plugin, a component or the folder of a project that was built [default: the built-in reference
    /// plugin]
    #[arg(long, value_name = "FILE")]
    pub(crate) plugin: Option<PathBuf>,
    /// Compile the plugin even if its code is in the cache, and keep none
    #[arg(long)]
    pub(crate) no_cache: bool,
    #[command(flatten)]
    pub(crate) to: To,
    #[command(flatten)]
    pub(crate) allow: Allow,
}

/// The upstream, and as whom.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct To {
    /// Act on a sandbox server in this process, with its well-known key; needs no account
    #[arg(long, help_heading = UPSTREAM, conflicts_with_all = ["base_url", "ca", "key_file"])]
    pub(crate) sandbox: bool,
    /// The linked account to act for [env: REFOLD_LINKED_ACCOUNT] [default with --sandbox: demo-user-1]
    #[arg(long, help_heading = UPSTREAM, value_name = "ID")]
    pub(crate) account: Option<String>,
    /// A file that holds the API key, and that nobody else may read [default: what REFOLD_API_KEY holds]
    #[arg(long, help_heading = UPSTREAM, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// How calls authenticate
    #[arg(long, help_heading = UPSTREAM, value_enum, value_name = "WAY", default_value_t = Auth::ApiKey)]
    pub(crate) auth: Auth,
    /// Where the upstream is [default: https://app.refold.ai]
    #[arg(long, help_heading = UPSTREAM, value_name = "URL", value_parser = parse_upstream)]
    pub(crate) base_url: Option<Upstream>,
    /// Trust a root certificate, in PEM, beside Mozilla's
    #[arg(long, help_heading = UPSTREAM, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// Write the requests of the plugin and the answers that it saw to a file; no credential is in it, and
    /// the tenant's data is. What the file held is replaced
    #[arg(long, help_heading = UPSTREAM, value_name = "FILE", conflicts_with = "replay")]
    pub(crate) record: Option<PathBuf>,
    /// Answer from such a file in place of the upstream; needs no account, no key and no network
    #[arg(long, help_heading = UPSTREAM, value_name = "FILE",
          conflicts_with_all = ["sandbox", "base_url", "ca", "key_file"])]
    pub(crate) replay: Option<PathBuf>,
}

impl To {
    /// Tells whether no upstream is named.
    pub(crate) fn is_nowhere(&self) -> bool {
        self.base_url.is_none() && self.key_file.is_none() && self.ca.is_none() && self.replay.is_none()
    }
}

/// What the plugin may do, beside reading the app that is asked for.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Allow {
    /// Allow the app's writing actions, beside its reading ones
    #[arg(long, help_heading = GRANT)]
    pub(crate) allow_write: bool,
    /// Allow an action by name, whatever it does; may be repeated. Allowing httprequest, which makes any
    /// call, hands the plugin the whole connected account
    #[arg(long, help_heading = GRANT, value_name = "APP/ACTION")]
    pub(crate) allow: Vec<ActionName>,
    /// Say what an action of the plugin's own may do (read, write, destructive or raw); may be repeated.
    /// The upstream's actions that it is made of must be allowed too
    #[arg(long, help_heading = GRANT, value_name = "APP/ACTION=EFFECT")]
    pub(crate) own: Vec<OwnAction>,
}

impl Connect {
    /// Returns the options that name the same plugin and upstream again, for a command to try next.
    pub(crate) fn again(&self) -> String {
        let path = |path: &PathBuf| path.display().to_string();
        let given = [
            ("--plugin", self.plugin.as_ref().map(path)),
            ("--account", self.to.account.clone()),
            ("--key-file", self.to.key_file.as_ref().map(path)),
            ("--base-url", self.to.base_url.as_ref().map(Upstream::base_url)),
            ("--ca", self.to.ca.as_ref().map(path)),
            ("--replay", self.to.replay.as_ref().map(path)),
        ];
        let sandbox = self.to.sandbox.then(|| " --sandbox".to_owned());
        let valued =
            given.into_iter().filter_map(|(name, value)| Some(format!(" {name} {}", quoted(&value?))));
        valued.chain(sandbox).collect()
    }
}

impl Allow {
    /// Returns the options that allow the same, each after a space.
    pub(crate) fn options(&self) -> String {
        let write = self.allow_write.then(|| " --allow-write".to_owned());
        let named = |name: &ActionName| format!("{}/{}", name.app, name.action);
        let allow = self.allow.iter().map(|name| format!(" --allow {}", named(name)));
        let own = self.own.iter().map(|own| format!(" --own {}={}", named(&own.name), own.effect));
        write.into_iter().chain(allow).chain(own).collect()
    }
}

/// Quotes text for a shell, where it has to be.
pub(crate) fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@".contains(c);
    match !text.is_empty() && text.chars().all(plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

/// How calls authenticate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Auth {
    /// The API key and the account on every call
    ApiKey,
    /// A session token, obtained with the key, which itself rides on no action call
    SessionToken,
}

fn parse_upstream(base_url: &str) -> Result<Upstream, actionbox_host::ConfigError> {
    Upstream::refold().at(base_url)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::failure::Exit;

    #[test]
    fn the_definition_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn a_command_to_try_next_names_the_same_upstream() {
        let parse = |options: &str| {
            let arguments = format!("actionbox list hubspot {options}");
            match Args::parse_from(arguments.split_whitespace()).command {
                Command::List(list) => list.connect.again(),
                other => panic!("{other:?}"),
            }
        };
        for options in [
            "",
            " --sandbox",
            " --replay a.json",
            " --plugin a.wasm --account a@b.c --base-url https://example.com",
        ] {
            assert_eq!(parse(options), options);
        }
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }

    #[test]
    fn every_subcommand_shows_an_example() {
        for command in Args::command().get_subcommands_mut() {
            let (name, help) = (command.get_name().to_owned(), command.render_long_help().to_string());
            assert!(help.contains("Example") && help.contains(&format!("actionbox {name}")), "{help}");
        }
    }

    #[test]
    fn every_exit_code_is_in_the_help() {
        let help = Args::command().render_long_help().to_string();
        for exit in Exit::ALL {
            assert!(help.contains(&format!("\n  {}  ", exit as u8)), "{exit:?}");
        }
    }
}
