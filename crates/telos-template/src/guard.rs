//! A template's tree with guards set into it, before it is compiled.
//!
//! The library counts what filters and texts cost, but not what operators do to lists: it joins and repeats them for nothing, and
//! walks them whole where they are compared, written out or hashed. So every node that makes or walks a value is called through
//! one of the functions of [`crate::hooks`], which hold it against the limits and do what the operator does. Nothing that holds
//! a list is left to be computed while the template is compiled, where nothing is counted at all.

use crate::TemplateError;
use crate::hooks::{COMPARED, Comparison, EACH, IN, JOINED, KEY, MADE, MAPPED, READ, SMALL};
use crate::limits::ARGUMENTS;
use minijinja::Value;
use minijinja::machinery::Span;
use minijinja::machinery::ast::{
    BinOp, BinOpKind, Block, Break, Call, CallArg, CallBlock, Compare, CompareOp, CompareOpKind, Const, Continue, Do,
    EmitExpr, EmitRaw, Expr, Filter, FilterBlock, ForLoop, GetAttr, GetItem, IfCond, IfExpr, List, Macro, Set,
    SetBlock, Slice, Spanned, Stmt, Template, Test, Tuple, UnaryOp, UnaryOpKind, Var, WithBlock,
};

type Guarded<T> = Result<T, TemplateError>;

/// The tree of the template with guards.
pub(crate) fn template<'a>(tree: &Stmt<'a>) -> Guarded<Stmt<'a>> {
    stmt(tree)
}

/// The expression of a template that is one `{{ expression }}` and nothing else.
pub(crate) fn only_expression<'a>(tree: &Stmt<'a>) -> Guarded<Option<Expr<'a>>> {
    let Stmt::Template(template) = tree else { return Ok(None) };
    let blank = |node: &&Stmt<'_>| matches!(node, Stmt::EmitRaw(raw) if raw.raw.trim().is_empty());
    let mut nodes = template.children.iter().filter(|node| !blank(node));
    match (nodes.next(), nodes.next()) {
        (Some(Stmt::EmitExpr(emit)), None) => expr(&emit.expr).map(Some),
        _ => Ok(None),
    }
}

fn refuse<T>(message: &str, span: Span) -> Guarded<T> {
    Err(TemplateError::Syntax { message: message.to_owned(), line: Some(usize::from(span.start_line)) })
}

fn stmts<'a>(nodes: &[Stmt<'a>]) -> Guarded<Vec<Stmt<'a>>> {
    nodes.iter().map(stmt).collect()
}

fn stmt<'a>(node: &Stmt<'a>) -> Guarded<Stmt<'a>> {
    let alone = "a template stands alone: there is no other to include, import or extend";
    Ok(match node {
        Stmt::Template(n) => Stmt::Template(Spanned::new(Template { children: stmts(&n.children)? }, n.span())),
        Stmt::EmitExpr(n) => Stmt::EmitExpr(Spanned::new(EmitExpr { expr: expr(&n.expr)? }, n.span())),
        Stmt::EmitRaw(n) => Stmt::EmitRaw(Spanned::new(EmitRaw { raw: n.raw }, n.span())),
        Stmt::ForLoop(n) => {
            let made = ForLoop {
                target: target(&n.target)?,
                iter: hook(EACH, vec![expr(&n.iter)?], n.iter.span()),
                filter_expr: n.filter_expr.as_ref().map(expr).transpose()?,
                recursive: n.recursive,
                body: stmts(&n.body)?,
                else_body: stmts(&n.else_body)?,
            };
            Stmt::ForLoop(Spanned::new(made, n.span()))
        }
        Stmt::IfCond(n) => {
            let (true_body, false_body) = (stmts(&n.true_body)?, stmts(&n.false_body)?);
            Stmt::IfCond(Spanned::new(IfCond { expr: expr(&n.expr)?, true_body, false_body }, n.span()))
        }
        Stmt::WithBlock(n) => {
            let pair = |(name, value): &(Expr<'a>, Expr<'a>)| Ok((target(name)?, expr(value)?));
            let assignments = n.assignments.iter().map(pair).collect::<Guarded<_>>()?;
            Stmt::WithBlock(Spanned::new(WithBlock { assignments, body: stmts(&n.body)? }, n.span()))
        }
        Stmt::Set(n) => Stmt::Set(Spanned::new(Set { target: target(&n.target)?, expr: expr(&n.expr)? }, n.span())),
        Stmt::SetBlock(n) => {
            let filter = n.filter.as_ref().map(expr).transpose()?;
            Stmt::SetBlock(Spanned::new(
                SetBlock { target: target(&n.target)?, filter, body: stmts(&n.body)? },
                n.span(),
            ))
        }
        Stmt::FilterBlock(n) => {
            let made = FilterBlock { filter: expr(&n.filter)?, filter_span: n.filter_span, body: stmts(&n.body)? };
            Stmt::FilterBlock(Spanned::new(made, n.span()))
        }
        Stmt::Block(n) => {
            Stmt::Block(Spanned::new(Block { name: n.name, required: n.required, body: stmts(&n.body)? }, n.span()))
        }
        Stmt::Macro(n) => Stmt::Macro(macro_of(n)?),
        Stmt::CallBlock(n) => {
            let (call, macro_decl) = (call(&n.call)?, macro_of(&n.macro_decl)?);
            Stmt::CallBlock(Spanned::new(CallBlock { call, call_expr_span: n.call_expr_span, macro_decl }, n.span()))
        }
        Stmt::Continue(n) => Stmt::Continue(Spanned::new(Continue, n.span())),
        Stmt::Break(n) => Stmt::Break(Spanned::new(Break, n.span())),
        Stmt::Do(n) => Stmt::Do(Spanned::new(Do { call: call(&n.call)? }, n.span())),
        Stmt::AutoEscape(n) => return refuse("`autoescape` is for pages, not for prompts", n.span()),
        Stmt::Import(n) => return refuse(alone, n.span()),
        Stmt::FromImport(n) => return refuse(alone, n.span()),
        Stmt::Extends(n) => return refuse(alone, n.span()),
        Stmt::Include(n) => return refuse(alone, n.span()),
    })
}

