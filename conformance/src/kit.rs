//! Plays every case against one plugin.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use actionbox_host::{
    ActionHost, ActionHostBuilder, ActionId, ConfigError, CredentialError, Error, HostLimits, Limits,
    LoadError, Plugin,
};
use actionbox_sandbox::{Sandbox, SandboxError};

use crate::{
    audit::Audit,
    cases::{self, Case},
    measure,
    report::{CaseReport, Report, Verdict},
    stage::{self, Stage, Subject},
};

/// The conformance kit, set up for plugins of one kind.
pub struct Conformance {
    host: ActionHostBuilder,
    app: Option<String>,
    limits: Limits,
}

/// Why a plugin could not be judged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KitError {
    /// The component is not loaded: no host would.
    #[error("the plugin cannot be loaded")]
    Load(#[from] LoadError),
    /// The plugin lists no action of any app.
    #[error("the plugin lists no action of {apps}; name the app that it is for")]
    NoActions {
        /// The apps that were asked.
        apps: String,
        /// What listing the first of them gave instead, if it failed.
        #[source]
        error: Option<Error>,
    },
    /// The sandbox server cannot be started.
    #[error("the sandbox server cannot be started")]
    Sandbox(#[from] SandboxError),
    /// The host or a grant cannot be built.
    #[error("the kit's own host cannot be set up")]
    Config(#[from] ConfigError),
    /// The kit's own credentials are not acceptable.
    #[error("the kit's own credentials are not acceptable")]
    Credential(#[from] CredentialError),
}

impl Default for Conformance {
    fn default() -> Self {
        Self::new()
    }
}

impl Conformance {
    /// Sets the kit up for plugins that offer an app of the sandbox server, under the default limits of the host,
    /// but for time: the kit may share a busy machine, and measures what a call takes. `cpu_time` is 30 s,
    /// `wall_time` 60 s.
    pub fn new() -> Self {
        let (cpu_time, wall_time) = (Duration::from_secs(30), Duration::from_secs(60));
        let limits = Limits { cpu_time, wall_time, ..Limits::default() };
        Self { host: ActionHost::builder(), app: None, limits }
    }

    /// Builds on a host that is set up otherwise, such as with a compile worker. Its audit and its limits are
    /// the kit's.
    #[must_use]
    pub fn host(mut self, host: ActionHostBuilder) -> Self {
        self.host = host;
        self
    }

    /// Tries the actions of this app. Default: the first app of the sandbox server of which the plugin lists
    /// any.
    #[must_use]
    pub fn app(mut self, app: impl Into<String>) -> Self {
        self.app = Some(app.into());
        self
    }

    /// Plays every case within other limits.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Plays every case against a component.
    ///
    /// # Errors
    ///
    /// [`KitError`] when there is nothing to judge: the component is not loadable, or lists nothing.
    pub async fn run(self, component: impl Into<Vec<u8>>) -> Result<Report, KitError> {
        self.run_with(component, |_| {}).await
    }

    /// Plays every case against a component, and shows each as soon as it was played.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub async fn run_with(
        self,
        component: impl Into<Vec<u8>>,
        mut played: impl FnMut(&CaseReport),
    ) -> Result<Report, KitError> {
        let audit = Audit::default();
        // The kit is no tenant: nothing is to slow it down, and cases provoke leaks on purpose.
        let limits =
            HostLimits { concurrent_calls: 32, account_rate: None, leaks: None, ..HostLimits::default() };
        let host = self
            .host
            .host_limits(limits)
            .limits(self.limits.clone())
            .audit(Arc::new(audit.clone()))
            .build()?;
        let began = Instant::now();
        let plugin = host.load(component).await?;
        let compile = began.elapsed();

        let subject = Subject::find(plugin, self.app, audit, self.limits).await?;
        let mut reports = Vec::new();
        for case in cases::all() {
            let report = play(&subject, &case).await?;
            played(&report);
            reports.push(report);
        }
        let measures = measure::measure(&subject, compile).await?;
        Ok(Report { digest: subject.plugin.digest().to_owned(), app: subject.app, cases: reports, measures })
    }
}

async fn play(subject: &Subject, case: &Case) -> Result<CaseReport, KitError> {
    /// No case takes longer, unless it hangs; the slowest makes a thousand calls.
    const LONGEST: Duration = Duration::from_secs(300);
    let stage = Stage::new(subject, case.claim).await?;
    let began = Instant::now();
    let verdict = match tokio::time::timeout(LONGEST, (case.play)(&stage)).await {
        Ok(Ok(())) => Verdict::Held,
        Ok(Err(verdict)) => verdict,
        Err(_) => Verdict::Broken {
            tried: "the whole case".to_owned(),
            expected: format!("an end within {LONGEST:?}"),
            found: "none".to_owned(),
        },
    };
    Ok(CaseReport { group: case.group, claim: case.claim, verdict, duration: began.elapsed() })
}

impl Subject {
    /// Finds an app whose actions the plugin lists, and which of them are the plugin's own.
    async fn find(
        plugin: Plugin,
        app: Option<String>,
        audit: Audit,
        limits: Limits,
    ) -> Result<Self, KitError> {
        let sandbox = stage::sandbox().await?;
        let apps =
            app.map_or_else(|| Sandbox::apps().into_iter().map(str::to_owned).collect(), |app| vec![app]);
        let mut first = None;
        for app in &apps {
            let grant = stage::grant(&sandbox, "the kit", app)?.limits(limits.clone()).build()?;
            match plugin.list_actions(&grant, app).await {
                Ok(listed) if !listed.is_empty() => {
                    let upstream = Sandbox::actions(app);
                    let own = listed
                        .iter()
                        .map(|action| action.id.clone())
                        .filter(|id| !upstream.contains(&id.as_str()));
                    let own = own.filter(|id| ActionId::parse(id).is_ok()).collect();
                    return Ok(Self { plugin, app: app.clone(), own, listed, audit, limits });
                }
                Ok(_) => {}
                Err(error) => first = first.or(Some(error)),
            }
        }
        Err(KitError::NoActions { apps: apps.join(", "), error: first })
    }
}
