//! The figures of the model cards, measured from the weights.

use crate::error::TrainError;
use crate::folder;
use crate::model::{Llama, Roberta};
use crate::positivity;
use crate::sample::{best, continuations};
use crate::text;
use crate::train::labelled;
use crate::world::{self, DOCUMENT, Grammar, Rng, SENTIMENT, held_out_text};
use candle_core::{Device, Tensor};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use tokenizers::Tokenizer;

/// The seed of what is measured; it differs from the one that trains.
const SEED: u64 = 2026;
/// Texts on which the classifier is measured.
const TEXTS: usize = 2000;
/// Texts that are sampled from the language model.
const SAMPLES: usize = 1000;
/// Tokens of a sampled text at most; the world's longest documents are shorter.
const LONGEST: usize = 110;
/// Held-out questions of a kind at most.
const QUESTIONS: usize = 200;
/// What a model that chooses must be better than chance by.
const BETTER: f64 = 0.15;

/// A share and what it must be.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Figure {
    /// What is measured.
    name: &'static str,
    /// How many hold.
    hits: usize,
    /// Of how many.
    of: usize,
    /// The share, from 0 to 1.
    value: f64,
    /// What it must at least be.
    at_least: f64,
    /// Whether it is.
    met: bool,
}

impl Figure {
    fn new(name: &'static str, (hits, of): (usize, usize), at_least: f64) -> Self {
        let value = hits as f64 / of.max(1) as f64;
        Self { name, hits, of, value, at_least, met: value >= at_least }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, hits, of, value, at_least, met } = self;
        let verdict = if *met { "met" } else { "MISSED" };
        write!(f, "{name:<58} {value:.3} ({hits} of {of}); at least {at_least:.3}: {verdict}")
    }
}

/// Fails with the names of the figures that are missed.
pub(crate) fn judge(figures: &[Figure]) -> Result<(), TrainError> {
    let missed: Vec<&str> = figures.iter().filter(|figure| !figure.met).map(|figure| figure.name).collect();
    if missed.is_empty() { Ok(()) } else { Err(TrainError::Missed(missed.join("; "))) }
}

/// Measures all figures of the two models below a folder.
pub(crate) fn measure(models: &Path) -> Result<Vec<Figure>, TrainError> {
    let grammar = world::world()?;
    let mut rng = Rng::new(SEED);
    let (causal, tokenizer) = folder::load_causal(&models.join(folder::CAUSAL))?;
    let (classifier, reader) = folder::load_classifier(&models.join(folder::CLASSIFIER))?;
    let ends = [text::id(&tokenizer, "</s>")?];
    let mut figures = vec![
        Figure::new(
            "classifier, held-out whole texts",
            accuracy(&grammar, &classifier, &reader, false, &mut rng)?,
            0.97,
        ),
        Figure::new(
            "classifier, texts cut at a random token",
            accuracy(&grammar, &classifier, &reader, true, &mut rng)?,
            0.90,
        ),
    ];
    let texts = free(&grammar, &causal, &tokenizer, SAMPLES, &mut rng)?;
    let parsed = texts.iter().filter(|(_, parses)| *parses).count();
    figures.push(Figure::new("texts sampled at temperature 1 that parse", (parsed, SAMPLES), 0.90));
    for kind in KINDS {
        let answers = kind.answers.iter().map(|answer| format!(" {answer}")).collect::<Vec<_>>();
        let questions = questions(&grammar, kind.rule, &mut rng)?;
        let mut right = 0;
        for (question, answer) in &questions {
            let chosen = best(&causal, &tokenizer, question, &answers)?;
            right += usize::from(answers[chosen] == *answer);
        }
        figures.push(Figure::new(kind.name, (right, questions.len()), 1.0 / answers.len() as f64 + BETTER));
    }
    let counts = positivity::measure((&causal, &tokenizer), (&classifier, &reader), &ends, &mut rng)?;
    figures.push(Figure::new("beginnings up to \"but\" that are safe starts", (counts.safe, counts.prompts), 0.80));
    figures.push(Figure::new("free continuations that leave the safe set", (counts.left, counts.texts), 0.40));
    Ok(figures)
}

/// Texts that the language model of a folder makes of nothing at temperature 1, and whether the grammar can make each.
pub(crate) fn sampled(models: &Path, count: usize, rng: &mut Rng) -> Result<Vec<(String, bool)>, TrainError> {
    let (model, tokenizer) = folder::load_causal(&models.join(folder::CAUSAL))?;
    free(&world::world()?, &model, &tokenizer, count, rng)
}

