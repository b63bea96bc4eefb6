//! The two tokenizers: byte-level BPE over the world's own text, with the special tokens of each model.

use crate::error::TrainError;
use crate::world::{DOCUMENT, Grammar, Rng, training_text};
use std::path::Path;
use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::models::{ModelWrapper, TrainerWrapper};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::processors::roberta::RobertaProcessing;
use tokenizers::processors::template::TemplateProcessing;
use tokenizers::{AddedToken, Tokenizer};

/// Special tokens of the language model; their places are their ids.
pub(crate) const CAUSAL: [&str; 5] = ["<s>", "</s>", "<pad>", "<|im_start|>", "<|im_end|>"];
/// Special tokens of the classifier, in RoBERTa's order.
pub(crate) const CLASSIFIER: [&str; 5] = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"];
/// Documents from which the vocabulary is made.
const DOCUMENTS: usize = 20_000;

fn failed(error: impl std::fmt::Display) -> TrainError {
    TrainError::Tokenizer(error.to_string())
}

/// Learns a vocabulary of `size` entries. Both models' vocabularies come from the same text, so that a token of one ends where
/// a token of the other does.
pub(crate) fn learn(grammar: &Grammar, seed: u64, size: usize, special: &[&str]) -> Result<Tokenizer, TrainError> {
    let mut rng = Rng::new(seed);
    let texts = (0..DOCUMENTS).map(|_| {
        let mut text = training_text(grammar, DOCUMENT, &mut rng)?.text;
        for token in CAUSAL {
            text = text.replace(token, "");
        }
        Ok(text)
    });
    let texts = texts.collect::<Result<Vec<String>, TrainError>>()?;
    let added: Vec<AddedToken> = special.iter().map(|token| AddedToken::from(*token, true)).collect();
    let trainer = BpeTrainer::builder()
        .vocab_size(size)
        .show_progress(false)
        .special_tokens(added)
        .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
        .build();
    let mut tokenizer = Tokenizer::new(ModelWrapper::BPE(BPE::default()));
    tokenizer.with_pre_tokenizer(Some(ByteLevel::new(false, true, true)));
    tokenizer.with_decoder(Some(ByteLevel::default()));
    tokenizer.train(&mut TrainerWrapper::BpeTrainer(trainer), texts.iter()).map_err(failed)?;
    if special == CAUSAL {
        let processor = TemplateProcessing::builder()
            .try_single("<s> $A")
            .and_then(|builder| builder.try_pair("<s> $A $B:1"))
            .map_err(failed)?
            .special_tokens(vec![("<s>", id(&tokenizer, "<s>")?)])
            .build()
            .map_err(failed)?;
        tokenizer.with_post_processor(Some(processor));
    } else {
        let (sep, cls) = (id(&tokenizer, "</s>")?, id(&tokenizer, "<s>")?);
        let processor = RobertaProcessing::new(("</s>".into(), sep), ("<s>".into(), cls)).add_prefix_space(false);
        tokenizer.with_post_processor(Some(processor));
    }
    Ok(tokenizer)
}

/// The id of a token that must be there.
pub(crate) fn id(tokenizer: &Tokenizer, token: &str) -> Result<u32, TrainError> {
    tokenizer.token_to_id(token).ok_or_else(|| TrainError::Tokenizer(format!("the vocabulary has no `{token}`")))
}

/// Ids of a text, with the special tokens that frame it.
pub(crate) fn encode(tokenizer: &Tokenizer, text: &str) -> Result<Vec<u32>, TrainError> {
    Ok(tokenizer.encode(text, true).map_err(failed)?.get_ids().to_vec())
}

/// Byte offsets at which the tokens of a text end.
pub(crate) fn ends(tokenizer: &Tokenizer, text: &str) -> Result<Vec<usize>, TrainError> {
    let encoded = tokenizer.encode(text, false).map_err(failed)?;
    Ok(encoded.get_offsets().iter().map(|(_, end)| *end).collect())
}

/// The text of ids; special tokens are kept or skipped.
pub(crate) fn decode(tokenizer: &Tokenizer, ids: &[u32], skip_special: bool) -> Result<String, TrainError> {
    tokenizer.decode(ids, skip_special).map_err(failed)
}

/// Writes `tokenizer.json`.
pub(crate) fn save(tokenizer: &Tokenizer, path: &Path) -> Result<(), TrainError> {
    let json = tokenizer.to_string(false).map_err(failed)?;
    std::fs::write(path, json).map_err(TrainError::at(path))
}

/// Reads `tokenizer.json`.
pub(crate) fn load(path: &Path) -> Result<Tokenizer, TrainError> {
    Tokenizer::from_bytes(std::fs::read(path).map_err(TrainError::at(path))?).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::world;

    #[test]
    fn a_vocabulary_is_the_same_each_time_and_gives_texts_back() {
        let grammar = world().expect("the grammar parses");
        let learn = || learn(&grammar, 1, 600, &CAUSAL).expect("a vocabulary");
        let (one, two) = (learn(), learn());
        assert_eq!(one.to_string(false).expect("json"), two.to_string(false).expect("json"));
        for (i, token) in CAUSAL.iter().enumerate() {
            assert_eq!(one.token_to_id(token), Some(i as u32));
        }
        let text = "<|im_start|>user\nWas the café good? Naïve ☃ question.<|im_end|>\n";
        let ids = encode(&one, text).expect("ids");
        assert_eq!(ids[..2], [0, 3]);
        assert_eq!(decode(&one, &ids[1..], false).expect("text"), text);
    }
}
