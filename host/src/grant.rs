//! What one tenant lets one plugin do. Pure decisions: no I/O, no clock, no wasmtime.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    hash::{Hash, Hasher},
    sync::{Arc, Weak},
};

use crate::{
    credential::CredentialProvider,
    effect::Effect,
    error::ConfigError,
    gate::route::{NotARoute, Route},
    limits::Limits,
    name::{ActionId, AppSlug},
    upstream::Upstream,
};

/// What one tenant lets one plugin do: upstream, credentials, apps, actions, effects and limits.
///
/// The default allows nothing. A grant is cheap to clone, and its `Debug` shows no secret.
///
/// ```
/// use actionbox_host::{ApiKey, Effect, Grant, Upstream};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let key = ApiKey::new("tk_0123456789abcdef", "customer@example.com")?;
/// let grant = Grant::builder("acme")
///     .upstream(Upstream::refold(), key)
///     .allow_reads("hubspot")
///     .allow_action("hubspot", "create_contact")
///     .own_action("hubspot", "upsert_contact", Effect::Write)
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Grant(Arc<Inner>);

#[derive(Default)]
struct Inner {
    tenant: String,
    upstream: Option<(Upstream, Arc<dyn CredentialProvider>)>,
    apps: HashMap<AppSlug, AppGrant>,
    limits: Option<Limits>,
}

#[derive(Debug, Default)]
struct AppGrant {
    reads: bool,
    writes: bool,
    /// Actions granted by name, with their effect when the grant names it.
    named: BTreeMap<ActionId, Option<Effect>>,
    /// The plugin's own actions: no route executes them, they only set the authority of a call.
    own: BTreeMap<ActionId, Effect>,
}

/// Which grant it is, without holding it: two that were built alike are two grants.
#[derive(Clone)]
pub(crate) struct GrantId(Weak<Inner>);

impl GrantId {
    /// Tells whether nobody holds the grant any more.
    pub(crate) fn is_gone(&self) -> bool {
        self.0.strong_count() == 0
    }
}

impl PartialEq for GrantId {
    fn eq(&self, other: &Self) -> bool {
        self.0.ptr_eq(&other.0)
    }
}

impl Eq for GrantId {}

impl Hash for GrantId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.as_ptr().hash(state);
    }
}

/// How far the requests of one call reach. The host sets it when the call begins.
///
/// ```
/// use actionbox_host::{ActionId, ApiKey, AppSlug, Effect, Grant, Reach, Route, Upstream};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let key = ApiKey::new("tk_0123456789abcdef", "customer@example.com")?;
/// # let builder = Grant::builder("acme").upstream(Upstream::refold(), key);
/// let grant = builder.allow_writes("hubspot").build()?;
/// let (app, action) = (AppSlug::parse("hubspot")?, ActionId::parse("create_contact")?);
/// let create = Route::Execute { app, action };
/// // A call that only reads cannot write, though the tenant allows it.
/// assert!(grant.check_route(&create, Reach::Execute(Effect::Read)).is_err());
/// assert!(grant.check_route(&create, Reach::Execute(Effect::Write)).is_ok());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// `list-actions` and `describe-action`: only list and describe routes leave.
    Discover,
    /// `execute-action`: nothing above this effect, which [`Grant::check_execute`] tells.
    Execute(Effect),
}

/// Which part of a grant allows something, named as the method of [`GrantBuilder`] that put it there.
///
/// ```
/// use actionbox_host::Rule;
///
/// /// Tells what a tenant allowed as a whole, hence also allows of what the upstream adds later.
/// fn is_wide(rule: Rule) -> bool {
///     matches!(rule, Rule::Reads | Rule::Writes)
/// }
/// assert!(is_wide(Rule::Writes) && !is_wide(Rule::Action));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// Whatever is granted of an app lets its actions be listed and described.
    App,
    /// [`GrantBuilder::allow_reads`].
    Reads,
    /// [`GrantBuilder::allow_writes`].
    Writes,
    /// [`GrantBuilder::allow_action`] or [`GrantBuilder::allow_action_as`].
    Action,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::App => "the app is granted",
            Self::Reads => "reads are granted",
            Self::Writes => "writes are granted",
            Self::Action => "the action is granted by name",
        })
    }
}

