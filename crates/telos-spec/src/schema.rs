//! JSON Schema (draft 2020-12), from the same tables as the checks.

use crate::goal::shapes::GOAL;
use crate::shapes::{BENCHMARK, GATE, SUITE};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use telos_core::shape::rules;
use telos_core::shape::{Catalogue, Field, KindShape, Shape};
use telos_core::shape::{MODELS, SOURCE_FIELDS};

/// The files that there are schemas for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaKind {
    /// What to run.
    Suite,
    /// A dataset with its requests and its evaluator.
    Benchmark,
    /// Goals: a node of the tree and what lies below it.
    Goal,
    /// The rules of a gate.
    Gate,
}

/// The schema of a kind of file.
pub fn schema(which: SchemaKind, catalogue: &Catalogue) -> Value {
    let (title, shape) = match which {
        SchemaKind::Suite => ("A suite: which models run which benchmarks", &SUITE),
        SchemaKind::Benchmark => ("A benchmark: a dataset, its requests and its evaluator", &BENCHMARK),
        SchemaKind::Goal => ("Alignment goals: a node of the tree and what lies below it", &GOAL),
        SchemaKind::Gate => ("A gate: what a record must keep to", &GATE),
    };
    let mut writer = Writer { catalogue, defs: BTreeMap::new(), open: Vec::new() };
    let body = writer.shape(shape, "#");
    let mut out = Map::new();
    out.insert("$schema".into(), "https://json-schema.org/draft/2020-12/schema".into());
    out.insert("title".into(), title.into());
    if let Value::Object(body) = body {
        out.extend(body);
    }
    if !writer.defs.is_empty() {
        let defs = writer.defs.into_iter().map(|(name, def)| (name.to_owned(), def)).collect::<Map<_, _>>();
        out.insert("$defs".into(), Value::Object(defs));
    }
    Value::Object(out)
}

struct Writer<'a> {
    catalogue: &'a Catalogue,
    defs: BTreeMap<&'static str, Value>,
    /// The objects being written and where they stand, so that one within itself becomes a reference.
    open: Vec<(*const Field, String)>,
}

impl Writer<'_> {
    fn shape(&mut self, shape: &Shape, at: &str) -> Value {
        match shape {
            Shape::Any => json!({}),
            Shape::Text | Shape::Path | Shape::Template => json!({"type": "string"}),
            Shape::Flag => json!({"type": "boolean"}),
            Shape::Number { min, max } => {
                let mut out = json!({"type": "number"});
                if min.is_finite() {
                    out["minimum"] = json!(min);
                }
                if max.is_finite() {
                    out["maximum"] = json!(max);
                }
                out
            }
            Shape::Whole { min, max } => json!({"type": "integer", "minimum": min, "maximum": max}),
            Shape::Choice(known) => json!({"enum": known}),
            Shape::List { of, min } => {
                let items = self.shape(of, &format!("{at}/items"));
                json!({"type": "array", "items": items, "minItems": min})
            }
            Shape::Map(of) => {
                let values = self.shape(of, &format!("{at}/additionalProperties"));
                json!({"type": "object", "additionalProperties": values})
            }
            Shape::Object(fields) => {
                if let Some((_, first)) = self.open.iter().find(|(open, _)| *open == fields.as_ptr()) {
                    return json!({"$ref": first});
                }
                self.open.push((fields.as_ptr(), at.to_owned()));
                let out = self.object(None, &fields.iter().collect::<Vec<_>>(), at);
                self.open.pop();
                out
            }
            Shape::Either(shapes) => {
                let any: Vec<Value> =
                    shapes.iter().enumerate().map(|(i, s)| self.shape(s, &format!("{at}/anyOf/{i}"))).collect();
                json!({"anyOf": any})
            }
            Shape::Model => {
                self.kinds("model", MODELS, &[], true, "A path, `builtin:NAME`, `hf://org/name@revision` or a URL.")
            }
            Shape::Constraint => {
                let kinds = self.catalogue.constraints.clone();
                self.kinds("constraint", &kinds, &[], true, "The id of one of the suite's constraints.")
            }
            Shape::Controller => self.kinds("controller", &self.catalogue.controllers.clone(), &[], false, ""),
            Shape::Evaluator => self.kinds("evaluator", &self.catalogue.evaluators.clone(), &[], false, ""),
            Shape::Request => self.kinds("request", &self.catalogue.requests.clone(), &[], false, ""),
            Shape::Aggregate => {
                let kinds = self.catalogue.aggregates.clone();
                self.kinds("aggregate", &kinds, &[], true, "The name of a kind that needs no keys.")
            }
            Shape::Rule => self.kinds("rule", &rules(self.catalogue), &[], false, ""),
            Shape::Source => self.kinds("source", &self.catalogue.sources.clone(), SOURCE_FIELDS, false, ""),
        }
    }

    fn object(&mut self, kind: Option<&KindShape>, fields: &[&Field], at: &str) -> Value {
        let mut properties = Map::new();
        let mut required = Vec::new();
        if let Some(kind) = kind {
            properties.insert("kind".into(), json!({"const": kind.kind}));
            required.push("kind");
        }
        for field in fields {
            let mut value = self.shape(&field.shape, &format!("{at}/properties/{}", field.name));
            value["description"] = field.about.into();
            properties.insert(field.name.into(), value);
            if field.required {
                required.push(field.name);
            }
        }
        let mut out = json!({"type": "object"});
        if let Some(kind) = kind {
            out["description"] = kind.about.into();
        }
        out["properties"] = Value::Object(properties);
        if !required.is_empty() {
            out["required"] = json!(required);
        }
        out["additionalProperties"] = false.into();
        out
    }

    /// A reference to the definition of whatever says its kind.
    fn kinds(
        &mut self,
        name: &'static str,
        kinds: &[KindShape],
        common: &[Field],
        short: bool,
        short_about: &str,
    ) -> Value {
        let at = format!("#/$defs/{name}");
        if !self.defs.contains_key(name) {
            // Taken before it is written, so that one within itself ends as a reference.
            self.defs.insert(name, Value::Null);
            let mut one_of: Vec<Value> = Vec::new();
            if short {
                one_of.push(json!({"type": "string", "description": short_about}));
            }
            for kind in kinds {
                let own = kind.fields.iter().filter(|f| common.iter().all(|c| c.name != f.name));
                let fields: Vec<&Field> = common.iter().chain(own).collect();
                one_of.push(self.object(Some(kind), &fields, &format!("{at}/oneOf/{}", one_of.len())));
            }
            if name == "source" {
                let mut fields: Vec<&Field> = Vec::new();
                for field in common.iter().chain(kinds.iter().flat_map(|k| k.fields)) {
                    if fields.iter().all(|f| f.name != field.name) {
                        fields.push(field);
                    }
                }
                let mut untold = self.object(None, &fields, &format!("{at}/oneOf/{}", one_of.len()));
                untold["description"] = "A file whose ending tells its kind.".into();
                untold["required"] = json!(["path"]);
                one_of.push(untold);
            }
            self.defs.insert(name, json!({"oneOf": one_of}));
        }
        json!({"$ref": at})
    }
}
