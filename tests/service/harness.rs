//! A service with two tenants, whose upstream is a sandbox server.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use actionbox_host::{ActionHost, CompileCache, HostLimits, SecretString};
use actionbox_sandbox::{Sandbox, SandboxBuilder};
use actionbox_service::{
    Admin, Allow, Config, CredentialKind, GrantDefinition, Keyring, Named, NewCredential, NewKey, Role,
    Service,
};
use actionbox_tests::canary;
use secrecy::ExposeSecret as _;
use sqlx::Connection as _;

use crate::client::Client;

pub(crate) const ACCOUNT: &str = "acme@example.com";
pub(crate) const NEIGHBOUR: &str = "globex@example.com";

/// Names the PostgreSQL server that the tests are to use, by a URL up to the name of the database:
/// `postgres://user@127.0.0.1:5432/`. Without it they use SQLite.
const POSTGRES: &str = "ACTIONBOX_TEST_POSTGRES";

/// A directory of a test's own, which ends with it, and a database.
pub(crate) struct Folder {
    pub(crate) path: PathBuf,
    server: Option<Server>,
}

/// The database of a test on a server.
pub(crate) struct Server {
    url: String,
    name: String,
}

impl Folder {
    pub(crate) async fn new(name: &str) -> Self {
        let path =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("service-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).expect("the directory for tests is writable");
        let server = match std::env::var(POSTGRES) {
            Ok(url) => {
                let name = format!("test_{:032x}", fastrand::u128(..));
                let mut connection = connect(&format!("{url}postgres")).await;
                let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
                sqlx::query(create).execute(&mut connection).await.expect("a database");
                Some(Server { url, name })
            }
            Err(_) => None,
        };
        Self { path, server }
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.server.is_none()
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.path.join("action box?#%.db")
    }

    /// Names the database as the service is told it.
    pub(crate) fn database(&self) -> String {
        match &self.server {
            Some(Server { url, name }) => format!("{url}{name}"),
            None => self.file().display().to_string(),
        }
    }

    /// Connects to the database behind the service's back.
    pub(crate) async fn connect(&self) -> sqlx::AnyConnection {
        match self.is_sqlite() {
            false => connect(&self.database()).await,
            true => {
                let path = self.database();
                let path = path.replace('%', "%25").replace(' ', "%20").replace('?', "%3F");
                connect(&format!("sqlite://{}", path.replace('#', "%23"))).await
            }
        }
    }
}

pub(crate) async fn connect(url: &str) -> sqlx::AnyConnection {
    sqlx::any::install_default_drivers();
    sqlx::AnyConnection::connect(url).await.expect("the database opens")
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.path).expect("it is ours");
    }
}

/// Asks again and again, with a breath between, until there is something.
///
/// # Panics
///
/// When there is nothing after a minute.
pub(crate) async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(found) = ask().await {
                return found;
            }
            // The service shares this machine: whoever asks all the time keeps it from what is waited for.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let found = tokio::time::timeout(Duration::from_secs(60), asking).await;
    found.unwrap_or_else(|_| panic!("in a minute, {what} has not come"))
}

/// Everything that a test needs.
pub(crate) struct Setup {
    pub(crate) sandbox: Sandbox,
    pub(crate) service: Service,
    pub(crate) folder: Folder,
    /// The upstream's key, a canary.
    pub(crate) upstream_key: String,
    pub(crate) master: SecretString,
    /// For all tenants.
    pub(crate) caller: NewKey,
    /// For the first tenant alone.
    pub(crate) acme: NewKey,
    pub(crate) admin: NewKey,
}

/// Allows to read an app, and some of its actions by name.
pub(crate) fn allow(app: &str, actions: &[&str]) -> Allow {
    Allow {
        app: app.to_owned(),
        read: true,
        write: false,
        actions: actions.iter().copied().map(Named::new).collect(),
        own: Vec::new(),
    }
}

/// Where code is kept for all of these tests.
pub(crate) fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("service-cache")
}

pub(crate) async fn start(folder: &Folder, master: &SecretString) -> Service {
    try_start(folder, master).await.expect("the service starts")
}

