//! Few-shot examples: which rows stand before which question.
//!
//! The draw of an item depends on nothing but the seed, the item's id and the candidates' ids: not on the order of the
//! data, the limit or how the work is split.

use std::collections::HashMap;
use telos_core::Item;
use telos_spec::suite::Fewshot;

/// The examples of every item.
#[derive(Debug, Default)]
pub(crate) struct Shots {
    /// Drawn rows, each once.
    rows: Vec<Item>,
    /// For each item, places in `rows`.
    drawn: Vec<Vec<u32>>,
}

impl Shots {
    /// Draws `n` rows for each item without putting any back. The candidates stand in order of blake3(seed in decimal, 0x00,
    /// candidate id); which of them is taken next follows from the numbers that blake3(seed in decimal, 0x00, item id) gives
    /// (its extended output, eight bytes each, little end first), by Fisher and Yates. Where the pool is the benchmark's own
    /// data, an item is not its own example. Time and memory are linear in the pool and in the examples drawn.
    pub(crate) fn draw(fewshot: &Fewshot, pool: Vec<Item>, items: &[Item]) -> Result<Self, String> {
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
            pool.iter().zip(0_u32..).map(|(candidate, place)| (*hashed(&candidate.id).as_bytes(), place)).collect();
        order.sort_unstable();
        let order: Vec<u32> = order.into_iter().map(|(_, place)| place).collect();
        let mut places: HashMap<u32, u32> = HashMap::new();
        let mut drawn = Vec::with_capacity(items.len());
        for item in items {
            let numbers = seed.clone().update(item.id.as_bytes()).finalize_xof();
            let candidates = Shuffle { order: &order, moved: HashMap::new(), taken: 0, numbers };
            let others = candidates.filter(|place| !own || pool[*place as usize].id != item.id);
            let mut shots = Vec::with_capacity(fewshot.n);
            for place in others.take(fewshot.n) {
                let free = places.len() as u32;
                shots.push(*places.entry(place).or_insert(free));
            }
            drawn.push(shots);
        }
        let kept = pool.into_iter().zip(0_u32..).filter_map(|(item, place)| places.get(&place).map(|at| (*at, item)));
        let mut kept: Vec<(u32, Item)> = kept.collect();
        kept.sort_unstable_by_key(|(at, _)| *at);
        Ok(Self { rows: kept.into_iter().map(|(_, item)| item).collect(), drawn })
    }

    /// The examples of the item at that place, in order.
    pub(crate) fn of(&self, place: usize) -> impl Iterator<Item = &Item> {
        self.drawn.get(place).into_iter().flatten().map(|at| &self.rows[*at as usize])
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

    fn items(ids: impl IntoIterator<Item = u32>) -> Vec<Item> {
        ids.into_iter().zip(0..).map(|(id, index)| Item::new(id.to_string(), index, None, Map::new())).collect()
    }

    fn ids(shots: &Shots, place: usize) -> Vec<String> {
        shots.of(place).map(|item| item.id.clone()).collect()
    }

    #[test]
    fn draws_depend_on_ids_alone() {
        let fewshot = |n| Fewshot { n, split: None, seed: 5, delimiter: "\n\n".into() };
        let whole = Shots::draw(&fewshot(4), items(0..30), &items(0..30)).expect("enough");
        let few = Shots::draw(&fewshot(2), items((0..30).rev()), &items([7, 3])).expect("enough");
        for (place, item) in [(0, 7), (1, 3)] {
            assert_eq!(ids(&few, place), ids(&whole, item)[..2], "a smaller draw begins a larger one");
        }
        assert_ne!(ids(&whole, 7), ids(&whole, 3));
        assert!((0..30).all(|item| !ids(&whole, item).contains(&item.to_string())), "no item is its own example");
        assert!(Shots::draw(&fewshot(30), items(0..30), &items(0..1)).is_err());
        let most = Shots::draw(&fewshot(29), items(0..30), &items(0..1)).expect("just enough");
        let mut all = ids(&most, 0);
        all.sort_unstable_by_key(|id| id.parse::<u32>().expect("a number"));
        assert_eq!(all, (1..30).map(|id| id.to_string()).collect::<Vec<_>>(), "each once");
    }

    #[test]
    fn d5_every_row_is_drawn_about_as_often() {
        let fewshot = Fewshot { n: 3, split: None, seed: 5, delimiter: String::new() };
        let pool = 200;
        let shots = Shots::draw(&fewshot, items(0..pool), &items(0..pool)).expect("enough");
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
