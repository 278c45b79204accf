//! Plugin projects on the author's disk.

pub(crate) mod component;
pub(crate) mod name;
pub(crate) mod toolchain;
pub(crate) mod write;
