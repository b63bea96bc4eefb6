//! What a plan says of a benchmark's data that is no mistake by itself and yet seldom meant.

use crate::bench::Bench;
use crate::problem::Problem;
use serde_json::Value;

/// What is worth a look in one benchmark.
pub(crate) fn of(bench: &Bench<'_>) -> Vec<Problem> {
    let about = format!("benchmark `{}`", bench.spec.id);
    constant_answer(bench).into_iter().chain(nulls(bench)).map(|message| Problem::new(about.clone(), message)).collect()
}

/// A right choice that stands at the same place in every item: a model that finds all choices equally likely, of which the
/// first counts, has a score of 0 or 1 by that place alone.
fn constant_answer(bench: &Bench<'_>) -> Option<String> {
    if bench.items.len() < 2 {
        return None;
    }
    let mut places = (0..bench.items.len()).map(|item| {
        let params = bench.params(&bench.items.get(item)).ok()?;
        bench.scoring.evaluator.right_choices(&params)
    });
    let first = places.next()??;
    let [place] = first.as_slice() else { return None };
    places.all(|other| other.as_ref() == Some(&first)).then(|| {
        format!(
            "the right choice is number {place} (from 0) in all {} items; where choices tie the first counts, so look at the \
             metric `tie`",
            bench.items.len()
        )
    })
}

/// Columns that templates read and that are null in some rows, where they read as `None`.
fn nulls(bench: &Bench<'_>) -> Vec<String> {
    let mut columns: Vec<String> = bench.columns().into_iter().collect();
    columns.sort_unstable();
    columns
        .into_iter()
        .filter_map(|column| {
            let empty = |item: &telos_core::Item| item.data.get(&column) == Some(&Value::Null);
            let mut found = bench.items.iter().filter(empty);
            let first = found.next()?;
            let (count, all) = (1 + found.count(), bench.items.len());
            Some(format!(
                "column `{column}` is null in {count} of {all} items, first in `{}`; it reads as `None`",
                first.id
            ))
        })
        .collect()
}
