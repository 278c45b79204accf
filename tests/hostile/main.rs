//! Attacks on the wall, by class, as `docs/scoreboard.md` lists them.
//!
//! Each file is a class: a table of cases, and what must hold in each. A new class is a new file with an
//! [`attacks!`](actionbox_tests::attacks), named in [`PLUGINS`] or [`UPSTREAMS`].

mod attempt;
mod books;
mod broken;
mod cell;
mod compressed;
mod contract;
mod destinations;
mod echoed_encodings;
mod echoed_places;
mod endless;
mod exhaustion;
mod forging;
mod framing;
mod grants;
mod headers;
mod heads;
mod http2;
mod loading;
mod methods_and_bodies;
mod paths;
mod redirects;
mod shapes;
mod stage;
mod surroundings;
mod tenants;
mod throttling;
mod tls;
mod tokens;
mod traces;
mod typed;

use actionbox_tests::scoreboard::{Part, check};

/// Every class of attacks by plugins, in the order of the scoreboard.
const PLUGINS: Part = Part {
    name: "Hostile plugins",
    about: "The plugin is the attacker's: its code, its bytes, and all that it says. Beside each attack another \
            tenant's call runs on the same host, and is not disturbed.",
    classes: &[
        destinations::CLASS,
        paths::CLASS,
        methods_and_bodies::CLASS,
        typed::CLASS,
        headers::CLASS,
        grants::CLASS,
        surroundings::CLASS,
        tenants::CLASS,
        books::CLASS,
        forging::CLASS,
        contract::CLASS,
        exhaustion::CLASS,
        loading::CLASS,
    ],
};

/// Every class of attacks by upstreams, in the order of the scoreboard.
const UPSTREAMS: Part = Part {
    name: "Hostile upstreams",
    about: "The upstream lies, or whoever sits before it does.",
    classes: &[
        redirects::CLASS,
        echoed_encodings::CLASS,
        echoed_places::CLASS,
        compressed::CLASS,
        endless::CLASS,
        broken::CLASS,
        framing::CLASS,
        heads::CLASS,
        http2::CLASS,
        tls::CLASS,
        throttling::CLASS,
        tokens::CLASS,
        shapes::CLASS,
    ],
};

/// This suite, which plays every trick: see [`actionbox_tests::tricks`].
struct Suite;

const _: () = actionbox_tests::tricks::every_trick_is_played::<Suite>();

#[test]
fn the_scoreboard_lists_what_is_played() {
    check(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/scoreboard.md").as_ref(), &[PLUGINS, UPSTREAMS]);
}
