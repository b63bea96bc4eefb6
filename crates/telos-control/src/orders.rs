//! Tokens in an order of which only a beginning has been worked out.

use crate::sampler::{Candidates, Position};

/// Tokens in descending probability or in descending key. The beginning grows by a factor, so that all reads together cost
/// little more than the last.
#[derive(Debug, Default)]
pub(crate) struct Ordered {
    start: Vec<u32>,
}

/// How far the order is worked out at first: few tokens are refused in most texts.
const FIRST: usize = 8;
const FACTOR: usize = 8;

impl Ordered {
    /// The token at a place in descending probability over the whole vocabulary.
    pub(crate) fn by_probability(&mut self, place: usize, position: &Position<'_>) -> Option<u32> {
        self.read(place, position.vocabulary(), |m| position.most_probable(m))
    }

    /// The token at a place in descending key among candidates.
    pub(crate) fn by_key(&mut self, place: usize, of: &Candidates, position: &Position<'_>) -> Option<u32> {
        let total = match of {
            Candidates::All => position.vocabulary(),
            Candidates::Listed(tokens) => tokens.len(),
        };
        self.read(place, total, |m| position.largest_keys(of, m))
    }

    fn read(&mut self, place: usize, total: usize, first: impl Fn(usize) -> Vec<u32>) -> Option<u32> {
        if place >= total {
            return None;
        }
        if place >= self.start.len() {
            let mut m = self.start.len().max(1);
            while m <= place || m < FIRST {
                m *= FACTOR;
            }
            self.start = first(m.min(total));
        }
        self.start.get(place).copied()
    }
}
