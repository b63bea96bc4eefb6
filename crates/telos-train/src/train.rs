//! The two trainings.

use crate::error::TrainError;
use crate::model::{Llama, LlamaConfig, Roberta, RobertaConfig, cross_entropy};
use crate::optimise::{Optimiser, Schedule};
use crate::text::{encode, ends};
use crate::world::{DOCUMENT, Grammar, Rng, SENTIMENT, Sample, training_text};
use candle_core::{Device, Tensor};
use std::collections::BTreeMap;
use tokenizers::Tokenizer;

/// What a training needs beside its model's extents.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) schedule: Schedule,
    /// Rows of a batch.
    pub(crate) batch: usize,
    /// Tokens of a row, for the language model.
    pub(crate) length: usize,
}

/// Told of each step's loss.
pub(crate) type Report<'a> = &'a (dyn Fn(usize, f32) + Sync);

/// Trains the language model on rows of whole documents without padding.
pub(crate) fn causal(
    grammar: &Grammar,
    tokenizer: &Tokenizer,
    config: LlamaConfig,
    plan: Plan,
    report: Report<'_>,
) -> Result<Llama, TrainError> {
    let mut rng = Rng::new(plan.seed);
    let model = Llama::new(config, &mut rng)?;
    let mut optimiser = Optimiser::new(&model.weights, plan.schedule)?;
    let end = crate::text::id(tokenizer, "</s>")?;
    for step in 0..plan.schedule.steps {
        let (mut inputs, mut targets) = (Vec::new(), Vec::new());
        for _ in 0..plan.batch {
            let mut row = Vec::new();
            while row.len() <= plan.length {
                row.extend(encode(tokenizer, &training_text(grammar, DOCUMENT, &mut rng)?.text)?);
                row.push(end);
            }
            inputs.extend_from_slice(&row[..plan.length]);
            targets.extend_from_slice(&row[1..=plan.length]);
        }
        let inputs = Tensor::from_vec(inputs, (plan.batch, plan.length), &Device::Cpu)?;
        let targets = Tensor::from_vec(targets, plan.batch * plan.length, &Device::Cpu)?;
        let loss = cross_entropy(&model.logits(&inputs)?, &targets)?;
        report(step, loss.to_scalar()?);
        optimiser.step(step, &loss)?;
    }
    Ok(model)
}

/// A text for the classifier with its label: whole, or cut behind a random token.
pub(crate) struct Labelled {
    pub(crate) ids: Vec<u32>,
    pub(crate) label: u32,
}

/// The whole sample, or its beginning up to a random token, which may be the last.
pub(crate) fn labelled(
    tokenizer: &Tokenizer,
    sample: &Sample,
    cut: bool,
    rng: &mut Rng,
) -> Result<Labelled, TrainError> {
    let end = if cut {
        let ends = ends(tokenizer, &sample.text)?;
        ends[rng.below(ends.len())]
    } else {
        sample.text.len()
    };
    let ids = encode(tokenizer, &sample.text[..end])?;
    Ok(Labelled { ids, label: sample.sentiment(end) as u32 })
}

/// Trains the classifier on batches of texts of the same length: three of four are cut.
pub(crate) fn classifier(
    grammar: &Grammar,
    tokenizer: &Tokenizer,
    config: RobertaConfig,
    plan: Plan,
    report: Report<'_>,
) -> Result<Roberta, TrainError> {
    let mut rng = Rng::new(plan.seed);
    let model = Roberta::new(config, &mut rng)?;
    let mut optimiser = Optimiser::new(&model.weights, plan.schedule)?;
    let mut waiting: BTreeMap<usize, Vec<Labelled>> = BTreeMap::new();
    for step in 0..plan.schedule.steps {
        let batch = loop {
            let sample = training_text(grammar, SENTIMENT, &mut rng)?;
            let cut = rng.below(4) > 0;
            let text = labelled(tokenizer, &sample, cut, &mut rng)?;
            let length = text.ids.len();
            if length > config.max_length() {
                continue;
            }
            let same = waiting.entry(length).or_default();
            same.push(text);
            if same.len() == plan.batch {
                break std::mem::take(same);
            }
        };
        let length = batch[0].ids.len();
        let ids: Vec<u32> = batch.iter().flat_map(|text| text.ids.iter().copied()).collect();
        let labels: Vec<u32> = batch.iter().map(|text| text.label).collect();
        let ids = Tensor::from_vec(ids, (plan.batch, length), &Device::Cpu)?;
        let labels = Tensor::from_vec(labels, plan.batch, &Device::Cpu)?;
        let loss = cross_entropy(&model.logits(&ids)?, &labels)?;
        report(step, loss.to_scalar()?);
        optimiser.step(step, &loss)?;
    }
    Ok(model)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{CAUSAL, CLASSIFIER, learn};
    use crate::world::world;
    use std::sync::Mutex;

    fn falls(losses: &Mutex<Vec<f32>>, by: f32) {
        let losses = losses.lock().expect("no panic before");
        let mean = |part: &[f32]| part.iter().sum::<f32>() / part.len() as f32;
        let (first, last) = (mean(&losses[..5]), mean(&losses[losses.len() - 5..]));
        assert!(losses.len() == 50 && last < first * by, "{first} to {last}");
    }

    #[test]
    fn in_fifty_steps_the_loss_of_the_language_model_falls() {
        let grammar = world().expect("the grammar parses");
        let tokenizer = learn(&grammar, 1, 512, &CAUSAL).expect("a vocabulary");
        let config = LlamaConfig {
            vocabulary: 512,
            hidden: 32,
            intermediate: 64,
            layers: 2,
            heads: 4,
            kv_heads: 2,
            positions: 64,
        };
        let schedule = Schedule { steps: 50, warm_up: 5, rate: 1e-2 };
        let plan = Plan { seed: 1, schedule, batch: 8, length: 32 };
        let losses = Mutex::new(Vec::new());
        let report = |_: usize, loss: f32| losses.lock().expect("no panic before").push(loss);
        causal(&grammar, &tokenizer, config, plan, &report).expect("a model");
        falls(&losses, 0.8);
    }

    #[test]
    fn in_fifty_steps_the_loss_of_the_classifier_falls() {
        let grammar = world().expect("the grammar parses");
        let tokenizer = learn(&grammar, 1, 1024, &CLASSIFIER).expect("a vocabulary");
        let config =
            RobertaConfig { vocabulary: 1024, hidden: 32, intermediate: 64, layers: 2, heads: 2, positions: 130 };
        let schedule = Schedule { steps: 50, warm_up: 5, rate: 1e-2 };
        let plan = Plan { seed: 1, schedule, batch: 16, length: 0 };
        let losses = Mutex::new(Vec::new());
        let report = |_: usize, loss: f32| losses.lock().expect("no panic before").push(loss);
        classifier(&grammar, &tokenizer, config, plan, &report).expect("a model");
        falls(&losses, 0.8);
    }
}