/// What a grant allows, and by which rule.
///
/// ```
/// use actionbox_host::{Allowed, Effect, Grant, Reach, Route, Rule};
///
/// /// Explains to a tenant why a plugin may do something.
/// fn explain(grant: &Grant, route: &Route) -> String {
///     match grant.check_route(route, Reach::Execute(Effect::Raw)) {
///         Ok(Allowed { effect, rule }) => format!("{route} ({effect}): {rule}"),
///         Err(refusal) => refusal.to_string(),
///     }
/// }
/// # let app = actionbox_host::AppSlug::parse("hubspot").unwrap();
/// # assert!(explain(&Grant::default(), &Route::List { app }).contains("names no upstream"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowed {
    /// The effect that the host resolved.
    pub effect: Effect,
    /// The rule.
    pub rule: Rule,
}

/// Why a grant refuses a call or a request.
///
/// ```
/// use actionbox_host::{ActionId, ApiKey, AppSlug, Effect, Grant, Refusal, Upstream};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let key = ApiKey::new("tk_0123456789abcdef", "customer@example.com")?;
/// # let builder = Grant::builder("acme").upstream(Upstream::refold(), key);
/// let grant = builder.allow_reads("hubspot").build()?;
/// match grant.check_execute(&AppSlug::parse("hubspot")?, &ActionId::parse("create_contact")?) {
///     Err(Refusal::Action { effect: Some(Effect::Write), .. }) => println!("ask the tenant for writes"),
///     other => panic!("{other:?}"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The grant names no upstream at all.
    #[error("the grant of tenant {tenant:?} names no upstream, so it allows nothing")]
    EmptyGrant {
        /// The tenant.
        tenant: String,
    },
    /// The request is none of the upstream's endpoints.
    #[error("the request is no route of the upstream: {0}")]
    NotARoute(#[from] NotARoute),
    /// The body of an execute request is not what the endpoint takes.
    #[error("the body of the request was refused: {0}")]
    Body(#[from] crate::gate::rebuild::BadBody),
    /// The grant does not reach the app.
    #[error("the grant does not reach the app {app}")]
    App {
        /// The app.
        app: AppSlug,
    },
    /// The grant does not allow the action.
    #[error("the grant does not allow {app}/{action}, which is {}", Named(.effect))]
    Action {
        /// The app.
        app: AppSlug,
        /// The action.
        action: ActionId,
        /// The effect that the host resolved, or `None` when the verb is unknown.
        effect: Option<Effect>,
    },
    /// Answers to the plugin have held a credential too often.
    #[error("the plugin is kept away from {upstream}: {leaks} answers to it held a credential")]
    Quarantined {
        /// The base URL of the upstream.
        upstream: String,
        /// How many answers.
        leaks: u32,
    },
    /// The request does more than the call that makes it.
    #[error("{route} ({effect}) is above what this call may do ({allowed})")]
    AboveCall {
        /// What was asked.
        route: Route,
        /// The effect of it.
        effect: Effect,
        /// What the call may do.
        allowed: &'static str,
    },
}

/// Shows an effect that may be unknown.
struct Named<'a>(&'a Option<Effect>);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(effect @ (Effect::Destructive | Effect::Raw)) => {
                write!(f, "{effect} and needs a grant by name")
            }
            Some(effect) => write!(f, "a {effect}"),
            None => f.write_str("an action of unknown effect and needs a grant by name"),
        }
    }
}

impl Grant {
    /// Starts a grant for a tenant. The name appears in audit events and nowhere else.
    ///
    /// ```
    /// use actionbox_host::Grant;
    ///
    /// // Without an upstream and without anything allowed, it is good for nothing.
    /// let grant = Grant::builder("acme").build()?;
    /// assert!(grant.upstream().is_none());
    /// # Ok::<(), actionbox_host::ConfigError>(())
    /// ```
    pub fn builder(tenant: impl Into<String>) -> GrantBuilder {
        GrantBuilder { inner: Inner { tenant: tenant.into(), ..Inner::default() }, error: None }
    }

    /// Returns the tenant's name.
    ///
    /// ```
    /// use actionbox_host::Grant;
    ///
    /// let grant = Grant::builder("acme").build()?;
    /// assert_eq!(grant.tenant(), "acme");
    /// # Ok::<(), actionbox_host::ConfigError>(())
    /// ```
    pub fn tenant(&self) -> &str {
        &self.0.tenant
    }

