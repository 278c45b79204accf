//! Runs a fuzz target without a fuzzer: over its corpus, over what it once failed on, and over mutations of
//! both from a fixed seed. A module of the tests of each crate that has targets.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

/// Runs a target over every file of its corpus and of its regressions, and over so many mutations of them.
///
/// # Panics
///
/// Panics when the target does, and shows the input; or when there is no corpus.
pub(super) fn replay(target: fn(&[u8]), name: &str, mutations: usize, mutate: fn(&mut Vec<u8>, &mut Random)) {
    let mut inputs = files("corpus", name);
    assert!(!inputs.is_empty(), "fuzz/corpus/{name} is empty: run `just fuzz {name}`");
    inputs.extend(files("regressions", name));
    for (file, input) in &inputs {
        run(target, file, input);
    }
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for number in 0..mutations {
        let (file, mut input) = inputs[random.below(inputs.len())].clone();
        for _ in 0..=random.below(4) {
            mutate(&mut input, &mut random);
        }
        run(target, &format!("mutation {number}, of {file}"), &input);
    }
}

fn run(target: fn(&[u8]), name: &str, input: &[u8]) {
    if catch_unwind(AssertUnwindSafe(|| target(input))).is_err() {
        panic!("{name}: b\"{}\"", input.escape_ascii());
    }
}

/// Reads the files of a folder, in the same order everywhere. A folder of regressions may be missing.
fn files(kind: &str, name: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz").join(kind).join(name);
    let mut paths: Vec<_> = match fs::read_dir(&folder) {
        Ok(entries) => entries.map(|entry| entry.expect("an entry of a folder").path()).collect(),
        Err(_) => return Vec::new(),
    };
    paths.sort();
    let read = |path: &Path| fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    paths.iter().map(|path| (path.display().to_string(), read(path))).collect()
}

/// Changes an input in one place, as a fuzzer would.
pub(super) fn mutate(input: &mut Vec<u8>, random: &mut Random) {
    const TELLING: &[u8] = b"\0\n\r \"%&'+,/0;=\\{}\x7f\x80\xff";
    let at = random.below(input.len() + 1);
    let end = (at + 1 + random.below(8)).min(input.len());
    match random.below(6) {
        0 => drop(input.drain(at..end)),
        1 => input.insert(at, TELLING[random.below(TELLING.len())]),
        2 => input.insert(at, random.next() as u8),
        3 => drop(input.splice(end..end, input[at..end].to_vec())),
        4 if at < end => input[at] ^= 1 << random.below(8),
        5 if at < end => input[at] = TELLING[random.below(TELLING.len())],
        _ => input.truncate(at),
    }
}

/// Numbers that are the same in every run: xorshift.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Returns a number below a bound that is not zero.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}