fn macro_of<'a>(node: &Spanned<Macro<'a>>) -> Guarded<Spanned<Macro<'a>>> {
    let args = node.args.iter().map(target).collect::<Guarded<_>>()?;
    let defaults = node.defaults.iter().map(expr).collect::<Guarded<_>>()?;
    Ok(Spanned::new(Macro { name: node.name, args, defaults, body: stmts(&node.body)? }, node.span()))
}

/// What is assigned to: names, tuples of them, attributes of a namespace.
fn target<'a>(node: &Expr<'a>) -> Guarded<Expr<'a>> {
    let all = |items: &[Expr<'a>]| items.iter().map(target).collect::<Guarded<Vec<_>>>();
    match node {
        Expr::List(n) => Ok(Expr::List(Spanned::new(List { items: all(&n.items)? }, n.span()))),
        Expr::Tuple(n) => Ok(Expr::Tuple(Spanned::new(Tuple { items: all(&n.items)? }, n.span()))),
        other => expr(other),
    }
}

fn expr<'a>(node: &Expr<'a>) -> Guarded<Expr<'a>> {
    let span = node.span();
    Ok(match node {
        Expr::Var(n) => Expr::Var(Spanned::new(Var { id: n.id }, span)),
        Expr::Const(n) => Expr::Const(Spanned::new(Const { value: n.value.clone() }, span)),
        Expr::Slice(n) => {
            let part = |part: &Option<Expr<'a>>| part.as_ref().map(expr).transpose();
            let sliced = hook(READ, vec![expr(&n.expr)?], span);
            let slice = Slice { expr: sliced, start: part(&n.start)?, stop: part(&n.stop)?, step: part(&n.step)? };
            let mut args = vec![Expr::Slice(Spanned::new(slice, span))];
            // The library does not see that a macro takes from outside what it slices, and gives it nothing; so it is named
            // once more beside the slice.
            variables(&n.expr, &mut args);
            hook(MADE, args, span)
        }
        Expr::UnaryOp(n) => unary(&n.op, expr(&n.expr)?, span),
        Expr::BinOp(n) => binary(n)?,
        Expr::Compare(n) => compare(n)?,
        Expr::IfExpr(n) => {
            let false_expr = n.false_expr.as_ref().map(expr).transpose()?;
            let made = IfExpr { test_expr: expr(&n.test_expr)?, true_expr: expr(&n.true_expr)?, false_expr };
            Expr::IfExpr(Spanned::new(made, span))
        }
        Expr::Filter(n) => {
            let piped = n.expr.as_ref().map(expr).transpose()?;
            Expr::Filter(Spanned::new(
                Filter { name: n.name, expr: piped, args: arguments(&n.args, None, span)? },
                span,
            ))
        }
        Expr::Test(n) => {
            let args = arguments(&n.args, None, span)?;
            Expr::Test(Spanned::new(Test { name: n.name, expr: expr(&n.expr)?, args }, span))
        }
        Expr::GetAttr(n) => Expr::GetAttr(Spanned::new(GetAttr { expr: expr(&n.expr)?, name: n.name }, span)),
        Expr::GetItem(n) => {
            let key = expr(&n.subscript_expr)?;
            let (from, key) = match constant(&n.subscript_expr) {
                Some(value) if value.as_str().is_some() => (expr(&n.expr)?, key),
                Some(_) => (hook(READ, vec![expr(&n.expr)?], span), key),
                None => (hook(READ, vec![expr(&n.expr)?], span), hook(KEY, vec![key], span)),
            };
            Expr::GetItem(Spanned::new(GetItem { expr: from, subscript_expr: key }, span))
        }
        Expr::Call(n) => Expr::Call(call(n)?),
        Expr::List(n) => {
            let items = n.items.iter().map(expr).collect::<Guarded<_>>()?;
            hook(MADE, vec![Expr::List(Spanned::new(List { items }, span))], span)
        }
        Expr::Tuple(n) => {
            let items = n.items.iter().map(expr).collect::<Guarded<_>>()?;
            hook(MADE, vec![Expr::Tuple(Spanned::new(Tuple { items }, span))], span)
        }
        Expr::Map(n) => {
            if n.keys.len().saturating_mul(2) > ARGUMENTS {
                let message = format!("an object has more than {ARGUMENTS} keys and values, which is the most");
                return Err(TemplateError::Limit { message, line: Some(usize::from(span.start_line)) });
            }
            let pairs = n.keys.iter().zip(&n.values).flat_map(|(key, value)| [expr(key), expr(value)]);
            hook(MAPPED, pairs.collect::<Guarded<_>>()?, span)
        }
    })
}

