//! What the words of a plugin tell of a mistake of its author's: what is not there in the sandbox, whatever a
//! language calls it.

/// Words of the languages, and what to do about what they tell. The first that is found counts.
const MISTAKES: [(&[&str], &str); 8] = [
    (
        &["resource has children"],
        "a handle was dropped before what was made of it: a stream goes before its body, a body before its \
         answer, a pollable before what it waits for",
    ),
    (
        &["out of bounds of memory", "out of bounds memory access"],
        "it used or returned an address outside of its memory: a pointer or a size that was not set, or memory \
         that was freed",
    ),
    (
        &["is the host's to set", "Failed to clone headers"],
        "leave the header out: the host adds the credential, and says for whom it calls",
    ),
    (
        &[
            "dial tcp",
            "failed to lookup address",
            "unknown url type",
            "URLError",
            "gaierror",
            "socket",
            "fetch is not defined",
        ],
        "a plugin has no network of its own: it calls its upstream with the client of the SDK",
    ),
    (
        &["NotPresent", "environment variable", "process is not defined", "/python/os.py", "\"<frozen os>\""],
        "a plugin has no environment: what it needs comes with its parameters, a key from the host alone",
    ),
    (
        &["No such file or directory", "Bad file number", "Bad file descriptor", "[Errno 44]", "[Errno 8]"],
        "a plugin has no files: what it needs comes with its parameters, or is built into it",
    ),
    (
        &["coroutine", "returned a promise", "asyncio", "[object Promise]"],
        "an await is missing, or there is nothing that waits: here the functions of a plugin are not async",
    ),
    (&["called exit with code"], "a plugin does not exit: it returns an outcome or an error"),
];

/// What a plugin ends with that printed nothing.
const ENDED_ITSELF: &str = "wasm `unreachable` instruction executed";
const SILENT: &str = "it ended itself and said nothing: abort(), memory that ran out, or what a compiler takes for \
                      impossible; -v shows what it asked for";

/// Says what to do about a crash or an error that tells a common mistake.
pub(super) fn advice(words: &str) -> Option<&'static str> {
    let told = |(needles, _): &&(&[&str], &str)| needles.iter().any(|needle| words.contains(needle));
    let silent = || words.ends_with(ENDED_ITSELF).then_some(SILENT);
    MISTAKES.iter().find(told).map(|(_, advice)| *advice).or_else(silent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_said_why_is_not_called_silent() {
        let trap = "wasm trap: wasm `unreachable` instruction executed";
        assert_eq!(advice(trap), Some(SILENT));
        assert_eq!(advice(&format!("{trap}; its last output: goodbye")), None);
    }

    #[test]
    fn no_needle_hides_a_later_one() {
        for (at, (needles, advised)) in MISTAKES.iter().enumerate() {
            for needle in *needles {
                assert_eq!(advice(needle), Some(*advised), "{at}: {needle}");
            }
        }
    }
}
