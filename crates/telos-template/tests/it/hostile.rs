//! Templates that ask for too much. Each is compiled and rendered on the stack that a thread has by default.

use minijinja::Value;
use std::time::{Duration, Instant};
use telos_template::{Language, TemplateError, limits};

fn run(language: Language, source: &str) -> Result<String, TemplateError> {
    let source = source.to_owned();
    let work = move || language.compile(&source).and_then(|template| template.text(&Value::from(())));
    std::thread::spawn(work).join().expect("no panic")
}

/// It ends soon, in an error of its limit or in a text that is no longer than the fuel allows.
fn check(what: &str, source: &str) {
    for language in [Language::Chat, Language::Benchmark] {
        let begun = Instant::now();
        let found = run(language, source);
        assert!(begun.elapsed() < Duration::from_secs(20), "{what} took {:?}", begun.elapsed());
        match found {
            Ok(text) => assert!(text.len() as u64 <= limits::FUEL * 64, "{what}: {} bytes", text.len()),
            Err(error) => assert!(error.to_string().len() < 500, "{what}: {}", error.to_string().len()),
        }
    }
}

/// It is refused, and the message holds these words.
fn refused(what: &str, source: &str, words: &str) {
    for language in [Language::Chat, Language::Benchmark] {
        let error = run(language, source).expect_err(what);
        assert!(error.to_string().contains(words), "{what}: {error}");
    }
}

#[test]
fn m11_loops_end() {
    refused("two loops", "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}", "steps");
    refused(
        "three loops",
        &format!("{}x{}", "{% for a in range(9999) %}".repeat(3), "{% endfor %}".repeat(3)),
        "steps",
    );
    check("a long range", "{{ range(10000000000)|list|length }}");
    check("a range of ranges", "{% for a in range(100000) %}{{ range(100000)|sum }}{% endfor %}");
    refused("a macro of itself", "{% macro f() %}{{ f() }}{{ f() }}{% endmacro %}{{ f() }}", "");
    refused("a loop of itself", "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}", "");
    check("a template of itself", "{% include 'template' %}");
    check("blocks", "{% block a %}{{ self.a() }}{% endblock %}");
}