/// The variable that an attribute of an attribute is of.
fn variables<'a>(node: &Expr<'a>, found: &mut Vec<Expr<'a>>) {
    match node {
        Expr::Var(n) => found.push(Expr::Var(Spanned::new(Var { id: n.id }, n.span()))),
        Expr::GetAttr(n) => variables(&n.expr, found),
        Expr::GetItem(n) => variables(&n.expr, found),
        Expr::Slice(n) => variables(&n.expr, found),
        Expr::Call(n) => variables(&n.expr, found),
        Expr::Filter(n) => n.expr.iter().for_each(|expr| variables(expr, found)),
        _ => {}
    }
}

fn unary<'a>(op: &UnaryOpKind, of: Expr<'a>, span: Span) -> Expr<'a> {
    let op = match op {
        UnaryOpKind::Not => UnaryOpKind::Not,
        UnaryOpKind::Neg => UnaryOpKind::Neg,
    };
    Expr::UnaryOp(Spanned::new(UnaryOp { op, expr: of }, span))
}

fn binary<'a>(node: &Spanned<BinOp<'a>>) -> Guarded<Expr<'a>> {
    let span = node.span();
    let plain = || {
        let (left, right) = (expr(&node.left)?, expr(&node.right)?);
        Ok(Expr::BinOp(Spanned::new(BinOp { op: node.op, left, right }, span)))
    };
    let op = match node.op {
        BinOpKind::Add | BinOpKind::Mul => return Ok(hook(MADE, vec![plain()?], span)),
        BinOpKind::Concat => {
            let mut parts = Vec::new();
            operands(&node.left, &mut parts)?;
            operands(&node.right, &mut parts)?;
            return Ok(hook(JOINED, parts, span));
        }
        BinOpKind::Eq => CompareOpKind::Eq,
        BinOpKind::Ne => CompareOpKind::Ne,
        BinOpKind::Lt => CompareOpKind::Lt,
        BinOpKind::Lte => CompareOpKind::Lte,
        BinOpKind::Gt => CompareOpKind::Gt,
        BinOpKind::Gte => CompareOpKind::Gte,
        BinOpKind::In => CompareOpKind::In,
        BinOpKind::ScAnd
        | BinOpKind::ScOr
        | BinOpKind::Sub
        | BinOpKind::Div
        | BinOpKind::FloorDiv
        | BinOpKind::Rem
        | BinOpKind::Pow => return plain(),
    };
    comparison(&node.left, op, &node.right, span)
}

