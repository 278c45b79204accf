#![no_main]

use actionbox_host::fuzz::change_section;
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

fuzz_target!(|input: &[u8]| actionbox_host::fuzz::load(input));

// Three times of four within a section, so that the lengths around it stay right.
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    const MORE: usize = 64;
    let mut change = |section: &mut Vec<u8>| {
        let length = section.len();
        section.resize(length + MORE, 0);
        let changed = fuzzer_mutate(section, length, length + MORE);
        section.truncate(changed);
    };
    let changed = match seed % 4 {
        0 => None,
        _ => change_section(&data[..size], seed.into(), &mut change),
    };
    match changed {
        Some(changed) if changed.len() <= max_size => {
            data[..changed.len()].copy_from_slice(&changed);
            changed.len()
        }
        _ => fuzzer_mutate(data, size, max_size),
    }
});
