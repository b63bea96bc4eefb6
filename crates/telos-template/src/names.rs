//! The names in a template: columns, filters, tests. What cannot be there is found before a row is read.

use crate::error::TemplateError;
use crate::language::{Compiled, Language};
use crate::source::{Tag, Token, tags};

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
