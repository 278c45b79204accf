//! The kit's report as JUnit XML, which CI systems show.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use actionbox_conformance::{CaseReport, Report, Verdict};
use actionbox_host::Actor;
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use crate::{
    failure::{Exit, Failure},
    show::escape,
    whole_file::WholeFile,
};

/// The file of a report that is to be made.
pub(super) struct JunitFile {
    place: PathBuf,
    file: WholeFile,
}

impl JunitFile {
    /// Begins a file, so that one that cannot be written is told before the cases are played.
    ///
    /// # Errors
    ///
    /// [`Failure`] when there is no place for it.
    pub(super) fn begin(place: &Path) -> Result<Self, Failure> {
        let file = WholeFile::begin(place).map_err(|error| unwritten(place, &error))?;
        Ok(Self { place: place.to_owned(), file })
    }

    /// Writes the report, and puts the file in its place.
    ///
    /// # Errors
    ///
    /// [`Failure`] when that cannot be done; what was at the place before is still there then.
    pub(super) fn finish(self, report: &Report) -> Result<(), Failure> {
        let text = suites(report).to_string().map_err(io::Error::other);
        let written = text.and_then(|text| self.file.finish(&text));
        written.map_err(|error| unwritten(&self.place, &error))
    }
}

fn unwritten(place: &Path, error: &io::Error) -> Failure {
    let message = format!("the JUnit file {} cannot be written", place.display());
    Failure::new(Exit::Operator, "output", Actor::Operator, message)
        .because(error)
        .hint("check that its folder is there and can be written to")
}

/// Makes a suite of each group, and a test case of each case.
fn suites(report: &Report) -> quick_junit::Report {
    let mut suites = quick_junit::Report::new("actionbox test");
    for cases in report.cases.chunk_by(|one, next| one.group == next.group) {
        let mut suite = TestSuite::new(cases[0].group);
        suite.add_property(("plugin", report.digest.as_str())).add_property(("app", report.app.as_str()));
        suite.set_time(cases.iter().map(|case| case.duration).sum());
        suite.add_test_cases(cases.iter().map(|case| {
            let CaseReport { group, claim, verdict, duration, .. } = case;
            test_case(group, claim, verdict, *duration)
        }));
        suites.add_test_suite(suite);
    }
    suites.set_time(report.cases.iter().map(|case| case.duration).sum::<Duration>());
    suites
}

fn test_case(group: &str, claim: &str, verdict: &Verdict, duration: Duration) -> TestCase {
    let status = match verdict {
        Verdict::Held => TestCaseStatus::success(),
        Verdict::Broken { tried, expected, found } => {
            let [tried, expected, found] = [tried, expected, found].map(|text| xml(text));
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(format!("found {found}"));
            status.set_description(format!("tried: {tried}\nexpected: {expected}\nfound: {found}"));
            status
        }
        Verdict::Skipped { reason } => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(xml(reason));
            status
        }
        // A verdict that this command does not know yet is none it may call held.
        _ => TestCaseStatus::skipped(),
    };
    let mut test_case = TestCase::new(claim, status);
    test_case.set_classname(group).set_time(duration);
    test_case
}

/// Returns text of a plugin as a CI system may show it: on its line, and without what XML cannot hold.
fn xml(text: &str) -> String {
    escape::text(text).replace('\u{fffe}', "\\u{fffe}").replace('\u{ffff}', "\\u{ffff}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What ends an element, an attribute and a line, what no XML holds, and what a terminal obeys.
    const HOSTILE: &str = "</failure>]]><!-- &amp; \" ' \u{0}\u{1b}[2J\r\n\u{9b}\u{fffe}\u{ffff}\u{202e}é";
    const HARMLESS: &str = r#"</failure>]]><!-- &amp; " ' \u{0}\u{1b}[2J\r\n\u{9b}\u{fffe}\u{ffff}\u{202e}é"#;

    /// Writes a case, and reads it back.
    fn read_back(verdict: &Verdict) -> TestCase {
        let mut suite = TestSuite::new("failures");
        suite.add_test_case(test_case("failures", "a claim", verdict, Duration::from_millis(1500)));
        let mut suites = quick_junit::Report::new("a test");
        suites.add_test_suite(suite);
        let text = suites.to_string().expect("XML");
        let harmful = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{fffe}' | '\u{ffff}');
        assert!(!text.contains(harmful), "{text:?}");
        let mut read = quick_junit::Report::deserialize_from_str(&text).expect("the same XML");
        assert_eq!(read, suites);
        read.test_suites.remove(0).test_cases.remove(0)
    }

    #[test]
    fn a_plugins_words_stay_where_they_belong() {
        let hostile = HOSTILE.to_owned();
        let broken =
            Verdict::Broken { tried: hostile.clone(), expected: hostile.clone(), found: hostile.clone() };
        let TestCaseStatus::NonSuccess { kind, message, description, .. } = read_back(&broken).status else {
            panic!("it is broken");
        };
        assert_eq!(kind, NonSuccessKind::Failure);
        assert_eq!(message.expect("a message").as_str(), format!("found {HARMLESS}"));
        let expected = format!("tried: {HARMLESS}\nexpected: {HARMLESS}\nfound: {HARMLESS}");
        assert_eq!(description.expect("a description").as_str(), expected);

        let skipped = read_back(&Verdict::Skipped { reason: hostile });
        let TestCaseStatus::Skipped { message, .. } = skipped.status else { panic!("it is skipped") };
        assert_eq!(message.expect("a reason").as_str(), HARMLESS);
    }

    #[test]
    fn a_case_that_holds_has_its_name_and_time() {
        let held = read_back(&Verdict::Held);
        assert_eq!((held.name.as_str(), held.time), ("a claim", Some(Duration::from_millis(1500))));
        assert!(matches!(held.status, TestCaseStatus::Success { .. }));
    }
}
