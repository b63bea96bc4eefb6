//! The decoder: one description covers the families, one loop computes the rows of a batch.

use crate::attention::{Group, Rows, attend};
use crate::kernel::panels::Panels;
use crate::kernel::rows;
use crate::kv::{Extents, Store};
use crate::pool::Pool;
use crate::rope::{Rope, RopeConfig};

/// What a family's configuration comes to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Description {
    pub(crate) vocabulary: usize,
    pub(crate) hidden: usize,
    pub(crate) intermediate: usize,
    pub(crate) layers: usize,
    pub(crate) query_heads: usize,
    pub(crate) heads: usize,
    pub(crate) dim: usize,
    pub(crate) norm_eps: f32,
    pub(crate) positions: usize,
    pub(crate) rope: RopeConfig,
    /// Whether the output matrix is the embedding.
    pub(crate) tied: bool,
}

/// One layer's weights.
pub(crate) struct Layer {
    pub(crate) attention_norm: Vec<f32>,
    /// Query, key and value, one below the other.
    pub(crate) qkv: Panels,
    pub(crate) output: Panels,
    pub(crate) mlp_norm: Vec<f32>,
    /// Gate and up, one below the other.
    pub(crate) gate_up: Panels,
    pub(crate) down: Panels,
}

/// Where token embeddings come from.
pub(crate) enum Embedding {
    /// Rows of their own.
    Rows(Vec<f32>),
    /// The rows of the output matrix.
    Tied,
}

/// What is read off the last hidden state: logits over the vocabulary, or a reward.
pub(crate) struct Head(pub(crate) Panels);

/// A decoder with its weights.
pub(crate) struct Decoder {
    pub(crate) description: Description,
    pub(crate) embedding: Embedding,
    pub(crate) layers: Vec<Layer>,
    pub(crate) final_norm: Vec<f32>,
    pub(crate) head: Head,
    pub(crate) rope: Rope,
}

impl Decoder {
    /// The extents of its keys and values.
    pub(crate) fn extents(&self) -> Extents {
        let Description { layers, heads, dim, .. } = self.description;
        Extents { layers, heads, dim }
    }

    /// Computes the rows of a batch and returns the normed hidden states of `wanted` rows. The store has room for the rows
    /// already; their keys and values are written into it.
    pub(crate) fn forward(
        &self,
        pool: &Pool,
        store: &mut Store,
        tokens: &[u32],
        groups: &[Group],
        wanted: &[usize],
    ) -> Vec<f32> {
        let d = &self.description;
        let (count, hidden) = (tokens.len(), d.hidden);
        let (query, width) = (d.query_heads * d.dim, (d.query_heads + 2 * d.heads) * d.dim);
        let mut positions = vec![0; count];
        for group in groups {
            let first = group.first_position();
            group.rows.clone().enumerate().for_each(|(i, row)| positions[row] = first + i);
        }
        let rope = self.rope.table(positions.iter().max().map_or(0, |last| last + 1));
        let mut x = vec![0.0; count * hidden];
        for (token, row) in tokens.iter().zip(x.chunks_exact_mut(hidden)) {
            let token = *token as usize;
            match &self.embedding {
                Embedding::Rows(rows) => row.copy_from_slice(&rows[token * hidden..][..hidden]),
                Embedding::Tied => self.head.0.row(token, row),
            }
        }
        let mut normed = vec![0.0; count * hidden];
        let mut qkv = vec![0.0; count * width];
        let mut mixed = vec![0.0; count * query];
        let mut added = vec![0.0; count * hidden];
        let mut gate_up = vec![0.0; count * 2 * d.intermediate];
        let mut activated = vec![0.0; count * d.intermediate];
        for (number, layer) in self.layers.iter().enumerate() {
            self.norm(pool, &x, &layer.attention_norm, &mut normed);
            layer.qkv.product(pool, &normed, None, &mut qkv);
            pool.chunks(&mut qkv, width * share(count, pool), |part, chunk| {
                for (i, row) in chunk.chunks_exact_mut(width).enumerate() {
                    let position = positions[part * share(count, pool) + i];
                    row[..query + d.heads * d.dim].chunks_exact_mut(d.dim).for_each(|h| rope.turn(position, h));
                }
            });
            for group in groups {
                for (i, row) in group.rows.clone().enumerate() {
                    let row = &qkv[row * width..(row + 1) * width];
                    for head in 0..d.heads {
                        let key = &row[query + head * d.dim..][..d.dim];
                        let value = &row[query + (d.heads + head) * d.dim..][..d.dim];
                        store.write(group.own.segment, group.own.len + i, number, head, key, value);
                    }
                }
            }
            let scale = 1.0 / (d.dim as f32).sqrt();
            let rows = Rows { qkv: &qkv, width, query_heads: d.query_heads, scale };
            attend(pool, store, number, groups, &rows, &mut mixed);
            layer.output.product(pool, &mixed, None, &mut added);
            rows::add(&mut x, &added);
            self.norm(pool, &x, &layer.mlp_norm, &mut normed);
            layer.gate_up.product(pool, &normed, None, &mut gate_up);
            let part = share(count, pool);
            pool.chunks(&mut activated, d.intermediate * part, |number, chunk| {
                for (i, out) in chunk.chunks_exact_mut(d.intermediate).enumerate() {
                    let both = &gate_up[(number * part + i) * 2 * d.intermediate..][..2 * d.intermediate];
                    let (gate, up) = both.split_at(d.intermediate);
                    rows::silu_product(gate, up, out);
                }
            });
            layer.down.product(pool, &activated, None, &mut added);
            rows::add(&mut x, &added);
        }
        let mut out = vec![0.0; wanted.len() * hidden];
        for (row, out) in wanted.iter().zip(out.chunks_exact_mut(hidden)) {
            rows::rms_norm(&x[row * hidden..][..hidden], &self.final_norm, d.norm_eps, out);
        }
        out
    }

    /// Logits (or rewards) of hidden states.
    pub(crate) fn read_off(&self, pool: &Pool, hidden: &[f32]) -> Vec<f32> {
        let mut out = vec![0.0; hidden.len() / self.description.hidden * self.head.0.outputs()];
        self.head.0.product(pool, hidden, None, &mut out);
        out
    }

    fn norm(&self, pool: &Pool, x: &[f32], weight: &[f32], out: &mut [f32]) {
        let hidden = self.description.hidden;
        let part = share(x.len() / hidden, pool);
        pool.chunks(out, hidden * part, |number, chunk| {
            for (i, out) in chunk.chunks_exact_mut(hidden).enumerate() {
                let row = number * part + i;
                rows::rms_norm(&x[row * hidden..][..hidden], weight, self.description.norm_eps, out);
            }
        });
    }
}

/// How many of `count` rows a task takes, where rows are cheap: too few are not worth a task.
fn share(count: usize, pool: &Pool) -> usize {
    count.div_ceil(pool.threads() * 2).max(16)
}
