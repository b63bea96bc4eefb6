//! Operators, filters and methods on lists and texts that are as large as a template can make them, once and over and over.

use minijinja::Value;
use std::time::{Duration, Instant};
use telos_template::{Language, TemplateError};

/// What a template gives within two seconds; on another machine, within ten times as much.
fn run(language: Language, source: &str) -> Result<String, TemplateError> {
    let begun = Instant::now();
    let owned = source.to_owned();
    let work = move || language.compile(&owned).and_then(|template| template.text(&Value::from(())));
    let found = std::thread::spawn(work).join().expect("no panic");
    let shown: String = source.chars().take(120).collect();
    assert!(begun.elapsed() < Duration::from_secs(20), "{shown} took {:?}", begun.elapsed());
    found
}

/// It is refused by a limit, and the line is named.
fn refused(source: &str) {
    let found = run(Language::Benchmark, source);
    let shown: String = source.chars().take(120).collect();
    let Err(TemplateError::Limit { line: Some(1), .. }) = found else {
        panic!("{shown}: {:?}", found.map(|text| text.len()));
    };
}

/// It gives this.
fn gives(source: &str, expected: &str) {
    for language in [Language::Chat, Language::Benchmark] {
        assert_eq!(run(language, source).as_deref(), Ok(expected), "{source}");
    }
}

fn over_and_over(before: &str, expression: &str) -> String {
    format!("{before}{{% for i in range(99999) %}}{{% if {expression} %}}{{% endif %}}{{% endfor %}}")
}

#[test]
fn m11_lists_do_not_double_for_nothing() {
    let grown = |step: &str, times: usize| {
        format!(
            "{{% set n = namespace(a=[1]) %}}{{% for i in range({times}) %}}{step}{{% endfor %}}{{{{ n.a|length }}}}"
        )
    };
    for step in [
        "{% set n.b = n.a %}{% set n.a = n.a + n.b %}",
        "{% set n.a = n.a + n.a %}",
        "{% set n.a = n.a * 2 %}",
        "{% set n.a = [n.a, n.a] %}",
        "{% set n.a = (n.a, n.a) %}",
        "{% set n.a = {1: n.a, 2: n.a} %}",
        "{% set n.a = dict(a=n.a, b=n.a) %}",
        "{% set n.a = n.a[:] + n.a[::-1] %}",
        "{% set n.a = (n.a|list) + (n.a|reverse|list) %}",
        "{% set n.a = [n.a, n.a]|map('list')|list %}",
    ] {
        refused(&grown(step, 99));
    }
    gives(&grown("{% set n.b = n.a %}{% set n.a = n.a + n.b %}", 10), "1024");
    gives(&grown("{% set n.a = n.a + [i] %}", 1000), "1001");
}

#[test]
fn m11_lists_do_not_nest_without_end() {
    for step in [
        "[n.a]",
        "(n.a,)",
        "{'k': n.a}",
        "n.a|batch(1)",
        "n.a|slice(1)",
        "[{'k': n.a}]|groupby('k')",
        "{'k': n.a}|items",
        "{'k': n.a}|dictsort",
        "{'k': n.a}.items()",
        "dict(k=n.a)",
        "[n.a] + []",
        "[n.a] * 1",
        "[[n.a]][0]",
        "[n.a]|map('reverse')|list",
        "[n.a]|unique",
        "[n.a, 1][:1]",
        "[n.a]|select|list",
    ] {
        let set = format!("{{% set n.a = {step} %}}");
        refused(&format!("{{% set n = namespace(a=[1]) %}}{{% for i in range(9999) %}}{set}{{% endfor %}}"));
    }
    // What is not put into a list lies no deeper, however often.
    for step in ["n.a|reverse", "n.a[1:]", "n.a[::-1]", "n.a|list", "n.a + []", "n.a|sort", "{'k': n.a}.values()|first"]
    {
        let set = format!("{{% set n.a = {step} %}}");
        gives(
            &format!(
                "{{% set n = namespace(a=[1]) %}}{{% for i in range(9999) %}}{set}{{% endfor %}}{{{{ n.a|length }}}}"
            ),
            if step == "n.a[1:]" { "0" } else { "1" },
        );
    }
}