    /// Returns the upstream, when the grant names one.
    ///
    /// ```
    /// use actionbox_host::{ApiKey, Grant, Upstream};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let key = ApiKey::new("tk_0123456789abcdef", "customer@example.com")?;
    /// let grant = Grant::builder("acme").upstream(Upstream::refold(), key).build()?;
    /// assert_eq!(grant.upstream().map(Upstream::base_url).as_deref(), Some("https://app.refold.ai"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn upstream(&self) -> Option<&Upstream> {
        self.0.upstream.as_ref().map(|(upstream, _)| upstream)
    }

    /// Returns the limits, when the grant sets its own.
    ///
    /// ```
    /// use actionbox_host::{ActionHost, Grant, Limits};
    ///
    /// /// Returns the limits that hold for a call under a grant.
    /// fn limits<'a>(host: &'a ActionHost, grant: &'a Grant) -> &'a Limits {
    ///     grant.limits().unwrap_or(host.limits())
    /// }
    /// # assert_eq!(limits(&ActionHost::builder().build()?, &Grant::default()), &Limits::default());
    /// # Ok::<(), actionbox_host::ConfigError>(())
    /// ```
    pub fn limits(&self) -> Option<&Limits> {
        self.0.limits.as_ref()
    }

    /// Decides whether the plugin may be asked to list or describe the app's actions.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when the grant does not reach the app.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_host::{ApiKey, AppSlug, Grant, Upstream};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let key = ApiKey::new("tk_0123456789abcdef", "customer@example.com")?;
    /// # let builder = Grant::builder("acme").upstream(Upstream::refold(), key);
    /// let grant = builder.allow_reads("hubspot").build()?;
    /// assert!(grant.check_discover(&AppSlug::parse("hubspot")?).is_ok());
    /// assert!(grant.check_discover(&AppSlug::parse("salesforce")?).is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn check_discover(&self, app: &AppSlug) -> Result<(), Refusal> {
        self.app(app).map(drop)
    }

    /// Decides whether the plugin may be asked to execute an action, and which effect the call then has.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when the grant does not allow it.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_host::{ActionId, ApiKey, AppSlug, Effect, Grant, Upstream};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let key = ApiKey::new("tk_0123456789abcdef", "customer@example.com")?;
    /// # let builder = Grant::builder("acme").upstream(Upstream::refold(), key);
    /// let grant = builder
    ///     .allow_reads("hubspot")
    ///     .own_action("hubspot", "upsert_contact", Effect::Write)
    ///     .build()?;
    ///
    /// let hubspot = AppSlug::parse("hubspot")?;
    /// assert_eq!(grant.check_execute(&hubspot, &ActionId::parse("get_contact")?)?, Effect::Read);
    /// assert_eq!(grant.check_execute(&hubspot, &ActionId::parse("upsert_contact")?)?, Effect::Write);
    /// assert!(grant.check_execute(&hubspot, &ActionId::parse("create_contact")?).is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn check_execute(&self, app: &AppSlug, action: &ActionId) -> Result<Effect, Refusal> {
        let grant = self.app(app)?;
        if let Some(effect) = grant.own.get(action) {
            return Ok(*effect);
        }
        grant.check(app, action).map(|allowed| allowed.effect)
    }

    /// Decides whether a route may leave during a call of a reach, and by which rule: as the gate does, once
    /// it has [parsed](Route::parse) a plugin's request. What the gate looks at after that is not part of it:
    /// a quarantine, the body, the limits.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when it may not.
    ///
    /// ```
    /// use actionbox_host::{ApiKey, Effect, Grant, Reach, Route, Rule, Upstream};
    /// use http::{Method, Uri};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (upstream, key) = (Upstream::refold(), ApiKey::new("tk_0123456789abcdef", "customer@example.com")?);
    /// let grant = Grant::builder("acme").upstream(upstream.clone(), key).allow_reads("hubspot").build()?;
    ///
    /// let uri = "https://app.refold.ai/api/v2/integration-schema/hubspot/actions/get_contact/execute";
    /// let route = Route::parse(upstream.authority(), &Method::POST, &uri.parse()?)?;
    /// assert_eq!(grant.check_route(&route, Reach::Execute(Effect::Read))?.rule, Rule::Reads);
    /// assert!(grant.check_route(&route, Reach::Discover).is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn check_route(&self, route: &Route, reach: Reach) -> Result<Allowed, Refusal> {
        let grant = self.app(route.app())?;
        let Route::Execute { app, action } = route else {
            return Ok(Allowed { effect: Effect::Read, rule: Rule::App });
        };
        let allowed = grant.check(app, action)?;
        let (effect, reach) = match (allowed.effect, reach) {
            (effect, Reach::Discover) => (effect, "list and describe"),
            (effect, Reach::Execute(ceiling)) if effect > ceiling => (effect, ceiling.as_str()),
            _ => return Ok(allowed),
        };
        Err(Refusal::AboveCall { route: route.clone(), effect, allowed: reach })
    }

    /// Returns which grant this is, the same for all its clones.
    pub(crate) fn id(&self) -> GrantId {
        GrantId(Arc::downgrade(&self.0))
    }

    pub(crate) fn upstream_and_credentials(
        &self,
    ) -> Result<(&Upstream, &Arc<dyn CredentialProvider>), Refusal> {
        match &self.0.upstream {
            Some((upstream, provider)) => Ok((upstream, provider)),
            None => Err(self.empty()),
        }
    }

    fn app(&self, app: &AppSlug) -> Result<&AppGrant, Refusal> {
        if self.0.upstream.is_none() {
            return Err(self.empty());
        }
        self.0.apps.get(app).ok_or_else(|| Refusal::App { app: app.clone() })
    }

    fn empty(&self) -> Refusal {
        Refusal::EmptyGrant { tenant: self.0.tenant.clone() }
    }
}