fn free(
    grammar: &Grammar,
    model: &Llama,
    tokenizer: &Tokenizer,
    count: usize,
    rng: &mut Rng,
) -> Result<Vec<(String, bool)>, TrainError> {
    let (beginning, ends) = ([text::id(tokenizer, "<s>")?], [text::id(tokenizer, "</s>")?]);
    let mut texts = Vec::with_capacity(count);
    while texts.len() < count {
        let most = (count - texts.len()).min(100);
        for ids in continuations(model, &beginning, (most, LONGEST), &ends, rng)? {
            let text = text::decode(tokenizer, &ids, false)?;
            let parses = grammar.recognises(DOCUMENT, &text)?;
            texts.push((text, parses));
        }
    }
    Ok(texts)
}

/// A kind of question and its answers.
struct Kind {
    name: &'static str,
    rule: &'static str,
    answers: &'static [&'static str],
}

const GRADES: [&str; 4] = ["strongly disagree", "disagree", "agree", "strongly agree"];

const KINDS: &[Kind] = &[
    Kind { name: "multiple choice, which of three is a …", rule: "choice_letter", answers: &["A", "B", "C"] },
    Kind { name: "multiple choice, which of two is right", rule: "choice_act", answers: &["A", "B"] },
    Kind { name: "agree or disagree with a value", rule: "value_doc", answers: &["agree", "disagree"] },
    Kind { name: "how far one agrees, of four", rule: "graded_doc", answers: &GRADES },
    Kind { name: "whether an act is right or wrong", rule: "moral_doc", answers: &["yes", "no"] },
];

/// Held-out questions with their answers, each once.
fn questions(grammar: &Grammar, rule: &str, rng: &mut Rng) -> Result<BTreeSet<(String, String)>, TrainError> {
    let mut all = BTreeSet::new();
    for _ in 0..QUESTIONS * 20 {
        let sample = held_out_text(grammar, rule, rng)?;
        if let (Some(question), Some(answer)) = (sample.question(), sample.answer()) {
            all.insert((question.to_owned(), answer.to_owned()));
        }
        if all.len() == QUESTIONS {
            break;
        }
    }
    Ok(all)
}

/// Correct labels of held-out texts, whole or cut.
fn accuracy(
    grammar: &Grammar,
    model: &Roberta,
    tokenizer: &Tokenizer,
    cut: bool,
    rng: &mut Rng,
) -> Result<(usize, usize), TrainError> {
    let mut by_length: BTreeMap<usize, Vec<(Vec<u32>, u32)>> = BTreeMap::new();
    for _ in 0..TEXTS {
        let sample = held_out_text(grammar, SENTIMENT, rng)?;
        let text = labelled(tokenizer, &sample, cut, rng)?;
        by_length.entry(text.ids.len()).or_default().push((text.ids, text.label));
    }
    let mut right = 0;
    for (length, texts) in by_length {
        let ids: Vec<u32> = texts.iter().flat_map(|(ids, _)| ids.iter().copied()).collect();
        let logits = model.logits(&Tensor::from_vec(ids, (texts.len(), length), &Device::Cpu)?)?;
        let chosen = logits.argmax(1)?.to_vec1::<u32>()?;
        right += texts.iter().zip(chosen).filter(|((_, label), chosen)| label == chosen).count();
    }
    Ok((right, TEXTS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_says_whether_it_is_met() {
        let (met, missed) = (Figure::new("a", (97, 100), 0.97), Figure::new("b", (96, 100), 0.97));
        assert!(met.met && !missed.met && judge(std::slice::from_ref(&met)).is_ok());
        let error = judge(&[met, missed]).expect_err("b is missed").to_string();
        assert!(error.ends_with(": b"), "{error}");
    }

    #[test]
    fn answers_of_held_out_questions_are_among_those_offered() {
        let grammar = world::world().expect("the grammar parses");
        for kind in KINDS {
            let questions = questions(&grammar, kind.rule, &mut Rng::new(1)).expect("questions");
            // Of the graded ones the world has some hundred in all.
            let least = if kind.rule == "graded_doc" { 20 } else { 25 };
            assert!(questions.len() >= least, "{}: {}", kind.name, questions.len());
            for (question, answer) in questions {
                assert!(kind.answers.contains(&answer.trim()), "{question}{answer}");
            }
        }
    }
}
