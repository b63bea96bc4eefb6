//! Distinct token prefixes, counted by hash: a path of n ids has n prefixes, and equal prefixes of many paths are one.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};
use telos_core::noise::mix;

/// A set of prefixes. 64 bits tell them apart: among a hundred million, two are mixed up once in about 3,700 plans.
#[derive(Debug, Default)]
pub(crate) struct Prefixes {
    seen: HashSet<u64, BuildHasherDefault<Hashed>>,
}

impl Prefixes {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.seen.len()
    }

    /// Adds all prefixes of some paths.
    pub(crate) fn insert(&mut self, paths: &[Vec<u32>]) {
        self.seen.extend(paths.iter().flat_map(|path| hashes(path)));
    }

    /// How many [`Prefixes::insert`] would add.
    pub(crate) fn new_in(&self, paths: &[Vec<u32>]) -> usize {
        let new: HashSet<u64, BuildHasherDefault<Hashed>> =
            paths.iter().flat_map(|path| hashes(path)).filter(|hash| !self.seen.contains(hash)).collect();
        new.len()
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        self.seen.clear();
    }
}

fn hashes(path: &[u32]) -> impl Iterator<Item = u64> {
    path.iter().scan(0_u64, |hash, id| {
        *hash = mix(*hash ^ mix(u64::from(*id) + 1));
        Some(*hash)
    })
}

/// The keys are hashes already.
#[derive(Debug, Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_counted_once() {
        let mut prefixes = Prefixes::default();
        let paths = [vec![1, 2, 3], vec![1, 2, 4], vec![2], vec![]];
        assert_eq!(prefixes.new_in(&paths), 5);
        prefixes.insert(&paths);
        assert_eq!(prefixes.len(), 5);
        assert_eq!(prefixes.new_in(&[vec![1, 2, 3, 4], vec![2, 1]]), 2);
        prefixes.insert(&[vec![0], vec![0, 0], vec![0, 0, 0]]);
        assert_eq!(prefixes.len(), 8);
    }
}