impl AppGrant {
    /// Decides one upstream action. `destructive`, `raw` and unknown ones only by name.
    fn check(&self, app: &AppSlug, action: &ActionId) -> Result<Allowed, Refusal> {
        let by_verb = Effect::of_name(action);
        if let Some(named) = self.named.get(action) {
            // Of an unknown action, the host assumes the most that a name can be granted for.
            let effect = named.or(by_verb).unwrap_or(Effect::Destructive);
            return Ok(Allowed { effect, rule: Rule::Action });
        }
        match by_verb {
            Some(effect @ Effect::Read) if self.reads => Ok(Allowed { effect, rule: Rule::Reads }),
            Some(effect @ Effect::Write) if self.writes => Ok(Allowed { effect, rule: Rule::Writes }),
            effect => Err(Refusal::Action { app: app.clone(), action: action.clone(), effect }),
        }
    }
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant")
            .field("tenant", &self.0.tenant)
            .field("upstream", &self.upstream())
            .field("apps", &self.0.apps)
            .field("limits", &self.0.limits)
            .finish_non_exhaustive()
    }
}

/// Builds a [`Grant`]. Without a call to one of the `allow_` methods it allows nothing.
///
/// ```
/// use actionbox_host::{ApiKey, Grant, GrantBuilder, Upstream};
///
/// /// What every tenant of this service has; more is added to it.
/// fn basic(tenant: &str, key: ApiKey) -> GrantBuilder {
///     Grant::builder(tenant).upstream(Upstream::refold(), key).allow_reads("hubspot")
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let key = ApiKey::new("tk_0123456789abcdef", "customer@example.com")?;
/// let grant = basic("acme", key).allow_action("hubspot", "create_contact").build()?;
/// # Ok(())
/// # }
/// ```
pub struct GrantBuilder {
    inner: Inner,
    error: Option<ConfigError>,
}

