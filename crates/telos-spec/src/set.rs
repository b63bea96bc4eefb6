//! `--set KEY=VALUE`: a dotted path into the suite, and a value read as YAML.

use crate::diagnostic::Diagnostic;
use crate::document::Lenient;
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use telos_core::shape::finding::{did_you_mean, nearest_or_all};
use telos_core::shape::trail::{Step, Trail};

/// One `--set`, split.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Set {
    /// The dotted path.
    pub(crate) key: String,
    value: Value,
}

/// A value of the suite that a `--set` put there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Applied {
    /// The dotted path as it was given.
    pub(crate) key: String,
    /// Where in the suite.
    pub(crate) trail: Trail,
}

/// A mistake on the command line.
pub(crate) fn blame(key: &str, message: impl Into<String>, hint: Option<String>) -> Diagnostic {
    let file = PathBuf::from(format!("--set {key}"));
    Diagnostic { file, line: 0, column: 0, path: key.to_owned(), message: message.into(), hint }
}

impl Set {
    /// Splits and reads `KEY=VALUE`.
    pub(crate) fn parse(text: &str) -> Result<Self, Diagnostic> {
        let hint = || Some("for example `--set controllers.cbf.controller.alpha=0.5`".to_owned());
        let Some((key, value)) = text.split_once('=').filter(|(key, _)| !key.trim().is_empty()) else {
            return Err(blame(text, "expected KEY=VALUE, a dotted path and a value", hint()));
        };
        let key = key.trim().to_owned();
        match serde_yaml::from_str::<Lenient>(value) {
            Ok(Lenient(value)) => Ok(Self { key, value }),
            Err(error) => Err(blame(&key, format!("the value is not YAML: {error}"), None)),
        }
    }

    /// Whether it goes into a benchmark.
    pub(crate) fn is_of_benchmarks(&self) -> bool {
        self.key.starts_with("benchmarks.")
    }

    /// Puts the value into the suite. A value of nothing takes the key away; within a benchmark it stays, for it takes away the
    /// benchmark's own.
    pub(crate) fn apply(self, suite: &mut Value) -> Result<Applied, Diagnostic> {
        let mut trail = Trail::new();
        let mut here = suite;
        let mut rest = self.key.as_str();
        loop {
            let (step, after) = match here {
                Value::Array(list) => self.entry(list, rest)?,
                Value::Object(map) => self.key_of(map, rest)?,
                other => {
                    let message = format!(
                        "`{}` is {} and has nothing below it",
                        telos_core::shape::trail::show(&trail),
                        telos_core::shape::name(other)
                    );
                    return Err(blame(&self.key, message, Some("set it as a whole".into())));
                }
            };
            trail.push(step.clone());
            let Some(after) = after else {
                match (here, step) {
                    (Value::Object(map), Step::Key(key)) if self.value.is_null() && !self.is_of_benchmarks() => {
                        map.shift_remove(&key);
                    }
                    (Value::Object(map), Step::Key(key)) => {
                        map.insert(key, self.value);
                    }
                    (Value::Array(list), Step::Index(index)) => list[index] = self.value,
                    _ => {}
                }
                return Ok(Applied { key: self.key, trail });
            };
            rest = after;
            here = match (here, step) {
                (Value::Object(map), Step::Key(key)) => {
                    let value = map.entry(key).or_insert(Value::Null);
                    if value.is_null() {
                        *value = json!({});
                    }
                    value
                }
                (Value::Array(list), Step::Index(index)) => {
                    let entry = &mut list[index];
                    if let Value::String(id) = entry {
                        *entry = json!({"id": id});
                    }
                    entry
                }
                // A list gives an index and an object a key.
                (here, _) => here,
            };
        }
    }

