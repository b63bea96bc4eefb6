//! Sampling from the language model, and the likelihood of answers under it.

use crate::error::TrainError;
use crate::model::{Llama, surprise};
use crate::text;
use crate::world::Rng;
use candle_core::{Device, Tensor};
use tokenizers::Tokenizer;

/// Continuations of one beginning at temperature 1: `count` of them, each until an id of `ends` or `most` tokens. The ids are
/// those after the beginning, without the end.
pub(crate) fn continuations(
    model: &Llama,
    beginning: &[u32],
    (count, most): (usize, usize),
    ends: &[u32],
    rng: &mut Rng,
) -> Result<Vec<Vec<u32>>, TrainError> {
    let mut open: Vec<Vec<u32>> = vec![beginning.to_vec(); count];
    let mut done = Vec::new();
    for _ in 0..most {
        if open.is_empty() {
            break;
        }
        let (rows, length) = (open.len(), open[0].len());
        let ids: Vec<u32> = open.iter().flatten().copied().collect();
        let logits = model.next(&Tensor::from_vec(ids, (rows, length), &Device::Cpu)?)?;
        let mut still = Vec::new();
        for (mut row, logits) in open.into_iter().zip(logits) {
            let id = draw(&logits, rng);
            if ends.contains(&id) {
                done.push(row.split_off(beginning.len()));
            } else {
                row.push(id);
                still.push(row);
            }
        }
        open = still;
    }
    done.extend(open.into_iter().map(|mut row| row.split_off(beginning.len())));
    Ok(done)
}

/// An id in proportion to the exponential of its logit.
fn draw(logits: &[f32], rng: &mut Rng) -> u32 {
    let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weight = |logit: &f32| f64::from(logit - max).exp();
    let mut left = rng.unit() * logits.iter().map(weight).sum::<f64>();
    for (id, logit) in logits.iter().enumerate() {
        left -= weight(logit);
        if left < 0.0 {
            return id as u32;
        }
    }
    logits.len() as u32 - 1
}

/// The answer that is most likely after a question, by the sum of its tokens' log-probabilities.
pub(crate) fn best(
    model: &Llama,
    tokenizer: &Tokenizer,
    question: &str,
    answers: &[String],
) -> Result<usize, TrainError> {
    let start = text::encode(tokenizer, question)?.len();
    let mut scores = Vec::new();
    for answer in answers {
        let ids = text::encode(tokenizer, &format!("{question}{answer}"))?;
        let targets = Tensor::from_vec(ids[start..].to_vec(), ids.len() - start, &Device::Cpu)?;
        let (inputs, count) = (ids[..ids.len() - 1].to_vec(), ids.len() - 1);
        let logits = model.logits(&Tensor::from_vec(inputs, (1, count), &Device::Cpu)?)?;
        let logits = logits.narrow(0, start - 1, ids.len() - start)?.contiguous()?;
        scores.push(-surprise(&logits, &targets)?.sum_all()?.to_scalar::<f32>()?);
    }
    let best = scores.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
    best.map(|(i, _)| i).ok_or_else(|| TrainError::Grammar("a question has no answers to choose from".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_follow_the_probabilities() {
        let mut rng = Rng::new(4);
        let logits = [0.0f32, 2.0f32.ln(), f32::NEG_INFINITY, 1.0f32.ln()];
        let mut counts = [0; 4];
        for _ in 0..8000 {
            counts[draw(&logits, &mut rng) as usize] += 1;
        }
        for (count, share) in counts.iter().zip([0.25, 0.5, 0.0, 0.25]) {
            assert!((f64::from(*count) / 8000.0 - share).abs() < 0.02, "{counts:?}");
        }
    }
}