impl GrantBuilder {
    /// Names the upstream, and what provides the credentials for it. They go nowhere else.
    ///
    /// ```
    /// use actionbox_host::{Grant, SessionTokens, Upstream};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let tokens = SessionTokens::new("tk_0123456789abcdef", "customer@example.com")?;
    /// let sandbox = Upstream::refold().at("http://127.0.0.1:8080")?;
    /// let grant = Grant::builder("acme").upstream(sandbox, tokens).allow_reads("hubspot").build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn upstream(mut self, upstream: Upstream, credentials: impl CredentialProvider) -> Self {
        self.inner.upstream = Some((upstream, Arc::new(credentials)));
        self
    }

    /// As [`upstream`](Self::upstream), with a provider that several grants share.
    ///
    /// ```
    /// use actionbox_host::{CredentialProvider, Grant, SessionTokens, Upstream};
    /// use std::sync::Arc;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let tokens: Arc<dyn CredentialProvider> =
    ///     Arc::new(SessionTokens::new("tk_0123456789abcdef", "customer@example.com")?);
    /// let grant = || Grant::builder("acme").upstream_shared(Upstream::refold(), tokens.clone());
    /// // One token serves both.
    /// let reader = grant().allow_reads("hubspot").build()?;
    /// let writer = grant().allow_reads("hubspot").allow_writes("hubspot").build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn upstream_shared(mut self, upstream: Upstream, credentials: Arc<dyn CredentialProvider>) -> Self {
        self.inner.upstream = Some((upstream, credentials));
        self
    }

    /// Allows to list and describe an app's actions, and to execute those that only read.
    ///
    /// ```
    /// # use actionbox_host::{ActionId, ApiKey, AppSlug, Grant, Upstream};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let key = ApiKey::new("tk_0123456789abcdef", "customer@example.com")?;
    /// let grant = Grant::builder("acme").upstream(Upstream::refold(), key).allow_reads("hubspot").build()?;
    ///
    /// let hubspot = AppSlug::parse("hubspot")?;
    /// assert!(grant.check_execute(&hubspot, &ActionId::parse("search_contacts")?).is_ok());
    /// assert!(grant.check_execute(&hubspot, &ActionId::parse("create_contact")?).is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn allow_reads(self, app: &str) -> Self {
        self.edit(app, |grant| grant.reads = true)
    }

    /// Allows to execute an app's writing actions, beside listing and describing.
    ///
    /// # Security
    ///
    /// Covers every action whose name has a writing and no deleting word, also those that the upstream
    /// adds later. Destructive, raw and unknown actions stay refused.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actionbox_host::{ActionId, ApiKey, AppSlug, Grant, Upstream};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let key = ApiKey::new("tk_0123456789abcdef", "customer@example.com")?;
    /// let grant = Grant::builder("acme").upstream(Upstream::refold(), key).allow_writes("hubspot").build()?;
    ///
    /// let hubspot = AppSlug::parse("hubspot")?;
    /// assert!(grant.check_execute(&hubspot, &ActionId::parse("update_contact")?).is_ok());
    /// assert!(grant.check_execute(&hubspot, &ActionId::parse("delete_contact")?).is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn allow_writes(self, app: &str) -> Self {
        self.edit(app, |grant| grant.writes = true)
    }

    /// Allows one action by name, whatever its effect; the host tells the effect by the name, and takes
    /// an unknown verb for [`Effect::Destructive`].
    ///
    /// # Security
    ///
    /// Granting `httprequest` by name hands the plugin the whole connected account.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actionbox_host::{ActionId, ApiKey, AppSlug, Effect, Grant, Upstream};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let key = ApiKey::new("tk_0123456789abcdef", "customer@example.com")?;
    /// # let builder = Grant::builder("acme").upstream(Upstream::refold(), key);
    /// let grant = builder.allow_action("hubspot", "delete_contact").build()?;
    ///
    /// let hubspot = AppSlug::parse("hubspot")?;
    /// assert_eq!(grant.check_execute(&hubspot, &ActionId::parse("delete_contact")?)?, Effect::Destructive);
    /// assert!(grant.check_execute(&hubspot, &ActionId::parse("delete_company")?).is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn allow_action(self, app: &str, action: &str) -> Self {
        self.edit_action(app, action, |grant, action| {
            // An effect that was named for it stays.
            grant.named.entry(action).or_insert(None);
        })
    }

    /// Allows one action by name and says which effect it has, where its name tells nothing or lies.
    ///
    /// # Security
    ///
    /// Calling a write a [`Effect::Read`] lets it be retried, and lets reading calls make it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actionbox_host::{ActionId, ApiKey, AppSlug, Effect, Grant, Upstream};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let key = ApiKey::new("tk_0123456789abcdef", "customer@example.com")?;
    /// # let builder = Grant::builder("acme").upstream(Upstream::refold(), key);
    /// // Only a query, in spite of its name.
    /// let soql = ActionId::parse("get_entity_with_soql")?;
    /// let grant = builder.allow_action_as("salesforce", "get_entity_with_soql", Effect::Read).build()?;
    /// assert_eq!(grant.check_execute(&AppSlug::parse("salesforce")?, &soql)?, Effect::Read);
    /// # Ok(())
    /// # }
    /// ```
    pub fn allow_action_as(self, app: &str, action: &str, effect: Effect) -> Self {
        self.edit_action(app, action, |grant, action| {
            grant.named.insert(action, Some(effect));
        })
    }

    /// Allows to call an action of the plugin's own, made of upstream calls up to an effect. Each of
    /// those calls still needs to be allowed.
    ///
    /// ```
    /// # use actionbox_host::{ActionId, ApiKey, AppSlug, Effect, Grant, Upstream};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let key = ApiKey::new("tk_0123456789abcdef", "customer@example.com")?;
    /// # let builder = Grant::builder("acme").upstream(Upstream::refold(), key);
    /// let grant = builder
    ///     .own_action("hubspot", "upsert_contact", Effect::Write)
    ///     // What it is made of.
    ///     .allow_reads("hubspot")
    ///     .allow_action("hubspot", "create_contact")
    ///     .allow_action("hubspot", "update_contact")
    ///     .build()?;
    /// let (app, action) = (AppSlug::parse("hubspot")?, ActionId::parse("upsert_contact")?);
    /// assert_eq!(grant.check_execute(&app, &action)?, Effect::Write);
    /// # Ok(())
    /// # }
    /// ```
    pub fn own_action(self, app: &str, action: &str, effect: Effect) -> Self {
        self.edit_action(app, action, |grant, action| {
            grant.own.insert(action, effect);
        })
    }

    /// Sets limits of its own for this grant, in place of the host's.
    ///
    /// ```
    /// use actionbox_host::{Grant, Limits};
    /// use std::time::Duration;
    ///
    /// let limits = Limits { requests: 500, wall_time: Duration::from_secs(120), ..Limits::default() };
    /// let grant = Grant::builder("acme").limits(limits).build()?;
    /// assert_eq!(grant.limits().map(|limits| limits.requests), Some(500));
    /// # Ok::<(), actionbox_host::ConfigError>(())
    /// ```
    pub fn limits(mut self, limits: Limits) -> Self {
        self.inner.limits = Some(limits);
        self
    }

    /// Builds the grant.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for the first app or action whose name is not valid.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_host::Grant;
    ///
    /// let error = Grant::builder("acme").allow_reads("HubSpot").build().unwrap_err();
    /// assert!(error.to_string().starts_with("\"HubSpot\" is not the slug of an app"));
    /// ```
    pub fn build(self) -> Result<Grant, ConfigError> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(Grant(Arc::new(self.inner))),
        }
    }

    fn edit(mut self, app: &str, change: impl FnOnce(&mut AppGrant)) -> Self {
        match AppSlug::parse(app) {
            Ok(app) => change(self.inner.apps.entry(app).or_default()),
            Err(error) => self.error = self.error.or(Some(error.into())),
        }
        self
    }

    fn edit_action(mut self, app: &str, action: &str, change: impl FnOnce(&mut AppGrant, ActionId)) -> Self {
        match ActionId::parse(action) {
            Ok(action) => self.edit(app, |grant| change(grant, action)),
            Err(error) => {
                self.error = self.error.or(Some(error.into()));
                self
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::ApiKey;

    fn builder() -> GrantBuilder {
        let key = ApiKey::new("tk_canary_0123456789", "acme@example.com").expect("a valid key");
        Grant::builder("acme").upstream(Upstream::refold(), key)
    }

    fn app(text: &str) -> AppSlug {
        AppSlug::parse(text).expect("a slug")
    }

    fn action(text: &str) -> ActionId {
        ActionId::parse(text).expect("an id")
    }

    fn execute(grant: &Grant, id: &str, reach: Reach) -> Result<Effect, Refusal> {
        let route = Route::Execute { app: app("hubspot"), action: action(id) };
        grant.check_route(&route, reach).map(|allowed| allowed.effect)
    }

    #[test]
    fn the_default_grant_allows_nothing() {
        for grant in [Grant::default(), Grant::builder("x").allow_reads("hubspot").build().expect("valid")] {
            assert!(matches!(grant.check_discover(&app("hubspot")), Err(Refusal::EmptyGrant { .. })));
            assert!(grant.check_execute(&app("hubspot"), &action("get_contact")).is_err());
        }
        let grant = builder().build().expect("valid");
        assert!(matches!(grant.check_discover(&app("hubspot")), Err(Refusal::App { .. })));
    }

    #[test]
    fn wildcards_never_reach_destructive_raw_or_unknown() {
        let grant = builder().allow_reads("hubspot").allow_writes("hubspot").build().expect("valid");
        let table = [
            ("get_contact", Ok(Effect::Read)),
            ("create_contact", Ok(Effect::Write)),
            ("delete_contact", Err(Some(Effect::Destructive))),
            ("httprequest", Err(Some(Effect::Raw))),
            ("HttpRequest", Err(Some(Effect::Raw))),
            ("frobnicate", Err(None)),
        ];
        for (id, expected) in table {
            let got = execute(&grant, id, Reach::Execute(Effect::Raw)).map_err(|refusal| match refusal {
                Refusal::Action { effect, .. } => effect,
                other => panic!("{id}: {other}"),
            });
            assert_eq!(got, expected, "{id}");
        }
    }

    #[test]
    fn reads_alone_allow_no_write() {
        let grant = builder().allow_reads("hubspot").build().expect("valid");
        assert!(execute(&grant, "create_contact", Reach::Execute(Effect::Raw)).is_err());
        let grant = builder().allow_writes("hubspot").build().expect("valid");
        assert!(execute(&grant, "get_contact", Reach::Execute(Effect::Raw)).is_err());
    }

    #[test]
    fn names_grant_exactly_themselves() {
        let grant = builder()
            .allow_action("hubspot", "delete_contact")
            .allow_action("hubspot", "httprequest")
            .allow_action("hubspot", "frobnicate")
            .allow_action_as("hubspot", "twiddle", Effect::Read)
            .build()
            .expect("valid");
        let all = Reach::Execute(Effect::Raw);
        assert_eq!(execute(&grant, "delete_contact", all), Ok(Effect::Destructive));
        assert_eq!(execute(&grant, "httprequest", all), Ok(Effect::Raw));
        assert_eq!(execute(&grant, "frobnicate", all), Ok(Effect::Destructive));
        assert_eq!(execute(&grant, "twiddle", all), Ok(Effect::Read));
        for id in ["delete_contacts", "httprequest2", "Httprequest", "get_contact"] {
            assert!(execute(&grant, id, all).is_err(), "{id}");
        }
    }

    #[test]
    fn no_request_does_more_than_its_call() {
        let grant = builder()
            .allow_reads("hubspot")
            .allow_writes("hubspot")
            .allow_action("hubspot", "delete_contact")
            .allow_action("hubspot", "httprequest")
            .build()
            .expect("valid");
        let ids = ["get_contact", "create_contact", "delete_contact", "httprequest"];
        let effects = [Effect::Read, Effect::Write, Effect::Destructive, Effect::Raw];
        for (c, ceiling) in effects.into_iter().enumerate() {
            for (i, id) in ids.into_iter().enumerate() {
                let allowed = execute(&grant, id, Reach::Execute(ceiling)).is_ok();
                assert_eq!(allowed, i <= c, "{id} during a {ceiling}");
            }
        }
        for id in ids {
            let refused = execute(&grant, id, Reach::Discover);
            assert!(matches!(refused, Err(Refusal::AboveCall { .. })), "{id} while listing");
        }
    }

    #[test]
    fn an_own_action_is_no_route() {
        let grant = builder().own_action("hubspot", "upsert_contact", Effect::Write).build().expect("valid");
        assert_eq!(grant.check_execute(&app("hubspot"), &action("upsert_contact")), Ok(Effect::Write));
        assert!(execute(&grant, "upsert_contact", Reach::Execute(Effect::Write)).is_err());
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", builder().allow_reads("hubspot").build().expect("valid"));
        assert!(!shown.contains("canary"), "{shown}");
        assert!(shown.contains("hubspot") && shown.contains("acme"), "{shown}");
    }
}
