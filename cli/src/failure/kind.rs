//! The names of errors and their details, as `--json` tells them to programs.

use actionbox_host::{Error, LoadError};
use serde_json::{Map, Value, json};

/// Returns the name of a call's error.
pub(super) fn of_call(error: &Error) -> &'static str {
    match error {
        Error::InvalidName(_) => "invalid-name",
        Error::UnknownApp { .. } => "unknown-app",
        Error::UnknownAction { .. } => "unknown-action",
        Error::InvalidParameters { .. } => "invalid-parameters",
        Error::Denied { .. } => "denied",
        Error::DeniedByPlugin { .. } => "denied-by-plugin",
        Error::ReauthorizationRequired { .. } => "reauthorization-required",
        Error::Throttled { .. } => "throttled",
        Error::Upstream { .. } => "upstream",
        Error::Unreachable { .. } => "unreachable",
        Error::Withheld { .. } => "withheld",
        Error::Trapped { .. } => "trapped",
        Error::Contract { .. } => "contract",
        Error::Plugin { .. } => "plugin",
        Error::NotRecorded(_) => "not-recorded",
        Error::Limit { .. } => "limit",
        Error::Credential { .. } => "credential",
        Error::HeldBack { .. } => "held-back",
        _ => "host",
    }
}

/// Returns what a call's error carries beside its message.
pub(super) fn details(error: &Error) -> Map<String, Value> {
    let details = match error {
        Error::InvalidParameters { problems, .. } => json!({ "problems": problems }),
        Error::Throttled { retry_after: Some(wait), .. } => {
            json!({ "retry_after_ms": u64::try_from(wait.as_millis()).unwrap_or(u64::MAX) })
        }
        Error::Upstream { status, code, request_id, .. } => {
            json!({ "status": status, "code": code, "request_id": request_id })
        }
        _ => Value::Null,
    };
    match details {
        Value::Object(details) => details,
        _ => Map::new(),
    }
}

/// Returns the name of the reason why a file is not loaded.
pub(super) fn of_load(error: &LoadError) -> &'static str {
    match error {
        LoadError::File { .. } => "unreadable-file",
        LoadError::TooLarge { .. } => "too-large",
        LoadError::CoreModule => "core-module",
        LoadError::Precompiled => "precompiled",
        LoadError::NotWasm => "not-wasm",
        LoadError::ForeignImports { .. } => "foreign-imports",
        LoadError::Exports { .. } => "exports",
        LoadError::TooMuchWork { .. } => "too-much-work",
        LoadError::CompileTime(_) => "compile-time",
        LoadError::Compiler => "compiler",
        LoadError::Worker(_) => "compile-worker",
        _ => "invalid-component",
    }
}
