//! Texts from a grammar, with the marks that they passed.

use super::grammar::{Grammar, Mark, Part};
use super::{Rng, Sentiment};
use crate::error::TrainError;

/// A text and the places of its marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sample {
    /// The text.
    pub(crate) text: String,
    /// Byte offsets from which on a mark holds, in order.
    pub(super) marks: Vec<(usize, Mark)>,
}

impl Sample {
    /// What the first `end` bytes say: the latest opinion that is complete there.
    pub(crate) fn sentiment(&self, end: usize) -> Sentiment {
        let said = self.marks.iter().rev().filter(|(at, _)| *at <= end).find_map(|(_, mark)| match mark {
            Mark::Good => Some(Sentiment::Positive),
            Mark::Bad => Some(Sentiment::Negative),
            Mark::Answer => None,
        });
        said.unwrap_or(Sentiment::Neutral)
    }

    /// The text before its answer, if it has one.
    pub(crate) fn question(&self) -> Option<&str> {
        let (at, _) = self.marks.iter().find(|(_, mark)| *mark == Mark::Answer)?;
        self.text.get(..*at)
    }

    /// The text from its answer on, if it has one.
    pub(crate) fn answer(&self) -> Option<&str> {
        self.question().map(|question| &self.text[question.len()..])
    }
}

impl Grammar {
    /// A random text of a rule.
    pub(crate) fn generate(&self, rule: &str, rng: &mut Rng) -> Result<Sample, TrainError> {
        let mut sample = Sample { text: String::new(), marks: Vec::new() };
        self.write(self.rule(rule)?, rng, &mut sample);
        Ok(sample)
    }

    fn write(&self, rule: usize, rng: &mut Rng, out: &mut Sample) {
        let ways = &self.rules[rule];
        let total: u32 = ways.iter().map(|way| way.weight).sum();
        let mut left = rng.below(total as usize) as u32;
        for way in ways {
            if left >= way.weight {
                left -= way.weight;
                continue;
            }
            for part in &way.parts {
                match part {
                    Part::Text(text) => out.text.push_str(text),
                    Part::Rule(rule) => self.write(*rule, rng, out),
                    Part::Mark(mark) => out.marks.push((out.text.len(), *mark)),
                }
            }
            return;
        }
    }
}
