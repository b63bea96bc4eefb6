//! Holds a value against a shape: all mistakes, and the places of everything that means more than its text (paths, models,
//! ids of constraints, templates).

use super::catalogue::Catalogue;
use super::field::{Field, KindShape, Shape};
use super::finding::{Finding, did_you_mean};
use super::kinds::{MODELS, SOURCE_FIELDS, source_kind};
use super::trail::{Step, Trail, to_index, to_key};
use super::words::{describe, name};

use serde_json::{Map, Value};

/// What a value at some place means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// A file or folder.
    Path,
    /// A model, in the string or the object form.
    Model,
    /// The id of a constraint.
    ConstraintId,
    /// A template.
    Template,
    /// A text in which a literal `\n` is surely a slip, as it is in a template.
    Delimiter,
}

/// A value that means more than its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// Where it stands.
    pub trail: Trail,
    /// What it means.
    pub meaning: Meaning,
}

/// What holding a value against a shape gives.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Walked {
    /// All mistakes, in the object's order.
    pub findings: Vec<Finding>,
    /// The values that mean more than their text.
    pub leaves: Vec<Leaf>,
}

/// Holds `value`, which stands at `trail`, against a shape.
pub fn walk(catalogue: &Catalogue, shape: &Shape, value: &Value, trail: &[Step]) -> Walked {
    let mut walker = Walker { catalogue, out: Walked::default() };
    walker.value(shape, value, &trail.to_vec());
    walker.out
}

/// Holds an object, whose kind is known, against it: the mistakes of keys and values, and where there are none, those that
/// fields cannot say. Of a table that the catalogue does not have, objects are left to whoever reads them.
pub fn check_fields(kind: &KindShape, map: &Map<String, Value>, catalogue: &Catalogue) -> Vec<Finding> {
    let mut walker = Walker { catalogue, out: Walked::default() };
    walker.fields_of(kind, &[], map, &Vec::new());
    walker.out.findings
}

/// Unknown keys for which a hint is looked for, more than are ever printed: a file may have any number of them.
const HINTED: usize = 200;

struct Walker<'a> {
    catalogue: &'a Catalogue,
    out: Walked,
}

