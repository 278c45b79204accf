//! The languages that plugins are written in, each with the project that an author starts from.

use clap::{ValueEnum, builder::PossibleValue};

/// A file of a project, embedded when this command was built.
#[derive(Debug)]
pub(crate) struct File {
    /// Where it lies in the project. Made of names that are no `..`, with `/` between them.
    pub(crate) path: &'static str,
    pub(crate) content: &'static [u8],
    pub(crate) executable: bool,
}

include!(concat!(env!("OUT_DIR"), "/projects.rs"));

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    Rust,
    TypeScript,
    JavaScript,
    Python,
    Go,
    C,
}

impl Language {
    /// Returns the name that the option knows.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::TypeScript => "typescript",
            Self::JavaScript => "javascript",
            Self::Python => "python",
            Self::Go => "go",
            Self::C => "c",
        }
    }

    /// Returns the project that an author starts from.
    pub(crate) fn project(self) -> &'static [File] {
        match self {
            Self::Rust => RUST,
            Self::TypeScript => TYPESCRIPT,
            Self::JavaScript => JAVASCRIPT,
            Self::Python => PYTHON,
            Self::Go => GO,
            Self::C => C,
        }
    }

    /// Returns the command that installs into the project what it is built with. Cargo does so by itself.
    pub(crate) fn set_up(self) -> Option<&'static str> {
        match self {
            Self::Rust => None,
            Self::TypeScript | Self::JavaScript => Some("npm ci"),
            Self::Python | Self::Go | Self::C => Some("make setup"),
        }
    }
}

impl ValueEnum for Language {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Rust, Self::TypeScript, Self::JavaScript, Self::Python, Self::Go, Self::C]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()))
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Component, Path};

    use super::*;

    #[test]
    fn no_path_leads_out_of_the_project() {
        for language in Language::value_variants() {
            for file in language.project() {
                let plain = |part| matches!(part, Component::Normal(_));
                assert!(Path::new(file.path).components().all(plain), "{}", file.path);
            }
        }
    }
}
