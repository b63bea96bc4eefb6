//! How large a benchmark is: its items, its requests and its metrics, as far as they are known without a model.

use crate::bench::Bench;
use crate::problem::Problem;
use crate::requests::Draw;
use crate::scoring::Scoring;
use telos_core::{ControllerSpec, Metric, Prompt};
use telos_spec::suite::Benchmark;

/// What a benchmark comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Size {
    /// Items that are asked.
    pub items: u64,
    /// Items that there are.
    pub available: u64,
    /// How often each item is asked.
    pub repeats: u32,
    /// Requests of one arm; what an evaluator asks afterwards depends on the replies and is not counted.
    pub requests: u64,
}

/// The metrics of a benchmark, in the order in which they are shown; or what is wrong with its request or evaluator.
pub fn metrics(benchmark: &Benchmark) -> Result<Vec<Metric>, Vec<Problem>> {
    let tell = |told: Vec<String>| {
        let about = format!("benchmark `{}`", benchmark.id);
        told.into_iter().map(|message| Problem::new(about.clone(), message)).collect::<Vec<_>>()
    };
    let mut scoring = Scoring::new(&benchmark.request, &benchmark.evaluator).map_err(tell)?;
    match scoring.override_metrics(&benchmark.metrics) {
        mistakes if mistakes.is_empty() => Ok(scoring.metrics),
        mistakes => Err(tell(mistakes)),
    }
}

/// Reads the benchmark's data and counts; or what keeps it from being asked.
pub fn size(benchmark: &Benchmark) -> Result<Size, Vec<Problem>> {
    let mut problems = Vec::new();
    // Which items a limit chooses depends on the seed; how many they are does not.
    let Some(bench) = Bench::prepare(0, benchmark, &mut problems) else { return Err(problems) };
    let none = ControllerSpec::none();
    let mut requests = 0;
    for item in bench.items.iter() {
        // How many there are does not depend on what comes before the question.
        let draw = Draw { seed: 0, sample: 0, controller: &none };
        let asks = bench.scoring.recipe.asks(Prompt::Text(String::new()), false, bench.row(&item), draw);
        match asks {
            Ok(asks) => requests += asks.len() as u64,
            Err(error) => {
                let about = format!("benchmark `{}`", benchmark.id);
                problems.push(Problem::new(about, format!("failed to {error}")));
                return Err(problems);
            }
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let repeats = bench.repeats();
    Ok(Size {
        items: bench.items.len() as u64,
        available: bench.available as u64,
        repeats,
        requests: requests * u64::from(repeats),
    })
}
