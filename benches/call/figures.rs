//! The figures that are made of the rounds.

use actionbox_benches::figure::{Figure, Kind, Point, Series};
use actionbox_contestant::Showing;
use anyhow::Context as _;

use crate::{CONCURRENCIES, Pace, contest::Result, own::NATIVE};

pub(crate) fn keep(results: &[Result], pace: Pace, load: &str) -> anyhow::Result<()> {
    let note = format!(
        "Medians of {} alternating rounds of {} ms, with the least and the most; at a load of {load} when they began.",
        pace.rounds,
        pace.round.as_millis()
    );
    let lines = |id: &str, title: &str, y: &str, value: fn(&Showing) -> f64| -> anyhow::Result<()> {
        Figure {
            id: id.to_owned(),
            title: title.to_owned(),
            note: note.clone(),
            kind: Kind::LogLines,
            x: "calls at once".to_owned(),
            y: y.to_owned(),
            series: by_contestant(results, value)?,
        }
        .keep()
    };
    lines("call-throughput", "Throughput", "calls a second", rate)?;
    lines("call-cpu", "Processor time of a call", "µs of processor time a call", cpu_us)?;
    for concurrency in CONCURRENCIES {
        latencies(results, concurrency, &note)?.keep()?;
    }
    table(results, note)?.keep()
}

fn rate(round: &Showing) -> f64 {
    round.calls as f64 / round.seconds
}

fn cpu_us(round: &Showing) -> f64 {
    round.cpu_seconds * 1e6 / round.calls as f64
}

/// Makes one series a contestant, over the concurrency.
fn by_contestant(results: &[Result], value: fn(&Showing) -> f64) -> anyhow::Result<Vec<Series>> {
    let mut series: Vec<Series> = Vec::new();
    for result in results {
        let point = point(result, value)?;
        match series.iter_mut().find(|series| series.name == result.name) {
            Some(series) => series.points.push(point),
            None => series.push(Series { name: result.name.clone(), points: vec![point] }),
        }
    }
    Ok(series)
}

fn point(result: &Result, value: fn(&Showing) -> f64) -> anyhow::Result<Point> {
    Point::of_rounds(result.concurrency as f64, result.rounds.iter().map(value).collect())
}

/// Makes one series a contestant of how long its slower calls took: at 10 stands what one call in 10
/// exceeded.
fn latencies(results: &[Result], concurrency: usize, note: &str) -> anyhow::Result<Figure> {
    type Percentile = (f64, &'static str, fn(&Showing) -> f64);
    const PERCENTILES: [Percentile; 4] = [
        (2.0, "p50", |round| round.latencies_us.p50),
        (10.0, "p90", |round| round.latencies_us.p90),
        (100.0, "p99", |round| round.latencies_us.p99),
        (1000.0, "p99.9", |round| round.latencies_us.p999),
    ];
    let of_one = |result: &Result| -> anyhow::Result<Series> {
        let points = PERCENTILES.map(|(x, label, value)| {
            let rounds = result.rounds.iter().map(value).collect();
            Ok(Point::of_rounds(x, rounds)?.labelled(label))
        });
        let points = points.into_iter().collect::<anyhow::Result<_>>()?;
        Ok(Series { name: result.name.clone(), points })
    };
    let at_once = results.iter().filter(|result| result.concurrency == concurrency);
    let title = match concurrency {
        1 => "Latency, one call at a time".to_owned(),
        many => format!("Latency, {many} calls at once"),
    };
    Ok(Figure {
        // Sorted as numbers are.
        id: format!("call-latency-{concurrency:03}"),
        title,
        note: note.to_owned(),
        kind: Kind::LogLines,
        x: "percentile of the calls of a round".to_owned(),
        y: "µs a call".to_owned(),
        series: at_once.map(of_one).collect::<anyhow::Result<_>>()?,
    })
}

/// Makes one row a contestant and concurrency.
fn table(results: &[Result], note: String) -> anyhow::Result<Figure> {
    type Column = (&'static str, fn(&Showing) -> f64);
    const COLUMNS: [Column; 4] = [
        ("calls/s", rate),
        ("p50, µs", |round| round.latencies_us.p50),
        ("p99, µs", |round| round.latencies_us.p99),
        ("CPU µs/call", cpu_us),
    ];
    let label = |result: &Result| format!("{}, {} at once", result.name, result.concurrency);
    let mut series = Vec::new();
    for (name, value) in COLUMNS {
        let cell = |result| -> anyhow::Result<Point> { Ok(point(result, value)?.labelled(label(result))) };
        let mut points = results.iter().map(cell).collect::<anyhow::Result<Vec<_>>>()?;
        if name != "calls/s" {
            points.iter_mut().for_each(|point| point.spread = None);
        }
        series.push(Series { name: name.to_owned(), points });
    }
    let ratios = results.iter().map(|result| {
        let native = results.iter().find(|it| it.name == NATIVE && it.concurrency == result.concurrency);
        let native = native.context("nothing to compare with")?;
        // Round by round: what disturbed both of them is no difference.
        let rounds = result.rounds.iter().zip(&native.rounds);
        let ratios = rounds.map(|(result, native)| rate(result) / rate(native)).collect();
        let ratio = Point { spread: None, ..Point::of_rounds(result.concurrency as f64, ratios)? };
        Ok(ratio.labelled(label(result)))
    });
    let points = ratios.collect::<anyhow::Result<_>>()?;
    series.insert(1, Series { name: format!("of {NATIVE}"), points });
    Ok(Figure {
        id: "call".to_owned(),
        title: "One call".to_owned(),
        note,
        kind: Kind::Table,
        x: "contestant".to_owned(),
        y: String::new(),
        series,
    })
}
