//! Identifiers nobody should be able to tell in advance, unless the sandbox is deterministic.

use std::sync::{Mutex, PoisonError};

/// Makes request ids and token ids.
#[derive(Debug)]
pub(crate) struct Ids(Mutex<fastrand::Rng>);

impl Ids {
    pub(crate) fn new(deterministic: bool) -> Self {
        let rng = if deterministic { fastrand::Rng::with_seed(0) } else { fastrand::Rng::new() };
        Self(Mutex::new(rng))
    }

    /// The next id, in the shape of a random UUID.
    pub(crate) fn next(&self) -> String {
        let bits = self.0.lock().unwrap_or_else(PoisonError::into_inner).u128(..);
        let hex = format!("{bits:032x}");
        format!("{}-{}-4{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deterministic_ids_repeat_and_others_do_not() {
        assert_eq!(Ids::new(true).next(), Ids::new(true).next());
        assert_ne!(Ids::new(false).next(), Ids::new(false).next());
        assert_eq!(Ids::new(false).next().len(), 36);
    }
}