#[test]
fn m11_long_lists_cost_what_is_done_with_them() {
    for expression in [
        "([1]*99999999)|string",
        "([1]*99999999) ~ ''",
        "([1]*99999999) == ([1]*99999999)",
        "2 in ([1]*99999999)",
        "[1]*99999999 == 1",
        "('a',)*99999999",
        "([1] or 0)*99999999 ~ ''",
        "{'a': [1]*99999999}|tojson",
        "([1]*99999999)|join",
        "([1]*99999999)|first",
        "[[1]*99999999]|length",
        "raise_exception([1]*99999999)",
    ] {
        let found = run(Language::Chat, &format!("{{{{ {expression} }}}}")).expect_err(expression);
        assert!(matches!(found, TemplateError::Limit { line: Some(1), .. }), "{expression}: {found:?}");
    }
    let long = "{% set x = [1]*999990 %}{% set y = [1]*999990 %}";
    for expression in [
        "x == y",
        "x != y",
        "x < y",
        "x is eq(y)",
        "5 in x",
        "5 is in(x)",
        "x in [y]",
        "x|string",
        "x ~ ''",
        "x|join",
        "','.join(x)",
        "x[1:]",
        "x|sort",
        "x|unique",
        "x|max",
        "x|list",
        "x|reverse",
        "[x]",
        "(x,)",
        "{'a': x}",
        "x + x",
        "x.count(5)",
        "x is iterable and x|list",
        "x|map('string')|list",
        "x|tojson",
        "x|batch(3)",
        "dict(a=x)",
        "'%s'|format(x)",
        "'{}'.format(x)",
        "x|upper",
        "{(x,): 1}",
    ] {
        refused(&over_and_over(long, expression));
    }
}

#[test]
fn m11_long_texts_cost_what_is_done_with_them() {
    let long = "{% set a = 'x' * 9000000 %}{% set b = a ~ 'y' %}{% set c = a ~ 'y' %}{% set d = {'k': 1} %}";
    for expression in [
        "b == c",
        "b < c",
        "b is eq(c)",
        "d[a] is defined",
        "d.get(a)",
        "a in d",
        "{a: 1}",
        "a[8999999]",
        "a[-1]",
        "a[-1:]",
        "a[::-1]",
        "a is lower",
        "a is upper",
        "a.find('y')",
        "'a'.find(a)",
        "'y' in a",
        "a in b",
        "a|length",
        "a|trim",
        "a|e",
        "a.strip('y')",
        "a|replace('y', '')",
        "a|tojson",
        "a|upper",
        "a.split('y')",
        "a|list",
        "a ~ a",
        "a + a",
        "a * 2",
        "[a, a]",
        "a|indent",
        "a|title",
    ] {
        refused(&over_and_over(long, expression));
    }
    refused(&format!("{long}{{% for i in range(99999) %}}{{% for c in a %}}{{% break %}}{{% endfor %}}{{% endfor %}}"));
    refused(&format!("{long}{{{{ {{{}}} }}}}", vec!["a: 1"; 300].join(", ")));
}

