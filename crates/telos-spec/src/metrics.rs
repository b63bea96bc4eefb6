//! What a benchmark's file says of its metrics.

use serde_json::{Map, Value};
use telos_core::{Aggregate, Direction, MetricOverride};

/// What stands under `metrics`, by the metric's name.
pub(crate) fn metrics(map: &Map<String, Value>) -> Vec<(String, MetricOverride)> {
    let read = |(name, says): (&String, &Value)| {
        let range = says.get("range").and_then(Value::as_array);
        let ends = range.and_then(|ends| Some([ends.first()?.as_f64()?, ends.get(1)?.as_f64()?]));
        let direction = says.get("direction").and_then(Value::as_str).map(|name| match name {
            "higher" => Direction::Higher,
            "lower" => Direction::Lower,
            _ => Direction::None,
        });
        let aggregate = says.get("aggregate").and_then(Aggregate::from_json);
        (
            name.clone(),
            MetricOverride {
                about: says.get("about").and_then(Value::as_str).map(str::to_owned),
                direction,
                range: ends,
                aggregate,
            },
        )
    };
    map.iter().map(read).collect()
}
