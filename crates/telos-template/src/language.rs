//! The two dialects, and a template compiled in one of them.

use crate::TemplateError;
use crate::json::to_json;
use crate::limits::{ENTRIES, FUEL, NESTING_FUEL, NESTING_STACK, RECURSION, WIDTH};
use crate::source::prepare;
use crate::strip;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::ValueKind;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, State, UndefinedBehavior, Value};
use std::fmt;

/// How a template is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// A model's chat template, as transformers reads it: blocks take the white space around them, a last line end is dropped,
    /// what is undefined is empty, and there are `raise_exception` and `strftime_now`.
    Chat,
    /// A benchmark's: the text as it stands, and what is undefined is an error.
    Benchmark,
}

impl Language {
    fn environment(self) -> Environment<'static> {
        let mut environment = Environment::new();
        environment.set_fuel(Some(FUEL));
        environment.set_recursion_limit(RECURSION);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_unknown_method_callback(method);
        environment.add_filter("tojson", to_json);
        environment.add_filter("trim", strip::trim);
        environment.set_formatter(|out, state, value| {
            weigh(value, &mut { ENTRIES })?;
            minijinja::escape_formatter(out, state, value)
        });
        let syntax = match self {
            Self::Chat => {
                environment.add_function("raise_exception", |message: String| -> Result<String, Error> {
                    Err(Error::new(ErrorKind::InvalidOperation, message))
                });
                // A template that prints today's date would make runs differ from day to day; it is given this one.
                environment.add_function("strftime_now", |format: String| strftime(&format));
                SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()
            }
            Self::Benchmark => {
                environment.set_undefined_behavior(UndefinedBehavior::Strict);
                SyntaxConfig::builder().keep_trailing_newline(true).build()
            }
        };
        // Only delimiters can be refused, and these are the usual ones.
        if let Ok(syntax) = syntax {
            environment.set_syntax(syntax);
        }
        environment
    }

    /// Compiles a template.
    pub fn compile(self, source: &str) -> Result<Compiled, TemplateError> {
        let source = prepare(source)?;
        let mut environment = self.environment();
        let nests = source.contains("namespace");
        if nests {
            environment.set_fuel(Some(NESTING_FUEL));
        }
        environment.add_template_owned(NAME, source.clone())?;
        crate::names::known(&environment, &source)?;
        Ok(Compiled { environment, source, nests })
    }
}

/// Whether a list or object can be written out; a repeated one may have any number of entries without having taken a step.
fn weigh(value: &Value, left: &mut usize) -> Result<(), Error> {
    if !matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable | ValueKind::Map) {
        return Ok(());
    }
    let refuse = || Error::new(ErrorKind::OutOfFuel, format!("a list of more than {ENTRIES} entries is written out"));
    if value.len().is_some_and(|entries| entries > *left) {
        return Err(refuse());
    }
    for entry in value.try_iter()? {
        *left = left.checked_sub(1).ok_or_else(refuse)?;
        weigh(&entry, left)?;
    }
    Ok(())
}

/// Python's methods of strings, lists and objects. Those of `format` are not counted by the library before they are written.
fn method(state: &mut State<'_, '_>, value: &Value, method: &str, arguments: &[Value]) -> Result<Value, Error> {
    if let (Some(text), []) = (value.as_str(), arguments)
        && let Some(stripped) = strip::method(text, method)
    {
        return Ok(stripped);
    }
    if let (Some(format), "format") = (value.as_str(), method) {
        let mut stated = format.split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty());
        let wide = |digits: &str| digits.parse().is_ok_and(|width: u64| width <= WIDTH);
        // A width may also come from an argument, as in `{:{}}`.
        let mut given = arguments.iter().filter(|value| value.is_integer() && format.contains(":{"));
        let given_wide = |value: &Value| u64::try_from(value.clone()).is_ok_and(|width| width <= WIDTH);
        if !stated.all(wide) || !given.all(given_wide) {
            let message = format!("a width or precision of `format` is larger than {WIDTH}");
            return Err(Error::new(ErrorKind::InvalidOperation, message));
        }
    }
    minijinja_contrib::pycompat::unknown_method_callback(state, value, method, arguments)
}

/// The name of the one template of an environment.
const NAME: &str = "template";

/// A template that can be rendered.
pub struct Compiled {
    environment: Environment<'static>,
    /// Its text, with line ends as the language has them.
    pub(crate) source: String,
    /// Whether it can put values into values without end.
    nests: bool,
}

impl fmt::Debug for Compiled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Compiled").field(&self.source).finish()
    }
}

impl Compiled {
    /// The template's text.
    pub fn text(&self, context: &Value) -> Result<String, TemplateError> {
        let render = || Ok(self.environment.get_template(NAME)?.render(context)?);
        if !self.nests {
            return render();
        }
        std::thread::scope(|scope| {
            let stack = std::thread::Builder::new().stack_size(NESTING_STACK);
            let failed = |why: &str| TemplateError::Failed { message: why.into(), line: None };
            let thread = stack.spawn_scoped(scope, render);
            let thread =
                thread.map_err(|error| failed(&format!("the system gives no stack to render it on: {error}")))?;
            thread.join().unwrap_or_else(|_| Err(failed("the library that renders it gave up")))
        })
    }

    /// The value of a template that is one `{{ expression }}` and nothing else; none of another.
    pub fn value(&self, context: &Value) -> Result<Option<Value>, TemplateError> {
        let Some(inner) = self.source.trim().strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")) else {
            return Ok(None);
        };
        // `{{ a }} and {{ b }}` also begins and ends with braces; its inside is no expression.
        let Ok(expression) = self.environment.compile_expression(inner) else { return Ok(None) };
        Ok(Some(expression.eval(context)?))
    }

    /// The names that it takes from outside, of whatever it is given.
    pub fn undeclared(&self) -> Vec<String> {
        let names = self.environment.get_template(NAME).map(|template| template.undeclared_variables(false));
        let globals: Vec<&str> = self.environment.globals().map(|(name, _)| name).collect();
        let mut names: Vec<String> = names.unwrap_or_default().into_iter().collect();
        names.retain(|name| !globals.contains(&name.as_str()));
        names.sort_unstable();
        names
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
