//! Counters and durations, as OpenTelemetry has them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use actionbox_host::AuditEvent;
use opentelemetry::{
    KeyValue,
    metrics::{Counter, Histogram, Meter, MeterProvider as _},
};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use prometheus::{Encoder as _, TextEncoder};

use super::Told;

/// Bounds of the buckets of durations, in seconds: from a refusal to the longest call.
const SECONDS: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

pub(crate) struct Metrics {
    provider: SdkMeterProvider,
    registry: prometheus::Registry,
    /// Executions in doubt, as they were counted last.
    pub(crate) in_doubt: Arc<AtomicI64>,
    calls: Counter<u64>,
    call_duration: Histogram<f64>,
    queue_duration: Histogram<f64>,
    instantiation_duration: Histogram<f64>,
    cpu_time: Counter<f64>,
    requests: Counter<u64>,
    upstream_duration: Histogram<f64>,
    refusals: Counter<u64>,
    http_duration: Histogram<f64>,
}

/// What is asked for when somebody looks.
pub(crate) trait Gauges: Send + Sync + 'static {
    /// How many calls are in the service.
    fn calls_running(&self) -> u64;
    /// How many changes of the database wait.
    fn changes_waiting(&self) -> u64;
}

fn seconds(meter: &Meter, name: &'static str, description: &'static str) -> Histogram<f64> {
    let histogram = meter.f64_histogram(name).with_description(description).with_unit("s");
    histogram.with_boundaries(SECONDS.to_vec()).build()
}

impl Metrics {
    pub(super) fn new(provider: SdkMeterProvider, registry: prometheus::Registry) -> Self {
        let meter = provider.meter("actionbox");
        let counter = |name: &'static str, description: &'static str| {
            meter.u64_counter(name).with_description(description).build()
        };
        let in_doubt = Arc::<AtomicI64>::default();
        let counted = in_doubt.clone();
        let _lives_with_the_provider = meter
            .i64_observable_gauge("actionbox.executions.in_doubt")
            .with_description(
                "Executions of which nobody knows whether they ran: somebody has to settle them",
            )
            .with_callback(move |gauge| gauge.observe(counted.load(Ordering::Relaxed), &[]))
            .build();
        Self {
            in_doubt,
            calls: counter("actionbox.calls", "Calls of plugins that have ended, by what became of them"),
            call_duration: seconds(
                &meter,
                "actionbox.call.duration",
                "From a caller's request to what it is answered",
            ),
            queue_duration: seconds(
                &meter,
                "actionbox.call.queue.duration",
                "How long calls waited for their turn",
            ),
            instantiation_duration: seconds(
                &meter,
                "actionbox.call.instantiation.duration",
                "How long it took to make a plugin's instance",
            ),
            cpu_time: meter
                .f64_counter("actionbox.plugin.cpu.time")
                .with_description("How long plugins were running, as opposed to waiting")
                .with_unit("s")
                .build(),
            requests: counter(
                "actionbox.requests",
                "Requests that plugins wanted to make, by what became of them",
            ),
            upstream_duration: seconds(
                &meter,
                "actionbox.upstream.duration",
                "How long the upstream took to answer",
            ),
            refusals: counter(
                "actionbox.refusals",
                "Requests of callers that were refused before a plugin was called",
            ),
            http_duration: seconds(&meter, "http.server.request.duration", "Requests to this service"),
            provider,
            registry,
        }
    }

    /// Has what is only known when somebody looks asked for. Once.
    pub(crate) fn observe(&self, gauges: &Arc<impl Gauges>) {
        let meter = self.provider.meter("actionbox");
        let observe = |name: &'static str, description: &'static str, ask: fn(&dyn Gauges) -> u64| {
            // What is observed is not kept alive by it.
            let gauges = Arc::downgrade(gauges);
            let _lives_with_the_provider = meter
                .u64_observable_gauge(name)
                .with_description(description)
                .with_callback(move |gauge| {
                    if let Some(gauges) = gauges.upgrade() {
                        gauge.observe(ask(&*gauges), &[]);
                    }
                })
                .build();
        };
        observe("actionbox.calls.running", "Calls that are in the service", |gauges| gauges.calls_running());
        observe("actionbox.database.changes.waiting", "Changes that wait to be committed", |gauges| {
            gauges.changes_waiting()
        });
    }

    /// Counts a call that has ended, and the requests that it made.
    pub(crate) fn call(&self, told: &Told<'_>, events: &[AuditEvent]) {
        // What callers send is no label before it has led to a grant: there are as many tenants and apps as are granted.
        let of = [
            KeyValue::new("tenant", told.tenant.to_owned()),
            KeyValue::new("app", told.app.to_owned()),
            KeyValue::new("operation", told.operation),
        ];
        let [tenant, app, operation] = of.clone();
        self.calls.add(1, &[tenant, app, operation, KeyValue::new("outcome", told.outcome)]);
        self.call_duration.record(told.took.as_secs_f64(), &of);
        for event in events {
            match event {
                AuditEvent::Call(call) => {
                    let plugin = [KeyValue::new("plugin", call.plugin.clone())];
                    self.queue_duration.record(call.queued.as_secs_f64(), &[]);
                    self.instantiation_duration.record(call.instantiation.as_secs_f64(), &plugin);
                    self.cpu_time.add(call.cpu_time.as_secs_f64(), &plugin);
                }
                AuditEvent::Request(request) => {
                    let outcome = match (&request.refusal, request.status) {
                        (Some(_), _) => "refused",
                        (None, Some(status)) if status < 400 => "answered",
                        (None, Some(_)) => "error_status",
                        (None, None) => "no_answer",
                    };
                    let [tenant, app, _] = of.clone();
                    self.requests.add(1, &[tenant, app, KeyValue::new("outcome", outcome)]);
                    if request.status.is_some() {
                        let app = KeyValue::new("app", told.app.to_owned());
                        self.upstream_duration.record(request.upstream.as_secs_f64(), &[app]);
                    }
                }
                _ => {}
            }
        }
    }

    /// Counts a request that was refused.
    pub(crate) fn refusal(&self, status: u16) {
        self.refusals.add(1, &[KeyValue::new("http.response.status_code", i64::from(status))]);
    }

    /// Counts a request to the service, by the pattern of its path.
    pub(crate) fn http(&self, method: &'static str, route: &str, status: u16, took: Duration) {
        let labels = [
            KeyValue::new("http.request.method", method),
            KeyValue::new("http.route", route.to_owned()),
            KeyValue::new("http.response.status_code", i64::from(status)),
        ];
        self.http_duration.record(took.as_secs_f64(), &labels);
    }

    /// Returns the page for Prometheus, in its text format, version 0.0.4.
    pub(crate) fn page(&self) -> Result<Vec<u8>, prometheus::Error> {
        let mut page = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut page)?;
        Ok(page)
    }

    pub(super) fn stop(&self, patience: Duration) {
        if let Err(error) = self.provider.shutdown_with_timeout(patience) {
            tracing::warn!(%error, "the last figures are not sent");
        }
    }
}
