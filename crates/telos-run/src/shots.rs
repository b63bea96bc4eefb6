//! Few-shot examples: which rows stand before which question.
//!
//! The draw of an item depends on nothing but the seed, the item's id and the candidates' ids: not on the order of the
//! data, the limit or how the work is split.

use std::collections::HashMap;
use std::sync::Arc;
use telos_core::Item;
use telos_data::Items;
use telos_spec::suite::Fewshot;

/// The examples of every item.
#[derive(Debug, Default)]
pub(crate) struct Shots {
    /// The candidates.
    pool: Arc<Items>,
    /// How many an item has.
    each: usize,
    /// For each item in turn, the places of its examples in `pool`.
    drawn: Vec<u32>,
}

impl Shots {
    /// Draws `n` rows for each item without putting any back. The candidates stand in order of blake3(seed in decimal, 0x00,
    /// candidate id); which of them is taken next follows from the numbers that blake3(seed in decimal, 0x00, item id) gives
    /// (its extended output, eight bytes each, little end first), by Fisher and Yates. Where the pool is the benchmark's own
    /// data, an item is not its own example. Time and memory are linear in the pool and in the examples drawn.
    pub(crate) fn draw(fewshot: &Fewshot, pool: Arc<Items>, items: &Items) -> Result<Self, String> {
        if fewshot.n == 0 {
            return Ok(Self::default());
        }
        let own = fewshot.split.is_none();
        let enough = pool.len() - usize::from(own && !pool.is_empty());
        if enough < fewshot.n {
            return Err(format!("`fewshot` asks for {} examples of {enough} rows; give a smaller `n`", fewshot.n));
        }
        let mut seed = blake3::Hasher::new();
        seed.update(fewshot.seed.to_string().as_bytes()).update(&[0]);
        let hashed = |id: &str| seed.clone().update(id.as_bytes()).finalize();
        let mut order: Vec<([u8; 32], u32)> =
            (0..pool.len()).map(|place| (*hashed(pool.id(place)).as_bytes(), place as u32)).collect();
        order.sort_unstable();
        let order: Vec<u32> = order.into_iter().map(|(_, place)| place).collect();
        let mut drawn = Vec::with_capacity(items.len() * fewshot.n);
        for item in 0..items.len() {
            let id = items.id(item);
            let numbers = seed.clone().update(id.as_bytes()).finalize_xof();
            let candidates = Shuffle { order: &order, moved: HashMap::new(), taken: 0, numbers };
            drawn.extend(candidates.filter(|place| !own || pool.id(*place as usize) != id).take(fewshot.n));
        }
        Ok(Self { pool, each: fewshot.n, drawn })
    }

    /// The places of an item's examples among the candidates, in order.
    pub(crate) fn of(&self, item: usize) -> &[u32] {
        self.drawn.get(item * self.each..(item + 1) * self.each).unwrap_or_default()
    }

    /// A candidate.
    pub(crate) fn candidate(&self, place: u32) -> Item {
        self.pool.get(place as usize)
    }

    /// How many candidates there are.
    pub(crate) fn candidates(&self) -> usize {
        self.pool.len()
    }
}

/// A random order, worked out only as far as it is asked for: what Fisher and Yates would have swapped is remembered, the
/// rest stands where it stood.
struct Shuffle<'a> {
    order: &'a [u32],
    moved: HashMap<usize, u32>,
    taken: usize,
    numbers: blake3::OutputReader,
}

impl Iterator for Shuffle<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let left = self.order.len().checked_sub(self.taken).filter(|left| *left > 0)?;
        let mut bytes = [0; 8];
        self.numbers.fill(&mut bytes);
        // The high half of the product is uniform below `left` up to one part in 2^64 / left.
        let offset = (u128::from(u64::from_le_bytes(bytes)) * left as u128) >> 64;
        let at = self.taken + offset as usize;
        let stands = |place: usize| self.moved.get(&place).copied().unwrap_or(self.order[place]);
        let (drawn, first) = (stands(at), stands(self.taken));
        self.moved.insert(at, first);
        self.taken += 1;
        Some(drawn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Map;

    fn items(ids: impl IntoIterator<Item = u32>) -> Items {
        ids.into_iter().zip(0..).map(|(id, index)| Item::new(id.to_string(), index, None, Map::new())).collect()
    }

    fn ids(shots: &Shots, place: usize) -> Vec<String> {
        shots.of(place).iter().map(|at| shots.candidate(*at).id).collect()
    }

    #[test]
    fn draws_depend_on_ids_alone() {
        let fewshot = |n| Fewshot { n, split: None, seed: 5, delimiter: "\n\n".into() };
        let whole = Shots::draw(&fewshot(4), Arc::new(items(0..30)), &items(0..30)).expect("enough");
        let few = Shots::draw(&fewshot(2), Arc::new(items((0..30).rev())), &items([7, 3])).expect("enough");
        for (place, item) in [(0, 7), (1, 3)] {
            assert_eq!(ids(&few, place), ids(&whole, item)[..2], "a smaller draw begins a larger one");
        }
        assert_ne!(ids(&whole, 7), ids(&whole, 3));
        assert!((0..30).all(|item| !ids(&whole, item).contains(&item.to_string())), "no item is its own example");
        assert!(Shots::draw(&fewshot(30), Arc::new(items(0..30)), &items(0..1)).is_err());
        let most = Shots::draw(&fewshot(29), Arc::new(items(0..30)), &items(0..1)).expect("just enough");
        let mut all = ids(&most, 0);
        all.sort_unstable_by_key(|id| id.parse::<u32>().expect("a number"));
        assert_eq!(all, (1..30).map(|id| id.to_string()).collect::<Vec<_>>(), "each once");
    }

    #[test]
    fn d5_every_row_is_drawn_about_as_often() {
        let fewshot = Fewshot { n: 3, split: None, seed: 5, delimiter: String::new() };
        let pool = 200;
        let shots = Shots::draw(&fewshot, Arc::new(items(0..pool)), &items(0..pool)).expect("enough");
        let mut first = vec![0_u32; pool as usize];
        let mut any = vec![0_u32; pool as usize];
        for place in 0..pool as usize {
            let drawn = ids(&shots, place);
            assert_eq!(drawn.iter().collect::<std::collections::HashSet<_>>().len(), 3, "no row twice");
            first[drawn[0].parse::<usize>().expect("a number")] += 1;
            for id in drawn {
                any[id.parse::<usize>().expect("a number")] += 1;
            }
        }
        // Poisson with mean 3: more than 14 has a chance of about 1e-6 a row.
        assert!(any.iter().all(|n| *n <= 14) && first.iter().all(|n| *n <= 8), "{any:?}");
        assert_eq!(any.iter().sum::<u32>(), 600);
    }
}
