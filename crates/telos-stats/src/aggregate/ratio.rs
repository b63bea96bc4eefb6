//! `ratio`: the sum of one metric's values over the sum of another's.

use super::entry::{Aggregation, Entry, Part, Sample, Source};
use super::keys::text;
use telos_core::shape::{Field, KindShape, Shape, no_further_check};

/// The table's entry.
pub(super) const ENTRY: Entry = Entry {
    shape: KindShape {
        kind: "ratio",
        about: "the sum of one metric's values over the sum of another's, over the items that have both",
        fields: &[
            Field::required("of", Shape::Text, "the metric whose sum is divided"),
            Field::required("over", Shape::Text, "the metric whose sum it is divided by"),
        ],
        check: no_further_check,
    },
    example: "{kind: ratio, of: biased, over: known}",
    read: |params| Ok(Box::new(Ratio { of: text(params, "of")?, over: text(params, "over")? })),
};

struct Ratio {
    of: String,
    over: String,
}

impl Aggregation for Ratio {
    fn reads(&self, _: &str) -> Vec<(Option<&'static str>, String)> {
        vec![(Some("of"), self.of.clone()), (Some("over"), self.over.clone())]
    }

    fn sample(&self, _: &str, of: &dyn Source) -> Result<Sample, String> {
        let both = of.values(&self.of)?.iter().zip(of.values(&self.over)?).enumerate();
        let mut parts = Vec::new();
        for (place, (above, below)) in both.filter_map(|(place, (a, b))| Some((place, ((*a)?, (*b)?)))) {
            parts.extend([Part { place, slot: 0, value: above }, Part { place, slot: 1, value: below }]);
        }
        Ok(Sample {
            parts,
            totals: 2,
            finish: Box::new(|totals| totals[0] / totals[1]),
            bonds: Vec::new(),
            mean_of: None,
            why_none: format!("the sum of `{}` is 0, so there is nothing to divide by", self.over),
        })
    }
}