    /// The entry of a list: that with the longest `id` which the rest begins with, else a place in the list.
    fn entry<'r>(&self, list: &[Value], rest: &'r str) -> Result<(Step, Option<&'r str>), Diagnostic> {
        let ids = || list.iter().filter_map(|v| v.as_str().or_else(|| v.get("id").and_then(Value::as_str)));
        let longest = list
            .iter()
            .enumerate()
            .filter_map(|(i, v)| v.as_str().or_else(|| v.get("id").and_then(Value::as_str)).map(|id| (i, id)))
            .filter(|(_, id)| begins_with(rest, id))
            .map(|(i, id)| (i, id.len(), rest.get(id.len() + 1..)))
            .max_by_key(|(_, length, _)| *length);
        if let Some((index, _, after)) = longest {
            return Ok((Step::Index(index), after));
        }
        let (first, after) = split(rest);
        if let Some(index) = first.parse::<usize>().ok().filter(|index| *index < list.len()) {
            return Ok((Step::Index(index), after));
        }
        let known: Vec<&str> = ids().collect();
        let hint = nearest_or_all(first, &known);
        Err(blame(&self.key, format!("no entry of the list has an id with which `{rest}` begins"), hint))
    }

    /// The key of an object: the longest of its keys which the rest begins with, else the rest up to the next dot.
    fn key_of<'r>(&self, map: &Map<String, Value>, rest: &'r str) -> Result<(Step, Option<&'r str>), Diagnostic> {
        let longest = map.keys().filter(|key| begins_with(rest, key)).max_by_key(|key| key.len());
        let (key, after) = longest.map_or_else(|| split(rest), |key| (key.as_str(), rest.get(key.len() + 1..)));
        if key.is_empty() || after == Some("") {
            let hint = did_you_mean(key, map.keys().map(String::as_str));
            return Err(blame(&self.key, format!("there is an empty part in the path `{}`", self.key), hint));
        }
        Ok((Step::Key(key.to_owned()), after))
    }
}

/// Whether `rest` is `head`, or goes on with a dot after it.
fn begins_with(rest: &str, head: &str) -> bool {
    rest.strip_prefix(head).is_some_and(|after| after.is_empty() || after.starts_with('.'))
}

fn split(rest: &str) -> (&str, Option<&str>) {
    rest.split_once('.').map_or((rest, None), |(head, after)| (head, Some(after)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suite() -> Value {
        json!({"seed": 1, "controllers": [{"id": "cbf", "controller": {"alpha": 1}}, {"id": "cbf-0.3", "controller": {"alpha": 0.3}}],
            "benchmarks": ["turns", {"id": "x.y"}], "goals": ["values"]})
    }

    fn check(set: &str, trail: &str, pointer: &str, expected: &Value) {
        let mut value = suite();
        let applied = Set::parse(set).and_then(|s| s.apply(&mut value)).expect(set);
        assert_eq!(telos_core::shape::trail::show(&applied.trail), trail, "{set}");
        assert_eq!(value.pointer(pointer).unwrap_or(&Value::Null), expected, "{set}: {value}");
    }

    #[test]
    fn values_are_put_where_the_path_leads() {
        check("seed=7", "seed", "/seed", &json!(7));
        check("seed=", "seed", "/seed", &Value::Null);
        check(
            "benchmarks.turns.limit=null",
            "benchmarks[0].limit",
            "/benchmarks/0",
            &json!({"id": "turns", "limit": null}),
        );
        check("about=a=b", "about", "/about", &json!("a=b"));
        check(
            "controllers.cbf-0.3.controller.alpha=0.5",
            "controllers[1].controller.alpha",
            "/controllers/1/controller/alpha",
            &json!(0.5),
        );
        check(
            "controllers.cbf.controller.alpha=0.5",
            "controllers[0].controller.alpha",
            "/controllers/0/controller/alpha",
            &json!(0.5),
        );
        check("controllers.1.id=z", "controllers[1].id", "/controllers/1/id", &json!("z"));
        check(
            "benchmarks.turns.generate.stop=[\"\\n\"]",
            "benchmarks[0].generate.stop",
            "/benchmarks/0",
            &json!({"id": "turns", "generate": {"stop": ["\n"]}}),
        );
        check("benchmarks.x.y.limit=3", "benchmarks[1].limit", "/benchmarks/1/limit", &json!(3));
        check("benchmarks.turns={id: turns, limit: 2}", "benchmarks[0]", "/benchmarks/0/limit", &json!(2));
        check("goals.0=instructions", "goals[0]", "/goals/0", &json!("instructions"));
    }

    #[test]
    fn mistakes_name_the_key() {
        for (set, part) in [
            ("seed", "KEY=VALUE"),
            ("=3", "KEY=VALUE"),
            ("seed=[1", "not YAML"),
            ("seed.x=1", "nothing below"),
            ("controllers.cbf-0.4.controller.alpha=1", "no entry"),
            ("benchmarks.turn.limit=1", "did you mean `turns`?"),
            ("controllers.cbf..alpha=1", "empty part"),
        ] {
            let error = Set::parse(set).and_then(|s| s.apply(&mut suite())).expect_err(set);
            let text = error.to_string();
            assert!(text.contains(part) && text.starts_with("--set "), "{set}: {text}");
        }
    }
}
