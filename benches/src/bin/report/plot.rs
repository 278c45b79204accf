//! Plots, as SVG on a card of its own that is white on every page.

use actionbox_benches::figure::{Figure, Kind, Point, Series};
use anyhow::{Context as _, bail, ensure};
use plotters::{
    coord::Shift,
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

use crate::{axis::Axis, number};

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

const WIDTH: u32 = 900;
const HEIGHT: u32 = 500;
const TEXT: u32 = 18;
/// So many points have marks, and so many places on an axis have ticks.
const FEW: usize = 12;
const INK: RGBColor = RGBColor(40, 40, 40);
const GRID: RGBColor = RGBColor(222, 222, 222);

/// Colours that people tell apart who see fewer of them (after Okabe and Ito), legible on white.
const COLOURS: [RGBColor; 10] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(230, 159, 0),
    RGBColor(90, 90, 90),
    RGBColor(140, 86, 75),
    RGBColor(136, 34, 85),
    RGBColor(51, 34, 136),
];

fn colour(index: usize) -> RGBColor {
    COLOURS[index % COLOURS.len()]
}

fn ink() -> TextStyle<'static> {
    ("sans-serif", TEXT).into_font().color(&INK)
}

/// Draws a figure that is no table.
pub(crate) fn draw(figure: &Figure) -> anyhow::Result<String> {
    ensure!(figure.series.iter().any(|series| !series.points.is_empty()), "it has no points");
    let height = match figure.kind {
        // As many rows as there are names.
        Kind::StackedBars => 150 + 44 * names(figure).len() as u32,
        _ => HEIGHT,
    };
    let legend = text_width(figure.series.iter().map(|series| series.name.as_str())).clamp(120, 360) + 50;
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        root.fill(&WHITE)?;
        let title = ("sans-serif", TEXT + 5).into_font().color(&INK);
        root.draw(&Text::new(figure.title.clone(), (20, 14), title))?;
        let (_, body) = root.split_vertically(44);
        let (chart, legend) = body.split_horizontally(WIDTH - legend);
        match figure.kind {
            Kind::Lines | Kind::LogLines => draw_lines(figure, &chart)?,
            Kind::StackedBars => draw_bars(figure, &chart)?,
            Kind::Table => bail!("a table has no plot"),
        }
        draw_legend(figure, &legend)?;
        root.present()?;
    }
    Ok(svg)
}

/// Returns about how wide the longest of these texts is.
fn text_width<'a>(texts: impl Iterator<Item = &'a str>) -> u32 {
    const LETTER: u32 = TEXT / 2;
    texts.map(|text| text.chars().count()).max().unwrap_or(0) as u32 * LETTER
}

fn draw_lines(figure: &Figure, area: &Area<'_>) -> anyhow::Result<()> {
    let logarithmic = figure.kind == Kind::LogLines;
    let points = || figure.series.iter().flat_map(|series| &series.points);
    let axis = |values: &mut dyn Iterator<Item = f64>| match logarithmic {
        true => Axis::logarithmic(values),
        false => Axis::linear(values),
    };
    let x = axis(&mut points().map(|point| point.x));
    let x = match measured_at(figure, logarithmic) {
        Some(ticks) => x.with_ticks(ticks),
        None => x,
    };
    let y = axis(&mut points().flat_map(|point| {
        let (least, most) = point.spread.unwrap_or((point.y, point.y));
        [least, point.y, most]
    }));
    let mut chart = ChartBuilder::on(area)
        .margin(10)
        .margin_right(24)
        .x_label_area_size(60)
        .y_label_area_size(94)
        .build_cartesian_2d(x.clone(), y.clone())?;
    mesh(&mut chart, figure, x.ticks(), y.ticks())?;
    for (index, series) in figure.series.iter().enumerate() {
        let (colour, name) = (colour(index), &series.name);
        let shown: Vec<&Point> =
            series.points.iter().filter(|point| !logarithmic || (point.x > 0.0 && point.y > 0.0)).collect();
        chart
            .draw_series(LineSeries::new(shown.iter().map(|it| (it.x, it.y)), colour.stroke_width(2)))
            .with_context(|| format!("the line of {name}"))?;
        for point in shown {
            if let Some((least, most)) = point.spread.filter(|(least, _)| !logarithmic || *least > 0.0) {
                let whisker = vec![(point.x, least), (point.x, most)];
                chart.draw_series([PathElement::new(whisker, colour.mix(0.5).stroke_width(2))])?;
            }
            if series.points.len() <= FEW {
                chart.draw_series([EmptyElement::at((point.x, point.y)) + marker(index)])?;
            }
        }
    }
    Ok(())
}

/// Returns ticks for what was measured, when those are few, or when they have names.
fn measured_at(figure: &Figure, logarithmic: bool) -> Option<Vec<(f64, String)>> {
    let points = figure.series.iter().flat_map(|series| &series.points);
    let mut ticks: Vec<(f64, Option<String>)> = points.map(|point| (point.x, point.label.clone())).collect();
    ticks.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    ticks.dedup_by(|(a, _), (b, _)| a == b);
    let named = ticks.iter().all(|(_, name)| name.is_some());
    let fits = named || (logarithmic && ticks.len() <= FEW);
    let write = |(at, name): (f64, Option<String>)| (at, name.unwrap_or_else(|| number::write(at)));
    (fits && ticks.iter().all(|(at, _)| !logarithmic || *at > 0.0))
        .then(|| ticks.into_iter().map(write).collect())
}