pub(crate) async fn try_start(
    folder: &Folder,
    master: &SecretString,
) -> Result<Service, actionbox_service::StartError> {
    try_start_on(&folder.database(), master, |_| ()).await
}

pub(crate) async fn try_start_on(
    database: &str,
    master: &SecretString,
    change: impl FnOnce(&mut Config),
) -> Result<Service, actionbox_service::StartError> {
    // Shared by all tests: whoever is first compiles.
    let cache = CompileCache::at(cache());
    let limits = HostLimits { concurrent_calls: 32, account_rate: None, ..HostLimits::default() };
    let host = ActionHost::builder().host_limits(limits).compile_cache(cache);
    let keyring = Keyring::parse(master).expect("a key");
    let Ok(database) = database.parse();
    let mut config = Config::new(([127, 0, 0, 1], 0).into(), database, keyring, host);
    (config.calls, config.calls_per_tenant) = (64, 40);
    change(&mut config);
    Service::start(config).await
}

impl Setup {
    pub(crate) async fn new(name: &str) -> Self {
        Self::with(name, |sandbox| sandbox).await
    }

    pub(crate) async fn with(name: &str, change: impl FnOnce(SandboxBuilder) -> SandboxBuilder) -> Self {
        let upstream_key = canary::secret();
        let sandbox =
            Sandbox::builder().api_key(&upstream_key).account(ACCOUNT).account(NEIGHBOUR).no_rate_limit();
        let sandbox = change(sandbox).start().await.expect("a sandbox server");
        let folder = Folder::new(name).await;
        let master = Keyring::generate().expect("random");
        let service = start(&folder, &master).await;
        let admin = service.admin("test");
        admin.new_plugin(actionbox_examples::REFOLD).await.expect("a plugin");
        for (tenant, account) in [("acme", ACCOUNT), ("globex", NEIGHBOUR)] {
            admin.new_tenant(tenant).await.expect("a tenant");
            let credential = NewCredential {
                kind: CredentialKind::ApiKey,
                account: account.to_owned(),
                key: upstream_key.clone().into(),
            };
            admin.put_credential(tenant, "refold", credential).await.expect("a credential");
            grant(&admin, &sandbox, tenant, &["create_contact", "delete_contact"]).await;
        }
        let key = async |name, role, tenant| admin.new_key(name, role, tenant).await.expect("a key");
        Self {
            caller: key("product", Role::Caller, None).await,
            acme: key("acme-only", Role::Caller, Some("acme")).await,
            admin: key("operator", Role::Admin, None).await,
            sandbox,
            service,
            folder,
            upstream_key,
            master,
        }
    }

    /// Stops the service, and starts it anew on the same database.
    pub(crate) async fn restart(mut self) -> Self {
        self.service.stop(Duration::from_secs(20)).await;
        self.service = start(&self.folder, &self.master).await;
        self
    }

    /// A client of the service that speaks for a tenant.
    pub(crate) fn client(&self, tenant: &str) -> Client {
        self.client_with(self.caller.key.expose_secret(), tenant)
    }

    pub(crate) fn client_with(&self, key: &str, tenant: &str) -> Client {
        Client::new(&format!("http://{}", self.service.address()))
            .header("x-api-key", key)
            .header("linked_account_id", tenant)
    }

    pub(crate) fn administrator(&self) -> Client {
        Client::new(&format!("http://{}", self.service.address()))
            .header("x-api-key", self.admin.key.expose_secret())
    }

    /// How often an action ran at the upstream.
    pub(crate) fn ran(&self, action: &str) -> usize {
        self.sandbox.executions().iter().filter(|execution| execution.action == action).count()
    }
}

/// Grants a tenant to read HubSpot, and some actions by name.
pub(crate) async fn grant(admin: &Admin, sandbox: &Sandbox, tenant: &str, actions: &[&str]) -> i64 {
    let digest = admin.new_plugin(actionbox_examples::REFOLD).await.expect("a plugin");
    let definition = GrantDefinition {
        plugin: digest,
        credential: "refold".to_owned(),
        base_url: Some(sandbox.base_url()),
        allow: vec![allow("hubspot", actions)],
        limits: None,
    };
    admin.put_grant(tenant, "hubspot", &definition).await.expect("a grant")
}