impl Walker<'_> {
    fn value(&mut self, shape: &Shape, value: &Value, trail: &Trail) {
        match (shape, value) {
            (Shape::Any, _) | (Shape::Text, Value::String(_)) | (Shape::Flag, Value::Bool(_)) => {}
            (Shape::Path, Value::String(_)) => self.leaf(trail, Meaning::Path),
            (Shape::Template, Value::String(_)) => self.leaf(trail, Meaning::Template),
            (Shape::Number { min, max }, Value::Number(number)) => {
                if !number.as_f64().is_some_and(|x| (*min..=*max).contains(&x)) {
                    self.wrong(shape, value, trail);
                }
            }
            (Shape::Whole { max, .. }, Value::Number(number)) if number.as_u64().is_some_and(|x| x > *max) => {
                self.found(Finding::value(trail, format!("expected a whole number, at most {max}, found {number}")));
            }
            (Shape::Whole { min, .. }, Value::Number(number)) => {
                if number.as_u64().is_none_or(|x| x < *min) {
                    self.wrong(shape, value, trail);
                }
            }
            (Shape::Choice(known), Value::String(given)) => {
                if !known.contains(&given.as_str()) {
                    let message = format!("expected {}, found `{given}`", describe(shape));
                    self.found(Finding::value(trail, message).hint(did_you_mean(given, known.iter().copied())));
                }
            }
            (Shape::List { of, min }, Value::Array(list)) => {
                if list.len() < *min {
                    let found =
                        if list.is_empty() { "an empty list".into() } else { format!("a list of {}", list.len()) };
                    self.found(Finding::value(trail, format!("expected {}, found {found}", describe(shape))));
                }
                for (index, value) in list.iter().enumerate() {
                    self.value(of, value, &to_index(trail, index));
                }
            }
            (Shape::Map(of), Value::Object(map)) => {
                for (key, value) in map {
                    self.value(of, value, &to_key(trail, key));
                }
            }
            (Shape::Object(fields), Value::Object(map)) => self.object(&fields.iter().collect::<Vec<_>>(), map, trail),
            (Shape::Either(shapes), _) => self.either(shape, shapes, value, trail),
            (Shape::Model, Value::String(_)) => self.leaf(trail, Meaning::Model),
            (Shape::Model, Value::Object(map)) => {
                self.kind("model", MODELS, map, trail);
                self.leaf(trail, Meaning::Model);
            }
            (Shape::Constraint, Value::String(_)) => self.leaf(trail, Meaning::ConstraintId),
            (Shape::Constraint, Value::Object(map)) => {
                self.kind("constraint", &self.catalogue.constraints.clone(), map, trail);
            }
            (Shape::Controller, Value::Object(map)) => {
                self.kind("controller", &self.catalogue.controllers.clone(), map, trail);
            }
            (Shape::Evaluator, Value::Object(map)) => {
                self.kind("evaluator", &self.catalogue.evaluators.clone(), map, trail);
            }
            (Shape::Request, Value::Object(map)) => {
                self.kind("request", &self.catalogue.requests.clone(), map, trail);
            }
            (Shape::Source, Value::Object(map)) => self.source(map, trail),
            (Shape::Aggregate, Value::Object(map)) => {
                self.kind("aggregate", &self.catalogue.aggregates.clone(), map, trail);
            }
            (Shape::Aggregate, Value::String(kind)) => self.bare_kind("aggregate", kind, trail),
            (Shape::Rule, Value::Object(map)) => self.kind("rule", &rules(self.catalogue), map, trail),
            _ => self.wrong(shape, value, trail),
        }
    }

    fn found(&mut self, finding: Finding) {
        self.out.findings.push(finding);
    }

    fn leaf(&mut self, trail: &Trail, meaning: Meaning) {
        self.out.leaves.push(Leaf { trail: trail.clone(), meaning });
    }

    fn wrong(&mut self, shape: &Shape, value: &Value, trail: &Trail) {
        let finding = Finding::value(trail, format!("expected {}, found {}", describe(shape), name(value)));
        let hint = match value {
            Value::Null => Some("leave the key out where it has no value"),
            // `{{ x }}` without quotes is an object in an object.
            Value::Object(_) if takes(shape, &Value::from("")) => Some("a template that begins with `{{` needs quotes"),
            _ => None,
        };
        self.found(finding.hint(hint.map(str::to_owned)));
    }

    /// The first alternative that fits; where none does, the mistakes of the first of the right type.
    fn either(&mut self, shape: &Shape, alternatives: &[Shape], value: &Value, trail: &Trail) {
        let mut walked: Vec<Walked> = Vec::new();
        for alternative in alternatives.iter().filter(|a| takes(a, value)) {
            walked.push(walk(self.catalogue, alternative, value, trail));
        }
        let best = walked.iter().position(|w| w.findings.is_empty()).unwrap_or(0);
        if walked.is_empty() {
            self.wrong(shape, value, trail);
        } else {
            let best = walked.swap_remove(best);
            self.out.findings.extend(best.findings);
            self.out.leaves.extend(best.leaves);
        }
    }

    fn object(&mut self, fields: &[&Field], map: &Map<String, Value>, trail: &Trail) {
        for (key, value) in map {
            let below = to_key(trail, key);
            let Some(field) = fields.iter().find(|field| field.name == key) else {
                let hint = (self.out.findings.len() < HINTED).then(|| {
                    let known: Vec<&str> = fields.iter().map(|field| field.name).collect();
                    did_you_mean(key, known.iter().copied())
                        .unwrap_or_else(|| format!("the keys here are {}", known.join(", ")))
                });
                self.found(Finding::key(&below, format!("unknown key `{key}`")).hint(hint));
                continue;
            };
            self.value(&field.shape, value, &below);
            // A delimiter or a stop with a backslash in it is the same slip as in a template.
            if value.is_string() && key == "delimiter" && matches!(field.shape, Shape::Text) {
                self.leaf(&below, Meaning::Delimiter);
            }
            if let (true, Some(stops)) = (key == "stop", value.as_array()) {
                (0..stops.len()).for_each(|i| self.leaf(&to_index(&below, i), Meaning::Delimiter));
            }
        }
        for field in fields.iter().filter(|field| field.required && !map.contains_key(field.name)) {
            let message = format!("the key `{}` is missing; expected {}", field.name, describe(&field.shape));
            self.found(Finding::value(trail, message).hint(Some(format!("`{}`: {}", field.name, field.about))));
        }
    }

    /// An object that says its kind.
    fn kind(&mut self, what: &str, kinds: &[KindShape], map: &Map<String, Value>, trail: &Trail) {
        if kinds.is_empty() {
            return;
        }
        let known = || kinds.iter().map(|k| k.kind);
        let list = known().collect::<Vec<_>>().join(", ");
        let Some(given) = map.get("kind") else {
            let message = format!("the key `kind` is missing; a {what} is one of {list}");
            return self.found(Finding::value(trail, message));
        };
        let Some(kind) = kinds.iter().find(|k| given.as_str() == Some(k.kind)) else {
            let at = to_key(trail, "kind");
            return match given.as_str() {
                Some(given) => {
                    let message = format!("unknown kind of {what} `{given}`; known: {list}");
                    self.found(Finding::value(&at, message).hint(did_you_mean(given, known())));
                }
                None => self.wrong(&Shape::Text, given, &at),
            };
        };
        self.fields_of(kind, &[], map, trail);
    }

    /// The name of a kind in the place of an object, for a kind that needs no key.
    fn bare_kind(&mut self, what: &str, name: &str, trail: &Trail) {
        let kinds = self.catalogue.aggregates.clone();
        if kinds.is_empty() {
            return;
        }
        let known = || kinds.iter().map(|k| k.kind);
        let Some(kind) = kinds.iter().find(|k| k.kind == name) else {
            let list = known().collect::<Vec<_>>().join(", ");
            let message = format!("unknown kind of {what} `{name}`; known: {list}");
            return self.found(Finding::value(trail, message).hint(did_you_mean(name, known())));
        };
        let needed: Vec<String> =
            kind.fields.iter().filter(|field| field.required).map(|field| format!("{}: …", field.name)).collect();
        if !needed.is_empty() {
            let hint = format!("write {{kind: {name}, {}}}", needed.join(", "));
            self.found(Finding::value(trail, format!("the {what} `{name}` needs keys")).hint(Some(hint)));
        }
    }

    /// A source, whose kind may be told from the file's ending.
    fn source(&mut self, map: &Map<String, Value>, trail: &Trail) {
        let sources = self.catalogue.sources.clone();
        let path = map.get("path").and_then(Value::as_str);
        if map.contains_key("kind") {
            return match sources.iter().find(|k| map["kind"].as_str() == Some(k.kind)) {
                Some(kind) => self.fields_of(kind, SOURCE_FIELDS, map, trail),
                None => self.kind("source", &sources, map, trail),
            };
        }
        let told = path.and_then(|path| source_kind(path, &sources));
        match (told, path) {
            (Some(kind), _) => self.fields_of(kind, SOURCE_FIELDS, map, trail),
            (None, Some(path)) => {
                let list = sources.iter().map(|k| k.kind).collect::<Vec<_>>().join(", ");
                let message = format!("the ending of `{path}` does not tell the kind of the source");
                let hint = format!("add `kind`, one of {list}");
                self.found(Finding::value(&to_key(trail, "path"), message).hint(Some(hint)));
                self.leaf(&to_key(trail, "path"), Meaning::Path);
            }
            (None, None) => self.object(&SOURCE_FIELDS.iter().collect::<Vec<_>>(), map, trail),
        }
    }

    fn fields_of(&mut self, kind: &KindShape, common: &[Field], map: &Map<String, Value>, trail: &Trail) {
        let of_kind = kind.fields.iter().filter(|field| common.iter().all(|c| c.name != field.name));
        let fields: Vec<&Field> = KIND.iter().chain(common).chain(of_kind).collect();
        let before = self.out.findings.len();
        self.object(&fields, map, trail);
        if self.out.findings.len() == before {
            for (key, message) in (kind.check)(map) {
                let finding = match key {
                    Some(key) => Finding::value(&to_key(trail, key), message),
                    None => Finding::value(trail, message),
                };
                self.found(finding);
            }
        }
    }
}

/// The shapes of rules.
pub fn rules(catalogue: &Catalogue) -> Vec<KindShape> {
    catalogue.rules.iter().map(|kind| kind.shape).collect()
}

/// `kind` itself, which is checked before the others.
static KIND: &[Field] = &[Field::optional("kind", Shape::Text, "The kind.")];

/// Whether a shape takes values of this JSON type at all.
fn takes(shape: &Shape, value: &Value) -> bool {
    match shape {
        Shape::Any => true,
        Shape::Text | Shape::Path | Shape::Template | Shape::Choice(_) => value.is_string(),
        Shape::Flag => value.is_boolean(),
        Shape::Number { .. } => value.is_number(),
        Shape::Whole { .. } => value.is_u64(),
        Shape::List { .. } => value.is_array(),
        Shape::Model | Shape::Constraint | Shape::Aggregate => value.is_string() || value.is_object(),
        Shape::Either(shapes) => shapes.iter().any(|s| takes(s, value)),
        Shape::Map(_)
        | Shape::Object(_)
        | Shape::Controller
        | Shape::Evaluator
        | Shape::Request
        | Shape::Source
        | Shape::Rule => value.is_object(),
    }
}
