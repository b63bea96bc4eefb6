//! The encoder: BERT-shaped sequence classifiers, texts packed row by row without padding.

use crate::kernel::panels::{Panels, Shared};
use crate::kernel::rows;
use crate::kernel::tile::{COLUMNS, Left, Out, Right, multiply};
use crate::pool::Pool;
use std::ops::Range;

/// A matrix with a bias.
pub(crate) struct Linear {
    pub(crate) weight: Panels,
    pub(crate) bias: Vec<f32>,
}

impl Linear {
    fn apply(&self, pool: &Pool, x: &[f32], rows: usize) -> Vec<f32> {
        let mut out = vec![0.0; rows * self.weight.outputs()];
        self.weight.product(pool, x, Some(&self.bias), &mut out);
        out
    }
}

/// A layer norm's weight and bias.
pub(crate) struct Norm {
    pub(crate) weight: Vec<f32>,
    pub(crate) bias: Vec<f32>,
}

/// One layer's weights.
pub(crate) struct EncoderLayer {
    /// Query, key and value, one below the other.
    pub(crate) qkv: Linear,
    pub(crate) output: Linear,
    pub(crate) attention_norm: Norm,
    pub(crate) intermediate: Linear,
    pub(crate) down: Linear,
    pub(crate) norm: Norm,
}

/// What a classifier's logits stand for (transformers, `problem_type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Problem {
    /// One label of several: the softmax of the logits.
    SingleLabel,
    /// Each label for itself, or the only one: its logit's sigmoid.
    MultiLabel,
    /// No probabilities: the values as they are.
    Regression,
}

/// Extents and constants.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EncoderDescription {
    pub(crate) vocabulary: usize,
    pub(crate) hidden: usize,
    pub(crate) intermediate: usize,
    pub(crate) layers: usize,
    pub(crate) heads: usize,
    pub(crate) norm_eps: f32,
    /// Rows of the position embedding.
    pub(crate) positions: usize,
    /// Rows of the type embedding.
    pub(crate) types: usize,
    /// RoBERTa counts positions from its padding id on, and gives padding tokens that id's own position.
    pub(crate) padding: Option<u32>,
    pub(crate) labels: Vec<String>,
    /// What the logits stand for.
    pub(crate) problem: Problem,
}

impl EncoderDescription {
    /// How many tokens fit.
    pub(crate) fn max_length(&self) -> usize {
        self.positions - self.padding.map_or(0, |id| id as usize + 1)
    }
}

/// A sequence classifier with its weights.
pub(crate) struct Encoder {
    pub(crate) description: EncoderDescription,
    pub(crate) words: Vec<f32>,
    pub(crate) positions: Vec<f32>,
    pub(crate) types: Vec<f32>,
    pub(crate) norm: Norm,
    pub(crate) layers: Vec<EncoderLayer>,
    /// The dense layer over the first token, followed by tanh.
    pub(crate) pooler: Linear,
    pub(crate) classifier: Linear,
}

/// One text's ids and token types.
#[derive(Debug, Clone)]
pub(crate) struct Encoded {
    pub(crate) ids: Vec<u32>,
    pub(crate) types: Vec<u32>,
}

impl Encoder {
    /// The logits of each text, one for each label.
    pub(crate) fn logits(&self, pool: &Pool, texts: &[&Encoded]) -> Vec<Vec<f32>> {
        let d = &self.description;
        let hidden = d.hidden;
        let mut spans: Vec<Range<usize>> = Vec::with_capacity(texts.len());
        for text in texts {
            let first = spans.last().map_or(0, |span| span.end);
            spans.push(first..first + text.ids.len());
        }
        let count = spans.last().map_or(0, |span| span.end);
        let mut x = Vec::with_capacity(count * hidden);
        for text in texts {
            self.embed(text, &mut x);
        }
        self.normalise(pool, &mut x, &self.norm);
        for layer in &self.layers {
            let qkv = layer.qkv.apply(pool, &x, count);
            let mixed = self.attend(pool, &qkv, &spans);
            let mut y = layer.output.apply(pool, &mixed, count);
            rows::add(&mut y, &x);
            self.normalise(pool, &mut y, &layer.attention_norm);
            let mut inner = layer.intermediate.apply(pool, &y, count);
            pool.chunks(&mut inner, d.intermediate * 16, |_, chunk| rows::gelu(chunk));
            x = layer.down.apply(pool, &inner, count);
            rows::add(&mut x, &y);
            self.normalise(pool, &mut x, &layer.norm);
        }
        let firsts: Vec<f32> = spans.iter().flat_map(|s| &x[s.start * hidden..][..hidden]).copied().collect();
        let mut pooled = self.pooler.apply(pool, &firsts, texts.len());
        for v in &mut pooled {
            *v = v.tanh();
        }
        let logits = self.classifier.apply(pool, &pooled, texts.len());
        logits.chunks_exact(d.labels.len()).map(<[f32]>::to_vec).collect()
    }

