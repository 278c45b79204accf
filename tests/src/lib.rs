//! What all suites share: a world to run plugins in, and instruments that see everything.

pub mod audit;
pub mod bare;
pub mod canary;
pub mod dump;
pub mod expected;
pub mod hog;
pub mod liar;
pub mod listener;
pub mod logs;
pub mod scoreboard;
pub mod tricks;
pub mod world;
