//! Axes whose ticks stand where people look: at what was measured, or at round numbers.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

use crate::number;

/// One axis of a plot.
#[derive(Clone)]
pub(crate) struct Axis {
    logarithmic: bool,
    range: Range<f64>,
    ticks: Vec<(f64, String)>,
}

impl Axis {
    /// Makes a linear axis from zero to a round number not below the values.
    pub(crate) fn linear(values: impl Iterator<Item = f64>) -> Self {
        const TICKS: f64 = 6.0;
        let (least, most) = range(values);
        let (least, most) = (least.min(0.0), if most > 0.0 { most } else { 1.0 });
        let rough = (most - least) / TICKS;
        let decade = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|step| step * decade);
        let step = step.into_iter().find(|step| *step >= rough).unwrap_or(10.0 * decade);
        let (first, last) = ((least / step).floor() as i64, (most / step).ceil() as i64);
        let ticks = (first..=last).map(|tick| tick as f64 * step).map(|at| (at, number::write(at))).collect();
        Self { logarithmic: false, range: first as f64 * step..last as f64 * step, ticks }
    }

    /// Makes a logarithmic axis around the values; those that are not above zero have no place on it.
    pub(crate) fn logarithmic(values: impl Iterator<Item = f64>) -> Self {
        let (least, most) = range(values.filter(|value| *value > 0.0));
        let (least, most) = if least <= most { (least, most) } else { (1.0, 10.0) };
        // Numbers of one digit, or of fewer when they are many.
        let decades = (most / least).log10();
        let digits: &[f64] = if decades > 3.0 { &[1.0] } else { &[1.0, 2.0, 5.0] };
        let all = (least.log10().floor() as i32..=most.log10().ceil() as i32)
            .flat_map(|decade| digits.iter().map(move |digit| digit * 10f64.powi(decade)));
        let all: Vec<f64> = all.collect();
        let below = all.iter().rfind(|at| **at <= least).copied().unwrap_or(least);
        let above = all.iter().find(|at| **at >= most).copied().unwrap_or(most);
        let within = all.into_iter().filter(|at| (below..=above).contains(at));
        let ticks = within.map(|at| (at, number::write(at))).collect();
        let range = if below < above { below..above } else { below / 2.0..above * 2.0 };
        Self { logarithmic: true, range, ticks }
    }

    /// Puts ticks at these values in place of round numbers, and makes room for the first and the last.
    pub(crate) fn with_ticks(mut self, ticks: Vec<(f64, String)>) -> Self {
        let (least, most) = range(ticks.iter().map(|(at, _)| *at));
        if least < most {
            self.range = match self.logarithmic {
                true => {
                    let room = (most / least).powf(0.05);
                    least / room..most * room
                }
                false => least..most,
            };
        }
        self.ticks = ticks;
        self
    }

    /// Makes an axis with one place a name, the first at the top.
    pub(crate) fn of_names(names: &[String]) -> Self {
        let ticks = names.iter().enumerate().map(|(index, name)| (index as f64, name.clone())).collect();
        Self { logarithmic: false, range: names.len() as f64 - 0.5..-0.5, ticks }
    }

    /// Returns how many ticks there are.
    pub(crate) fn ticks(&self) -> usize {
        self.ticks.len()
    }
}

/// Returns the least and the most.
fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), value| (least.min(value), most.max(value)))
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (from, to): (i32, i32)) -> i32 {
        let place = |value: f64| if self.logarithmic { value.ln() } else { value };
        let (start, end) = (place(self.range.start), place(self.range.end));
        let share = (place(*value) - start) / (end - start);
        from + (f64::from(to - from) * share).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.ticks.iter().map(|(at, _)| *at).collect()
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        let tick = self.ticks.iter().find(|(at, _)| at == value);
        tick.map(|(_, name)| name.clone()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, name)| name.as_str()).collect()
    }

    #[test]
    fn ticks_stand_at_round_numbers() {
        assert_eq!(names(&Axis::linear([3.0, 11.0].into_iter())), ["0", "2", "4", "6", "8", "10", "12"]);
        let two_decades = Axis::logarithmic([150.0, 9000.0].into_iter());
        assert_eq!(names(&two_decades), ["100", "200", "500", "1,000", "2,000", "5,000", "10,000"]);
        let many = Axis::logarithmic([2.0, 90_000.0].into_iter());
        assert_eq!(names(&many), ["1", "10", "100", "1,000", "10,000", "100,000"]);
    }

    #[test]
    fn axes_without_values_have_a_range_all_the_same() {
        for axis in [
            Axis::linear([].into_iter()),
            Axis::linear([0.0].into_iter()),
            Axis::logarithmic([].into_iter()),
            Axis::logarithmic([0.0, 100.0].into_iter()),
        ] {
            assert!(axis.range.start < axis.range.end && axis.ticks() > 0);
        }
    }

    #[test]
    fn a_logarithmic_axis_gives_every_factor_the_same_room() {
        let axis = Axis::logarithmic([1.0, 100.0].into_iter());
        assert_eq!([1.0, 10.0, 100.0].map(|value| axis.map(&value, (0, 200))), [0, 100, 200]);
    }
}
