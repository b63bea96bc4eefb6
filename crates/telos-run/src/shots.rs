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
    /// Draws `n` rows for each item: those with the smallest blake3(seed in decimal, 0x00, item id, 0x00, candidate id),
    /// smallest first. Where the pool is the benchmark's own data, an item is not its own example.
    pub(crate) fn draw(fewshot: &Fewshot, pool: Vec<Item>, items: &[Item]) -> Result<Self, String> {
        if fewshot.n == 0 {
            return Ok(Self::default());
        }
        let own = fewshot.split.is_none();
        let enough = pool.len() - usize::from(own && !pool.is_empty());
        if enough < fewshot.n {
            return Err(format!("`fewshot` asks for {} examples of {enough} rows; give a smaller `n`", fewshot.n));
        }
        let mut places: HashMap<u32, u32> = HashMap::new();
        let mut drawn = Vec::with_capacity(items.len());
        for item in items {
            let mut prefix = blake3::Hasher::new();
            prefix.update(fewshot.seed.to_string().as_bytes()).update(&[0]);
            prefix.update(item.id.as_bytes()).update(&[0]);
            let others = pool.iter().zip(0_u32..).filter(|(candidate, _)| !own || candidate.id != item.id);
            let key = |id: &str| *prefix.clone().update(id.as_bytes()).finalize().as_bytes();
            let mut order: Vec<([u8; 32], u32)> = others.map(|(other, place)| (key(&other.id), place)).collect();
            order.select_nth_unstable(fewshot.n - 1);
            order.truncate(fewshot.n);
            order.sort_unstable();
            let next = |place: u32, places: &mut HashMap<u32, u32>| {
                let free = places.len() as u32;
                *places.entry(place).or_insert(free)
            };
            drawn.push(order.into_iter().map(|(_, place)| next(place, &mut places)).collect());
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
        assert!(Shots::draw(&fewshot(29), items(0..30), &items(0..1)).is_ok());
    }
}
