//! Figures that are tables: one row a label, one column a series.

use actionbox_benches::figure::{Figure, Point};

use crate::number;

/// Writes it in aligned columns.
pub(crate) fn for_terminals(figure: &Figure) -> String {
    let rows = rows(figure);
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<_> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let cell = if column == 0 { format!("{cell:<width$}") } else { format!("  {cell:>width$}") };
            text.push_str(&cell);
        }
        text.push('\n');
    }
    text
}

/// Writes it as Markdown does.
pub(crate) fn for_pages(figure: &Figure) -> String {
    let mut text = String::new();
    for (index, row) in rows(figure).into_iter().enumerate() {
        let cells: Vec<_> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
        if index == 0 {
            text.push_str(&format!("| --- |{}\n", " ---: |".repeat(cells.len() - 1)));
        }
    }
    text
}

/// Returns the head and the rows.
fn rows(figure: &Figure) -> Vec<Vec<String>> {
    let mut labels: Vec<String> = Vec::new();
    for point in figure.series.iter().flat_map(|series| &series.points) {
        let label = label(point);
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    let head = std::iter::once(figure.x.clone()).chain(figure.series.iter().map(|it| it.name.clone()));
    let row = |name: String| {
        let cells = figure.series.iter().map(|series| {
            let point = series.points.iter().find(|point| label(point) == name);
            point.map(cell).unwrap_or_default()
        });
        std::iter::once(name.clone()).chain(cells).collect()
    };
    std::iter::once(head.collect()).chain(labels.into_iter().map(row)).collect()
}

fn label(point: &Point) -> String {
    point.label.clone().unwrap_or_else(|| number::write(point.x))
}

fn cell(point: &Point) -> String {
    let value = number::write(point.y);
    match point.spread.map(|(least, most)| (number::write(least), number::write(most))) {
        Some((least, most)) if least != most => format!("{value} ({least}–{most})"),
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use actionbox_benches::figure::{Kind, Series};

    use super::*;

    #[test]
    fn a_row_has_a_cell_for_every_series() {
        let point = |label: &str, y, spread| Point { x: 0.0, label: Some(label.to_owned()), y, spread };
        let series = |name: &str, points| Series { name: name.to_owned(), points };
        let figure = Figure {
            id: "id".to_owned(),
            title: "Title".to_owned(),
            note: "Note.".to_owned(),
            kind: Kind::Table,
            x: "who".to_owned(),
            y: String::new(),
            series: vec![
                series("calls/s", vec![point("a|b", 1234.0, Some((1200.0, 1300.0))), point("c", 5.0, None)]),
                series("µs", vec![point("c", 0.25, None)]),
            ],
        };
        assert_eq!(
            for_pages(&figure),
            "| who | calls/s | µs |\n| --- | ---: | ---: |\n| a\\|b | 1,234 (1,200–1,300) |  |\n| c | 5 | 0.25 |\n"
        );
        assert_eq!(
            for_terminals(&figure),
            "who              calls/s    µs\na|b  1,234 (1,200–1,300)      \nc                      5  0.25\n"
        );
    }
}