#[test]
fn m11_depth_ends() {
    let chain = |operator: &str, n: usize| format!("{{{{ 1{} }}}}", format!("{operator}1").repeat(n));
    for operator in ["+", "-", "*", "/", "//", "%", "**", "~", "==", " and ", " or ", " in ", "|", ".", " if 1 else "] {
        check(operator, &chain(operator, 10_000));
        check(operator, &chain(operator, limits::TAG_TOKENS / 2));
    }
    for (open, close) in
        [("(", ")"), ("[", "]"), ("{1:", "}"), ("not ", ""), ("-", ""), ("f(", ")"), ("x[", "]"), ("1 if ", "")]
    {
        for n in [100, 900, 20_000] {
            check(open, &format!("{{{{ {}1{} }}}}", open.repeat(n), close.repeat(n)));
        }
    }
    for tail in ["|trim", ".a", "[0]", "()", ".strip()", " is defined", " is not none"] {
        for n in [100, 300, 10_000] {
            check(tail, &format!("{{{{ x{} }}}}", tail.repeat(n)));
        }
    }
    for (open, close) in [
        ("{% if 1 %}", "{% endif %}"),
        ("{% for a in [1] %}", "{% endfor %}"),
        ("{% set a %}", "{% endset %}"),
        ("{% with a=1 %}", "{% endwith %}"),
        ("{% filter trim %}", "{% endfilter %}"),
        ("{% macro m() %}", "{% endmacro %}"),
        ("{% if 1 %}{% else %}", "{% endif %}"),
        ("{% block x %}", "{% endblock %}"),
        ("{% autoescape true %}", "{% endautoescape %}"),
    ] {
        for n in [100, 1000, 100_000] {
            check(open, &format!("{}{}", open.repeat(n), close.repeat(n)));
            check(open, &open.repeat(n));
        }
    }
    for n in [400, 4000, 100_000] {
        check("elif", &format!("{{% if 0 %}}{}{{% endif %}}", "{% elif 0 %}".repeat(n)));
    }
    check(
        "deep at run time",
        "{% set n = namespace(a=[]) %}{% for i in range(100000) %}{% set n.a = [n.a] %}{% endfor %}{{ n.a }}",
    );
    check(
        "deep, as JSON",
        "{% set n = namespace(a=[]) %}{% for i in range(9999) %}{% set n.a = [n.a] %}{% endfor %}{{ n.a|tojson }}",
    );
    check(
        "deep, compared",
        "{% set n = namespace(a=[]) %}{% for i in range(9999) %}{% set n.a = [n.a] %}{% endfor %}{{ n.a == n.a }}",
    );
    check(
        "deep, a map",
        "{% set n = namespace(a={}) %}{% for i in range(50000) %}{% set n.a = {'k': n.a} %}{% endfor %}{{ n.a|length }}",
    );
    for (open, close) in [("[", "]"), ("{1: ", "}"), ("(", ",)")] {
        let nested = format!("{}n.a{}", open.repeat(70), close.repeat(70));
        let times = |times: usize, sink: &str| {
            let step = format!("{{% set n.a = {nested} %}}");
            format!("{{% set n = namespace(a=1) %}}{{% for i in range({times}) %}}{step}{{% endfor %}}{{{{ {sink} }}}}")
        };
        refused(open, &times(3, "1"), "deep into each other");
        refused(open, &times(99_999, "1"), "deep into each other");
        for sink in ["n.a", "n.a|tojson", "n.a|string", "n.a == n.a", "n.a in [n.a]", "[n.a, n.a]|unique|list|length"] {
            let found = run(Language::Chat, &times(2, sink));
            assert!(found.is_ok(), "{sink}: {found:?}");
        }
        let plain = format!("{}a{}", open.repeat(70), close.repeat(70));
        refused(
            open,
            &format!("{{% set a = 1 %}}{}{{{{ a|length }}}}", format!("{{% set a = {plain} %}}").repeat(2000)),
            "deep into each other",
        );
    }
    for cycle in [
        "{% set n = namespace() %}{% set n.a = n %}{{ n }}",
        "{% set n = namespace() %}{% set n.a = [n] %}{{ n.a|string }}",
        "{% set n = namespace() %}{% set m = n %}{% set n.a = m %}{{ n }}",
        "{% set f = namespace %}{% set n = f() %}{% set n.a = n %}{{ n }}",
        "{% for n in [namespace()] %}{% set n.a = n %}{{ n }}{% endfor %}",
        "{% with n = namespace() %}{% set n.a = n %}{{ n }}{% endwith %}",
        "{% macro f(n=namespace()) %}{% set n.a = n %}{{ n }}{% endmacro %}{{ f() }}",
        "{% set n = namespace() %}{% set d = dict(n=n) %}{% set m = d.n %}{% set m.a = d %}{{ d }}",
        "{% set d = {'n': namespace()} %}{% set m = d.n %}{% set m.a = d %}{{ d }}",
    ] {
        refused(cycle, cycle, "namespace");
    }
    let plain = "{% set ns = namespace(a=1, b='x') %}{% for x in [1, 2] %}{% set ns.a = ns.a + x %}{% endfor %}{{ ns.a }}{{ ns.b }}";
    assert_eq!(run(Language::Chat, plain).as_deref(), Ok("4x"));
}

