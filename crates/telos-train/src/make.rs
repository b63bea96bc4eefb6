//! Makes both model folders: the extents, the schedules, and the two trainings side by side.

use crate::error::TrainError;
use crate::model::{Llama, LlamaConfig, RobertaConfig};
use crate::optimise::Schedule;
use crate::train::{Plan, causal, classifier};
use crate::world::Rng;
use crate::{folder, text, world};
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

/// Entries of both vocabularies.
const VOCABULARY: usize = 1280;
/// The language model's extents.
const CAUSAL: LlamaConfig = LlamaConfig {
    vocabulary: VOCABULARY,
    hidden: 128,
    intermediate: 352,
    layers: 5,
    heads: 4,
    kv_heads: 2,
    positions: 512,
};
/// The classifier's extents.
const CLASSIFIER: RobertaConfig =
    RobertaConfig { vocabulary: VOCABULARY, hidden: 96, intermediate: 448, layers: 4, heads: 3, positions: 130 };
/// Steps between two lines of the log.
const LOG_EVERY: usize = 50;

/// What `telos-train train` is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) seed: u64,
    /// Steps of the language model; 0 leaves it out.
    pub(crate) causal_steps: usize,
    /// Steps of the classifier; 0 leaves it out.
    pub(crate) classifier_steps: usize,
}

/// Trains and writes both models below `out`, each on a thread of its own.
pub(crate) fn make(order: Order, out: &Path) -> Result<(), TrainError> {
    let grammar = world::world()?;
    let Order { seed, causal_steps, classifier_steps } = order;
    std::thread::scope(|scope| {
        let first = scope.spawn(|| {
            if causal_steps == 0 {
                return Ok(());
            }
            let model = Llama::new(CAUSAL, &mut Rng::new(seed))?;
            let tokenizer = text::learn(&grammar, seed, VOCABULARY, &text::CAUSAL)?;
            let schedule = Schedule { steps: causal_steps, warm_up: 100.min(causal_steps / 10 + 1), rate: 3e-3 };
            let plan = Plan { seed, schedule, batch: 16, length: 96 };
            let model = causal(&grammar, &tokenizer, model, plan, &log("language model", causal_steps))?;
            folder::save_causal(&model, &tokenizer, &out.join(folder::CAUSAL))
        });
        let second = scope.spawn(|| {
            if classifier_steps == 0 {
                return Ok(());
            }
            let tokenizer = text::learn(&grammar, seed, VOCABULARY, &text::CLASSIFIER)?;
            let schedule =
                Schedule { steps: classifier_steps, warm_up: 100.min(classifier_steps / 10 + 1), rate: 1e-3 };
            let plan = Plan { seed: seed + 1, schedule, batch: 32, length: 0 };
            let model = classifier(&grammar, &tokenizer, CLASSIFIER, plan, &log("classifier", classifier_steps))?;
            folder::save_classifier(&model, &tokenizer, &out.join(folder::CLASSIFIER))
        });
        let first = first.join().map_err(|_| TrainError::Thread("the language model"))?;
        let second = second.join().map_err(|_| TrainError::Thread("the classifier"))?;
        first.and(second)
    })
}

/// Writes the mean loss of the steps since the last line, and the time a step takes.
fn log(name: &'static str, steps: usize) -> impl Fn(usize, f32) + Sync {
    let start = Instant::now();
    let sum = std::sync::Mutex::new(0.0f32);
    move |step, loss| {
        let mut sum = sum.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *sum += loss;
        if (step + 1).is_multiple_of(LOG_EVERY) {
            let (mean, each) = (*sum / LOG_EVERY as f32, start.elapsed().as_secs_f64() / (step + 1) as f64);
            // A log that nobody can read is no reason to stop a training.
            let _ =
                writeln!(std::io::stderr(), "{name}: step {}/{steps}, loss {mean:.4}, {each:.3} s a step", step + 1);
            *sum = 0.0;
        }
    }
}
