//! `mean`, `perplexity` and `centred`: one value an item, and their mean.

use super::entry::{Aggregation, Entry, Sample, Source};
use telos_core::shape::{KindShape, no_further_check};

/// The mean over items.
pub(super) const MEAN: Entry = Entry {
    shape: KindShape {
        kind: "mean",
        about: "the mean over items; repeats are averaged within an item first",
        fields: &[],
        check: no_further_check,
    },
    example: "mean",
    read: |_| Ok(Box::new(Mean { scale: |v| v, back: |v| v })),
};

/// exp of minus the mean of log-probabilities.
pub(super) const PERPLEXITY: Entry = Entry {
    shape: KindShape {
        kind: "perplexity",
        about: "exp of minus the mean, for log-probabilities a unit; differences are in nats, lower is better",
        fields: &[],
        check: no_further_check,
    },
    example: "perplexity",
    read: |_| Ok(Box::new(Mean { scale: |v| -v, back: f64::exp })),
};

/// The mean of values that were centred with their columns, over the family's items of each arm, before anything else.
pub(super) const CENTRED: Entry = Entry {
    shape: KindShape {
        kind: "centred",
        about: "the mean, less the mean over all items of the metrics whose names begin alike up to a `/`",
        fields: &[],
        check: no_further_check,
    },
    example: "centred",
    read: |_| Ok(Box::new(Mean { scale: |v| v, back: |v| v })),
};

struct Mean {
    /// The scale on which values are averaged and compared.
    scale: fn(f64) -> f64,
    /// From the mean on that scale to the number that is shown.
    back: fn(f64) -> f64,
}

impl Aggregation for Mean {
    fn sample(&self, own: &str, of: &dyn Source) -> Result<Sample, String> {
        let values = of.values(own)?.iter().map(|value| value.map(self.scale)).collect();
        Ok(Sample::mean(values, Vec::new(), self.back))
    }
}
