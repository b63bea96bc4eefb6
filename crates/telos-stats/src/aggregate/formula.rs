//! `formula`: a number made of other metrics' numbers, such as `StereoSet`'s ICAT.

use super::entry::{Aggregation, Entry, Part, Sample, Source};
use super::expression::Expression;
use super::keys::text;
use serde_json::{Map, Value};
use telos_core::shape::{Field, KindShape, Mistake, Shape};

/// The table's entry.
pub(super) const ENTRY: Entry = Entry {
    shape: KindShape {
        kind: "formula",
        about: "an expression over other metrics' numbers: numbers, names, + - * /, min, max, abs and parentheses",
        fields: &[Field::required(
            "of",
            Shape::Text,
            "the expression; a name with other characters than letters, digits and _ stands in double quotes",
        )],
        check,
    },
    example: "{kind: formula, of: \"lms * min(ss, 1 - ss) / 0.5\"}",
    read: |params| Ok(Box::new(Formula(Expression::read(&text(params, "of")?)?))),
};

fn check(params: &Map<String, Value>) -> Vec<Mistake> {
    let read = params.get("of").and_then(Value::as_str).map(Expression::read);
    match read {
        Some(Err(message)) => vec![(Some("of"), message)],
        Some(Ok(read)) if read.names.is_empty() => {
            vec![(Some("of"), "the expression names no metric".to_owned())]
        }
        _ => Vec::new(),
    }
}

struct Formula(Expression);

impl Aggregation for Formula {
    fn reads(&self, _: &str) -> Vec<(Option<&'static str>, String)> {
        self.0.names.iter().map(|name| (Some("of"), name.clone())).collect()
    }

    fn reads_numbers(&self) -> bool {
        true
    }

    fn sample(&self, _: &str, of: &dyn Source) -> Result<Sample, String> {
        let mut joint = Sample {
            parts: Vec::new(),
            totals: 0,
            finish: Box::new(|_| f64::NAN),
            bonds: Vec::new(),
            mean_of: None,
            why_none: "the formula divides by 0".to_owned(),
        };
        let mut inputs = Vec::new();
        for name in &self.0.names {
            let input = of.number(name)?;
            let first = joint.totals;
            joint.parts.extend(input.parts.into_iter().map(|part| Part { slot: first + part.slot, ..part }));
            joint.bonds.extend(input.bonds);
            joint.totals += input.totals;
            inputs.push((first..joint.totals, input.finish));
        }
        let expression = self.0.clone();
        joint.finish = Box::new(move |totals| {
            let numbers: Vec<f64> = inputs.iter().map(|(range, finish)| finish(&totals[range.clone()])).collect();
            // An input without a number leaves none; a division by it would hide that.
            if numbers.iter().any(|n| !n.is_finite()) { f64::NAN } else { expression.value(&numbers) }
        });
        Ok(joint)
    }
}
