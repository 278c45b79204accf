//! The hostile plugin and its tricks.
//!
//! No trick without a test that plays it. [`each`] has a type for every trick, and a suite that claims
//! [`every_trick_is_played`] does not compile until each of them has a [`played_by!`](crate::played_by)
//! beside the test that plays it:
//!
//! ```text
//! error[E0277]: no test plays the trick `spin`
//! ```

use serde_json::{Value, json};

#[doc(hidden)]
#[macro_use]
#[path = "../guests/tricks/src/list.rs"]
mod list;

/// The component that plays all tricks.
pub const TRICKS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/tricks.wasm"));

macro_rules! declare {
    ($($class:ident: [$($trick:ident),* $(,)?],)*) => {
        /// The name of every trick.
        pub const ALL: &[&str] = &[$($(stringify!($trick),)*)*];

        /// A type for every trick, named like it.
        #[expect(non_camel_case_types, reason = "named like the functions of the plugin")]
        pub mod each {
            $($(
                /// The trick of this name.
                #[derive(Debug)]
                pub struct $trick;
            )*)*
        }

        /// Compiles only for a suite that plays every trick.
        pub const fn every_trick_is_played<Suite>()
        where
            $($(Suite: Plays<each::$trick>,)*)*
        {
        }
    };
}
for_each_trick!(declare);

/// A suite has a test that plays a trick. Implemented by [`played_by!`](crate::played_by).
#[diagnostic::on_unimplemented(
    message = "no test plays the trick `{Trick}`",
    note = "write one, and `played_by!(trick => test)` beside it"
)]
pub trait Plays<Trick> {}

/// Says which test plays a trick. The suite is the type `Suite` at the root of the crate.
#[macro_export]
#[expect(clippy::crate_in_macro_def, reason = "the suite is the caller's")]
macro_rules! played_by {
    ($($trick:ident => $test:ident),* $(,)?) => {$(
        impl $crate::tricks::Plays<$crate::tricks::each::$trick> for crate::Suite {}
        const _: fn() = $test;
    )*};
}

/// The trick that the suites themselves use as an honest plugin: it sends one request.
pub const SEND: &str = "send";

/// Describes an honest listing, as the options of a trick.
pub fn list(app: &str) -> Value {
    json!({ "path": format!("/api/v2/integration-schema/{app}/actions") })
}

/// Describes an honest execute of hubspot, as the options of a trick.
pub fn execute(action: &str, parameters: Value) -> Value {
    json!({
        "method": "POST",
        "path": format!("/api/v2/integration-schema/hubspot/actions/{action}/execute"),
        "headers": [["content-type", "application/json"]],
        "body": parameters.to_string(),
    })
}

/// Describes an honest execute that reads.
pub fn read() -> Value {
    execute("get_contact", json!({ "limit": "1" }))
}

/// Describes an honest execute that writes.
pub fn write() -> Value {
    execute("create_contact", json!({ "email": "mallory@example.com" }))
}
