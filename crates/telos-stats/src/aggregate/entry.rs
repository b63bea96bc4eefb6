//! What a kind of aggregate is: an entry of the table, and what it makes of a benchmark's items.

use serde_json::{Map, Value};
use telos_core::shape::KindShape;

/// Makes an aggregation from the keys of its object; the error says what was expected.
pub type Read = fn(&Map<String, Value>) -> Result<Box<dyn Aggregation>, String>;

/// From totals to the number.
pub type Finish = Box<dyn Fn(&[f64]) -> f64>;

/// One kind of aggregate.
#[derive(Debug)]
pub struct Entry {
    /// Its `kind`, its keys and what they mean.
    pub shape: KindShape,
    /// An example in YAML.
    pub example: &'static str,
    /// Makes it from its keys. The error says what was expected.
    pub read: Read,
}

/// A way in which items make one number.
pub trait Aggregation {
    /// The metrics that it reads, each with the key that names it; `own` is its metric's name.
    fn reads(&self, own: &str) -> Vec<(Option<&'static str>, String)> {
        vec![(None, own.to_owned())]
    }

    /// Whether what it reads may itself be made of other metrics.
    fn reads_numbers(&self) -> bool {
        false
    }

    /// The column of the data whose values it groups items by.
    fn column(&self) -> Option<&str> {
        None
    }

    /// What it makes of the items. The error is the reason why there is no number.
    fn sample(&self, own: &str, of: &dyn Source) -> Result<Sample, String>;
}

/// The items of a benchmark for one arm, as an aggregation sees them.
pub trait Source {
    /// A metric's value for each item, by place; none where the item has none.
    fn values(&self, metric: &str) -> Result<&[Option<f64>], String>;

    /// A column of the data for each item, by place, equal values as equal numbers; the benchmark's clusters where no column is
    /// named.
    fn groups(&self, column: Option<&str>) -> Result<Vec<u32>, String>;

    /// What another metric's own aggregate makes of the items.
    fn number(&self, metric: &str) -> Result<Sample, String>;
}

/// What an item adds to one of the totals.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// The item's place.
    pub place: usize,
    /// Which total.
    pub slot: usize,
    /// What is added.
    pub value: f64,
}

/// A number as a function of totals over items, so that any set of items, and any resample of them, has one.
pub struct Sample {
    /// What the items add to the totals.
    pub parts: Vec<Part>,
    /// How many totals there are.
    pub totals: usize,
    /// The number that the totals come to; not finite where there is none.
    pub finish: Finish,
    /// Items of one number, by place, are drawn together or not at all; any number of such rules.
    pub bonds: Vec<Vec<u32>>,
    /// By place, the values whose mean the number is, on the scale on which they are compared: closed methods apply to them.
    pub mean_of: Option<Vec<Option<f64>>>,
    /// Why `finish` may come to nothing.
    pub why_none: String,
}

impl Sample {
    /// A mean of one value for each place, shown through `back`, which must be increasing.
    pub fn mean(values: Vec<Option<f64>>, bonds: Vec<Vec<u32>>, back: fn(f64) -> f64) -> Self {
        let mut parts = Vec::new();
        for (place, value) in values.iter().enumerate().filter_map(|(place, value)| Some((place, (*value)?))) {
            parts.extend([Part { place, slot: 0, value }, Part { place, slot: 1, value: 1.0 }]);
        }
        let finish = Box::new(move |totals: &[f64]| back(totals[0] / totals[1]));
        let why_none = "no item has a value".to_owned();
        Self { parts, totals: 2, finish, bonds, mean_of: Some(values), why_none }
    }
}