#[test]
fn m11_nothing_is_made_before_it_is_counted() {
    let repeated = |text: &str| text.repeat(300);
    for (before, expression) in [
        ("{% set a = 'x' * 30000000 %}", "[a] * 1000000".to_owned()),
        ("{% set a = 'x' * 30000000 %}", "[a, a]".to_owned()),
        ("{% set a = 'x' * 30000000 %}", format!("'{}'|format({})", repeated("%s"), vec!["a"; 300].join(", "))),
        ("{% set a = 'x' * 30000000 %}", format!("'{}'.format(a)", repeated("{0}"))),
        ("{% set a = 'x' * 30000000 %}", "([1]*1000000)|join(a)".to_owned()),
        ("{% set a = 'x' * 30000000 %}", "a.join(['x']*1000000)".to_owned()),
        ("{% set a = 'x' * 30000000 %}", "a|replace('x', a)".to_owned()),
        ("{% set a = 'x' * 30000000 %}", "a.replace('', a)".to_owned()),
        ("{% set a = '\n' * 1000000 %}", "a|indent(1000000)".to_owned()),
        ("{% set a = '<' * 30000000 %}", "a|e".to_owned()),
        ("{% set a = '\u{390}' * 15000000 %}", "a|upper".to_owned()),
        ("{% set a = '\u{390}' * 15000000 %}", "a.upper()".to_owned()),
        ("{% set a = '\"' * 30000000 %}", "a|tojson".to_owned()),
        ("{% set a = 'x,' * 15000000 %}", "a|split(',')".to_owned()),
        ("{% set a = 'x,' * 15000000 %}", "a.split(',')".to_owned()),
        ("{% set a = 'x ' * 15000000 %}", "a.split()".to_owned()),
        ("{% set a = 'x\n' * 15000000 %}", "a.splitlines()".to_owned()),
        ("{% set a = '{:>1000000}' * 1000 %}", "a.format(1)".to_owned()),
        ("{% set a = '{0:{1}}' * 1000 %}", "a.format(1, 1000000)".to_owned()),
        ("{% set a = [{}] * 99999 %}", "a|map(attribute='a.' * 400000)|list".to_owned()),
        ("{% set a = [{}] * 99999 %}", "a|selectattr('a.' * 400000)|list".to_owned()),
        ("{% set a = [{}] * 99999 %}", "a|sort(attribute='a.' * 400000)|list".to_owned()),
        ("{% set a = [{}] * 99999 %}", "a|groupby('a.' * 400000)|list".to_owned()),
        ("{% set a = [1] * 999999 %}", "1 < 2 < a".to_owned()),
        ("{% set a = [1] %}", format!("{{{}}}", "1:1,".repeat(40_000))),
    ] {
        refused(&format!("{}{{{{ ({expression})|length }}}}", before.replace('\n', "\\n")));
    }
    for many in ["f", "a.b", "a|d"] {
        let source = format!("{{{{ {many}({}1) }}}}", "1,".repeat(70_000));
        let found = run(Language::Chat, &source).expect_err(many);
        assert!(found.to_string().contains("Too many arguments"), "{found}");
    }
    for summed in ["[[1], [2]]|sum(start=[])", "['a', 'b']|sum(start='')"] {
        let found = run(Language::Chat, &format!("{{{{ {summed} }}}}")).expect_err(summed);
        assert!(found.to_string().contains("sum"), "{found}");
    }
    gives("{% set x = 'abcdefghij' * 900000 %}{{ x.strip(x)|length }}", "0");
    gives("{{ [1, 2, 3]|sum }}{{ [{'a': 1}, {'a': 2}]|sum(attribute='a') }}{{ [1]|sum(start=2) }}", "633");
}

#[test]
fn a_template_stands_alone() {
    for source in [
        "{% include 'x' %}",
        "{% import 'x' as y %}",
        "{% from 'x' import y %}",
        "{% extends 'x' %}",
        "{% autoescape true %}{% endautoescape %}",
    ] {
        let found = run(Language::Chat, source).expect_err(source);
        assert!(matches!(found, TemplateError::Syntax { line: Some(1), .. }), "{source}: {found:?}");
    }
}

/// What Jinja2 prints where the library by itself would not.
#[test]
fn loops_over_texts_know_their_end_and_a_text_is_a_sequence() {
    let text = |source: &str| {
        let template = Language::Chat.compile(source).expect("a template");
        template.text(&minijinja::context! { m => "añb" }).expect("a text")
    };
    assert_eq!(
        text("{% for c in m %}{{ c }}{{ loop.length }}{% if not loop.last %},{% endif %}{% endfor %}"),
        "a3,ñ3,b3"
    );
    assert_eq!(text("{% for c in '' %}x{% else %}none{% endfor %}"), "none");
    assert_eq!(
        text("{{ m is sequence }}{{ {} is sequence }}{{ [] is sequence }}{{ 1 is sequence }}"),
        "TrueTrueTrueFalse"
    );
}
