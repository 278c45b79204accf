//! What each stage of the gate takes, with nothing around it; beside it, what it takes to copy and to parse the
//! same bytes.

mod parts;

use std::time::Duration;

use actionbox_benches::{
    figure::{Figure, Kind, Point, Series},
    rounds::{Rounds, time},
};
use anyhow::Context as _;

use crate::parts::{Place, parts};

fn main() -> anyhow::Result<()> {
    let rounds = Rounds::of_arguments(9, Duration::from_millis(200));
    println!(
        "{} rounds of {:?}, medians, in µs; answers of 1 KB, and of 1 MB\n",
        rounds.count, rounds.length
    );
    println!("{:<34}{:>12}{:>12}{:>12}", "stage", "median", "least", "most");
    let (mut all, mut gate) = (Vec::new(), 0.0);
    for part in parts(1 << 20) {
        let micros = time(rounds, part.make()?).into_iter().map(|nanos| nanos / 1e3).collect();
        let point = Point::of_rounds(0.0, micros)?.labelled(part.name);
        let (least, most) = point.spread.unwrap_or_default();
        println!("{:<34}{:>12.3}{least:>12.3}{most:>12.3}", part.name, point.y);
        if part.place == Place::Gate {
            gate += point.y;
        }
        all.push(point);
    }
    let of = |name: &str| {
        let point = all.iter().find(|point| point.label.as_deref() == Some(name));
        point.map(|point| point.y).with_context(|| format!("there is no stage {name}"))
    };
    let handled = of("copy, large")? + of("parse, large")?;
    println!("\n{:<34}{gate:>12.3}", "the gate, of 1 KB");
    for name in ["screen, large", "screen, large and escaped"] {
        println!("{name:<34}{:>11.1}% of copying and parsing it", 100.0 * of(name)? / handled);
    }
    let figure = |id: &str, title: String, kind, points: Vec<Point>| Figure {
        id: id.to_owned(),
        title,
        note: format!(
            "{} rounds of {:?}, medians; nothing else runs. The answer has 1 KB, a large one 1 MB; one that is escaped \
             is JSON in a JSON text.",
            rounds.count, rounds.length
        ),
        kind,
        x: "stage".to_owned(),
        y: "µs".to_owned(),
        series: vec![Series { name: "µs".to_owned(), points }],
    };
    let title =
        format!("What the stages of the gate take; those of a request with 1 KB, {gate:.2} µs together");
    figure("stages", title, Kind::Table, all).keep()
}