/// The texts of a chain of `~`, which are joined at once.
fn operands<'a>(node: &Expr<'a>, parts: &mut Vec<Expr<'a>>) -> Guarded<()> {
    match node {
        Expr::BinOp(n) if matches!(n.op, BinOpKind::Concat) => {
            operands(&n.left, parts)?;
            operands(&n.right, parts)
        }
        other => {
            parts.push(expr(other)?);
            Ok(())
        }
    }
}

fn compare<'a>(node: &Spanned<Compare<'a>>) -> Guarded<Expr<'a>> {
    if let [only] = node.ops.as_slice() {
        return comparison(&node.expr, only.op, &only.expr, node.span());
    }
    // Each value in a chain is taken once, so the chain is the library's; what it compares may not be large.
    let small = |value: &Expr<'a>| Guarded::Ok(hook(SMALL, vec![expr(value)?], value.span()));
    let ops = node.ops.iter().map(|op| Ok(CompareOp { op: op.op, expr: small(&op.expr)? })).collect::<Guarded<_>>()?;
    Ok(Expr::Compare(Spanned::new(Compare { expr: small(&node.expr)?, ops }, node.span())))
}

fn comparison<'a>(left: &Expr<'a>, op: CompareOpKind, right: &Expr<'a>, span: Span) -> Guarded<Expr<'a>> {
    let (name, native) = match op {
        CompareOpKind::Eq => (COMPARED[Comparison::Equal as usize], BinOpKind::Eq),
        CompareOpKind::Ne => (COMPARED[Comparison::Unequal as usize], BinOpKind::Ne),
        CompareOpKind::Lt => (COMPARED[Comparison::Less as usize], BinOpKind::Lt),
        CompareOpKind::Lte => (COMPARED[Comparison::AtMost as usize], BinOpKind::Lte),
        CompareOpKind::Gt => (COMPARED[Comparison::Greater as usize], BinOpKind::Gt),
        CompareOpKind::Gte => (COMPARED[Comparison::AtLeast as usize], BinOpKind::Gte),
        CompareOpKind::In | CompareOpKind::NotIn => (IN, BinOpKind::In),
    };
    // To look at a value beside a constant costs no more than the constant, and this is what nearly all comparisons are.
    let guarded = if constant(left).is_some() || constant(right).is_some() {
        let (left, right) = (expr(left)?, expr(right)?);
        Expr::BinOp(Spanned::new(BinOp { op: native, left, right }, span))
    } else {
        hook(name, vec![expr(left)?, expr(right)?], span)
    };
    Ok(if matches!(op, CompareOpKind::NotIn) { unary(&UnaryOpKind::Not, guarded, span) } else { guarded })
}

/// A number, a truth value, none or a short text.
fn constant<'x>(node: &'x Expr<'_>) -> Option<&'x Value> {
    const SHORT: usize = 1000;
    match node {
        Expr::Const(n) if n.value.as_str().is_none_or(|text| text.len() <= SHORT) => Some(&n.value),
        _ => None,
    }
}

fn call<'a>(node: &Spanned<Call<'a>>) -> Guarded<Spanned<Call<'a>>> {
    let of_loop = match &node.expr {
        // `loop(x)` walks x, and `loop.changed(x)` compares it with what it was given before.
        Expr::Var(n) if n.id == "loop" => Some(READ),
        Expr::GetAttr(n) if n.name == "changed" => Some(SMALL),
        _ => None,
    };
    let args = arguments(&node.args, of_loop, node.span())?;
    Ok(Spanned::new(Call { expr: expr(&node.expr)?, args }, node.span()))
}

fn arguments<'a>(args: &[CallArg<'a>], through: Option<&'static str>, span: Span) -> Guarded<Vec<CallArg<'a>>> {
    let argument = |arg: &CallArg<'a>| {
        Ok(match arg {
            CallArg::Pos(value) => CallArg::Pos(match through {
                Some(name) => hook(name, vec![expr(value)?], span),
                None => expr(value)?,
            }),
            CallArg::Kwarg(name, value) => CallArg::Kwarg(name, expr(value)?),
            CallArg::PosSplat(value) => CallArg::PosSplat(hook(READ, vec![expr(value)?], span)),
            CallArg::KwargSplat(value) => CallArg::KwargSplat(hook(READ, vec![expr(value)?], span)),
        })
    };
    args.iter().map(argument).collect()
}

fn hook<'a>(name: &'static str, of: Vec<Expr<'a>>, span: Span) -> Expr<'a> {
    let function = Expr::Var(Spanned::new(Var { id: name }, span));
    Expr::Call(Spanned::new(Call { expr: function, args: of.into_iter().map(CallArg::Pos).collect() }, span))
}
