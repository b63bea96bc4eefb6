//! The tables of all crates, put together: what files are checked against. Tests hold the files that ship against the same.

use serde_json::{Map, Value};
use telos_core::Metric;
use telos_core::shape::Catalogue;

/// Everything that can stand where a file says `kind`.
pub(crate) fn catalogue() -> Catalogue {
    Catalogue {
        evaluators: telos_eval::evaluator_shapes(),
        controllers: telos_control::controller_shapes(),
        constraints: telos_control::constraint_shapes(),
        requests: telos_run::request_shapes(),
        sources: telos_data::source_shapes(),
        rules: telos_report::gate::rule_shapes(),
        aggregates: telos_stats::aggregate::aggregate_shapes(),
        refers: Some(telos_stats::aggregate::refers),
        reads: Some(telos_eval::reads),
        metrics: Some(metrics),
    }
}

/// The metrics of an evaluator.
fn metrics(kind: &str, params: &Map<String, Value>) -> Vec<Metric> {
    // An evaluator's object in a file says its kind among its keys.
    let mut params = params.clone();
    params.shift_remove("kind");
    telos_eval::build(kind, &params).map(|evaluator| evaluator.metrics()).unwrap_or_default()
}
