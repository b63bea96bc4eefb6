//! What an object may hold: shapes, keys, and kinds.

use serde_json::{Map, Value};

/// What a value may be.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// Anything.
    Any,
    /// A string.
    Text,
    /// A string that names a file or folder, relative to the YAML file.
    Path,
    /// A string that is a minijinja template over the item's columns; the value it gives may be of any type where the whole
    /// string is one `{{ expression }}`.
    Template,
    /// `true` or `false`.
    Flag,
    /// A number in a range, both ends included.
    Number {
        /// The least.
        min: f64,
        /// The largest.
        max: f64,
    },
    /// A whole number in a range, both ends included.
    Whole {
        /// The least.
        min: u64,
        /// The largest.
        max: u64,
    },
    /// One of some strings.
    Choice(&'static [&'static str]),
    /// A list.
    List {
        /// What each entry may be.
        of: &'static Shape,
        /// How many there are at least.
        min: usize,
    },
    /// An object whose keys are free.
    Map(&'static Shape),
    /// An object with known keys.
    Object(&'static [Field]),
    /// The first that fits, for values with a short form.
    Either(&'static [Shape]),
    /// A model: the string or the object form.
    Model,
    /// A constraint: an object, or the id of one of the suite's.
    Constraint,
    /// A controller: an object with `kind`.
    Controller,
    /// An evaluator: an object with `kind`.
    Evaluator,
    /// How an item becomes requests: an object with `kind`.
    Request,
    /// Where a benchmark's rows are: an object with `kind`.
    Source,
    /// A rule of a gate: an object with `kind`.
    Rule,
    /// How items make one number: the name of a kind, or an object with `kind`.
    Aggregate,
}

/// One key of an object.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// The key.
    pub name: &'static str,
    /// What its value may be.
    pub shape: Shape,
    /// Whether it must be there.
    pub required: bool,
    /// What it means, in one line.
    pub about: &'static str,
}

impl Field {
    /// A key that must be there.
    pub const fn required(name: &'static str, shape: Shape, about: &'static str) -> Self {
        Self { name, shape, required: true, about }
    }

    /// A key that may be left out.
    pub const fn optional(name: &'static str, shape: Shape, about: &'static str) -> Self {
        Self { name, shape, required: false, about }
    }
}

/// One `kind` of an object: an entry of a registry as far as files are concerned.
#[derive(Debug, Clone, Copy)]
pub struct KindShape {
    /// The value of `kind`.
    pub kind: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
    /// The keys beside `kind`.
    pub fields: &'static [Field],
    /// What fields cannot say, such as keys that exclude each other. The object is given as JSON, its shape already
    /// checked; a mistake is a key of the object (or none for the object itself) and a message.
    pub check: fn(&Map<String, Value>) -> Vec<Mistake>,
}

/// A mistake in an object: the key that it is about (none for the object itself), and a message.
pub type Mistake = (Option<&'static str>, String);

/// A [`KindShape::check`] that finds nothing.
pub fn no_further_check(_: &Map<String, Value>) -> Vec<Mistake> {
    Vec::new()
}
