//! What the fuzzer runs: one function per target, any bytes in, a panic when a promise is broken.
//!
//! No part of the public API: there is no such module unless a fuzzer builds this crate. The tests run the
//! same functions over the corpus in `fuzz/`, and over mutations of it.

mod input;
mod load;
mod route;
mod screen;
mod sections;
mod spelling;
mod values;
mod views;

pub use self::{load::load, route::route, screen::screen, sections::change_section, values::values};

#[cfg(test)]
#[path = "../../fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    use super::{
        replay::{mutate, replay},
        *,
    };

    #[test]
    fn routes_are_parsed_and_rebuilt_to_themselves() {
        replay(route, "route", 2_000, mutate);
    }

    #[test]
    fn no_answer_with_a_secret_passes_and_every_other_does() {
        replay(screen, "screen", 2_000, mutate);
    }

    #[test]
    fn what_a_guest_hands_over_is_read_or_refused() {
        replay(values, "values", 2_000, mutate);
    }

    #[test]
    fn whatever_is_loaded_gets_a_verdict() {
        replay(load, "load", 300, |input, random| {
            let seed = random.next();
            match change_section(input, seed, &mut |section| mutate(section, random)) {
                Some(changed) => *input = changed,
                None => mutate(input, random),
            }
        });
    }

    /// Otherwise the fuzzer would start from what is refused at once.
    #[test]
    fn the_seeds_are_components_and_one_is_a_plugin() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/seeds");
        let mut plugins = Vec::new();
        for entry in std::fs::read_dir(folder).expect("the folder of the seeds") {
            let path = entry.expect("an entry of a folder").path();
            let component = wat::parse_file(&path).unwrap_or_else(|error| panic!("{error}"));
            load(&component);
            if load::is_loaded(&component) {
                plugins.push(path.file_name().map(|name| name.to_owned()));
            }
        }
        assert_eq!(plugins, [Some("plugin.wat".into())]);
    }
}
