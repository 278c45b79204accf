#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| actionbox_host::fuzz::screen(input));
