//! What the last lines that a plugin wrote say of its crash: the languages say why in places of their own.

/// Returns why a plugin crashed and where, as far as its language says so on its last lines.
pub(crate) fn of(lines: &[String]) -> Option<String> {
    python(lines)
        .or_else(|| go(lines))
        .or_else(|| rust(lines))
        .or_else(|| quickjs(lines))
        .or_else(|| starlingmonkey(lines))
}

/// What the runtime of Python, which is written in Rust, says after a traceback.
const OF_PYTHON: &str = "Python function threw an unexpected exception";

/// An exception follows its traceback. The plugin's own line is told, and what it called there.
fn python(lines: &[String]) -> Option<String> {
    if lines.last()? != OF_PYTHON {
        return None;
    }
    let start = lines.iter().rposition(|line| line.starts_with("Traceback (most recent call last)"))?;
    let mut traceback = lines[start + 1..].iter().skip_while(|line| line.starts_with(' '));
    let what = traceback.next()?;
    let frames = lines[start + 1..].iter().take_while(|line| line.starts_with(' '));
    let frames: Vec<_> = frames.filter_map(|line| line.trim_start().strip_prefix("File ")).collect();
    let is_own = |frame: &str| {
        !["\"/python/", "\"<frozen ", "/actionbox/"].iter().any(|library| frame.contains(library))
    };
    let own = frames.iter().rposition(|frame| is_own(frame)).unwrap_or_default();
    Some(match frames.get(own..).unwrap_or_default() {
        [place, called, ..] => format!("{what}, at {place}, in {called}"),
        [place] => format!("{what}, at {place}"),
        [] => what.clone(),
    })
}

/// The reason comes before the stack, where each place follows its function.
fn go(lines: &[String]) -> Option<String> {
    let start =
        lines.iter().rposition(|line| line.starts_with("panic: ") || line.starts_with("fatal error: "))?;
    let what = lines[start].strip_prefix("panic: ").unwrap_or(&lines[start]);
    let mut calls = lines[start..].iter().zip(&lines[start + 1..]);
    let own = calls.find(|(function, _)| function.starts_with("main."));
    // Lines are escaped, and that of a place begins with a tab.
    let place = own.and_then(|(_, place)| place.strip_prefix("\\t")?.split(" +0x").next());
    Some(match place {
        Some(place) => format!("{what}, at {place}"),
        None => what.to_owned(),
    })
}

/// The place comes before the message of a panic.
fn rust(lines: &[String]) -> Option<String> {
    let start =
        lines.iter().rposition(|line| line.starts_with("thread '") && line.contains(" panicked at "))?;
    let place = lines[start].split_once(" panicked at ")?.1.trim_end_matches(':');
    let what = lines.get(start + 1)?;
    Some(format!("{what}, at {place}"))
}

/// The SDK prints what was thrown after its stack.
fn quickjs(lines: &[String]) -> Option<String> {
    let (what, before) = lines.split_last()?;
    let what = what.strip_prefix("the plugin crashed: ")?;
    let stack = before.iter().rev().take_while(|line| line.trim_start().starts_with("at "));
    Some(match stack.last() {
        Some(place) => format!("{what}, {}", place.trim_start()),
        None => what.to_owned(),
    })
}

/// The engine expects an error of the contract, and tells what it got in its place.
fn starlingmonkey(lines: &[String]) -> Option<String> {
    let told = |line: &String| {
        let (_, received) = line.strip_prefix("invalid variant tag value ")?.split_once("(received `")?;
        Some(received.rsplit_once("`) specified")?.0.to_owned())
    };
    lines.last()?.starts_with("Redirecting call to abort()").then(|| lines.iter().rev().find_map(told))?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(lines: &[&str]) -> Option<String> {
        of(&lines.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn a_panic_of_rust_is_told_with_its_place() {
        let said = said(&["before", "thread '<unnamed>' (1) panicked at src/lib.rs:55:80:", "no contact"]);
        assert_eq!(said.as_deref(), Some("no contact, at src/lib.rs:55:80"));
    }

    #[test]
    fn an_exception_of_python_is_told_with_the_plugins_own_place() {
        let runtime = ["thread '<unnamed>' (1) panicked at runtime/src/lib.rs:1293:29:", OF_PYTHON];
        let frames = [
            "Traceback (most recent call last):",
            r#"  File "/1/actionbox/plugin.py", line 72, in execute_action"#,
            r#"  File "/0/main.py", line 70, in execute_action"#,
        ];
        let plain = [&frames[..], &["ValueError: no contact", "or two"], &runtime].concat();
        let expected = r#"ValueError: no contact, at "/0/main.py", line 70, in execute_action"#;
        assert_eq!(said(&plain).as_deref(), Some(expected));
        let library = [r#"  File "/python/os.py", line 7, in __getitem__"#, "KeyError: 'TOKEN'"];
        let deep = [&frames[..], &library, &runtime].concat();
        let expected = r#"KeyError: 'TOKEN', at "/0/main.py", line 70, in execute_action, in "/python/os.py", line 7, in __getitem__"#;
        assert_eq!(said(&deep).as_deref(), Some(expected));
    }

    #[test]
    fn a_panic_of_go_is_told_with_the_plugins_own_place() {
        let lines = [
            "panic: runtime error: index out of range [1] with length 1",
            "goroutine 1 [running]:",
            "panic({0x1, 0x2})",
            "\\truntime/panic.go:860 +0x13",
            "main.plugin.ExecuteAction({}, {0x60e130, 0x7})",
            "\\tmistakes/plugin.go:80 +0xd3",
            "actionbox.executeAction()",
            "\\tactionbox@v0.0.0/wire.go:27 +0x6",
        ];
        let expected = "runtime error: index out of range [1] with length 1, at mistakes/plugin.go:80";
        assert_eq!(said(&lines).as_deref(), Some(expected));
    }

    #[test]
    fn what_javascript_threw_is_told_with_the_innermost_function() {
        let lines = [
            "    at throws (user.js:919:15)",
            "    at call (user.js:672:20)",
            "the plugin crashed: Error: no contact",
        ];
        assert_eq!(said(&lines).as_deref(), Some("Error: no contact, at throws (user.js:919:15)"));
    }

    #[test]
    fn what_starlingmonkey_got_in_place_of_an_error_is_told() {
        let lines = [
            "invalid variant tag value `undefined` (received `Error: no contact`) specified for `Error`",
            "Stack:",
            "  execute@initializer.js:1:1",
            "Redirecting call to abort() to mozalloc_abort",
        ];
        assert_eq!(said(&lines).as_deref(), Some("Error: no contact"));
        assert_eq!(said(&lines[..1]), None);
    }

    #[test]
    fn what_is_cut_off_or_something_else_is_not_taken_for_a_crash() {
        for lines in [
            &[][..],
            &["hello"],
            &["Traceback (most recent call last):", "KeyError: 'handled'", "hello"],
            &["thread 'x' panicked at src/lib.rs:1:1:"],
        ] {
            assert_eq!(said(lines), None, "{lines:?}");
        }
    }
}
