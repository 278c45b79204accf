//! Where the soak runs: one host and one honest upstream for all of it; tenants, liars and a plugin that
//! come and go with every round.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use actionbox_examples::{REFOLD, UPSERT_CONTACT};
use actionbox_host::{
    ActionHost, ApiKey, CredentialProvider, Effect, Grant, HostLimits, Limits, Plugin, Rate, SessionTokens,
    Upstream,
};
use actionbox_sandbox::Sandbox;
use actionbox_tests::{
    canary, hog,
    liar::{Authority, Liar},
    tricks::{self, TRICKS},
};
use fastrand::Rng;

use crate::{
    calls::{At, Plugins, patient, tight},
    tally::Tally,
    upstreams::{LIES, Liars},
};

/// How many calls run at once, and how many of one tenant.
pub(crate) const CALLS: usize = 16;
pub(crate) const TENANT_CALLS: usize = 4;
/// How many bytes of a memory the engine keeps when its slot is free.
pub(crate) const KEPT: usize = 2 << 20;
/// How long a thread or a connection is kept that nobody uses.
pub(crate) const IDLE: Duration = Duration::from_millis(500);
/// How many tenants a round has.
const TENANTS: usize = 32;

/// What lives as long as the soak.
pub(crate) struct Stage {
    pub(crate) host: ActionHost,
    pub(crate) sandbox: Sandbox,
    pub(crate) tally: Arc<Tally>,
    /// How many calls were begun.
    pub(crate) begun: AtomicU64,
    /// The hostile plugin, grown to as much as a component may have.
    pub(crate) greedy: Plugin,
    pub(crate) authority: Authority,
    key: String,
    pub(crate) refold: Plugin,
    upsert: Plugin,
}

/// What lives for one round.
pub(crate) struct Round {
    pub(crate) plugins: Plugins,
    pub(crate) liars: Liars,
    pub(crate) tenants: Vec<Tenant>,
}

/// A tenant, and its grant at every upstream.
pub(crate) struct Tenant {
    /// What only its own contacts hold.
    pub(crate) own: String,
    patient: Grant,
    tight: Grant,
    told: Vec<Grant>,
    unreachable: Vec<Grant>,
}

