//! Keys and values of the trie of prefixes: segments of consecutive tokens, in pages, alive while somebody holds them.

/// Positions of a page: the columns of a tile, so that scores of a page are one product.
pub(crate) const PAGE: usize = 32;

/// The extents that a decoder's keys and values have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extents {
    pub(crate) layers: usize,
    pub(crate) heads: usize,
    pub(crate) dim: usize,
}

impl Extents {
    /// A head's width in memory: whole vectors of 16 lanes.
    pub(crate) fn padded(self) -> usize {
        self.dim.next_multiple_of(16)
    }

    fn head(self) -> usize {
        PAGE * (self.dim + self.padded())
    }
}

/// A run of tokens that continues whatever chain it is the last link of.
pub(crate) type SegmentId = usize;

/// A segment and how many of its positions are ancestors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) segment: SegmentId,
    pub(crate) len: usize,
}

#[derive(Default)]
struct Segment {
    pages: Vec<usize>,
    len: usize,
    holders: usize,
}

/// The store of one decoder.
pub(crate) struct Store {
    extents: Extents,
    pages: Vec<Box<[f32]>>,
    free_pages: Vec<usize>,
    segments: Vec<Segment>,
    free_segments: Vec<SegmentId>,
}

impl Store {
    pub(crate) fn new(extents: Extents) -> Self {
        Self { extents, pages: Vec::new(), free_pages: Vec::new(), segments: Vec::new(), free_segments: Vec::new() }
    }

    pub(crate) fn extents(&self) -> Extents {
        self.extents
    }

    /// A new, empty segment with one holder.
    pub(crate) fn open(&mut self) -> SegmentId {
        let id = self.free_segments.pop().unwrap_or_else(|| {
            self.segments.push(Segment::default());
            self.segments.len() - 1
        });
        self.segments[id] = Segment { pages: Vec::new(), len: 0, holders: 1 };
        id
    }

    /// One holder more.
    pub(crate) fn hold(&mut self, id: SegmentId) {
        self.segments[id].holders += 1;
    }

    /// One holder less; without any, the pages go back.
    pub(crate) fn release(&mut self, id: SegmentId) {
        let segment = &mut self.segments[id];
        segment.holders -= 1;
        if segment.holders == 0 {
            self.free_pages.append(&mut segment.pages);
            self.free_segments.push(id);
        }
    }

    pub(crate) fn len(&self, id: SegmentId) -> usize {
        self.segments[id].len
    }

    /// Makes room for `more` positions; they count as there, and are to be written by the batch at hand.
    pub(crate) fn extend(&mut self, id: SegmentId, more: usize) {
        let size = self.extents.layers * self.extents.heads * self.extents.head();
        let len = self.segments[id].len + more;
        while self.segments[id].pages.len() * PAGE < len {
            let page = self.free_pages.pop().unwrap_or_else(|| {
                self.pages.push(vec![0.0; size].into_boxed_slice());
                self.pages.len() - 1
            });
            self.segments[id].pages.push(page);
        }
        self.segments[id].len = len;
    }

    /// Forgets the positions from `len` on.
    pub(crate) fn truncate(&mut self, id: SegmentId, len: usize) {
        let segment = &mut self.segments[id];
        segment.len = segment.len.min(len);
        while segment.pages.len() > segment.len.div_ceil(PAGE) {
            self.free_pages.extend(segment.pages.pop());
        }
    }

    fn place(&self, layer: usize, head: usize) -> usize {
        (layer * self.extents.heads + head) * self.extents.head()
    }

    /// A page's keys, one row of 32 positions for each of a head's dimensions, and its values, one padded row a position.
    pub(crate) fn page(&self, id: SegmentId, page: usize, layer: usize, head: usize) -> (&[f32], &[f32]) {
        let whole = &self.pages[self.segments[id].pages[page]][self.place(layer, head)..][..self.extents.head()];
        whole.split_at(PAGE * self.extents.dim)
    }

    /// Writes one position's key and value of one head.
    pub(crate) fn write(&mut self, id: SegmentId, at: usize, layer: usize, head: usize, key: &[f32], value: &[f32]) {
        let Extents { dim, .. } = self.extents;
        let (place, padded) = (self.place(layer, head), self.extents.padded());
        let page = self.segments[id].pages[at / PAGE];
        let slot = at % PAGE;
        let (keys, values) = self.pages[page][place..].split_at_mut(PAGE * dim);
        for (d, x) in key.iter().enumerate() {
            keys[d * PAGE + slot] = *x;
        }
        values[slot * padded..][..dim].copy_from_slice(value);
    }

    /// Pages in use, for tests of the memory bound.
    #[cfg(test)]
    pub(crate) fn pages_in_use(&self) -> usize {
        self.pages.len() - self.free_pages.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_go_back_when_the_last_holder_lets_go() {
        let mut store = Store::new(Extents { layers: 1, heads: 1, dim: 4 });
        let id = store.open();
        store.extend(id, PAGE + 1);
        assert_eq!((store.pages_in_use(), store.len(id)), (2, PAGE + 1));
        store.hold(id);
        store.release(id);
        assert_eq!(store.pages_in_use(), 2);
        store.truncate(id, PAGE);
        assert_eq!((store.pages_in_use(), store.len(id)), (1, PAGE));
        store.release(id);
        assert_eq!(store.pages_in_use(), 0);
        let again = store.open();
        store.extend(again, 1);
        assert_eq!(store.pages_in_use(), 1);
    }

    #[test]
    fn what_was_written_is_read() {
        let mut store = Store::new(Extents { layers: 2, heads: 2, dim: 4 });
        let id = store.open();
        store.extend(id, PAGE + 3);
        store.write(id, PAGE + 2, 1, 1, &[1.0, 2.0, 3.0, 4.0], &[5.0, 6.0, 7.0, 8.0]);
        let (keys, values) = store.page(id, 1, 1, 1);
        assert_eq!((0..4).map(|d| keys[d * PAGE + 2]).collect::<Vec<_>>(), [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(values[2 * 16..][..4], [5.0, 6.0, 7.0, 8.0]);
    }
}
