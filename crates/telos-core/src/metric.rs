//! What a metric's values mean: which way is better, which values there are, how items make one number.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Map, Value};

/// Which way a metric is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Larger is better.
    Higher,
    /// Smaller is better.
    Lower,
    /// It describes; it cannot regress.
    None,
}

/// How items make one number, as files and records state it: a kind and its keys. The table of kinds (`telos-stats`) computes it.
///
/// In JSON it is the kind's name where there are no keys, else an object with `kind`. A key `of` names what is read in the place of
/// the metric's own values, which then do not exist: such a metric is defined by others.
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregate {
    /// A kind of the table.
    pub kind: String,
    /// The keys beside `kind`.
    pub params: Map<String, Value>,
}

impl Default for Aggregate {
    fn default() -> Self {
        Self::plain("mean")
    }
}

impl Aggregate {
    /// A kind without keys.
    pub fn plain(kind: &str) -> Self {
        Self { kind: kind.to_owned(), params: Map::new() }
    }

    /// Whether it is of that kind.
    pub fn is(&self, kind: &str) -> bool {
        self.kind == kind
    }

    /// Whether it reads other metrics, so that the metric has no value an item.
    pub fn reads_others(&self) -> bool {
        self.params.contains_key("of")
    }

    /// The name, or the object with `kind`; none for anything else.
    pub fn from_json(value: &Value) -> Option<Self> {
        match value {
            Value::String(kind) => Some(Self::plain(kind)),
            Value::Object(map) => {
                let mut params = map.clone();
                let kind = params.shift_remove("kind")?.as_str()?.to_owned();
                Some(Self { kind, params })
            }
            _ => None,
        }
    }

    /// The form that [`Aggregate::from_json`] reads.
    pub fn to_json(&self) -> Value {
        if self.params.is_empty() {
            return self.kind.as_str().into();
        }
        let mut map = Map::from_iter([("kind".to_owned(), Value::from(self.kind.as_str()))]);
        map.extend(self.params.clone());
        Value::Object(map)
    }
}

impl Serialize for Aggregate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Aggregate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Self::from_json(&value).ok_or_else(|| de::Error::custom("an aggregate is a name or an object with `kind`"))
    }
}

/// A metric as an evaluator offers it, or as a benchmark's YAML overrides or defines it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// The name, unique within a benchmark.
    pub name: String,
    /// What one item's value says, in one line; of a metric that others define, what the number says.
    pub about: String,
    /// Which way is better.
    pub direction: Direction,
    /// The least and the largest value, where both are finite.
    pub range: Option<[f64; 2]>,
    /// How items make one number.
    pub aggregate: Aggregate,
}

impl Metric {
    /// The name up to its first `/`, which metrics of one family share.
    pub fn family(&self) -> &str {
        self.name.split_once('/').map_or(self.name.as_str(), |(family, _)| family)
    }

    /// A mean of 0/1 values or shares.
    pub fn share(name: &str, direction: Direction, about: &str) -> Self {
        let (name, about) = (name.to_owned(), about.to_owned());
        Self { name, about, direction, range: Some([0.0, 1.0]), aggregate: Aggregate::default() }
    }

    /// A mean of values without bounds.
    pub fn unbounded(name: &str, direction: Direction, about: &str) -> Self {
        Self { range: None, ..Self::share(name, direction, about) }
    }
}

/// What a benchmark's YAML says of a metric, over what the evaluator says; or a metric of its own.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MetricOverride {
    /// What it says, in one line.
    pub about: Option<String>,
    /// Which way is better.
    pub direction: Option<Direction>,
    /// The least and the largest value.
    pub range: Option<[f64; 2]>,
    /// How items make one number.
    pub aggregate: Option<Aggregate>,
}

/// Lays what a benchmark says over what its evaluator offers: the named ones first, in the file's order, then the others. A name
/// that the evaluator does not offer is a metric of the benchmark's own where its aggregate reads others; else it is in the second
/// list, of the names that mean nothing.
pub fn with_overrides(mut offered: Vec<Metric>, says: &[(String, MetricOverride)]) -> (Vec<Metric>, Vec<String>) {
    let (mut named, mut unknown) = (Vec::new(), Vec::new());
    for (name, says) in says {
        let found = offered.iter().position(|metric| metric.name == *name).map(|found| offered.remove(found));
        let defines = says.aggregate.as_ref().is_some_and(Aggregate::reads_others);
        let own = || defines.then(|| Metric::unbounded(name, Direction::None, ""));
        let Some(mut metric) = found.or_else(own) else {
            unknown.push(name.clone());
            continue;
        };
        metric.about = says.about.clone().unwrap_or(metric.about);
        metric.direction = says.direction.unwrap_or(metric.direction);
        metric.range = says.range.or(metric.range);
        metric.aggregate = says.aggregate.clone().unwrap_or(metric.aggregate);
        named.push(metric);
    }
    named.extend(offered);
    (named, unknown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_aggregate_is_a_name_or_an_object() {
        let ratio = json!({"kind": "ratio", "of": "a", "over": "b"});
        for (value, others) in [(json!("mean"), false), (json!("centred"), false), (ratio, true)] {
            let read: Aggregate = serde_json::from_value(value.clone()).expect("an aggregate");
            assert_eq!((serde_json::to_value(&read).expect("JSON"), read.reads_others()), (value, others));
        }
        for bad in [json!(1), json!({}), json!({"kind": 2}), json!(null)] {
            assert!(serde_json::from_value::<Aggregate>(bad).is_err());
        }
    }

    #[test]
    fn named_metrics_come_first_and_may_be_new() {
        let offered = ["acc", "tie"].map(|name| Metric::share(name, Direction::Higher, "x")).to_vec();
        let defined = Aggregate::from_json(&json!({"kind": "formula", "of": "1 - acc"}));
        let says = |aggregate| MetricOverride { aggregate, direction: Some(Direction::Lower), ..Default::default() };
        let says = [("tie".into(), says(None)), ("error".into(), says(defined)), ("lost".into(), says(None))];
        let (metrics, unknown) = with_overrides(offered, &says);
        let names: Vec<_> = metrics.iter().map(|m| (m.name.as_str(), m.direction)).collect();
        assert_eq!(names, [("tie", Direction::Lower), ("error", Direction::Lower), ("acc", Direction::Higher)]);
        assert_eq!(unknown, ["lost"]);
    }
}
