//! Words from outside the world, put between those of a text. The classifier is trained on such texts too, so that it learns that
//! a word that it does not know is no opinion: prompts of people hold many.

use super::{Rng, Sample};

/// Small words of English that bind others; they carry no opinion.
const BINDING: &[&str] =
    &["the", "a", "of", "in", "with", "my", "our", "for", "at", "this", "and", "on", "every", "has", "is"];
const ONSETS: &[&str] =
    &["b", "br", "d", "f", "g", "gr", "h", "k", "l", "m", "n", "p", "r", "s", "st", "t", "tr", "v", "w"];
const NUCLEI: &[&str] = &["a", "e", "i", "o", "u", "ea", "ee", "oo"];
const CODAS: &[&str] = &["", "", "l", "m", "n", "r", "s", "t", "ck", "th"];
/// One end of a word in this many is followed by strange words.
const EVERY: usize = 8;
/// Strange words in a row, at most.
const MOST: usize = 4;

fn one<'a>(list: &[&'a str], rng: &mut Rng) -> &'a str {
    list[rng.below(list.len())]
}

/// A made-up word, or one that binds.
fn word(rng: &mut Rng, out: &mut String) {
    if rng.below(2) == 0 {
        out.push_str(one(BINDING, rng));
    } else {
        for _ in 0..=rng.below(3) {
            out.extend([one(ONSETS, rng), one(NUCLEI, rng), one(CODAS, rng)]);
        }
    }
}

impl Sample {
    /// The same text with strange words behind some of its words; what it says so far is the same at each of its own.
    pub(crate) fn among_strangers(&self, rng: &mut Rng) -> Self {
        let mut out = Self { text: String::new(), marks: Vec::new() };
        let mut marks = self.marks.iter().peekable();
        for (at, sign) in self.text.char_indices() {
            // A mark stands behind the word that completes an opinion, and so before what is put there.
            while let Some((_, mark)) = marks.next_if(|(place, _)| *place <= at) {
                out.marks.push((out.text.len(), *mark));
            }
            if " ,.!".contains(sign) && rng.below(EVERY) == 0 {
                for _ in 0..=rng.below(MOST) {
                    out.text.push(' ');
                    word(rng, &mut out.text);
                }
            }
            out.text.push(sign);
        }
        out.marks.extend(marks.map(|(_, mark)| (out.text.len(), *mark)));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{SENTIMENT, training_text, world};

    /// Whether all signs of a text stand in another one, in the same order.
    fn within(text: &str, longer: &str) -> bool {
        let mut signs = longer.chars();
        text.chars().all(|sign| signs.any(|other| other == sign))
    }

    #[test]
    fn strangers_have_no_opinion() {
        let grammar = world().expect("the grammar parses");
        let mut rng = Rng::new(3);
        let mut longer = 0;
        for _ in 0..500 {
            let sample = training_text(&grammar, SENTIMENT, &mut rng).expect("a text");
            let among = sample.among_strangers(&mut rng);
            assert_eq!(sample.sentiment(sample.text.len()), among.sentiment(among.text.len()), "{}", among.text);
            assert_eq!(sample.marks.len(), among.marks.len());
            for ((at, mark), (to, same)) in sample.marks.iter().zip(&among.marks) {
                // The word that completes an opinion ends at its mark in both.
                let word = sample.text[..*at].rsplit([' ', ',']).next().expect("a word");
                assert!(among.text[..*to].ends_with(word) && mark == same, "{} | {}", sample.text, among.text);
            }
            assert!(within(&sample.text, &among.text), "{} | {}", sample.text, among.text);
            longer += usize::from(among.text.len() > sample.text.len());
        }
        assert!(longer > 250, "{longer}");
    }
}
