//! The bootstrap of a number that is a function of totals, over whole units of items.

use super::entry::{Part, Sample};
use crate::bootstrap::{DRAWS, percentile_interval, two_sided_p};
use crate::noise::Draw;
use crate::{Estimate, Interval, Method, PairedResult};
use std::collections::HashMap;

/// Of all resamples this share may be without a number (such as one that drew nothing to divide by) before there is no interval:
/// the rest would tell of other data.
const WITHOUT: f64 = 0.01;

/// What is drawn as a whole.
pub(super) struct Units {
    /// By place.
    pub(super) of_place: Vec<u32>,
}

impl Units {
    /// The clusters joined with every bond of a sample: two items that any of them holds together are of one unit.
    pub(super) fn of(sample: &Sample, n: usize, clusters: Option<&[u32]>) -> Self {
        let mut parent: Vec<usize> = (0..n).collect();
        for rule in clusters.into_iter().chain(sample.bonds.iter().map(Vec::as_slice)) {
            let mut first: HashMap<u32, usize> = HashMap::new();
            for (place, group) in rule.iter().enumerate() {
                let other = *first.entry(*group).or_insert(place);
                let (a, b) = (root(&mut parent, place), root(&mut parent, other));
                parent[a.max(b)] = a.min(b);
            }
        }
        Self { of_place: (0..n).map(|place| root(&mut parent, place) as u32).collect() }
    }

    /// What each unit adds to the totals, units in the order of their first part.
    fn totals(&self, parts: &[Part], order: &mut Order) -> Vec<Vec<(usize, f64)>> {
        let mut totals: Vec<Vec<(usize, f64)>> = vec![Vec::new(); order.0.len()];
        for part in parts {
            let next = order.0.len();
            let unit = *order.0.entry(self.of_place[part.place]).or_insert(next);
            if unit >= totals.len() {
                totals.resize(unit + 1, Vec::new());
            }
            match totals[unit].iter_mut().find(|(slot, _)| *slot == part.slot) {
                Some((_, sum)) => *sum += part.value,
                None => totals[unit].push((part.slot, part.value)),
            }
        }
        totals
    }
}

/// The places of units, in the order in which they came.
#[derive(Default)]
struct Order(HashMap<u32, usize>);

fn root(parent: &mut [usize], mut place: usize) -> usize {
    while parent[place] != place {
        parent[place] = parent[parent[place]];
        place = parent[place];
    }
    place
}

/// Items that add anything.
fn items(parts: &[Part]) -> usize {
    let mut places: Vec<usize> = parts.iter().map(|part| part.place).collect();
    places.sort_unstable();
    places.dedup();
    places.len()
}

fn sum(sample: &Sample, units: &[Vec<(usize, f64)>], drawn: impl Iterator<Item = usize>, totals: &mut [f64]) -> f64 {
    totals.fill(0.0);
    for unit in drawn {
        for (slot, value) in &units[unit] {
            totals[*slot] += value;
        }
    }
    (sample.finish)(totals)
}

/// The method's name: units that are more than items are clusters.
fn method(clustered: bool, sample: &Sample) -> Method {
    if clustered || !sample.bonds.is_empty() { Method::ClusterBootstrap } else { Method::Bootstrap }
}

/// The interval of ascending resampled numbers; none where too many have none, or all are alike, which says nothing of how well the
/// number is known.
fn interval(draws: &mut Vec<f64>) -> Option<Interval> {
    draws.retain(|draw| draw.is_finite());
    if (DRAWS as usize - draws.len()) as f64 > WITHOUT * DRAWS as f64 {
        return None;
    }
    draws.sort_unstable_by(f64::total_cmp);
    let (first, last) = (*draws.first()?, *draws.last()?);
    if first == last { None } else { percentile_interval(draws) }
}

/// The number with its interval.
pub(super) fn bootstrap(sample: &Sample, units: &Units, clustered: bool, seed: u64) -> Result<Estimate, String> {
    let units = units.totals(&sample.parts, &mut Order::default());
    let (n, mut totals) = (units.len(), vec![0.0; sample.totals]);
    let mean = sum(sample, &units, 0..n, &mut totals);
    if n == 0 || !mean.is_finite() {
        return Err(if n == 0 { "no item has a value".to_owned() } else { sample.why_none.clone() });
    }
    let mut draws = Vec::with_capacity(DRAWS as usize);
    for draw in (0..DRAWS).map(|draw| Draw::new(seed, draw)) {
        let drawn = (0..n as u64).map(|position| draw.index(position, n));
        draws.push(sum(sample, &units, drawn, &mut totals));
    }
    let interval = if n < 2 { None } else { interval(&mut draws) };
    let method = if interval.is_some() { method(clustered, sample) } else { Method::None };
    Ok(Estimate { n: items(&sample.parts), mean, interval, method })
}

/// The difference of two arms over the same units, each drawn with all that it adds on both sides.
pub(super) fn bootstrap_difference(
    (a, b): (&Sample, &Sample),
    units: &Units,
    clustered: bool,
    seed: u64,
) -> Result<PairedResult, String> {
    let mut order = Order::default();
    let mut before = units.totals(&a.parts, &mut order);
    let after = units.totals(&b.parts, &mut order);
    before.resize(after.len().max(before.len()), Vec::new());
    let (n, mut room) = (after.len(), (vec![0.0; a.totals], vec![0.0; b.totals]));
    let ends = (sum(a, &before, 0..before.len(), &mut room.0), sum(b, &after, 0..n, &mut room.1));
    if n == 0 {
        return Err("no item has a value on both sides".to_owned());
    }
    if !ends.0.is_finite() || !ends.1.is_finite() {
        return Err(if ends.0.is_finite() { b } else { a }.why_none.clone());
    }
    let mut draws = Vec::with_capacity(DRAWS as usize);
    let mut drawn = vec![0; n];
    for draw in (0..DRAWS).map(|draw| Draw::new(seed, draw)) {
        drawn.iter_mut().zip(0..).for_each(|(unit, position)| *unit = draw.index(position, n));
        let x = sum(a, &before, drawn.iter().copied(), &mut room.0);
        draws.push(sum(b, &after, drawn.iter().copied(), &mut room.1) - x);
    }
    let changed = before.iter().zip(&after).filter(|(x, y)| x != y).count();
    let interval = if n < 2 { None } else { interval(&mut draws) };
    // Only units that differ can speak for a difference, as in a test by signs.
    let p = if interval.is_some() && changed > 0 { two_sided_p(&draws, changed) } else { 1.0 };
    Ok(PairedResult {
        n: items(&a.parts),
        mean_difference: ends.1 - ends.0,
        interval,
        p,
        method: if interval.is_some() { method(clustered, a) } else { Method::None },
        sides: None,
        changed,
    })
}
