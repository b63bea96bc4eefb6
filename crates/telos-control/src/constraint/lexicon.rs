//! `lexicon`: h = −1 where a word or a pattern is found in the text, else +1.

use crate::entry::{Entry, Plan};
use crate::error::SpecError;
use regex::{Regex, RegexBuilder};
use serde_json::{Map, Value};
use std::sync::Arc;
use telos_core::shape::{Field, KindShape, Mistake, Shape};
use telos_core::{Constraint, Look, Model, ModelCard, ModelRef, RequestError};

/// What a pattern may take once compiled. A pattern is searched in linear time, but `(a{1000}){1000}` would take a gigabyte;
/// the widest classes with some hundred repetitions stay below this.
const PATTERN_BYTES: usize = 2 << 20;

/// Words and patterns of one lexicon: each is searched in each text, so that more would only be slow without a word about it.
const ENTRIES: usize = 10_000;

const READS: &[&str] = &["text", "generated"];

/// The table's entry.
pub(crate) const ENTRY: Entry<Box<dyn Plan>> = Entry {
    shape: KindShape {
        kind: "lexicon",
        about: "h = −1 where one of some words or patterns is in the text, else +1; needs no model",
        fields: &[
            Field::optional("words", Shape::List { of: &Shape::Text, min: 0 }, "words or phrases that must not occur"),
            Field::optional(
                "patterns",
                Shape::List { of: &Shape::Text, min: 0 },
                "regular expressions in Rust's syntax that must match nowhere",
            ),
            Field::optional("case", Shape::Flag, "whether case counts; false where it is missing"),
            Field::optional(
                "whole_word",
                Shape::Flag,
                "whether a word counts only where no word character stands beside it; true where it is missing",
            ),
            Field::optional(
                "reads",
                Shape::Choice(READS),
                "`text` (the default): prompt and answer; `generated`: the answer alone",
            ),
        ],
        check,
    },
    example: "{kind: lexicon, words: [stupid, hate], patterns: [\"kill(s|ed|ing)?\"], reads: generated}",
    read: |map| Ok(Box::new(Lexicon::read(map).map_err(|(_, message)| SpecError::new(message))?)),
};

fn check(map: &Map<String, Value>) -> Vec<Mistake> {
    Lexicon::read(map).err().into_iter().collect()
}

#[derive(Debug, Clone)]
struct Lexicon {
    /// As they are compared: in lower case where case does not count.
    words: Vec<String>,
    patterns: Vec<Regex>,
    case: bool,
    whole_word: bool,
    generated_alone: bool,
    /// Matches one word character and nothing else: what `\w` means.
    word_character: Regex,
}

impl Lexicon {
    fn read(map: &Map<String, Value>) -> Result<Self, Mistake> {
        let texts = |key: &str| -> Vec<&str> {
            map.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
        };
        let flag = |key: &str, default: bool| map.get(key).and_then(Value::as_bool).unwrap_or(default);
        let (words, patterns, case) = (texts("words"), texts("patterns"), flag("case", false));
        if words.is_empty() && patterns.is_empty() {
            return Err((None, "a lexicon needs `words` or `patterns`: with neither, every text is safe".into()));
        }
        if words.len() + patterns.len() > ENTRIES {
            let many = words.len() + patterns.len();
            return Err((None, format!("a lexicon has at most {ENTRIES} words and patterns, not {many}")));
        }
        if words.contains(&"") {
            return Err((Some("words"), "an empty word is in every text; take it out of `words`".into()));
        }
        let compiled = |pattern: &&str| match *pattern {
            "" => Err((Some("patterns"), "an empty pattern matches every text; take it out of `patterns`".into())),
            pattern => compile(pattern, case).map_err(|why| (Some("patterns"), why)),
        };
        Ok(Self {
            words: words.iter().map(|word| if case { (*word).to_owned() } else { word.to_lowercase() }).collect(),
            patterns: patterns.iter().map(compiled).collect::<Result<_, _>>()?,
            case,
            whole_word: flag("whole_word", true),
            generated_alone: map.get("reads").and_then(Value::as_str) == Some("generated"),
            word_character: compile(r"\A\w\z", true).map_err(|why| (None, why))?,
        })
    }

    fn h(&self, text: &str) -> f64 {
        let found = self.patterns.iter().any(|pattern| pattern.is_match(text)) || self.has_word(text);
        if found { -1.0 } else { 1.0 }
    }

    fn has_word(&self, text: &str) -> bool {
        if self.words.is_empty() {
            return false;
        }
        let lower = if self.case { None } else { Some(text.to_lowercase()) };
        let text = lower.as_deref().unwrap_or(text);
        self.words.iter().any(|word| {
            places(text, word)
                .any(|at| !self.whole_word || self.stands_alone(&text[..at], word, &text[at + word.len()..]))
        })
    }

    /// Whether no word character stands beside a word, on each side where the word's own outer character is one.
    fn stands_alone(&self, before: &str, word: &str, after: &str) -> bool {
        let both = |a: Option<char>, b: Option<char>| self.is_word(a) && self.is_word(b);
        !both(before.chars().next_back(), word.chars().next()) && !both(word.chars().next_back(), after.chars().next())
    }

    fn is_word(&self, character: Option<char>) -> bool {
        character.is_some_and(|c| self.word_character.is_match(c.encode_utf8(&mut [0; 4])))
    }
}

/// Where a word occurs, overlapping occurrences included.
fn places<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let mut from = 0;
    std::iter::from_fn(move || {
        let at = from + text[from..].find(word)?;
        from = at + text[at..].chars().next().map_or(1, char::len_utf8);
        Some(at)
    })
}

/// A pattern whose size is bounded; the error says what is wrong with it.
fn compile(pattern: &str, case: bool) -> Result<Regex, String> {
    let mut builder = RegexBuilder::new(pattern);
    builder.case_insensitive(!case).size_limit(PATTERN_BYTES).dfa_size_limit(PATTERN_BYTES);
    builder.build().map_err(|error| {
        // The library's message is of several lines, of which the last says what is wrong.
        let text = error.to_string();
        let last = text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        let start: String = pattern.chars().take(60).collect();
        format!("the pattern `{start}` is no regular expression in Rust's syntax: {last}")
    })
}

impl Plan for Lexicon {
    fn models(&self) -> Vec<ModelRef> {
        Vec::new()
    }

    fn check(&self, _: &[&ModelCard]) -> Result<(), SpecError> {
        Ok(())
    }

    fn open(&self, _: &[Arc<dyn Model>]) -> Result<Arc<dyn Constraint>, SpecError> {
        Ok(Arc::new(self.clone()))
    }
}

impl Constraint for Lexicon {
    fn values(&self, looks: &[Look<'_>]) -> Vec<Result<f64, RequestError>> {
        let read = |look: &Look<'_>| if self.generated_alone { self.h(look.generated) } else { self.h(look.text) };
        looks.iter().map(|look| Ok(read(look))).collect()
    }
}
