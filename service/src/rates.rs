//! What happened in the last minutes: how many calls, how they ended, and how long they took; in all, by tenant and by
//! plugin. Counted in memory at the end of each call, and gone when the service ends.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

/// Seconds that are counted together.
const SLOT_SECONDS: u64 = 10;
/// How many slots are kept: ten minutes.
const SLOTS: u64 = 60;
/// How many tenants, and how many plugins, are counted by name; further ones are counted together.
const NAMED: usize = 64;
/// How many of each are shown, the busiest first.
const SHOWN: usize = 20;

/// How a call ended, as an operator tells it apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The app did it.
    Succeeded,
    /// The app, or something on the way to it, did not.
    Failed,
    /// The grant or the gate refused it, or one of its requests.
    Refused,
    /// A limit ended it, or kept it out.
    Limited,
    /// Nobody knows whether the app did it.
    InDoubt,
}

/// Counts calls.
pub(crate) struct Rates {
    began: Instant,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    all: Ring,
    tenants: Named,
    plugins: Named,
}

/// Rings by name, and one for whoever finds no room.
#[derive(Default)]
struct Named {
    by_name: HashMap<String, Ring>,
    others: Ring,
}

/// The slots in which anything happened, oldest first.
#[derive(Default, Clone)]
struct Ring(VecDeque<Slot>);

#[derive(Clone)]
struct Slot {
    number: u64,
    ended: [u32; 5],
    took: Histogram,
}

/// Durations by their size: four steps to each doubling, from 64 µs to some 70 s. A quantile is at most 19 % too high.
#[derive(Clone)]
struct Histogram([u32; Histogram::STEPS]);

impl Histogram {
    const STEPS: usize = 81;
    const FIRST_US: f64 = 64.0;

    fn step(took: Duration) -> usize {
        let doublings = (took.as_secs_f64() * 1e6 / Self::FIRST_US).max(1.0).log2();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is from 0 to 80")]
        let step = (doublings * 4.0).ceil().min((Self::STEPS - 1) as f64) as usize;
        step
    }

    /// Returns the upper end of the step that a part of all are in or below, in milliseconds; nothing when it has
    /// none.
    fn quantile(&self, part: f64) -> Option<f64> {
        let all: u32 = self.0.iter().sum();
        let wanted = f64::from(all) * part;
        let mut seen = 0;
        let step = self.0.iter().position(|count| {
            seen += count;
            *count > 0 && f64::from(seen) >= wanted
        })?;
        let ms = Self::FIRST_US / 1e3 * 2_f64.powf(step as f64 / 4.0);
        Some((ms * 1000.0).round() / 1000.0)
    }

    fn quantiles(&self) -> [Option<f64>; 3] {
        [0.5, 0.95, 0.99].map(|part| self.quantile(part))
    }
}

impl Ring {
    fn count(&mut self, number: u64, outcome: Outcome, took: Option<Duration>) {
        self.forget(number);
        if self.0.back().is_none_or(|last| last.number < number) {
            let took = Histogram([0; Histogram::STEPS]);
            self.0.push_back(Slot { number, ended: [0; 5], took });
        }
        if let Some(slot) = self.0.back_mut() {
            slot.ended[outcome as usize] += 1;
            if let Some(took) = took {
                slot.took.0[Histogram::step(took)] += 1;
            }
        }
    }

    /// Forgets what is too old.
    fn forget(&mut self, now: u64) {
        while self.0.front().is_some_and(|first| first.number + SLOTS <= now) {
            self.0.pop_front();
        }
    }

    fn calls(&self) -> u32 {
        self.0.iter().flat_map(|slot| &slot.ended).sum()
    }

    /// Returns the sum of all slots, with the calls of each.
    fn summary(&self, now: u64) -> Value {
        let mut sum = Slot { number: now, ended: [0; 5], took: Histogram([0; Histogram::STEPS]) };
        for slot in &self.0 {
            sum.ended.iter_mut().zip(slot.ended).for_each(|(sum, part)| *sum += part);
            sum.took.0.iter_mut().zip(slot.took.0).for_each(|(sum, part)| *sum += part);
        }
        let mut calls = vec![0; usize::try_from(SLOTS).unwrap_or_default()];
        for slot in &self.0 {
            if let Some(place) = place(slot.number, now) {
                calls[place] = slot.ended.iter().sum::<u32>();
            }
        }
        json!({ "ended": sum.ended, "took_ms": sum.took.quantiles(), "calls": calls })
    }

    /// Returns each slot, oldest first, `null` where nothing happened.
    fn slots(&self, now: u64) -> Value {
        let mut slots = vec![Value::Null; usize::try_from(SLOTS).unwrap_or_default()];
        for slot in &self.0 {
            if let Some(place) = place(slot.number, now) {
                slots[place] = json!({ "ended": slot.ended, "took_ms": slot.took.quantiles() });
            }
        }
        slots.into()
    }
}

/// Where a slot is, from the oldest on.
fn place(number: u64, now: u64) -> Option<usize> {
    (number + SLOTS).checked_sub(now + 1).and_then(|place| usize::try_from(place).ok())
}