#[test]
fn m11_size_ends() {
    for source in [
        "{{ '%9999999999d'|format(1) }}",
        "{{ '%.9999999999f'|format(1) }}",
        "{{ '%*d'|format(999999999, 1) }}",
        "{{ '{:>9999999999}'.format(1) }}",
        "{{ '{:.9999999999f}'.format(1.5) }}",
        "{{ 'a\nb'|indent(10000000000) }}",
        "{{ 'a\nb'|indent(100000000) }}",
        "{{ 'x' * 10000000000 }}",
        "{{ 'x' * 99999999 }}",
        "{{ [1] * 10000000000 }}",
        "{{ [1] * 99999999 }}",
        "{{ range(1000000000)|batch(3) }}",
        "{{ [1]|batch(1000000000, 'x') }}",
        "{{ [1]|slice(1000000000) }}",
        "{{ [1]|slice(1000000000, 'x')|list|length }}",
        "{{ range(1000000000)|list }}",
        "{{ range(1000000000)|join(',') }}",
        "{{ 'x'|center(1000000000) }}",
        "{{ 10 ** 1000000000 }}",
        "{{ 2 ** 9999999999 }}",
        "{{ ('x' * 1000000).replace('x', 'y' * 1000000) }}",
        "{{ ('x' * 1000000)|replace('', 'y' * 1000000) }}",
        "{{ ('x,' * 1000000).split(',') | join('y' * 1000) }}",
        "{{ [('x' * 1000000)] * 1000 | join }}",
        "{{ ('a b ' * 1000000)|wordcount }}",
        "{{ ('a b ' * 1000000)|title }}",
        "{{ ('x' * 1000000)|list|tojson }}",
        "{{ {'a': 1}|tojson(indent=1000000000) }}",
        "{{ {'a': 1}|tojson(indent='x' * 100000000) }}",
        "{{ [1, 2, 3]|tojson(separators=['x' * 10000000, 'y']) }}",
        "{{ 'x'.ljust(1000000000) }}",
        "{{ 'x'.zfill(1000000000) }}",
        "{{ 'x'.expandtabs(1000000000) }}",
        "{{ '\t'.expandtabs(1000000000) }}",
        "{{ 'x'|urlencode }}",
        "{{ strftime_now('%d' * 10000000) }}",
        "{{ raise_exception('x' * 100000000) }}",
        "{{ range(10000000)|sort|reverse|list|unique|list|length }}",
        "{{ range(0, 100000)|map('string')|join(range(100000)|join) }}",
        "{% set x = 'x' * 1000000 %}{% for i in range(1000000) %}{{ x }}{% endfor %}",
    ] {
        check(source, source);
    }
    let doubled = |operator: &str| {
        let step = format!("{{% set x = x {operator} x %}}");
        format!("{{% set x = 'xxxxxxxx' %}}{}{{{{ x|length }}}}", step.repeat(40))
    };
    refused("doubled", &doubled("~"), "a text of more than");
    refused("doubled", &doubled("+"), "steps");
    refused("doubled", &doubled("+ '' +"), "steps");
    check("lists doubled", &format!("{{% set x = [1] %}}{}{{{{ x|length }}}}", "{% set x = x + x %}".repeat(60)));
    check(
        "captured",
        &format!("{{% set x %}}xxxxxxxx{{% endset %}}{}", "{% set x %}{{ x }}{{ x }}{% endset %}".repeat(40)),
    );
    let long = "x".repeat(limits::SOURCE_BYTES + 1);
    refused("a long template", &long, "bytes");
}

#[test]
fn long_lists_are_no_depth() {
    let list = format!("{{{{ [{}]|length }}}}", "'a', 1, ".repeat(5000));
    assert_eq!(run(Language::Chat, &list).as_deref(), Ok("10000"));
}

#[test]
fn m9_line_ends() {
    for (source, chat) in [
        ("a\r\nb\r\n", "a\nb"),
        ("a\rb\r", "a\nb"),
        ("{% if 1 %}\r\nx{% endif %}\r\n", "x"),
        ("{{ 'a\r\nb' }}", "a\nb"),
    ] {
        assert_eq!(run(Language::Chat, source).as_deref(), Ok(chat), "{source:?}");
        assert!(!run(Language::Benchmark, source).expect(source).contains('\r'), "{source:?}");
    }
}
