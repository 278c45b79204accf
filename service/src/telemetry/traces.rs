//! One span for a call, and one below it for each thing that took time: the queue, the plugin, each request.

use std::time::{Duration, SystemTime};

use actionbox_host::{AuditEvent, CallEvent, RequestEvent};
use axum::http::HeaderMap;
use opentelemetry::{
    Context, KeyValue,
    propagation::TextMapPropagator as _,
    trace::{
        Span as _, SpanBuilder, SpanKind, Status, TraceContextExt as _, Tracer as _, TracerProvider as _,
    },
};
use opentelemetry_http::HeaderExtractor;
use opentelemetry_sdk::{
    propagation::TraceContextPropagator,
    trace::{SdkTracer, SdkTracerProvider},
};

use super::Told;

/// The trace that a caller's request is part of: its header `traceparent`
/// ([W3C Trace Context](https://www.w3.org/TR/trace-context/)).
#[derive(Clone, Default)]
pub(crate) struct Caller(Context);

impl Caller {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        // Not the context of this thread: a header that is none leaves an empty one.
        Self(TraceContextPropagator::new().extract_with_context(&Context::new(), &HeaderExtractor(headers)))
    }
}

pub(crate) struct Traces {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

impl Traces {
    pub(super) fn new(provider: SdkTracerProvider) -> Self {
        Self { tracer: provider.tracer("actionbox"), provider }
    }

    /// Tells a call that has ended, by what the audit has of it.
    pub(crate) fn call(&self, told: &Told<'_>, caller: &Caller, events: &[AuditEvent]) {
        let name = format!("{} {}", told.operation, told.app);
        let mut attributes = vec![
            KeyValue::new("actionbox.tenant", told.tenant.to_owned()),
            KeyValue::new("actionbox.app", told.app.to_owned()),
            KeyValue::new("actionbox.request_id", told.id.to_owned()),
            KeyValue::new("actionbox.outcome", told.outcome),
            KeyValue::new("http.response.status_code", i64::from(told.status)),
        ];
        attributes.extend(told.action.map(|action| KeyValue::new("actionbox.action", action.to_owned())));
        let span = self.tracer.span_builder(name).with_kind(SpanKind::Server).with_start_time(told.began);
        let mut span = self.tracer.build_with_context(span.with_attributes(attributes), &caller.0);
        if told.status >= 500 {
            span.set_status(Status::error(told.outcome));
        }
        let context = Context::new().with_span(span);
        for event in events {
            match event {
                AuditEvent::Call(call) => self.plugin(call, &context),
                AuditEvent::Request(request) => self.request(request, &context),
                _ => {}
            }
        }
        context.span().end_with_timestamp(told.began + told.took);
    }

    fn plugin(&self, call: &CallEvent, parent: &Context) {
        let began = call.started;
        if !call.queued.is_zero() {
            self.below(parent, SpanBuilder::from_name("queue"), began, call.queued);
        }
        let plugin = SpanBuilder::from_name("plugin").with_attributes([
            KeyValue::new("actionbox.plugin", call.plugin.clone()),
            KeyValue::new("actionbox.result", call.result.clone()),
            KeyValue::new("actionbox.instantiation_us", micros(call.instantiation)),
            KeyValue::new("actionbox.cpu_us", micros(call.cpu_time)),
        ]);
        self.below(parent, plugin, began + call.queued, call.duration.saturating_sub(call.queued));
    }

    fn request(&self, request: &RequestEvent, parent: &Context) {
        let mut attributes = vec![
            KeyValue::new("actionbox.target", request.target.clone()),
            KeyValue::new("actionbox.result", request.result.clone()),
            KeyValue::new("actionbox.sent", request.sent.to_string()),
            KeyValue::new("actionbox.upstream_us", micros(request.upstream)),
        ];
        attributes.extend(request.rule.map(|rule| KeyValue::new("actionbox.rule", rule.to_string())));
        let refusal = request.refusal.as_ref().map(ToString::to_string);
        attributes.extend(refusal.map(|refusal| KeyValue::new("actionbox.refusal", refusal)));
        let status =
            request.status.map(|status| KeyValue::new("http.response.status_code", i64::from(status)));
        attributes.extend(status);
        let span = SpanBuilder::from_name("request").with_kind(SpanKind::Client).with_attributes(attributes);
        self.below(parent, span, request.started, request.duration);
    }

    fn below(&self, parent: &Context, span: SpanBuilder, began: SystemTime, took: Duration) {
        let mut span = self.tracer.build_with_context(span.with_start_time(began), parent);
        span.end_with_timestamp(began + took);
    }

    pub(super) fn stop(&self, patience: Duration) {
        if let Err(error) = self.provider.shutdown_with_timeout(patience) {
            tracing::warn!(%error, "the last spans are not sent");
        }
    }
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}
