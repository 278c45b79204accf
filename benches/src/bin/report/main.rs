//! Makes one report of all figures that the benchmarks have kept: tables on the terminal, plots, and the
//! generated part of `docs/performance.md`.
//!
//! With `--quick` the report is made beside the figures, and the documents stay as they are.

mod axis;
mod machine;
mod number;
mod page;
mod plot;
mod table;

use std::{
    fs,
    path::{Path, PathBuf},
};

use actionbox_benches::{
    figure::{self, Figure, Kind},
    quick,
};
use anyhow::{Context as _, ensure};

/// The page of the book, and the folder of its plots beside it.
const PAGE: &str = "performance.md";
const PLOTS: &str = "performance";

fn main() -> anyhow::Result<()> {
    let figures = figures()?;
    for figure in figures.iter().filter(|figure| figure.kind == Kind::Table) {
        println!("{}\n{}\n\n{}", figure.title, figure.note, table::for_terminals(figure));
    }
    let book = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let target = if quick() { figure::folder() } else { book.clone() };
    write(&figures, &book, &target)?;
    println!("{} figures are in {}", figures.len(), target.join(PAGE).display());
    Ok(())
}

/// Reads all figures, in the order of their names.
fn figures() -> anyhow::Result<Vec<Figure>> {
    let folder = figure::folder();
    let entries = fs::read_dir(&folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    let paths = entries.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<Vec<PathBuf>>>()?;
    let of_figures = paths.iter().filter(|path| path.extension().is_some_and(|it| it == "json"));
    let read = |path: &PathBuf| -> anyhow::Result<Figure> {
        serde_json::from_slice(&fs::read(path)?).with_context(|| format!("{} is no figure", path.display()))
    };
    let mut figures = of_figures.map(read).collect::<anyhow::Result<Vec<_>>>()?;
    ensure!(!figures.is_empty(), "no figure was kept: `benches/run` makes them");
    figures.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(figures)
}

/// Writes the page and its plots; what a page says around its figures is taken from that of the book.
fn write(figures: &[Figure], book: &Path, target: &Path) -> anyhow::Result<()> {
    let plots = target.join(PLOTS);
    // A plot that was not made anew would be of another run.
    match fs::remove_dir_all(&plots) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        _ => fs::create_dir_all(&plots)?,
    }
    for figure in figures.iter().filter(|figure| figure.kind != Kind::Table) {
        let svg = plot::draw(figure).with_context(|| format!("{} cannot be drawn", figure.id))?;
        fs::write(plots.join(format!("{}.svg", figure.id)), svg)?;
    }
    let text = fs::read_to_string(book.join(PAGE))?;
    let generated = page::generate(&machine::describe()?, figures, PLOTS);
    fs::write(target.join(PAGE), page::replace(&text, &generated)?)?;
    Ok(())
}
