//! Searching the whole linear memory for what should not be there.
//!
//! What is searched for comes masked (each byte with [`MASK`], in hex), so that the search itself does
//! not put it into memory.

use serde_json::{Value, json};

use crate::{Report, wire};

const MASK: u8 = 0x5a;

/// Makes requests, keeps all that came of them, and then searches.
///
/// A needle that `planted` names by its index is put into memory first: a search that does not find it
/// finds nothing.
pub fn search(options: &Value) -> Report {
    let answers: Vec<_> = wire::requests(options).iter().map(wire::exchange).collect();
    let needles: Vec<Vec<u8>> = options["needles"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|needle| wire::unhex(needle.as_str().unwrap_or_default()))
        .collect();
    let planted: Option<Vec<u8>> = options["planted"]
        .as_u64()
        .map(|index| needles[index as usize].iter().map(|byte| byte ^ MASK).collect());
    let found: Vec<_> = needles.iter().map(|needle| occurrences(needle)).collect();
    std::hint::black_box(&planted);
    let statuses: Vec<_> = answers.iter().map(|answer| answer["status"].clone()).collect();
    let bytes = core::arch::wasm32::memory_size(0) << 16;
    Ok(json!({ "found": found, "bytes": bytes, "statuses": statuses }))
}

/// Makes requests, keeps all that came of them, and traps.
pub fn search_and_trap(options: &Value) -> Report {
    let answers: Vec<_> = wire::requests(options).iter().map(wire::exchange).collect();
    std::hint::black_box(&answers);
    core::arch::wasm32::unreachable()
}

/// Counts the places of the whole memory that hold a needle, given masked.
fn occurrences(masked: &[u8]) -> usize {
    let Some((first, rest)) = masked.split_first() else { return 0 };
    let end = core::arch::wasm32::memory_size(0) << 16;
    let at = |address: usize| {
        // Safety: below the end of the only memory, every address can be read; no reference is made.
        unsafe { core::ptr::read_volatile(core::ptr::without_provenance::<u8>(address)) ^ MASK }
    };
    // Not from 0: a null pointer cannot be read, even here.
    let starts = 1..end.saturating_sub(rest.len());
    starts
        .filter(|start| {
            at(*start) == *first && rest.iter().enumerate().all(|(i, byte)| at(start + 1 + i) == *byte)
        })
        .count()
}
