//! Attacks on the wall, by class, as `docs/scoreboard.md` lists them.
//!
//! Each file is a class: a table of cases, and what must hold in each. A new class is a new file with an
//! [`attacks!`](actionbox_tests::attacks), named in [`CLASSES`].

mod broken;
mod compressed;
mod echoed_encodings;
mod echoed_places;
mod endless;
mod framing;
mod heads;
mod http2;
mod redirects;
mod shapes;
mod stage;
mod throttling;
mod tls;
mod tokens;

use actionbox_tests::scoreboard::{Class, check};

/// Every class, in the order of the scoreboard.
const CLASSES: &[Class] = &[
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
];

#[test]
fn the_scoreboard_lists_what_is_played() {
    check(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/scoreboard.md").as_ref(), CLASSES);
}
