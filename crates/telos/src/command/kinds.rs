//! `telos controllers` and `telos models`: what may stand in a suite, from the tables that files are checked against.

use crate::cli::Kinds;
use crate::exit;
use crate::failure::Failure;
use crate::output::{print, print_json};
use crate::world::World;
use serde_json::{Value, json};
use std::fmt::Write;
use telos_core::shape::{Field, KindShape};

/// The string forms of a model: as it is typed, and the kind of its object form.
const FORMS: &[(&str, &str)] = &[
    ("PATH", "local"),
    ("cache:PATH", "local"),
    ("builtin:NAME", "builtin"),
    ("hf://ORG/NAME@REVISION", "hub"),
    ("https://HOST/PATH", "openai"),
];

/// Kinds that files may name and that this version cannot open.
const NOT_YET: &[&str] = &["hub", "openai"];

/// Prints the kinds of controllers and constraints.
pub(crate) fn controllers(world: &World, what: &Kinds) -> Result<u8, Failure> {
    let examples = telos_control::CONTROLLERS.iter().map(|entry| (entry.shape.kind, entry.example));
    let examples = examples.chain(telos_control::CONSTRAINTS.iter().map(|entry| (entry.shape.kind, entry.example)));
    let examples: Vec<(&str, &str)> = examples.collect();
    let example = |kind: &str| examples.iter().find(|(known, _)| *known == kind).map(|(_, example)| *example);
    let (controllers, constraints) = (&world.catalogue().controllers, &world.catalogue().constraints);
    if what.json {
        let list = |kinds: &[KindShape]| kinds.iter().map(|kind| to_json(kind, example(kind.kind))).collect::<Vec<_>>();
        print_json(&json!({"controllers": list(controllers), "constraints": list(constraints)}))?;
        return Ok(exit::SUCCESS);
    }
    let mut out =
        "Controllers, as `controller` of a suite's `controllers` or a file for `telos run --controller`:\n".to_owned();
    for kind in controllers {
        show(&mut out, kind, example(kind.kind));
    }
    out.push_str("\nConstraints, whose h a controller keeps at 0 or more:\n");
    for kind in constraints {
        show(&mut out, kind, example(kind.kind));
    }
    print(&out)?;
    Ok(exit::SUCCESS)
}

/// Prints how a model is named, and what can be opened.
pub(crate) fn models(what: &Kinds) -> Result<u8, Failure> {
    let kinds = telos_core::shape::MODELS;
    let (formats, architectures) = (telos_engine::FORMATS, telos_engine::architectures());
    if what.json {
        let forms: Vec<Value> = FORMS
            .iter()
            .map(|(text, kind)| json!({"form": text, "kind": kind, "opens": !NOT_YET.contains(kind)}))
            .collect();
        let formats: Vec<Value> =
            formats.iter().map(|(files, types)| json!({"files": files, "types": types})).collect();
        let kinds: Vec<Value> = kinds.iter().map(|kind| to_json(kind, None)).collect();
        let builtin: Vec<Value> = telos_engine::BUILTIN_MODELS
            .iter()
            .map(|m| json!({"model": format!("builtin:{}", m.name), "about": m.about}))
            .collect();
        print_json(
            &json!({"architectures": architectures, "builtin": builtin, "formats": formats, "forms": forms, "kinds": kinds}),
        )?;
        return Ok(exit::SUCCESS);
    }
    let mut out = "Architectures that are computed here, in f32:\n".to_owned();
    let mut line = |text: String| {
        // A string takes whatever is written to it.
        let _ = writeln!(out, "{text}");
    };
    for name in &architectures {
        line(format!("  {name}"));
    }
    line("\nBuilt into the program:".into());
    for model in telos_engine::BUILTIN_MODELS {
        line(format!("  builtin:{:<16}{}", model.name, model.about));
    }
    line("\nFiles:".into());
    for (files, types) in formats {
        line(format!("  {files} ({types})"));
    }
    line("\nA model is named, on the command line and in YAML, as".into());
    for (text, of) in FORMS {
        let about = kinds.iter().find(|kind| kind.kind == *of).map_or("", |kind| kind.about);
        let not_yet = if NOT_YET.contains(of) { " Not opened by this version." } else { "" };
        line(format!("  {text:<24}{about}{not_yet}"));
    }
    line("\nor in YAML as an object:".into());
    for kind in kinds {
        show(&mut out, kind, None);
    }
    print(&out)?;
    Ok(exit::SUCCESS)
}

fn to_json(kind: &KindShape, example: Option<&str>) -> Value {
    let key = |field: &Field| {
        json!({
            "name": field.name,
            "required": field.required,
            "value": telos_core::shape::describe(&field.shape),
            "about": field.about,
        })
    };
    let mut out =
        json!({"kind": kind.kind, "about": kind.about, "keys": kind.fields.iter().map(key).collect::<Vec<_>>()});
    if let Some(example) = example {
        out["example"] = example.into();
    }
    out
}

fn show(out: &mut String, kind: &KindShape, example: Option<&str>) {
    let mut line = |text: String| {
        // A string takes whatever is written to it.
        let _ = writeln!(out, "{text}");
    };
    line(format!("\n  kind: {}    {}", kind.kind, kind.about));
    for field in kind.fields {
        let needed = if field.required { ", needed" } else { "" };
        line(format!("    {}: {}{needed}; {}", field.name, telos_core::shape::describe(&field.shape), field.about));
    }
    if let Some(example) = example {
        line(format!("    for example {example}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use telos_core::ModelRef;

    #[test]
    fn the_string_forms_are_of_the_kinds_that_they_say() {
        for (text, kind) in FORMS {
            let parsed = match ModelRef::parse(text) {
                ModelRef::Builtin { .. } => "builtin",
                ModelRef::Local { .. } => "local",
                ModelRef::Hub { .. } => "hub",
                ModelRef::Server { .. } => "openai",
            };
            assert_eq!(parsed, *kind, "{text}");
        }
        let models = telos_engine::LocalModels::new(telos_engine::Options::new(1, std::path::PathBuf::new()));
        for (text, kind) in FORMS {
            let opened = telos_core::Models::open(models.as_ref(), &ModelRef::parse(text), telos_core::Weights::Skip);
            let refused = opened.err().is_some_and(|error| error.message.contains("not there yet"));
            assert!(refused == NOT_YET.contains(kind), "{text}");
        }
        for kind in telos_core::shape::MODELS {
            assert!(FORMS.iter().any(|(_, of)| *of == kind.kind), "{}", kind.kind);
        }
    }
}
