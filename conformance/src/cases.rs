//! The cases, by what they are about. Each is a claim that an honest plugin fulfils.

mod describing;
mod endurance;
mod executing;
mod failures;
mod listing;
mod network;
mod own;
mod rules;

use std::pin::Pin;

use crate::{expect::Played, stage::Stage};

/// A claim, and how it is put to the test.
pub(crate) struct Case {
    pub(crate) group: &'static str,
    pub(crate) claim: &'static str,
    pub(crate) play: Play,
}

pub(crate) type Play = Box<dyn for<'a> Fn(&'a Stage) -> BoxPlayed<'a>>;
pub(crate) type BoxPlayed<'a> = Pin<Box<dyn Future<Output = Played> + 'a>>;

/// Makes the list of a group's cases: a claim, and the function that tries it.
macro_rules! cases {
    ($group:literal: $($claim:literal => $play:path,)+) => {
        pub(super) fn cases() -> Vec<$crate::cases::Case> {
            vec![ $( $crate::cases::Case {
                group: $group,
                claim: $claim,
                play: Box::new(|stage| Box::pin($play(stage))),
            }, )+ ]
        }
    };
}
use cases;

/// Returns every case, in the order in which they are played.
pub(crate) fn all() -> Vec<Case> {
    [
        listing::cases(),
        describing::cases(),
        executing::cases(),
        failures::cases(),
        network::cases(),
        own::cases(),
        rules::cases(),
        endurance::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    #[test]
    fn no_two_cases_are_named_alike() {
        let mut claims = HashSet::new();
        for case in super::all() {
            assert!(claims.insert(case.claim), "{}", case.claim);
        }
        assert!(claims.len() >= 50, "{}", claims.len());
    }
}
