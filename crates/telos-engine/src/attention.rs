//! Attention of the rows of a batch, each over its own ancestors, from the first position on.
//!
//! Scores are one chain of multiply-adds over a head's dimensions, the softmax runs over a contiguous row of scores in blocks
//! from position 0, and the weighted sum of values is one chain over positions. None of it depends on how the ancestors are
//! cut into segments and pages, nor on what else is in the batch.

use crate::kernel::panels::Shared;
use crate::kernel::rows;
use crate::kernel::tile::{COLUMNS, Left, Out, Right, multiply};
use crate::kv::{Link, PAGE, Store};
use crate::pool::Pool;
use std::ops::Range;

/// Rows of a task: with a group of heads they fill a few tiles, and their scores stay in the cache.
const ROWS: usize = 16;

/// Consecutive new tokens of one segment.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    /// The ancestors before the segment, from the root.
    pub(crate) chain: Vec<Link>,
    /// The segment and how many of its positions are there before this batch.
    pub(crate) own: Link,
    /// The rows of the batch that continue it.
    pub(crate) rows: Range<usize>,
}

impl Group {
    /// The position of its first row.
    pub(crate) fn first_position(&self) -> usize {
        self.chain.iter().map(|link| link.len).sum::<usize>() + self.own.len
    }
}

/// What attention reads and writes: queries, keys and values side by side in each row of `qkv`, `width` values a row.
pub(crate) struct Rows<'a> {
    pub(crate) qkv: &'a [f32],
    pub(crate) width: usize,
    pub(crate) query_heads: usize,
    pub(crate) scale: f32,
}

/// Attention of all groups for one layer; keys and values of the batch are in the store already. `out` has
/// `query_heads × dim` values a row.
pub(crate) fn attend(pool: &Pool, store: &Store, layer: usize, groups: &[Group], rows: &Rows<'_>, out: &mut [f32]) {
    let heads = store.extents().heads;
    let tasks: Vec<(&Group, Range<usize>, usize)> = groups
        .iter()
        .flat_map(|group| {
            let starts = group.rows.clone().step_by(ROWS);
            starts.flat_map(move |start| {
                let part = start..(start + ROWS).min(group.rows.end);
                (0..heads).map(move |head| (group, part.clone(), head))
            })
        })
        .collect();
    let shared = Shared::new(out);
    pool.each(tasks.len(), |task| {
        let (group, part, head) = &tasks[task];
        attend_part(store, layer, group, part.clone(), *head, rows, &shared);
    });
}

fn attend_part(
    store: &Store,
    layer: usize,
    group: &Group,
    part: Range<usize>,
    head: usize,
    rows: &Rows<'_>,
    out: &Shared,
) {
    let extents = store.extents();
    let (dim, padded) = (extents.dim, extents.padded());
    let share = rows.query_heads / extents.heads;
    let many = part.len() * share;
    // The length of the first row of the part; each next one sees one position more.
    let shortest = group.first_position() + part.start - group.rows.start + 1;
    let longest = shortest + part.len() - 1;

    let mut queries = Vec::with_capacity(many * dim);
    for row in part.clone() {
        queries.extend_from_slice(&rows.qkv[row * rows.width + head * share * dim..][..share * dim]);
    }
    rows::scale(&mut queries, rows.scale);

    let mut scores = vec![0.0; many * longest];
    let left = Left { values: &queries, stride: dim, rows: many };
    each_page(store, layer, group, head, longest, |first, columns, keys, _| {
        let right = Right { values: keys, stride: PAGE };
        multiply(dim, left, right, &mut Out { values: &mut scores[first..], stride: longest, columns, add: false });
    });
    let length = |r: usize| shortest + r / share;
    let sums: Vec<f32> = (0..many).map(|r| rows::exponentials(&mut scores[r * longest..][..length(r)])).collect();

    let mut mixed = vec![0.0; many * padded];
    each_page(store, layer, group, head, longest, |first, columns, _, values| {
        let mut weigh = |from: usize, rows: usize, k: usize| {
            for column in (0..padded).step_by(COLUMNS) {
                let left = Left { values: &scores[from * longest + first..], stride: longest, rows };
                let right = Right { values: &values[column..], stride: padded };
                let width = (padded - column).min(COLUMNS);
                let values = &mut mixed[from * padded + column..];
                multiply(k, left, right, &mut Out { values, stride: padded, columns: width, add: true });
            }
        };
        if first + columns <= shortest {
            weigh(0, many, columns);
        } else {
            for r in (0..many).step_by(share) {
                weigh(r, share, columns.min(length(r).saturating_sub(first)));
            }
        }
    });
    let out = out.whole();
    let width = rows.query_heads * dim;
    for (r, sum) in sums.iter().enumerate() {
        let values = &mut mixed[r * padded..][..dim];
        rows::scale(values, 1.0 / sum);
        let at = (part.start + r / share) * width + (head * share + r % share) * dim;
        out[at..at + dim].copy_from_slice(values);
    }
}

/// Calls `visit(first position, positions, keys, values)` for each page of the ancestors, from the root, up to `longest`.
fn each_page(
    store: &Store,
    layer: usize,
    group: &Group,
    head: usize,
    longest: usize,
    mut visit: impl FnMut(usize, usize, &[f32], &[f32]),
) {
    let mut first = 0;
    let own = Link { segment: group.own.segment, len: usize::MAX };
    for link in group.chain.iter().chain([&own]) {
        let len = link.len.min(longest - first);
        for page in 0..len.div_ceil(PAGE) {
            let positions = (len - page * PAGE).min(PAGE);
            let (keys, values) = store.page(link.segment, page, layer, head);
            visit(first, positions, keys, values);
            first += positions;
        }
    }
}
