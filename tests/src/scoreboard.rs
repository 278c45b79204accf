//! The scoreboard: attacks by class, each with a name, and the file that lists them.
//!
//! A class is a table of cases and a function that plays one of them. [`attacks!`](crate::attacks) makes two
//! things of it: a test that plays every case and names those that do not hold, and a [`Class`] for
//! `docs/scoreboard.md`. The names in the file are those of the cases that were played, hence not typed.

use std::{collections::BTreeSet, fmt::Write as _, path::Path, sync::LazyLock, time::Duration};

use tokio::{
    runtime::Runtime,
    sync::Semaphore,
    task::{JoinError, JoinSet},
};

/// A hole in a comparable system that was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hole {
    /// The system and what was wrong.
    pub what: &'static str,
    /// Where it was published.
    pub url: &'static str,
}

/// One attack: its name, and what the class's function needs to play it.
pub struct Case<A> {
    name: String,
    attack: A,
    holes: Vec<Hole>,
}

impl<A> Case<A> {
    /// Makes a case. Its name says what is attacked, and is unique in its class.
    pub fn new(name: impl Into<String>, attack: A) -> Self {
        Self { name: name.into(), attack, holes: Vec::new() }
    }

    /// Says that the case would have caught a hole elsewhere.
    #[must_use]
    pub fn catches(mut self, holes: &[Hole]) -> Self {
        self.holes.extend(holes);
        self
    }
}

/// A class of attacks, as the scoreboard shows it.
pub struct Class {
    /// Its name.
    pub name: &'static str,
    /// What the attacker does, and what must hold.
    pub about: &'static str,
    /// The name of each case, and the holes it would have caught.
    pub cases: fn() -> Vec<(String, Vec<Hole>)>,
}

/// Classes of attacks that have one attacker.
pub struct Part {
    /// Its name.
    pub name: &'static str,
    /// Who attacks.
    pub about: &'static str,
    /// Its classes, in order.
    pub classes: &'static [Class],
}

/// Makes a test and an entry of the scoreboard of a class: `CLASS`, to be listed where the suite renders
/// the file. A class that is not listed there is dead code.
///
/// ```text
/// attacks! {
///     "Redirects": "The upstream points elsewhere; nobody goes there.",
///     cases, // fn() -> Vec<Case<Attack>>
///     play,  // async fn(name: String, attack: Attack); panics when the attack succeeds
///     no_redirect_is_followed, // or `… on BUSY`
/// }
/// ```
#[macro_export]
macro_rules! attacks {
    ($name:literal: $about:literal, $cases:path, $play:path, $test:ident $(,)?) => {
        $crate::attacks! { $name: $about, $cases, $play, $test on $crate::scoreboard::RUNTIME }
    };
    ($name:literal: $about:literal, $cases:path, $play:path, $test:ident on $runtime:path $(,)?) => {
        /// What the scoreboard shows of this file.
        pub(crate) const CLASS: $crate::scoreboard::Class = $crate::scoreboard::Class {
            name: $name,
            about: $about,
            cases: || $crate::scoreboard::shown($cases()),
        };

        #[test]
        fn $test() {
            $crate::scoreboard::hold(&$runtime, $name, $cases(), $play);
        }
    };
}

/// One runtime for all classes, so that they can share what is slow to make, such as a host.
pub static RUNTIME: LazyLock<Runtime> = LazyLock::new(runtime);

/// Another one for classes whose guests take all that they get: those on the first one watch the clock.
pub static BUSY: LazyLock<Runtime> = LazyLock::new(runtime);

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime")
}

/// How many cases are played at once: many of them wait for a time to run out.
static AT_ONCE: Semaphore = Semaphore::const_new(16);

/// No case takes longer, unless it hangs.
const LONGEST: Duration = Duration::from_secs(60);

