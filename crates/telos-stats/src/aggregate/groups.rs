//! `group_all` and `macro`: items in groups.

use super::entry::{Aggregation, Entry, Part, Sample, Source};
use super::keys::{maybe_text, text};
use std::collections::BTreeMap;
use telos_core::shape::{Field, KindShape, Shape, no_further_check};

const OF: Field = Field::required("of", Shape::Text, "the metric whose values are taken");

/// A group counts only if all of its items hold.
pub(super) const ALL: Entry = Entry {
    shape: KindShape {
        kind: "group_all",
        about: "the share of groups of which every item has the value 1, in every repeat; n counts groups",
        fields: &[
            OF,
            Field::optional(
                "by",
                Shape::Text,
                "the column whose equal values are a group; the benchmark's `cluster` without it",
            ),
            Field::optional(
                "size",
                Shape::Whole { min: 1, max: u32::MAX as u64 },
                "how many items a whole group has; one with another number of them is left out",
            ),
        ],
        check: no_further_check,
    },
    example: "{kind: group_all, of: acc, by: group, size: 2}",
    read: |params| {
        let size = params.get("size").map(|size| size.as_u64().ok_or_else(|| "`size` is a whole number".to_owned()));
        Ok(Box::new(All { of: text(params, "of")?, by: maybe_text(params, "by")?, size: size.transpose()? }))
    },
};

/// The mean of the groups' means.
pub(super) const MACRO: Entry = Entry {
    shape: KindShape {
        kind: "macro",
        about: "the mean over groups of the mean within the group, so that large groups count no more than small ones",
        fields: &[
            OF,
            Field::optional(
                "by",
                Shape::Text,
                "the column whose equal values are a group; the benchmark's `cluster` without it",
            ),
        ],
        check: no_further_check,
    },
    example: "{kind: macro, of: acc, by: category}",
    read: |params| Ok(Box::new(Macro { of: text(params, "of")?, by: maybe_text(params, "by")? })),
};

/// Means nearer to 1 than this come of all repeats being 1.
const ROUNDING: f64 = 1e-9;

struct All {
    of: String,
    by: Option<String>,
    size: Option<u64>,
}

struct Macro {
    of: String,
    by: Option<String>,
}

impl Aggregation for All {
    fn reads(&self, _: &str) -> Vec<(Option<&'static str>, String)> {
        vec![(Some("of"), self.of.clone())]
    }

    fn column(&self) -> Option<&str> {
        self.by.as_deref()
    }

    fn sample(&self, _: &str, of: &dyn Source) -> Result<Sample, String> {
        let values = of.values(&self.of)?;
        let groups = of.groups(self.by.as_deref())?;
        let mut members: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (place, group) in groups.iter().enumerate() {
            members.entry(*group).or_default().push(place);
        }
        // A group's value stands at its first item's place, so that groups are paired as items are.
        let mut held = vec![None; values.len()];
        for places in members.values().filter(|places| self.size.is_none_or(|size| places.len() as u64 == size)) {
            let all: Option<Vec<f64>> = places.iter().map(|place| values[*place]).collect();
            held[places[0]] = all.map(|all| f64::from(u8::from(all.iter().all(|v| *v >= 1.0 - ROUNDING))));
        }
        let why_none = "no group is whole and has a value for every item".to_owned();
        Ok(Sample { why_none, ..Sample::mean(held, vec![groups], |v| v) })
    }
}

impl Aggregation for Macro {
    fn reads(&self, _: &str) -> Vec<(Option<&'static str>, String)> {
        vec![(Some("of"), self.of.clone())]
    }

    fn column(&self) -> Option<&str> {
        self.by.as_deref()
    }

    fn sample(&self, _: &str, of: &dyn Source) -> Result<Sample, String> {
        let groups = of.groups(self.by.as_deref())?;
        let mut slots: BTreeMap<u32, usize> = BTreeMap::new();
        let mut parts = Vec::new();
        let present = of.values(&self.of)?.iter().enumerate();
        for (place, value) in present.filter_map(|(place, value)| Some((place, (*value)?))) {
            let next = 2 * slots.len();
            let slot = *slots.entry(groups[place]).or_insert(next);
            parts.extend([Part { place, slot, value }, Part { place, slot: slot + 1, value: 1.0 }]);
        }
        // A group of which a resample has no item is left out of it.
        let finish = Box::new(|totals: &[f64]| {
            let there = || totals.as_chunks::<2>().0.iter().filter(|[_, n]| *n > 0.0);
            there().map(|[sum, n]| sum / n).sum::<f64>() / there().count() as f64
        });
        let why_none = "no item has a value".to_owned();
        Ok(Sample { parts, totals: 2 * slots.len(), finish, bonds: Vec::new(), mean_of: None, why_none })
    }
}