impl Stage {
    pub(crate) async fn set() -> Self {
        let key = canary::secret();
        let mut sandbox = Sandbox::builder().api_key(&key).no_rate_limit().without_request_log().tls();
        for number in 0..TENANTS {
            sandbox = sandbox.account(account(number));
        }
        let sandbox = sandbox.start().await.expect("a sandbox server");
        let authority = Authority::new("the liars' authority");
        let tally = Arc::new(Tally::default());
        let host = ActionHost::builder()
            .host_limits(HostLimits {
                concurrent_calls: CALLS,
                concurrent_calls_per_tenant: TENANT_CALLS,
                concurrent_requests: CALLS,
                // Never in the way, but counted for every account.
                account_rate: Some(Rate { per_second: 1_000_000, burst: 1_000 }),
                idle_time: IDLE,
                ..HostLimits::default()
            })
            .root_certificates_pem(sandbox.root_certificate_pem().expect("it speaks TLS"))
            .root_certificates_pem(authority.pem())
            .audit(tally.clone())
            .build()
            .expect("a host");
        // With its own it comes to exactly as much as a component may have: 4 memories, 16 tables, 64 instances.
        let memory = format!(
            "(module (memory 32) (start $use)
               (func $use (memory.fill (i32.const 0) (i32.const 1) (i32.const {KEPT}))))"
        );
        let greedy =
            hog::with_modules(TRICKS, &[(&memory, 3), ("(module (table 1 funcref))", 14), ("(module)", 44)]);
        Self {
            greedy: host.load(greedy).await.expect("a plugin"),
            refold: host.load(REFOLD).await.expect("a plugin"),
            upsert: host.load(UPSERT_CONTACT).await.expect("a plugin"),
            host,
            sandbox,
            tally,
            begun: AtomicU64::new(0),
            authority,
            key,
        }
    }

    /// Prepares a round: a plugin, liars and tenants that were never there before.
    pub(crate) async fn round(&self, number: usize, random: &mut Rng) -> Round {
        let new = hog::with_modules(TRICKS, &[(&format!("(module (func (export \"{number}\")))"), 1)]);
        let tricks = self.host.load(new).await.expect("a plugin");
        let plugins = Plugins { refold: self.refold.clone(), upsert: self.upsert.clone(), tricks };
        let liars = Liars::start(&self.authority).await;
        let tenants = (0..TENANTS).map(|tenant| self.tenant(number, tenant, &liars, random)).collect();
        Round { plugins, liars, tenants }
    }

    /// Returns a grant of a tenant at the sandbox server, for any trick and any write.
    pub(crate) fn grant(&self, tenant: &str, number: usize, limits: Limits, tokens: bool) -> Grant {
        grant(tenant, &self.sandbox.base_url(), self.credentials(&account(number), tokens), limits)
    }

    /// Returns a grant of a tenant and an account at any upstream.
    pub(crate) fn grant_at(&self, base_url: &str, tenant: &str, account: &str, limits: Limits) -> Grant {
        grant(tenant, base_url, self.credentials(account, false), limits)
    }

    /// Counts a call that is about to be made.
    pub(crate) fn begin(&self) {
        self.begun.fetch_add(1, SeqCst);
    }

    fn credentials(&self, account: &str, tokens: bool) -> Arc<dyn CredentialProvider> {
        match tokens {
            true => Arc::new(SessionTokens::new(self.key.as_str(), account).expect("a key")),
            false => Arc::new(ApiKey::new(self.key.as_str(), account).expect("a key")),
        }
    }

    fn tenant(&self, round: usize, number: usize, liars: &Liars, random: &mut Rng) -> Tenant {
        let name = format!("tenant {number} of round {round}");
        let at = |liar: &Liar| {
            // Nor are the accounts of two rounds the same at any upstream that lies.
            let credentials =
                self.credentials(&format!("{round}-{}", account(number)), number.is_multiple_of(2));
            grant(&name, &liar.base_url(), credentials, tight())
        };
        let tokens = random.bool();
        Tenant {
            own: Sandbox::seeded_domain(&account(number)),
            patient: self.grant(&name, number, patient(), tokens),
            tight: self.grant(&name, number, tight(), tokens),
            told: liars.told.iter().map(at).collect(),
            unreachable: liars.unreachable.iter().map(at).collect(),
        }
    }
}

impl Tenant {
    /// Returns a grant for a kind of call.
    pub(crate) fn grant(&self, at: At, random: &mut Rng) -> &Grant {
        match at {
            At::Sandbox => &self.patient,
            At::SandboxTight => &self.tight,
            At::Liar => random.choice(&self.told).expect("liars"),
            At::Unreachable => random.choice(&self.unreachable).expect("liars"),
        }
    }
}

fn account(number: usize) -> String {
    format!("tenant-{number}@example.com")
}

fn grant(tenant: &str, base_url: &str, credentials: Arc<dyn CredentialProvider>, limits: Limits) -> Grant {
    let upstream = Upstream::refold().at(base_url).expect("a base URL");
    let grant = Grant::builder(tenant)
        .upstream_shared(upstream, credentials)
        .allow_reads("hubspot")
        .allow_writes("hubspot")
        .own_action("hubspot", "upsert_contact", Effect::Write);
    let grant =
        tricks::ALL.iter().fold(grant, |grant, trick| grant.own_action("hubspot", trick, Effect::Write));
    // An upstream that lies lies in words of its own.
    let grant = LIES.iter().fold(grant, |grant, lie| grant.allow_action_as("hubspot", lie, Effect::Read));
    grant.limits(limits).build().expect("a grant")
}
