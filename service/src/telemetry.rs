//! What is told to others of how it goes: metrics on a page for Prometheus, and metrics and traces by OTLP where there
//! is a collector. None of it holds a secret, a parameter or an answer.
//!
//! Names follow OpenTelemetry's semantic conventions where they have one.

mod export;
mod metrics;
mod traces;

use std::time::{Duration, SystemTime};

use opentelemetry_sdk::{
    Resource,
    metrics::{PeriodicReader, SdkMeterProvider},
    trace::SdkTracerProvider,
};

pub(crate) use self::{
    metrics::{Gauges, Metrics},
    traces::{Caller, Traces},
};
use crate::error::StartError;

/// How long the last spans and figures may take to leave.
const LAST: Duration = Duration::from_secs(5);

/// Everything that is told.
pub(crate) struct Telemetry {
    pub(crate) metrics: Metrics,
    /// Where there is a collector.
    pub(crate) traces: Option<Traces>,
}

/// How a call went, as it is told.
pub(crate) struct Told<'a> {
    pub(crate) operation: &'static str,
    pub(crate) tenant: &'a str,
    pub(crate) app: &'a str,
    pub(crate) action: Option<&'a str>,
    /// What became of it: a state of executions.
    pub(crate) outcome: &'static str,
    pub(crate) status: u16,
    /// The id of the request.
    pub(crate) id: &'a str,
    pub(crate) began: SystemTime,
    pub(crate) took: Duration,
}

impl Telemetry {
    /// Begins to tell: to a collector of OTLP over HTTP, if one is named, and in any case to whoever asks.
    pub(crate) fn start(endpoint: Option<&str>) -> Result<Self, StartError> {
        let resource = Resource::builder_empty()
            .with_attributes([
                opentelemetry::KeyValue::new("service.name", "actionbox"),
                opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            ])
            .build();
        let registry = prometheus::Registry::new();
        let page =
            opentelemetry_prometheus::exporter().with_registry(registry.clone()).scope_info_enabled(false);
        let page = page.build().map_err(|error| StartError::Telemetry(error.to_string()))?;
        let meters = SdkMeterProvider::builder().with_resource(resource.clone()).with_reader(page);
        let (meters, traces) = match endpoint {
            None => (meters, None),
            Some(endpoint) => {
                let failed = |error: export::Unusable| StartError::Telemetry(error.to_string());
                let exporters = export::exporters(endpoint).map_err(failed)?;
                let spans = SdkTracerProvider::builder()
                    .with_resource(resource)
                    .with_batch_exporter(exporters.spans)
                    .build();
                let meters = meters.with_reader(PeriodicReader::builder(exporters.metrics).build());
                (meters, Some(Traces::new(spans)))
            }
        };
        Ok(Self { metrics: Metrics::new(meters.build(), registry), traces })
    }

    /// Sends what has not been sent yet. Blocks.
    pub(crate) fn stop(&self) {
        self.metrics.stop(LAST);
        if let Some(traces) = &self.traces {
            traces.stop(LAST);
        }
    }
}
