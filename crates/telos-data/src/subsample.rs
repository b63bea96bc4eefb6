//! A smaller dataset that lies within every larger one.

use crate::Items;

/// The `n` items with the smallest blake3(seed in decimal, 0x00, item id), in the data's order. For one seed, a smaller
/// subsample lies within a larger one, whatever the order of the data.
pub fn subsample(items: &Items, n: usize, seed: u64) -> Items {
    if n >= items.len() {
        return items.clone();
    }
    let seed = seed.to_string();
    let key = |place: usize| {
        let mut hasher = blake3::Hasher::new();
        hasher.update(seed.as_bytes()).update(&[0]).update(items.id(place).as_bytes());
        *hasher.finalize().as_bytes()
    };
    let mut order: Vec<([u8; 32], usize)> = (0..items.len()).map(|place| (key(place), place)).collect();
    order.sort_unstable();
    let mut kept = vec![false; items.len()];
    order[..n].iter().for_each(|(_, place)| kept[*place] = true);
    items.only((0..kept.len()).filter(|place| kept[*place]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Map;
    use telos_core::Item;

    fn items(ids: impl IntoIterator<Item = u32>) -> Items {
        ids.into_iter().zip(0..).map(|(id, index)| Item::new(id.to_string(), index, None, Map::new())).collect()
    }

    fn ids(items: &Items) -> Vec<String> {
        items.iter().map(|item| item.id).collect()
    }

    /// The design's words, taken literally: one item is the one whose hash is the least.
    #[test]
    fn the_least_hash_is_kept() {
        for seed in [0, 1234, u64::MAX] {
            let hash = |id: &u32| telos_core::digest::blake3_hex(format!("{seed}\0{id}").as_bytes());
            let least = (0..50).min_by_key(hash).map(|id| id.to_string());
            assert_eq!(ids(&subsample(&items(0..50), 1, seed)), Vec::from_iter(least));
        }
    }

    proptest! {
        #[test]
        fn subsamples_are_nested_and_keep_the_order(size in 0_u32..60, n in 0_usize..60, m in 0_usize..60, seed: u64) {
            let (n, m) = (n.min(m), n.max(m));
            let small = subsample(&items(0..size), n, seed);
            let large = subsample(&items(0..size), m, seed);
            prop_assert_eq!(small.len(), n.min(size as usize));
            prop_assert!(small.iter().all(|item| large.iter().any(|other| other == item)));
            let places: Vec<u32> = large.iter().map(|item| item.index).collect();
            prop_assert!(places.windows(2).all(|pair| pair[0] < pair[1]));
            let mut reversed = ids(&subsample(&items((0..size).rev()), n, seed));
            reversed.reverse();
            prop_assert_eq!(ids(&small), reversed);
        }
    }
}
