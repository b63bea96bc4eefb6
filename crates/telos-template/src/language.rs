//! The two dialects, and a template compiled in one of them.

use crate::limits::{FUEL, RECURSION};
use crate::program::Program;
use crate::source::prepare;
use crate::{TemplateError, filters, hooks, methods, python};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Rest, ValueKind, ValueOrKwargs};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, State, UndefinedBehavior, Value};
use std::fmt;
use std::sync::LazyLock;

/// How a template is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// A model's chat template, as transformers reads it: blocks take the white space around them, a last line end is dropped,
    /// what is undefined is empty, and there are `raise_exception` and `strftime_now`.
    Chat,
    /// A benchmark's: the text as it stands, and what is undefined is an error.
    Benchmark,
}

static CHAT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = common(Language::Chat);
    environment.add_function("raise_exception", |message: String| -> Result<String, Error> {
        Err(Error::new(ErrorKind::InvalidOperation, message))
    });
    // A template that prints today's date would make runs differ from day to day; it is given this one.
    environment.add_function("strftime_now", |format: String| strftime(&format));
    environment
});

static BENCHMARK: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = common(Language::Benchmark);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment
});

fn common(language: Language) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(RECURSION);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_unknown_method_callback(methods::call);
    environment.set_syntax(language.syntax());
    environment.remove_global("debug");
    environment.add_function("dict", dict);
    // In Jinja2 a sequence is what has a length and entries: a text and an object too.
    environment.add_test("sequence", |value: &Value| {
        matches!(value.kind(), ValueKind::String | ValueKind::Bytes | ValueKind::Seq | ValueKind::Map)
    });
    filters::install(&mut environment);
    hooks::install(&mut environment);
    environment.set_formatter(|out, state, value| {
        hooks::defined(state, value)?;
        let text = python::text(state, value)?;
        out.write_str(&text).map_err(|_| Error::from(ErrorKind::WriteFailure))
    });
    environment
}

impl Language {
    fn syntax(self) -> SyntaxConfig {
        let syntax = match self {
            Self::Chat => SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build(),
            Self::Benchmark => SyntaxConfig::builder().keep_trailing_newline(true).build(),
        };
        // Only delimiters can be refused, and these are the usual ones.
        syntax.unwrap_or_default()
    }

    fn environment(self) -> &'static Environment<'static> {
        match self {
            Self::Chat => &CHAT,
            Self::Benchmark => &BENCHMARK,
        }
    }

    /// Compiles a template.
    pub fn compile(self, source: &str) -> Result<Compiled, TemplateError> {
        let source = prepare(source)?;
        let program = Program::compile(source, &self.syntax())?;
        crate::known::known(self.environment(), program.source())?;
        Ok(Compiled { language: self, program })
    }
}

/// `dict(object, key=value, …)`.
fn dict(state: &mut State<'_, '_>, args: Rest<ValueOrKwargs>) -> Result<Value, Error> {
    let args = args.into_values();
    let mut pairs = Vec::new();
    for value in &args {
        crate::weight::weigh(value)?.times(4, state)?;
    }
    let (object, named): (Option<Value>, Kwargs) = minijinja::value::from_args(&args)?;
    for part in object.into_iter().chain([Value::from(named)]) {
        for key in part.try_iter()? {
            let value = part.get_item(&key)?;
            pairs.push((key, value));
        }
    }
    crate::weight::bounded(state, Value::from_pairs(pairs))
}

/// A template that can be rendered.
pub struct Compiled {
    language: Language,
    program: Program,
}

impl fmt::Debug for Compiled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Compiled").field(&self.language).field(&self.source()).finish()
    }
}

impl Compiled {
    /// Its text, with line ends as the language has them.
    pub(crate) fn source(&self) -> &str {
        self.program.source()
    }

    /// The template's text.
    pub fn text(&self, context: &Value) -> Result<String, TemplateError> {
        self.program.text(self.language.environment(), context)
    }

    /// The value of a template that is one `{{ expression }}` and nothing else; none of another.
    pub fn value(&self, context: &Value) -> Result<Option<Value>, TemplateError> {
        self.program.value(self.language.environment(), context)
    }

    /// The names that it takes from outside, of whatever it is given.
    pub fn undeclared(&self) -> Vec<String> {
        let globals: Vec<&str> = self.language.environment().globals().map(|(name, _)| name).collect();
        let names = self.program.undeclared().iter().filter(|name| !globals.contains(&name.as_str()));
        names.cloned().collect()
    }
}

/// The date that templates are given: 1 January 2024, a Monday, at midnight.
fn strftime(format: &str) -> String {
    let known = [
        ("%d", "01"),
        ("%m", "01"),
        ("%Y", "2024"),
        ("%y", "24"),
        ("%b", "Jan"),
        ("%B", "January"),
        ("%a", "Mon"),
        ("%A", "Monday"),
        ("%H", "00"),
        ("%M", "00"),
        ("%S", "00"),
    ];
    known.iter().fold(format.to_owned(), |text, (from, to)| text.replace(from, to))
}
