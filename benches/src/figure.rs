//! What a benchmark found, kept as a file until the report is made of all of them.

use std::{fs, path::PathBuf};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

/// One plot, or one table when its `kind` says so.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Figure {
    /// The name of its file: lower case, digits and `-`.
    pub id: String,
    /// What it shows, in one line.
    pub title: String,
    /// What has to be known to read it: how it was measured, rounds, spread.
    pub note: String,
    /// How it is drawn.
    pub kind: Kind,
    /// What the horizontal axis shows, with its unit.
    pub x: String,
    /// What the vertical axis shows, with its unit.
    pub y: String,
    /// What was measured.
    pub series: Vec<Series>,
}

/// How a figure is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// One line a series over a linear axis.
    Lines,
    /// One line a series; both axes are logarithmic.
    LogLines,
    /// One bar a label, made of one piece a series.
    StackedBars,
    /// No plot: one row a label, one column a series.
    Table,
}

/// The values of one contestant, or of one stage.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Series {
    /// Its name, as the legend or the column shows it.
    pub name: String,
    /// Its points, in order.
    pub points: Vec<Point>,
}

/// One value, with the least and the most of its rounds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Point {
    /// Where it stands on the horizontal axis.
    pub x: f64,
    /// What it is called there, when it is no number: the name of a bar, or of a row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The median.
    pub y: f64,
    /// The least and the most, when there were several rounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spread: Option<(f64, f64)>,
}

impl Point {
    /// Makes a point of the values of several rounds.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn of_rounds(x: f64, mut rounds: Vec<f64>) -> anyhow::Result<Self> {
        rounds.sort_by(f64::total_cmp);
        let (least, most) = rounds.first().zip(rounds.last()).context("no round was measured")?;
        Ok(Self { x, label: None, y: rounds[rounds.len() / 2], spread: Some((*least, *most)) })
    }

    /// Gives it a name in place of a number.
    #[must_use]
    pub fn labelled(self, label: impl Into<String>) -> Self {
        Self { label: Some(label.into()), ..self }
    }
}

impl Figure {
    /// Keeps it in the folder of the figures, for the report.
    ///
    /// # Errors
    ///
    /// When the folder cannot be written.
    pub fn keep(&self) -> anyhow::Result<()> {
        let folder = folder();
        fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        let file = folder.join(format!("{}.json", self.id));
        fs::write(&file, serde_json::to_vec_pretty(self)?)
            .with_context(|| format!("{} cannot be written", file.display()))
    }
}

/// Where figures are kept: `bench/` in the target directory of this workspace.
pub fn folder() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    target.unwrap_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target"))).join("bench")
}
