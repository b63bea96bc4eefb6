//! Distinct token prefixes, counted exactly: a path of n ids has n prefixes, and equal prefixes of many paths are one.
//!
//! The paths stand in a radix tree. A node is a run of ids that no path leaves in between, and there are as many prefixes as there
//! are ids in all nodes: four bytes each, and about forty for every path.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use telos_core::noise::mix;

/// A set of prefixes.
#[derive(Debug, Default)]
pub(crate) struct Prefixes {
    /// The ids of all nodes, in pieces, so that none is ever copied to grow.
    ids: Vec<Vec<u32>>,
    count: usize,
    nodes: Vec<Node>,
    /// A node (its number from 1, or 0 for the root) and the first id of a node below it, to that node's number.
    below: HashMap<u64, u32, BuildHasherDefault<Mixed>>,
}

/// Ids of a piece; a path that is longer has a piece of its own. The trees of one item are small, and so is the first piece.
const PIECE: usize = 1 << 16;
const FIRST_PIECE: usize = 1 << 9;

/// A run of ids.
#[derive(Debug, Clone, Copy)]
struct Node {
    piece: u32,
    begin: u32,
    length: u32,
}

/// Where a path leaves the tree.
struct Left {
    /// Ids that it shares with the tree.
    shared: usize,
    /// The node above the last one that it entered, and how many of that one's ids it shares; the node itself where it is whole.
    above: u32,
    inside: Option<(u32, u32)>,
}

impl Prefixes {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// Adds all prefixes of some paths.
    pub(crate) fn insert(&mut self, paths: &[Vec<u32>]) {
        for path in paths {
            self.add(path);
        }
    }

    /// How many [`Prefixes::insert`] would add: those of the paths, without those that the tree has already.
    pub(crate) fn new_in(&self, paths: &[Vec<u32>]) -> usize {
        let (mut all, mut known) = (Self::default(), Self::default());
        for path in paths {
            all.add(path);
            known.add(&path[..self.left(path).shared]);
        }
        all.len() - known.len()
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        self.ids.clear();
        self.count = 0;
        self.nodes.clear();
        self.below.clear();
    }

    fn add(&mut self, path: &[u32]) {
        let Left { shared, mut above, inside } = self.left(path);
        let Some(first) = path.get(shared) else { return };
        if let Some((node, kept)) = inside {
            // The node is cut in two: the upper half is new, so that what hangs below the node still does.
            let whole = self.nodes[node as usize - 1];
            let lower = Node { begin: whole.begin + kept, length: whole.length - kept, ..whole };
            let (first, cut) = (self.of(whole)[0], self.of(lower)[0]);
            let upper = self.node(Node { length: kept, ..whole });
            self.below.insert(edge(above, first), upper);
            self.nodes[node as usize - 1] = lower;
            self.below.insert(edge(upper, cut), node);
            above = upper;
        }
        let new = self.write(&path[shared..]);
        let leaf = self.node(new);
        self.below.insert(edge(above, *first), leaf);
    }

    fn write(&mut self, ids: &[u32]) -> Node {
        if self.ids.last().is_none_or(|piece| piece.capacity() - piece.len() < ids.len()) {
            let usual = if self.ids.is_empty() { FIRST_PIECE } else { PIECE };
            self.ids.push(Vec::with_capacity(usual.max(ids.len())));
        }
        let place = self.ids.len() - 1;
        let begin = self.ids[place].len();
        self.ids[place].extend_from_slice(ids);
        self.count += ids.len();
        Node { piece: place as u32, begin: begin as u32, length: ids.len() as u32 }
    }

    fn node(&mut self, node: Node) -> u32 {
        self.nodes.push(node);
        self.nodes.len() as u32
    }

    /// The ids of a node.
    fn of(&self, Node { piece, begin, length }: Node) -> &[u32] {
        &self.ids[piece as usize][begin as usize..(begin + length) as usize]
    }

    /// Follows a path as far as the tree has it.
    fn left(&self, path: &[u32]) -> Left {
        let (mut shared, mut above) = (0, 0);
        while let Some(node) = path.get(shared).and_then(|id| self.below.get(&edge(above, *id)).copied()) {
            let ids = self.of(self.nodes[node as usize - 1]);
            let same = ids.iter().zip(&path[shared..]).take_while(|(a, b)| a == b).count();
            shared += same;
            if same < ids.len() {
                return Left { shared, above, inside: Some((node, same as u32)) };
            }
            above = node;
        }
        Left { shared, above, inside: None }
    }
}

fn edge(above: u32, first: u32) -> u64 {
    u64::from(above) << 32 | u64::from(first)
}

/// Two numbers in one, mixed.
#[derive(Debug, Default)]
struct Mixed(u64);

impl Hasher for Mixed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = mix(self.0 ^ u64::from(*byte));
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = mix(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

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
        prefixes.clear();
        assert_eq!((prefixes.len(), prefixes.new_in(&paths)), (0, 5));
    }

    /// The plain way: every prefix in a set.
    #[test]
    fn a_thousand_paths_count_as_a_set_of_all_prefixes_does() {
        let path = |n: u64| -> Vec<u32> {
            let length = mix(n) % 9;
            (0..length).map(|i| (mix(n.wrapping_mul(31) + i) % 3) as u32).collect()
        };
        let (mut prefixes, mut plain) = (Prefixes::default(), HashSet::new());
        for n in 0..500_u64 {
            let paths = [path(2 * n), path(2 * n + 1)];
            let before = plain.len();
            let new = prefixes.new_in(&paths);
            plain.extend(paths.iter().flat_map(|path| (1..=path.len()).map(|end| path[..end].to_vec())));
            prefixes.insert(&paths);
            assert_eq!((prefixes.len(), new), (plain.len(), plain.len() - before), "after {n}");
        }
    }
}
