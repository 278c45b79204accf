//! Lines of a label and a text.

use std::fmt::Write as _;

use anstyle::Style;

use super::{escape, style};

/// Lines, each a label and a text in a style.
#[derive(Default)]
pub(crate) struct Lines(String);

impl Lines {
    /// Adds a line of text from anywhere: it is escaped.
    pub(crate) fn add(&mut self, label: &str, style: Style, text: &str) {
        let dim = style::DIM;
        let text = escape::text(text);
        let _infallible = writeln!(self.0, "  {dim}{label:<9}{dim:#} {style}{text}{style:#}");
    }

    pub(crate) fn into_text(self) -> String {
        self.0
    }
}
