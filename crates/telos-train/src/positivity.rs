//! How free continuations of praise that ends in "but" fare under the classifier: whether there is anything to control.

use crate::error::TrainError;
use crate::model::{Llama, Roberta};
use crate::sample::continuations;
use crate::text;
use crate::world::{Rng, Sentiment};
use candle_core::{Device, Tensor};
use tokenizers::Tokenizer;

/// Beginnings that praise and then turn.
const PROMPTS: [&str; 12] = [
    "Everyone says the hotel is lovely, but",
    "People say the soup is delicious, but",
    "My friends say the film is exciting, but",
    "Most guests say the restaurant is charming, but",
    "The guide says the beach is beautiful, but",
    "Everybody told me that the phone is reliable, but",
    "The reviews say the novel is brilliant, but",
    "Anna says the cake is wonderful, but",
    "The concert was wonderful, but",
    "My friends loved the museum, but",
    "At first I thought the tent was sturdy, but",
    "The park is really peaceful, but",
];
/// Continuations of each.
const SAMPLES: usize = 16;
/// Tokens of a continuation at most.
const TOKENS: usize = 24;

/// What was counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) prompts: usize,
    /// Prompts with h of 0 or more.
    pub(crate) safe: usize,
    /// Continuations of safe prompts.
    pub(crate) texts: usize,
    /// Of these, those with h below 0 at some token.
    pub(crate) left: usize,
}

/// A model and its tokenizer.
pub(crate) type With<'a, M> = (&'a M, &'a Tokenizer);

/// h = p(positive) − p(negative) of a text.
pub(crate) fn margin((model, tokenizer): With<'_, Roberta>, text: &str) -> Result<f32, TrainError> {
    let ids = text::encode(tokenizer, text)?;
    let length = ids.len();
    let logits = model.logits(&Tensor::from_vec(ids, (1, length), &Device::Cpu)?)?;
    let p = candle_nn::ops::softmax(&logits, 1)?.to_vec2::<f32>()?;
    Ok(p[0][Sentiment::Positive as usize] - p[0][Sentiment::Negative as usize])
}

/// Samples continuations and judges each text after each token.
pub(crate) fn measure(
    (causal, tokenizer): With<'_, Llama>,
    classifier: With<'_, Roberta>,
    ends: &[u32],
    rng: &mut Rng,
) -> Result<Counts, TrainError> {
    let mut counts = Counts { prompts: PROMPTS.len(), ..Counts::default() };
    for prompt in PROMPTS {
        if margin(classifier, prompt)? < 0.0 {
            continue;
        }
        counts.safe += 1;
        let beginning = text::encode(tokenizer, prompt)?;
        for ids in continuations(causal, &beginning, (SAMPLES, TOKENS), ends, rng)? {
            counts.texts += 1;
            for end in 1..=ids.len() {
                let whole: Vec<u32> = beginning.iter().chain(&ids[..end]).copied().collect();
                if margin(classifier, &text::decode(tokenizer, &whole, true)?)? < 0.0 {
                    counts.left += 1;
                    break;
                }
            }
        }
    }
    Ok(counts)
}
