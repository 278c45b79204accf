//! The hostile plugin and its tricks.

#[doc(hidden)]
#[macro_use]
#[path = "../guests/tricks/src/list.rs"]
mod list;

/// The component that plays all tricks.
pub const TRICKS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/tricks.wasm"));

macro_rules! names {
    ($($class:ident: [$($trick:ident),* $(,)?],)*) => {
        /// The name of every trick.
        pub const ALL: &[&str] = &[$($(stringify!($trick),)*)*];
    };
}
for_each_trick!(names);

/// The trick that the suites themselves use as an honest plugin: it sends one request.
pub const SEND: &str = "send";
