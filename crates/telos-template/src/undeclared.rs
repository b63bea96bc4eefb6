//! The names that a template takes from outside.
//!
//! The library can tell them too, but only of a template that it compiles, and then computes what is constant in it without a
//! limit; it also overlooks what is sliced, and takes what is set in an `if` for unset after it.

use minijinja::machinery::ast::{Call, CallArg, Expr, Macro, Stmt};
use std::collections::BTreeSet;

/// The names, sorted; those of functions that there are among them.
pub(crate) fn undeclared(tree: &Stmt<'_>) -> Vec<String> {
    let mut found = Found { taken: BTreeSet::new(), scopes: vec![BTreeSet::new()] };
    found.stmt(tree);
    found.taken.into_iter().map(str::to_owned).collect()
}

struct Found<'a> {
    taken: BTreeSet<&'a str>,
    /// Names that have been given a value, the innermost scope last.
    scopes: Vec<BTreeSet<&'a str>>,
}

impl<'a> Found<'a> {
    fn set(&mut self, name: &'a str) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(name);
        }
    }

    fn target(&mut self, node: &Expr<'a>) {
        match node {
            Expr::Var(n) => self.set(n.id),
            Expr::List(n) => n.items.iter().for_each(|item| self.target(item)),
            Expr::Tuple(n) => n.items.iter().for_each(|item| self.target(item)),
            // An attribute of a namespace.
            other => self.expr(other),
        }
    }

    fn body(&mut self, names: &[&'a str], targets: &[&Expr<'a>], nodes: &[Stmt<'a>]) {
        self.scopes.push(names.iter().copied().collect());
        for target in targets {
            self.target(target);
        }
        self.stmts(nodes);
        self.scopes.pop();
    }

    fn stmts(&mut self, nodes: &[Stmt<'a>]) {
        for node in nodes {
            self.stmt(node);
        }
    }

    fn stmt(&mut self, node: &Stmt<'a>) {
        match node {
            Stmt::Template(n) => {
                self.set("self");
                self.stmts(&n.children);
            }
            Stmt::EmitExpr(n) => self.expr(&n.expr),
            Stmt::ForLoop(n) => {
                self.expr(&n.iter);
                self.scopes.push(BTreeSet::from(["loop"]));
                self.target(&n.target);
                self.expr_if(n.filter_expr.as_ref());
                self.stmts(&n.body);
                self.scopes.pop();
                self.body(&[], &[], &n.else_body);
            }
            Stmt::IfCond(n) => {
                self.expr(&n.expr);
                self.stmts(&n.true_body);
                self.stmts(&n.false_body);
            }
            Stmt::WithBlock(n) => {
                n.assignments.iter().for_each(|(_, value)| self.expr(value));
                let targets: Vec<&Expr<'a>> = n.assignments.iter().map(|(target, _)| target).collect();
                self.body(&[], &targets, &n.body);
            }
            Stmt::Set(n) => {
                self.expr(&n.expr);
                self.target(&n.target);
            }
            Stmt::SetBlock(n) => {
                self.body(&[], &[], &n.body);
                self.expr_if(n.filter.as_ref());
                self.target(&n.target);
            }
            Stmt::FilterBlock(n) => {
                self.expr(&n.filter);
                self.body(&[], &[], &n.body);
            }
            Stmt::Block(n) => self.body(&["super"], &[], &n.body),
            Stmt::Macro(n) => {
                self.set(n.name);
                self.macro_of(n);
            }
            Stmt::CallBlock(n) => {
                self.call(&n.call);
                self.macro_of(&n.macro_decl);
            }
            Stmt::Do(n) => self.call(&n.call),
            Stmt::AutoEscape(n) => self.body(&[], &[], &n.body),
            Stmt::EmitRaw(_)
            | Stmt::Continue(_)
            | Stmt::Break(_)
            | Stmt::Import(_)
            | Stmt::FromImport(_)
            | Stmt::Extends(_)
            | Stmt::Include(_) => {}
        }
    }

    fn macro_of(&mut self, node: &Macro<'a>) {
        node.defaults.iter().for_each(|value| self.expr(value));
        // Whether there is a `caller` shows when the macro is called.
        let targets: Vec<&Expr<'a>> = node.args.iter().collect();
        self.body(&["caller", "varargs", "kwargs"], &targets, &node.body);
    }

    fn call(&mut self, node: &Call<'a>) {
        self.expr(&node.expr);
        self.arguments(&node.args);
    }

    fn arguments(&mut self, args: &[CallArg<'a>]) {
        for arg in args {
            match arg {
                CallArg::Pos(value)
                | CallArg::Kwarg(_, value)
                | CallArg::PosSplat(value)
                | CallArg::KwargSplat(value) => self.expr(value),
            }
        }
    }

    fn expr_if(&mut self, node: Option<&Expr<'a>>) {
        if let Some(node) = node {
            self.expr(node);
        }
    }

    fn expr(&mut self, node: &Expr<'a>) {
        match node {
            Expr::Var(n) => {
                if !self.scopes.iter().any(|scope| scope.contains(n.id)) {
                    self.taken.insert(n.id);
                }
            }
            Expr::Const(_) => {}
            Expr::Slice(n) => {
                self.expr(&n.expr);
                for part in [&n.start, &n.stop, &n.step] {
                    self.expr_if(part.as_ref());
                }
            }
            Expr::UnaryOp(n) => self.expr(&n.expr),
            Expr::BinOp(n) => [&n.left, &n.right].into_iter().for_each(|side| self.expr(side)),
            Expr::Compare(n) => {
                self.expr(&n.expr);
                n.ops.iter().for_each(|op| self.expr(&op.expr));
            }
            Expr::IfExpr(n) => {
                self.expr(&n.test_expr);
                self.expr(&n.true_expr);
                self.expr_if(n.false_expr.as_ref());
            }
            Expr::Filter(n) => {
                self.expr_if(n.expr.as_ref());
                self.arguments(&n.args);
            }
            Expr::Test(n) => {
                self.expr(&n.expr);
                self.arguments(&n.args);
            }
            Expr::GetAttr(n) => self.expr(&n.expr),
            Expr::GetItem(n) => [&n.expr, &n.subscript_expr].into_iter().for_each(|part| self.expr(part)),
            Expr::Call(n) => self.call(n),
            Expr::List(n) => n.items.iter().for_each(|item| self.expr(item)),
            Expr::Tuple(n) => n.items.iter().for_each(|item| self.expr(item)),
            Expr::Map(n) => n.keys.iter().chain(&n.values).for_each(|part| self.expr(part)),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Language;

    fn check(source: &str, expected: &[&str]) {
        let compiled = Language::Benchmark.compile(source).expect(source);
        assert_eq!(compiled.undeclared(), expected, "{source}");
    }

    #[test]
    fn names_from_outside_are_found() {
        check("{{ a }}{{ b.c }}{{ d['e'] }}{{ f[g] }}", &["a", "b", "d", "f", "g"]);
        check("{{ a[1:] }}{{ 'x'[b:c] }}", &["a", "b", "c"]);
        check(
            "{% for x in xs if x != y %}{{ x }}{{ loop.index }}{% else %}{{ z }}{% endfor %}{{ w }}",
            &["w", "xs", "y", "z"],
        );
        check("{% if a %}{% set y = 1 %}{% else %}{% set y = 2 %}{% endif %}{{ y }}", &["a"]);
        check("{% set x = x + 1 %}{{ x }}", &["x"]);
        check("{% set n = namespace(a=b) %}{% set n.a = c %}{{ n.a }}", &["b", "c"]);
        check("{% macro m(p, q=r) %}{{ p }}{{ q }}{{ s }}{% endmacro %}{{ m(t) }}", &["r", "s", "t"]);
        check("{% call(x) m(y) %}{{ x }}{{ z }}{% endcall %}", &["m", "y", "z"]);
        check("{% with a = b %}{{ a }}{% endwith %}{{ a }}", &["a", "b"]);
        check("{% set x | replace(a, b) %}{{ c }}{% endset %}{{ x }}", &["a", "b", "c"]);
        check(
            "{{ range(3) }}{{ dict(a=b) }}{{ [c, (d,), {e: f}] }}{{ g if h else i }}",
            &["b", "c", "d", "e", "f", "g", "h", "i"],
        );
        check("{{ a < b < c }}{{ d in e }}{{ f ~ g }}{{ h is eq(i) }}", &["a", "b", "c", "d", "e", "f", "g", "h", "i"]);
    }
}
