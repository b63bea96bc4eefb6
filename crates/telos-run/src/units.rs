//! Units of work: how the first wave is cut, the same way in every sitting and whatever is there already.

use crate::lanes::LaneId;
use crate::prefixes::Prefixes;
use std::ops::Range;

/// Items of one unit at most: what a partition or a progress bar counts in.
const ITEMS: usize = 64;

/// Distinct prompt tokens of one unit at most. Every unit walks through shared prompts anew, so larger is faster; replies
/// enter the journal one by one, so that a kill does not lose what a unit has so far.
const PROMPT_TOKENS: usize = 8192;

/// New tokens of one unit at most: texts that run side by side end at about the same time, so a kill loses all of them. A
/// model of a hundred million parameters samples about this many in a few seconds on two cores.
const NEW_TOKENS: usize = 512;

/// Texts that one unit may hold however long they may get: fewer would leave the processor waiting for memory.
const TEXTS: usize = 8;

/// One model, one controller (or none where it does not act), one benchmark, some items and repeats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unit {
    /// A hash of what it is.
    pub id: String,
    /// Whose it is.
    pub lane: LaneId,
    /// Item × repeats + repeat, of the items that are asked.
    pub slots: Range<usize>,
    /// About how much work it is, in prompt tokens.
    pub weight: u64,
}

/// A piece of a benchmark before it is given to controllers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cut {
    /// Item × repeats + repeat.
    pub slots: Range<usize>,
    /// Distinct prefixes of its prompts.
    pub prefixes: usize,
    /// Texts to sample.
    pub texts: usize,
}

/// Cuts a benchmark, item by item.
pub(crate) struct Cutter {
    repeats: usize,
    /// Texts of one unit at most; none where nothing is sampled.
    texts: Option<usize>,
    prefixes: Prefixes,
    begin: usize,
    items: usize,
    slots: usize,
    cuts: Vec<Cut>,
}

impl Cutter {
    /// `new_tokens` is 0 where nothing is sampled.
    pub(crate) fn new(repeats: u32, new_tokens: usize) -> Self {
        let texts = (new_tokens > 0).then(|| (NEW_TOKENS / new_tokens.max(1)).max(TEXTS));
        let repeats = repeats as usize;
        Self { repeats, texts, prefixes: Prefixes::default(), begin: 0, items: 0, slots: 0, cuts: Vec::new() }
    }

    /// Takes the next item with the token paths of its prompts.
    pub(crate) fn item(&mut self, paths: &[Vec<u32>]) {
        let full = self.items >= ITEMS
            || self.texts.is_some_and(|most| self.slots >= most)
            || self.prefixes.len() + self.prefixes.new_in(paths) > PROMPT_TOKENS;
        if self.items > 0 && full {
            self.close();
        }
        self.items += 1;
        self.prefixes.insert(paths);
        for _ in 0..self.repeats {
            if self.texts.is_some_and(|most| self.slots >= most) {
                self.close();
                // The item goes on in the next unit, which walks through its prompt again.
                self.items = 1;
                self.prefixes.insert(paths);
            }
            self.slots += 1;
        }
    }

    /// The pieces.
    pub(crate) fn finish(mut self) -> Vec<Cut> {
        self.close();
        self.cuts
    }

    fn close(&mut self) {
        if self.slots > 0 {
            let slots = self.begin..self.begin + self.slots;
            let texts = if self.texts.is_some() { self.slots } else { 0 };
            self.begin = slots.end;
            self.cuts.push(Cut { slots, prefixes: self.prefixes.len(), texts });
        }
        (self.items, self.slots) = (0, 0);
        self.prefixes.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cuts(items: usize, repeats: u32, new_tokens: usize, prompt: usize) -> Vec<Cut> {
        let mut cutter = Cutter::new(repeats, new_tokens);
        for item in 0..items {
            let own = (0..prompt).map(|i| (item * prompt + i) as u32);
            cutter.item(&[[9_999_999].into_iter().chain(own).collect()]);
        }
        cutter.finish()
    }

    fn check(cuts: &[Cut], slots: &[usize]) {
        assert_eq!(cuts.iter().map(|cut| cut.slots.len()).collect::<Vec<_>>(), slots);
        assert!(cuts.windows(2).all(|pair| pair[0].slots.end == pair[1].slots.start));
    }

    #[test]
    fn every_slot_is_in_one_unit_and_no_limit_is_passed() {
        check(&cuts(130, 1, 0, 10), &[64, 64, 2]);
        check(&cuts(5, 1, 0, 3000), &[2, 2, 1]);
        check(&cuts(2, 1, 0, 9000), &[1, 1]);
        check(&cuts(20, 1, 32, 10), &[16, 4]);
        check(&cuts(3, 7, 30, 10), &[17, 4]);
        check(&cuts(20, 1, 1000, 10), &[8, 8, 4]);
        check(&cuts(0, 1, 0, 10), &[]);
        assert_eq!(cuts(5, 1, 0, 3000)[0].prefixes, 6001, "what items share counts once");
        assert_eq!(cuts(3, 7, 30, 10)[1].prefixes, 11, "an item that goes on brings its prompt along");
    }
}
