//! The names in a template: columns, filters, tests. What cannot be there is found before a row is read.

use crate::TemplateError;
use crate::language::{Compiled, Language};
use crate::source::{Tag, Token, tags};
use minijinja::{Environment, ErrorKind};

/// What a template takes from outside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// Names without which it cannot be rendered, sorted.
    pub needed: Vec<String>,
    /// Names that it asks for only where they are there: `x is defined`, `x | default(…)`.
    pub optional: Vec<String>,
}

/// The names of a benchmark's template.
pub fn names(template: &str) -> Result<Names, TemplateError> {
    let compiled = Language::Benchmark.compile(template)?;
    let found = of(&compiled);
    Ok(found)
}

fn of(compiled: &Compiled) -> Names {
    let tags = tags(compiled.source());
    let guarded = |name: &String| tags.iter().any(|tag| guards(tag, name));
    let (optional, needed) = compiled.undeclared().into_iter().partition(guarded);
    Names { needed, optional }
}

/// Whether a tag asks if the name is there, or says what stands in its place.
fn guards(tag: &Tag<'_>, name: &str) -> bool {
    let place = |at: usize| tag.tokens.get(at).copied();
    (0..tag.tokens.len()).filter(|at| tag.tokens[*at] == Token::Name(name)).any(|at| {
        let not = usize::from(place(at + 2) == Some(Token::Name("not")));
        let asks = place(at + 1) == Some(Token::Name("is"))
            && matches!(place(at + 2 + not), Some(Token::Name("defined" | "undefined")));
        let falls_back =
            place(at + 1) == Some(Token::Mark('|')) && matches!(place(at + 2), Some(Token::Name("default" | "d")));
        asks || falls_back
    })
}

/// Whether every filter and test is one of the language; the compiler leaves them to the rendering.
pub(crate) fn known(environment: &Environment<'_>, source: &str) -> Result<(), TemplateError> {
    for tag in tags(source) {
        for (at, token) in tag.tokens.iter().enumerate() {
            let Some(Token::Name(name)) = tag.tokens.get(at + 1).copied() else { continue };
            let probe = match token {
                Token::Mark('|') => format!("x|{name}"),
                Token::Name("is") => {
                    let name = match (name, tag.tokens.get(at + 2)) {
                        ("not", Some(Token::Name(name))) => *name,
                        _ => name,
                    };
                    format!("x is {name}")
                }
                _ => continue,
            };
            let found = environment.compile_expression(&probe).and_then(|expression| expression.eval(()));
            let message = match found.map_err(|error| error.kind()) {
                Err(ErrorKind::UnknownFilter) => format!("there is no filter `{name}`"),
                Err(ErrorKind::UnknownTest) => format!("there is no test of that name: `{probe}`"),
                _ => continue,
            };
            return Err(TemplateError::Syntax { message, line: Some(tag.line) });
        }
    }
    Ok(())
}
