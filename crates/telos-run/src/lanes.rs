//! What every first request of a run is kept under, worked out once while planning: 32 bytes a request, and nothing of the
//! request itself.

use crate::journal::Key;
use std::collections::HashMap;

/// One model with one controller (none where it does not act) on one benchmark, by their places in the suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct LaneId {
    pub model: usize,
    pub controller: Option<usize>,
    pub benchmark: usize,
}

/// The keys of a lane's slots, in order.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    keys: Vec<Key>,
    /// Where each slot's keys end.
    ends: Vec<u32>,
}

impl Lane {
    /// Adds the next slot; one that is not asked has no keys.
    pub(crate) fn push(&mut self, keys: &[Key]) {
        self.keys.extend_from_slice(keys);
        self.ends.push(self.keys.len() as u32);
    }

    /// The keys of a slot; none where it is not asked, or not planned.
    pub(crate) fn keys(&self, slot: usize) -> &[Key] {
        let Some(end) = self.ends.get(slot) else { return &[] };
        let begin = slot.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.keys[begin as usize..*end as usize]
    }
}

/// All lanes of a run.
#[derive(Debug, Default)]
pub(crate) struct Lanes(HashMap<LaneId, Lane>);

impl Lanes {
    pub(crate) fn insert(&mut self, id: LaneId, lane: Lane) {
        self.0.insert(id, lane);
    }

    /// The keys of a slot's first wave.
    pub(crate) fn keys(&self, id: LaneId, slot: usize) -> &[Key] {
        self.0.get(&id).map_or(&[], |lane| lane.keys(slot))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_keep_their_own_keys() {
        let mut lane = Lane::default();
        lane.push(&[[1; 32], [2; 32]]);
        lane.push(&[]);
        lane.push(&[[3; 32]]);
        let kept: Vec<&[Key]> = (0..4).map(|slot| lane.keys(slot)).collect();
        assert_eq!(kept, [&[[1; 32], [2; 32]][..], &[], &[[3; 32]], &[]]);
    }
}
