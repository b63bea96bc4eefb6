//! The small world: texts with the opinion that they state so far, made from a grammar and recognised by the same grammar.

mod generate;
mod grammar;
mod recognise;
mod rng;
mod strange;

pub(crate) use generate::Sample;
pub(crate) use grammar::Grammar;
pub(crate) use rng::Rng;

use crate::error::TrainError;

/// The rule of whole documents, which the language model learns.
pub(crate) const DOCUMENT: &str = "document";
/// The rule of documents that the classifier learns.
pub(crate) const SENTIMENT: &str = "sentiment_document";
/// One question, or text without one, in this many is kept out of training.
const HELD_OUT: u64 = 6;

/// What a text says of its subject so far; the number is the label's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sentiment {
    /// The latest opinion is bad.
    Negative = 0,
    /// There is no opinion yet.
    Neutral = 1,
    /// The latest opinion is good.
    Positive = 2,
}

impl Sentiment {
    /// Labels in order of id.
    pub(crate) const LABELS: [&'static str; 3] = ["negative", "neutral", "positive"];
}

/// The grammar that ships with this program.
pub(crate) fn world() -> Result<Grammar, TrainError> {
    Grammar::parse(include_str!("world.grammar"))
}

/// Whether a sample belongs to those that are kept out of training: by its question, or by its text where it asks nothing.
pub(crate) fn held_out(sample: &Sample) -> bool {
    let hash = blake3::hash(sample.question().unwrap_or(&sample.text).as_bytes());
    let head = hash.as_bytes()[..8].iter().fold(0u64, |n, byte| n << 8 | u64::from(*byte));
    head.is_multiple_of(HELD_OUT)
}

/// A text for training: none that is held out.
pub(crate) fn training_text(grammar: &Grammar, rule: &str, rng: &mut Rng) -> Result<Sample, TrainError> {
    loop {
        let sample = grammar.generate(rule, rng)?;
        if !held_out(&sample) {
            return Ok(sample);
        }
    }
}

/// A text that training never saw whole.
pub(crate) fn held_out_text(grammar: &Grammar, rule: &str, rng: &mut Rng) -> Result<Sample, TrainError> {
    loop {
        let sample = grammar.generate(rule, rng)?;
        if held_out(&sample) {
            return Ok(sample);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(rule: &str, seed: u64, count: usize) -> Vec<Sample> {
        let grammar = world().expect("the grammar parses");
        let mut rng = Rng::new(seed);
        (0..count).map(|_| training_text(&grammar, rule, &mut rng).expect("a text")).collect()
    }

    #[test]
    fn everything_generated_is_recognised() {
        let grammar = world().expect("the grammar parses");
        for rule in [DOCUMENT, SENTIMENT] {
            for sample in texts(rule, 7, 3000) {
                assert!(grammar.recognises(rule, &sample.text).expect("a rule"), "{:?}", sample.text);
            }
        }
    }

    #[test]
    fn what_is_not_of_the_world_is_refused() {
        let grammar = world().expect("the grammar parses");
        for text in [
            "",
            "The soup",
            "The soup is wonderful",
            "soup The is wonderful.",
            "The soup is soup.",
            "The soup is wonderful. x",
        ] {
            assert!(!grammar.recognises(DOCUMENT, text).expect("a rule"), "{text:?}");
        }
        assert!(grammar.recognises(DOCUMENT, "The soup is wonderful.").expect("a rule"));
    }

    #[test]
    fn a_mutated_text_is_seldom_recognised() {
        let grammar = world().expect("the grammar parses");
        let mut rng = Rng::new(3);
        let mutated: Vec<String> = texts(DOCUMENT, 11, 400)
            .into_iter()
            .map(|sample| {
                let mut words: Vec<&str> = sample.text.split(' ').collect();
                let at = rng.below(words.len());
                words.remove(at);
                words.join(" ")
            })
            .collect();
        let kept = mutated.iter().filter(|text| grammar.recognises(DOCUMENT, text).expect("a rule")).count();
        assert!(kept < mutated.len() / 5, "{kept} of {} survive the loss of a word", mutated.len());
    }

    #[test]
    fn the_same_seed_gives_the_same_texts() {
        assert_eq!(texts(DOCUMENT, 5, 200), texts(DOCUMENT, 5, 200));
        assert_ne!(texts(DOCUMENT, 5, 200), texts(DOCUMENT, 6, 200));
    }

    #[test]
    fn held_out_questions_are_not_in_training_but_exist() {
        let known: std::collections::HashSet<String> = texts(DOCUMENT, 1, 5000)
            .into_iter()
            .map(|sample| sample.question().unwrap_or(&sample.text).to_owned())
            .collect();
        let grammar = world().expect("the grammar parses");
        let mut rng = Rng::new(1);
        for rule in ["value_doc", "choice_letter", "opinion_doc"] {
            for _ in 0..200 {
                let sample = held_out_text(&grammar, rule, &mut rng).expect("a text");
                assert!(!known.contains(sample.question().unwrap_or(&sample.text)), "{}", sample.text);
            }
        }
    }

    #[test]
    fn the_label_follows_the_latest_opinion() {
        let grammar =
            Grammar::parse("@a\nThe soup was lovely{+}, but I found it bad{-}. I liked{+} it.").expect("a grammar");
        let sample = grammar.generate("a", &mut Rng::new(0)).expect("a text");
        let expect = [
            ("The soup was", Sentiment::Neutral),
            ("The soup was lovel", Sentiment::Neutral),
            ("The soup was lovely", Sentiment::Positive),
            ("The soup was lovely, but", Sentiment::Positive),
            ("The soup was lovely, but I found it", Sentiment::Positive),
            ("The soup was lovely, but I found it bad", Sentiment::Negative),
            ("The soup was lovely, but I found it bad. I", Sentiment::Negative),
            ("The soup was lovely, but I found it bad. I liked it.", Sentiment::Positive),
        ];
        for (beginning, label) in expect {
            assert!(sample.text.starts_with(beginning));
            assert_eq!(sample.sentiment(beginning.len()), label, "{beginning}");
        }
    }

    #[test]
    fn praise_then_but_turns_more_often_than_not_but_not_always() {
        let (mut down, mut all) = (0u32, 0u32);
        let grammar = world().expect("the grammar parses");
        for seed in 0..2000 {
            let sample = grammar.generate("opinion_place", &mut Rng::new(seed)).expect("a text");
            let Some(at) = sample.text.find(", but") else { continue };
            if sample.sentiment(at) == Sentiment::Positive {
                all += 1;
                down += u32::from(sample.sentiment(sample.text.len()) == Sentiment::Negative);
            }
        }
        let share = f64::from(down) / f64::from(all);
        assert!(all > 300 && (0.45..0.75).contains(&share), "{share} of {all}");
    }

    #[test]
    fn the_three_sentiments_all_occur_whole_and_cut() {
        let mut rng = Rng::new(9);
        let mut whole = [0; 3];
        let mut cut = [0; 3];
        for sample in texts(SENTIMENT, 2, 1000) {
            whole[sample.sentiment(sample.text.len()) as usize] += 1;
            cut[sample.sentiment(rng.below(sample.text.len())) as usize] += 1;
        }
        assert!(whole.iter().chain(&cut).all(|n| *n > 150), "{whole:?} {cut:?}");
    }
}
