//! Filters and tests that a template names: those that are none are found when it is compiled.

use crate::error::TemplateError;
use crate::source::{Token, tags};
use minijinja::{Environment, ErrorKind};

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
