//! A template compiled with its guards.

use crate::TemplateError;
use crate::guard;
use crate::undeclared::undeclared;
use minijinja::machinery::ast::{Expr, Stmt};
use minijinja::machinery::{CodeGenerator, Instructions, eval, make_string_output, parse};
use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, Value};
use self_cell::self_cell;
use std::collections::BTreeMap;

/// The name of a template in what the library says of it.
const NAME: &str = "template";

type Blocks<'a> = BTreeMap<&'a str, Instructions<'a>>;

struct Code<'a> {
    text: (Instructions<'a>, Blocks<'a>),
    /// The template's value, where it is one `{{ expression }}` and nothing else.
    value: Option<(Instructions<'a>, Blocks<'a>)>,
    undeclared: Vec<String>,
}

self_cell!(
    /// Instructions, and the source that they borrow names and texts from.
    pub(crate) struct Program {
        owner: String,

        #[covariant]
        dependent: Code,
    }
);

impl Program {
    /// Compiles a template.
    pub(crate) fn compile(source: String, syntax: &SyntaxConfig) -> Result<Self, TemplateError> {
        Self::try_new(source, |source| {
            let tree = parse(source, NAME, syntax.clone())?;
            // `{{ a }} and {{ b }}` also begins and ends with braces; its tree has more nodes.
            let braces = source.trim().starts_with("{{") && source.trim().ends_with("}}");
            let value = if braces { guard::only_expression(&tree)? } else { None };
            let text = guard::template(&tree)?;
            Ok(Code {
                text: statement(source, &text),
                value: value.map(|value| expression(source, &value)),
                undeclared: undeclared(&tree),
            })
        })
    }

    /// The template's source.
    pub(crate) fn source(&self) -> &str {
        self.borrow_owner()
    }

    /// The names that it takes from outside, or that are functions' names, sorted.
    pub(crate) fn undeclared(&self) -> &[String] {
        &self.borrow_dependent().undeclared
    }

    /// The template's text.
    pub(crate) fn text(&self, environment: &Environment<'static>, context: &Value) -> Result<String, TemplateError> {
        let (instructions, blocks) = &self.borrow_dependent().text;
        let mut text = String::new();
        let mut out = make_string_output(&mut text);
        eval(environment, instructions, context.clone(), blocks, &mut out, AutoEscape::None)?;
        Ok(text)
    }

    /// The value of a template that is one expression; none of another.
    pub(crate) fn value(
        &self,
        environment: &Environment<'static>,
        context: &Value,
    ) -> Result<Option<Value>, TemplateError> {
        let Some((instructions, blocks)) = &self.borrow_dependent().value else { return Ok(None) };
        let mut text = String::new();
        let mut out = make_string_output(&mut text);
        let (value, _) = eval(environment, instructions, context.clone(), blocks, &mut out, AutoEscape::None)?;
        Ok(value)
    }
}

fn statement<'a>(source: &'a str, tree: &Stmt<'a>) -> (Instructions<'a>, Blocks<'a>) {
    let mut generator = CodeGenerator::new(NAME, source);
    generator.compile_stmt(tree);
    generator.finish()
}

fn expression<'a>(source: &'a str, tree: &Expr<'a>) -> (Instructions<'a>, Blocks<'a>) {
    let mut generator = CodeGenerator::new(NAME, source);
    generator.compile_expr(tree);
    generator.finish()
}