/// Plays every case of a class.
///
/// # Panics
///
/// Panics when a case does not hold, and names all that do not.
pub fn hold<A, F>(runtime: &Runtime, class: &'static str, cases: Vec<Case<A>>, play: fn(String, A) -> F)
where
    A: Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    assert!(!cases.is_empty(), "{class}: no case");
    let failed = runtime.block_on(async {
        let mut playing = JoinSet::new();
        for case in cases {
            playing.spawn(async move {
                let _turn = AT_ONCE.acquire().await;
                let played = tokio::spawn(play(format!("{class}: {}", case.name), case.attack));
                let why = match tokio::time::timeout(LONGEST, played).await {
                    Ok(Ok(())) => return None,
                    Ok(Err(error)) => panic_text(error),
                    Err(_) => "it hangs".to_owned(),
                };
                Some(format!("- {}: {why}", case.name))
            });
        }
        let mut failed: Vec<_> = playing.join_all().await.into_iter().flatten().collect();
        failed.sort();
        failed
    });
    assert!(failed.is_empty(), "{class}: {} cases do not hold:\n{}", failed.len(), failed.join("\n"));
}

fn panic_text(error: JoinError) -> String {
    let Ok(panic) = error.try_into_panic() else { return "it was stopped".to_owned() };
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

/// Returns of the cases what the scoreboard shows.
pub fn shown<A>(cases: Vec<Case<A>>) -> Vec<(String, Vec<Hole>)> {
    cases.into_iter().map(|case| (case.name, case.holes)).collect()
}

/// Writes the scoreboard.
///
/// # Panics
///
/// Panics when two cases of a class have one name.
pub fn render(parts: &[Part]) -> String {
    let parts: Vec<(&Part, Vec<_>)> = parts
        .iter()
        .map(|part| (part, part.classes.iter().map(|class| (class, (class.cases)())).collect()))
        .collect();
    let count: usize = parts.iter().flat_map(|(_, classes)| classes).map(|(_, cases)| cases.len()).sum();
    let mut text = format!(
        "# Scoreboard\n\n{count} cases, all held.\n\n\
         Written by the suite that plays them, from the names of what it plays: `cargo test -p actionbox-tests \
         --test hostile` fails when one does not hold, or when this file is not what it would write.\n"
    );
    for (part, classes) in &parts {
        let count: usize = classes.iter().map(|(_, cases)| cases.len()).sum();
        let _ = write!(
            text,
            "\n| [{}](#{}) | {count} cases | result |\n| --- | ---: | --- |\n",
            part.name,
            anchor(part.name)
        );
        for (class, cases) in classes {
            let _ = writeln!(text, "| [{}](#{}) | {} | held |", class.name, anchor(class.name), cases.len());
        }
    }
    for (part, classes) in &parts {
        let _ = write!(text, "\n## {}\n\n{}\n", part.name, part.about);
        for (class, cases) in classes {
            render_class(&mut text, class, cases);
        }
    }
    text
}

fn render_class(text: &mut String, class: &Class, cases: &[(String, Vec<Hole>)]) {
    let _ = write!(text, "\n### {}\n\n{}\n\n{} cases, all held:\n\n", class.name, class.about, cases.len());
    let (mut names, mut known) = (BTreeSet::new(), Vec::new());
    for (name, holes) in cases {
        assert!(names.insert(name), "{}: two cases are named {name}", class.name);
        let mut marks = String::new();
        for hole in holes {
            let at = known.iter().position(|other| *other == hole).unwrap_or_else(|| {
                known.push(hole);
                known.len() - 1
            });
            let _ = write!(marks, " [{}]", at + 1);
        }
        let _ = writeln!(text, "- {}{marks}", escaped(name));
    }
    if !known.is_empty() {
        text.push_str("\nPublished holes of comparable systems that the marked cases would have caught:\n\n");
        for (at, hole) in known.iter().enumerate() {
            let _ = writeln!(text, "{}. [{}]({})", at + 1, hole.what, hole.url);
        }
    }
}

/// Escapes what Markdown would take for markup.
fn escaped(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len());
    for character in name.chars() {
        if "\\`*_[]<>&|".contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-'));
    kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

/// Compares the scoreboard with its file, or writes it when `ACTIONBOX_UPDATE_SCOREBOARD` is set.
///
/// # Panics
///
/// Panics when they differ.
pub fn check(file: &Path, parts: &[Part]) {
    let rendered = render(parts);
    if std::env::var_os("ACTIONBOX_UPDATE_SCOREBOARD").is_some() {
        std::fs::write(file, rendered).expect("the scoreboard is written");
        return;
    }
    let found = std::fs::read_to_string(file).unwrap_or_default();
    assert!(
        found == rendered,
        "{} is not what the suite would write: run it with ACTIONBOX_UPDATE_SCOREBOARD=1",
        file.display()
    );
}
