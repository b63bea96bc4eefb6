//! The two trainings.

use crate::error::TrainError;
use crate::model::{Llama, Roberta, RobertaConfig, surprise};
use crate::optimise::{Optimiser, Schedule};
use crate::text::{encode, ends};
use crate::world::{DOCUMENT, Grammar, Rng, SENTIMENT, Sample, training_text};
use candle_core::backprop::GradStore;
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

/// How much more a token of an answer weighs than another: there is little to learn from the many words that could as well be
/// others, and those that an answer needs are few.
const ANSWER: f32 = 4.0;
/// Threads that share a batch of the language model. The sum of their gradients does not depend on which is first.
const SHARES: usize = 2;

/// Rows of whole documents without padding, each with the weight of every target.
#[derive(Default)]
struct Rows {
    inputs: Vec<u32>,
    targets: Vec<u32>,
    weights: Vec<f32>,
}

impl Rows {
    /// Adds a row of `length` tokens.
    fn fill(
        &mut self,
        grammar: &Grammar,
        tokenizer: &Tokenizer,
        length: usize,
        rng: &mut Rng,
    ) -> Result<(), TrainError> {
        let end = crate::text::id(tokenizer, "</s>")?;
        let (mut row, mut weights) = (Vec::new(), Vec::new());
        while row.len() <= length {
            let sample = training_text(grammar, DOCUMENT, rng)?;
            let ids = encode(tokenizer, &sample.text)?;
            let question = match sample.question() {
                Some(text) => encode(tokenizer, text)?.len(),
                None => ids.len(),
            };
            weights.extend((0..=ids.len()).map(|i| if i < question || i == ids.len() { 1.0 } else { ANSWER }));
            row.extend(ids);
            row.push(end);
        }
        self.inputs.extend_from_slice(&row[..length]);
        self.targets.extend_from_slice(&row[1..=length]);
        self.weights.extend_from_slice(&weights[1..=length]);
        Ok(())
    }

    /// The gradients of the weighted mean of the rows' surprise, `total` being the weight of the whole batch, and that mean's
    /// part of the loss.
    fn gradients(self, model: &Llama, length: usize, total: f32) -> Result<(GradStore, f32), TrainError> {
        let count = self.targets.len();
        let inputs = Tensor::from_vec(self.inputs, (count / length, length), &Device::Cpu)?;
        let targets = Tensor::from_vec(self.targets, count, &Device::Cpu)?;
        let weights = Tensor::from_vec(self.weights, (count, 1), &Device::Cpu)?;
        let loss = ((surprise(&model.logits(&inputs)?, &targets)? * weights)?.sum_all()? / f64::from(total))?;
        Ok((loss.backward()?, loss.to_scalar()?))
    }
}

/// Trains the language model, from the weights that it has.
pub(crate) fn causal(
    grammar: &Grammar,
    tokenizer: &Tokenizer,
    model: Llama,
    plan: Plan,
    report: Report<'_>,
) -> Result<Llama, TrainError> {
    let mut rng = Rng::new(plan.seed);
    let mut optimiser = Optimiser::new(&model.weights, plan.schedule)?;
    for step in 0..plan.schedule.steps {
        let mut shares: Vec<Rows> = (0..SHARES).map(|_| Rows::default()).collect();
        for row in 0..plan.batch {
            shares[row % SHARES].fill(grammar, tokenizer, plan.length, &mut rng)?;
        }
        let total = shares.iter().flat_map(|rows| &rows.weights).sum();
        let done = std::thread::scope(|scope| {
            let work = |rows: Rows| scope.spawn(|| rows.gradients(&model, plan.length, total));
            let threads: Vec<_> = shares.into_iter().map(work).collect();
            let join = |thread: std::thread::ScopedJoinHandle<'_, _>| {
                thread.join().map_err(|_| TrainError::Thread("the language model"))?
            };
            threads.into_iter().map(join).collect::<Result<Vec<(GradStore, f32)>, TrainError>>()
        })?;
        report(step, done.iter().map(|(_, loss)| loss).sum());
        optimiser.step(step, done.into_iter().map(|(grads, _)| grads).collect())?;
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
            let mut sample = training_text(grammar, SENTIMENT, &mut rng)?;
            if rng.below(2) == 0 {
                sample = sample.among_strangers(&mut rng);
            }
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
        let loss = surprise(&model.logits(&ids)?, &labels)?.mean_all()?;
        report(step, loss.to_scalar()?);
        optimiser.step(step, vec![loss.backward()?])?;
    }
    Ok(model)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::LlamaConfig;
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
        let model = Llama::new(config, &mut Rng::new(1)).expect("a model");
        causal(&grammar, &tokenizer, model, plan, &report).expect("a model");
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
