//! The invariants, each attacked by a hostile plugin, a hostile upstream, or both.