/// Returns the mark of a series around a point: its shape tells it apart as its colour does.
fn marker(index: usize) -> Polygon<(i32, i32)> {
    const CORNERS: [u32; 4] = [16, 3, 4, 5];
    const RADIUS: f64 = 6.0;
    let corners = CORNERS[index % CORNERS.len()];
    let corner = |corner: u32| {
        // The first is at the top.
        let (sine, cosine) = (std::f64::consts::TAU * f64::from(corner) / f64::from(corners)).sin_cos();
        ((RADIUS * sine).round() as i32, (-RADIUS * cosine).round() as i32)
    };
    Polygon::new((0..corners).map(corner).collect::<Vec<_>>(), colour(index).filled())
}

fn draw_bars(figure: &Figure, area: &Area<'_>) -> anyhow::Result<()> {
    let names = names(figure);
    let values = |name: &str| figure.series.iter().map(|series| value(series, name)).collect::<Vec<_>>();
    let totals: Vec<f64> = names.iter().map(|name| values(name).iter().sum()).collect();
    let x = Axis::linear(totals.iter().copied());
    let y = Axis::of_names(&names);
    let mut chart = ChartBuilder::on(area)
        .margin(10)
        .margin_right(60)
        .x_label_area_size(60)
        .y_label_area_size((text_width(names.iter().map(String::as_str)) + 24).clamp(60, 340))
        .build_cartesian_2d(x.clone(), y)?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .x_labels(x.ticks())
        .y_labels(names.len())
        .x_desc(figure.y.as_str())
        .label_style(ink())
        .axis_style(INK)
        .bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .draw()?;
    for (row, (name, total)) in names.iter().zip(&totals).enumerate() {
        let mut from = 0.0;
        for (index, value) in values(name).into_iter().enumerate() {
            let corners = [(from, row as f64 - 0.32), (from + value, row as f64 + 0.32)];
            chart.draw_series([Rectangle::new(corners, colour(index).filled())])?;
            from += value;
        }
        let beside = ink().pos(Pos::new(HPos::Left, VPos::Center));
        let total = EmptyElement::at((*total, row as f64)) + Text::new(number::write(*total), (6, 0), beside);
        chart.draw_series([total])?;
    }
    Ok(())
}

/// Returns the names of bars, in the order of their first mention.
fn names(figure: &Figure) -> Vec<String> {
    let mut names = Vec::new();
    for point in figure.series.iter().flat_map(|series| &series.points) {
        let name = name(point);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn name(point: &Point) -> String {
    point.label.clone().unwrap_or_else(|| number::write(point.x))
}

fn value(series: &Series, of: &str) -> f64 {
    series.points.iter().find(|point| name(point) == of).map_or(0.0, |point| point.y)
}

fn mesh(
    chart: &mut ChartContext<'_, SVGBackend<'_>, Cartesian2d<Axis, Axis>>,
    figure: &Figure,
    x_ticks: usize,
    y_ticks: usize,
) -> anyhow::Result<()> {
    chart
        .configure_mesh()
        .x_labels(x_ticks)
        .y_labels(y_ticks)
        .x_desc(figure.x.as_str())
        .y_desc(figure.y.as_str())
        .label_style(ink())
        .axis_style(INK)
        .bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .draw()?;
    Ok(())
}

fn draw_legend(figure: &Figure, area: &Area<'_>) -> anyhow::Result<()> {
    const ROW: i32 = 28;
    for (index, series) in figure.series.iter().enumerate() {
        let middle = 24 + ROW * index as i32;
        if figure.kind == Kind::StackedBars {
            let corners = [(8, middle - 8), (24, middle + 8)];
            area.draw(&Rectangle::new(corners, colour(index).filled()))?;
        } else {
            let line = vec![(2, middle), (30, middle)];
            area.draw(&PathElement::new(line, colour(index).stroke_width(2)))?;
            area.draw(&(EmptyElement::at((16, middle)) + marker(index)))?;
        }
        let beside = ink().pos(Pos::new(HPos::Left, VPos::Center));
        area.draw(&Text::new(series.name.clone(), (38, middle), beside))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(kind: Kind, points: &[(f64, f64)]) -> Figure {
        let points =
            points.iter().map(|(x, y)| Point { x: *x, label: None, y: *y, spread: Some((*y, y * 2.0)) });
        Figure {
            id: "id".to_owned(),
            title: "The title".to_owned(),
            note: "Note.".to_owned(),
            kind,
            x: "calls at once".to_owned(),
            y: "calls a second".to_owned(),
            series: vec![Series { name: "a < b".to_owned(), points: points.collect() }],
        }
    }

    #[test]
    fn a_plot_of_each_kind_names_what_it_shows() {
        for kind in [Kind::Lines, Kind::LogLines, Kind::StackedBars] {
            let svg = draw(&figure(kind, &[(1.0, 10.0), (8.0, 2500.0)])).expect("it can be drawn");
            for text in ["The title", "calls a second", "a &lt; b"] {
                assert!(svg.contains(text), "{kind:?} lacks {text}: {svg}");
            }
            assert!(kind == Kind::StackedBars || svg.contains("calls at once"), "{kind:?} lacks its axis");
        }
    }

    #[test]
    fn a_plot_of_one_point_or_of_nothing_but_zeros_is_drawn() {
        for kind in [Kind::Lines, Kind::LogLines, Kind::StackedBars] {
            draw(&figure(kind, &[(0.0, 0.0)])).expect("it can be drawn");
            draw(&figure(kind, &[(3.0, 3.0)])).expect("it can be drawn");
        }
    }

    #[test]
    fn a_figure_without_points_and_a_table_have_no_plot() {
        assert!(draw(&figure(Kind::Lines, &[])).is_err());
        assert!(draw(&figure(Kind::Table, &[(1.0, 1.0)])).is_err());
    }
}