impl Named {
    fn of(&mut self, name: &str, now: u64) -> &mut Ring {
        if !self.by_name.contains_key(name) {
            if self.by_name.len() >= NAMED {
                self.forget(now);
            }
            if self.by_name.len() >= NAMED {
                return &mut self.others;
            }
        }
        self.by_name.entry(name.to_owned()).or_default()
    }

    fn forget(&mut self, now: u64) {
        self.by_name.retain(|_, ring| {
            ring.forget(now);
            !ring.0.is_empty()
        });
        self.others.forget(now);
    }

    fn shown(&mut self, now: u64) -> Value {
        self.forget(now);
        let mut all: Vec<_> = self.by_name.iter().collect();
        all.sort_by_key(|(name, ring)| (std::cmp::Reverse(ring.calls()), *name));
        let mut rest = self.others.clone();
        for (_, ring) in all.iter().skip(SHOWN) {
            rest.add(ring);
        }
        let mut rows: Vec<_> =
            all.iter().take(SHOWN).map(|(name, ring)| row(Some(name), ring, now)).collect();
        if !rest.0.is_empty() {
            rows.push(row(None, &rest, now));
        }
        rows.into()
    }
}

impl Ring {
    fn add(&mut self, other: &Self) {
        for slot in &other.0 {
            match self.0.iter_mut().find(|own| own.number == slot.number) {
                Some(own) => {
                    own.ended.iter_mut().zip(slot.ended).for_each(|(sum, part)| *sum += part);
                    own.took.0.iter_mut().zip(slot.took.0).for_each(|(sum, part)| *sum += part);
                }
                None => self.0.push_back(slot.clone()),
            }
        }
    }
}

/// One row; without a name, of all others together.
fn row(name: Option<&str>, ring: &Ring, now: u64) -> Value {
    let mut row = ring.summary(now);
    row["name"] = json!(name);
    row
}

impl Default for Rates {
    fn default() -> Self {
        Self { began: Instant::now(), counts: Mutex::default() }
    }
}

impl Rates {
    /// Counts a call that has ended. One that never ran took no time.
    pub(crate) fn count(&self, tenant: &str, plugin: &str, outcome: Outcome, took: Option<Duration>) {
        self.count_at(Instant::now(), tenant, plugin, outcome, took);
    }

    fn count_at(&self, at: Instant, tenant: &str, plugin: &str, outcome: Outcome, took: Option<Duration>) {
        let number = self.number(at);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.all.count(number, outcome, took);
        counts.tenants.of(tenant, number).count(number, outcome, took);
        counts.plugins.of(plugin, number).count(number, outcome, took);
    }

    fn number(&self, at: Instant) -> u64 {
        at.saturating_duration_since(self.began).as_secs() / SLOT_SECONDS
    }

    /// Tells all of it: the slots of all calls, and a summary for each of the busiest tenants and plugins.
    pub(crate) fn tell(&self) -> Value {
        self.tell_at(Instant::now())
    }

    fn tell_at(&self, at: Instant) -> Value {
        let now = self.number(at);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.all.forget(now);
        json!({
            "slot_seconds": SLOT_SECONDS,
            "slots": counts.all.slots(now),
            "all": counts.all.summary(now),
            "tenants": counts.tenants.shown(now),
            "plugins": counts.plugins.shown(now),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_a_little_too_high_and_never_too_low() {
        for ms in [0.01, 0.064, 0.065, 1.0, 7.3, 250.0, 30_000.0] {
            let mut ring = Ring::default();
            ring.count(0, Outcome::Succeeded, Some(Duration::from_secs_f64(ms / 1e3)));
            let told = ring.0[0].took.quantile(0.5).expect("one call");
            assert!(told >= ms && told <= (ms * 1.2).max(0.07), "{ms} ms is told as {told}");
        }
        assert_eq!(Histogram([0; Histogram::STEPS]).quantile(0.99), None);
    }

    #[test]
    fn what_is_old_is_forgotten_and_further_tenants_are_counted_together() {
        let rates = Rates::default();
        let start = rates.began;
        let took = Some(Duration::from_millis(3));
        for tenant in 0..1000 {
            rates.count_at(start, &format!("tenant-{tenant}"), "sha256:4a21", Outcome::Succeeded, took);
        }
        let told = rates.tell_at(start);
        let rows = told["tenants"].as_array().expect("rows");
        assert_eq!(rows.len(), SHOWN + 1);
        assert_eq!(rows[SHOWN]["name"], Value::Null);
        assert_eq!(rows[SHOWN]["ended"][0], 1000 - SHOWN);
        assert_eq!(told["plugins"][0]["ended"][0], 1000);
        assert_eq!(told["slots"][usize::try_from(SLOTS).expect("small") - 1]["ended"][0], 1000);
        // New ones find room when the old ones are too old.
        let later = start + Duration::from_secs(SLOT_SECONDS * SLOTS);
        rates.count_at(later, "new", "sha256:4a21", Outcome::Refused, None);
        let told = rates.tell_at(later);
        assert_eq!(told["tenants"].as_array().map(Vec::len), Some(1), "{told}");
        assert_eq!(told["all"]["ended"], json!([0, 0, 1, 0, 0]));
        assert_eq!(told["all"]["took_ms"], json!([null, null, null]));
    }
}