    fn embed(&self, text: &Encoded, x: &mut Vec<f32>) {
        let hidden = self.description.hidden;
        let row = |table: &[f32], i: u32, j: usize| table[i as usize * hidden + j];
        let mut seen = 0;
        for (i, (id, kind)) in text.ids.iter().zip(&text.types).enumerate() {
            let position = match self.description.padding {
                None => i as u32,
                Some(padding) if *id == padding => padding,
                Some(padding) => {
                    seen += 1;
                    padding + seen
                }
            };
            x.extend(
                (0..hidden)
                    .map(|j| row(&self.words, *id, j) + row(&self.types, *kind, j) + row(&self.positions, position, j)),
            );
        }
    }

    fn normalise(&self, pool: &Pool, x: &mut [f32], norm: &Norm) {
        let hidden = self.description.hidden;
        pool.chunks(x, hidden * 32, |_, chunk| {
            for row in chunk.chunks_exact_mut(hidden) {
                rows::layer_norm(row, &norm.weight, &norm.bias, self.description.norm_eps);
            }
        });
    }

    /// Attention of every token over its own text. `qkv` has query, key and value side by side in each row.
    fn attend(&self, pool: &Pool, qkv: &[f32], spans: &[Range<usize>]) -> Vec<f32> {
        let (hidden, heads) = (self.description.hidden, self.description.heads);
        let (dim, width) = (hidden / heads, 3 * hidden);
        let mut out = vec![0.0; qkv.len() / 3];
        let shared = Shared::new(&mut out);
        let scale = 1.0 / (dim as f32).sqrt();
        pool.each(spans.len() * heads, |task| {
            let (span, head) = (&spans[task / heads], task % heads);
            let (length, padded) = (span.len(), dim.next_multiple_of(16));
            let pages = length.div_ceil(COLUMNS);
            let mut queries = Vec::with_capacity(length * dim);
            let mut keys = vec![0.0; pages * COLUMNS * dim];
            let mut values = vec![0.0; length * padded];
            for (i, row) in span.clone().enumerate() {
                let row = &qkv[row * width..][..width];
                queries.extend_from_slice(&row[head * dim..][..dim]);
                for (d, key) in row[hidden + head * dim..][..dim].iter().enumerate() {
                    keys[((i / COLUMNS) * dim + d) * COLUMNS + i % COLUMNS] = *key;
                }
                values[i * padded..][..dim].copy_from_slice(&row[2 * hidden + head * dim..][..dim]);
            }
            rows::scale(&mut queries, scale);
            let mut scores = vec![0.0; length * length];
            for page in 0..pages {
                let columns = (length - page * COLUMNS).min(COLUMNS);
                let left = Left { values: &queries, stride: dim, rows: length };
                let right = Right { values: &keys[page * COLUMNS * dim..], stride: COLUMNS };
                let values = &mut scores[page * COLUMNS..];
                multiply(dim, left, right, &mut Out { values, stride: length, columns, add: false });
            }
            let sums: Vec<f32> = scores.chunks_exact_mut(length).map(rows::exponentials).collect();
            let mut mixed = vec![0.0; length * padded];
            for column in (0..padded).step_by(COLUMNS) {
                let left = Left { values: &scores, stride: length, rows: length };
                let right = Right { values: &values[column..], stride: padded };
                let columns = (padded - column).min(COLUMNS);
                let values = &mut mixed[column..];
                multiply(length, left, right, &mut Out { values, stride: padded, columns, add: false });
            }
            let out = shared.whole();
            for (i, sum) in sums.iter().enumerate() {
                let values = &mut mixed[i * padded..][..dim];
                rows::scale(values, 1.0 / sum);
                out[(span.start + i) * hidden + head * dim..][..dim].copy_from_slice(values);
            }
        });
        out
    }
}
