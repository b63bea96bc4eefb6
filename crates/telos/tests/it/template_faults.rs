//! Templates and tokenizers that ask for too much, or for what there is not, through the program: of a model and of a benchmark.

use crate::place::Place;
use serde_json::Value;
use std::process::Command;
use std::time::{Duration, Instant};

/// Templates without end in time, depth or size.
fn hostile() -> Vec<String> {
    let mut all: Vec<String> = [
        "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
        "{% macro f() %}{{ f() }}{{ f() }}{% endmacro %}{{ f() }}",
        "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
        "{{ '%9999999999d'|format(1) }}",
        "{{ '{:>9999999999}'.format(1) }}",
        "{{ 'a\nb'|indent(10000000000) }}",
        "{{ 'x' * 10000000000 }}",
        "{{ [1]|slice(1000000000) }}",
        "{{ [1]|batch(1000000000, 'x') }}",
        "{{ range(1000000000)|list }}",
        "{{ 10 ** 1000000000 }}",
        "{{ ('x' * 1000000).replace('x', 'y' * 1000000) }}",
        "{{ {'a': 1}|tojson(indent='x' * 100000000) }}",
        "{{ raise_exception('x' * 10000000) }}",
        "{% set n = namespace(a=[]) %}{% for i in range(100000) %}{% set n.a = [[[[n.a]]]] %}{% endfor %}{{ n.a }}",
        "{% set n = namespace() %}{% set n.a = n %}{{ n }}",
        "{% set n = namespace(a=[1]) %}{% for i in range(60) %}{% set n.a = n.a + n.a %}{% endfor %}{{ n.a }}",
        "{% set n = namespace(a=[1]) %}{% for i in range(99) %}{% set n.b = n.a %}{% set n.a = n.a + n.b %}{% endfor %}",
        "{% set n = namespace(a=[1]) %}{% for i in range(99) %}{% set n.a = [n.a, n.a]|sum(start=[]) %}{% endfor %}",
        "{{ ([1]*99999999)|pprint }}",
        "{{ ([1]*99999999)|string }}",
        "{{ ([1]*99999999) ~ '' }}",
        "{{ ([1]*99999999) == ([1]*99999999) }}",
        "{{ 2 in ([1]*99999999) }}",
        "{% set a = 'x' * 30000000 %}{{ [a, a, a] * 1000 }}",
        "{% set a = 'x' * 9000000 %}{% set b = a ~ 'y' %}{% set c = a ~ 'y' %}{% for i in range(99999) %}{% if b == c %}{% endif %}{% endfor %}",
        "{% set d = {'k': 1} %}{% set a = 'x' * 30000000 %}{% for i in range(99999) %}{% if d.get(a) %}{% endif %}{% endfor %}",
        "{% set n = namespace(a=[1]) %}{% for i in range(99999) %}{% set n.a = n.a|batch(1) %}{% endfor %}{{ n.a }}",
        "{% set n = namespace(a=[1]) %}{% for i in range(99999) %}{% set n.a = n.a|reverse %}{% endfor %}{{ n.a }}",
        "{% include 'template' %}",
        "{{ unclosed",
        "{% if %}",
        "{{ x|nofilter }}",
        "{{ x is notest }}",
        "{{ nofunction() }}",
    ]
    .map(str::to_owned)
    .to_vec();
    for operator in ["+1", "*2", "~'x'", " and 1", "|trim", ".a", "[0]", " is defined"] {
        all.push(format!("{{{{ 1{} }}}}", operator.repeat(10_000)));
    }
    for (open, close) in [("not ", ""), ("(", ")"), ("[", "]"), ("-", ""), ("{1:", "}")] {
        all.push(format!("{{{{ {}1{} }}}}", open.repeat(20_000), close.repeat(20_000)));
    }
    for (open, close) in
        [("{% if 1 %}", "{% endif %}"), ("{% for a in [1] %}", "{% endfor %}"), ("{% set a %}", "{% endset %}")]
    {
        all.push(format!("{}{}", open.repeat(100_000), close.repeat(100_000)));
    }
    all.push(format!("{{% if 0 %}}{}{{% endif %}}", "{% elif 0 %}".repeat(100_000)));
    for operator in ["~", "+"] {
        let step = format!("{{% set x = x {operator} x %}}");
        all.push(format!("{{% set x = 'xxxxxxxx' %}}{}{{{{ x|length }}}}", step.repeat(40)));
    }
    all.push("y".repeat(2 << 20) + "{{ 1 }}");
    all
}

/// Runs the program with 400 MB of address space; the exit code and all that was said.
fn bounded(place: &Place, arguments: &[&str]) -> (Option<i32>, String) {
    let begun = Instant::now();
    let output = Command::new("sh")
        .args(["-c", "ulimit -v 409600; exec timeout 20 \"$@\"", "sh", env!("CARGO_BIN_EXE_telos")])
        .args(arguments)
        .current_dir(&place.0)
        .env("TELOS_THREADS", "1")
        .output()
        .expect("the program");
    assert!(begun.elapsed() < Duration::from_secs(20), "{arguments:?}");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code(), said)
}

#[test]
fn m11_no_chat_template_takes_the_program_down() {
    let place = Place::with_models();
    place.write("r.jsonl", "{\"kind\": \"chat_template\", \"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}\n");
    for template in hostile() {
        let shown: String = template.chars().take(80).collect();
        place.write("models/llama/chat_template.jinja", &template);
        let (code, said) = bounded(&place, &["probe", "--model", "models/llama", "--requests", "r.jsonl"]);
        assert!(matches!(code, Some(0 | 2 | 7)), "{shown}: {code:?} {said}");
        assert!(said.len() < 3000 && !said.contains("panicked"), "{shown}: {said}");
        if code != Some(0) {
            assert!(said.contains("chat_template.jinja"), "{shown}: {said}");
        }
    }
}

#[test]
fn m11_no_template_of_a_benchmark_takes_the_program_down() {
    for template in hostile() {
        let shown: String = template.chars().take(80).collect();
        let place = Place::new();
        place.write("own/r.jsonl", "{\"q\": \"a\"}\n");
        let benchmark = serde_json::json!({"benchmark": "b", "source": {"path": "r.jsonl"}, "evaluator": {"kind": "match", "target": "a"},
            "request": {"kind": "generate", "prompt": template, "max_new_tokens": 1}});
        place.write("own/b.yaml", &benchmark.to_string());
        for arguments in [&["check", "own"][..], &["plan", "b", "--registry", "own", "--model", "builtin:tiny-lm"]] {
            let (code, said) = bounded(&place, arguments);
            assert!(matches!(code, Some(0 | 2 | 7)), "{shown}: {code:?} {said}");
            assert!(said.len() < 3000 && !said.contains("panicked"), "{shown}: {said}");
        }
    }
}

/// A benchmark over one row with the columns `question` and `answer`; what `check` says of it.
fn checked(prompt: &str, target: &str) -> (i32, String) {
    let place = Place::new();
    place.write("own/r.jsonl", "{\"question\": \"a\", \"answer\": \"b\"}\n");
    let yaml = format!(
        "benchmark: b\nlicence: MIT\nsource: {{path: r.jsonl}}\nrequest:\n  kind: generate\n  prompt: {prompt}\n  max_new_tokens: 1\nevaluator: {{kind: match, target: {target}}}\n"
    );
    place.write("own/b.yaml", &yaml);
    let done = place.telos(&["check", "own"]);
    (done.code, done.out + &done.err)
}

#[test]
fn d8_templates_are_checked_with_their_place() {
    for (prompt, words) in [
        ("\"{{ q\"", &["own/b.yaml:6:11", "the template cannot be filled"][..]),
        ("\"{% for x in y %}\"", &["own/b.yaml:6:11", "the template cannot be filled"]),
        ("\"{{ question|nope }}\"", &["own/b.yaml:6:11", "there is no filter `nope`"]),
        ("\"{{ question is nope }}\"", &["own/b.yaml:6:11", "no test"]),
        ("\"{{ qestion }}\"", &["own/b.yaml:6:11", "the rows have no column `qestion`", "did you mean `question`?"]),
        ("\"{% if topic %}x{% endif %}\"", &["own/b.yaml:6:11", "no column `topic`", "there are answer, question"]),
        ("\"{{ question|tojson(indent=2) }}{{ nope() }}\"", &["own/b.yaml:6:11", "nope"]),
    ] {
        let (code, said) = checked(prompt, "\"{{ answer }}\"");
        assert_eq!(code, 2, "{prompt}: {said}");
        assert!(words.iter().all(|word| said.contains(word)), "{prompt}: {said}");
    }
    let (code, said) = checked("\"{{ question }}\"", "\"{{ anser }}\"");
    assert!(code == 2 && said.contains("own/b.yaml:8:34") && said.contains("did you mean `answer`?"), "{said}");
    for good in [
        "\"{{ question }}\"",
        "\"{% for c in question %}{{ c }}{{ loop.index }}{% endfor %}\"",
        "\"{% set x = question %}{{ x }}\"",
        "\"{% if topic is defined %}{{ topic }}{% endif %}{{ question }}\"",
        "\"{{ topic|default('x') }}{{ question }}\"",
        "\"{{ range(3)|list }}{{ question.strip() }}\"",
    ] {
        let (code, said) = checked(good, "\"{{ answer }}\"");
        assert_eq!(code, 0, "{good}: {said}");
    }
}

#[test]
fn t8_a_check_says_what_it_leaves_to_the_plan() {
    let place = Place::new();
    place.write("s.yaml", "suite: s\nmodels:\n  - {id: a, model: \"builtin:tiny-lm\"}\n  - {id: far, model: \"https://host/v1\"}\nbenchmarks: [tiny-pairs]\n");
    let done = place.telos(&["check", "s.yaml"]);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.out.contains("model `far` is of kind `openai`, which this version does not open"), "{}", done.out);
    assert!(done.out.contains("is found by `telos plan`"), "{}", done.out);
}

#[test]
fn m16_a_text_has_one_encoding() {
    let place = Place::with_models();
    let request = "{\"kind\": \"tokenize\", \"text\": \"import os and then some more words\"}\n";
    place.write("r.jsonl", &request.repeat(20));
    let probe = || place.telos(&["probe", "--model", "models/llama", "--requests", "r.jsonl"]);
    let before = probe();
    let mut tokenizer = place.json("models/llama/tokenizer.json");
    tokenizer["model"]["dropout"] = 0.5.into();
    place.write("models/llama/tokenizer.json", &tokenizer.to_string());
    let after = probe();
    assert_eq!((after.code, &after.out), (0, &before.out));
    assert_eq!(after.err.matches("`dropout: 0.5` is for training and is ignored").count(), 1, "{}", after.err);
}

#[test]
fn m11_a_normaliser_may_not_make_a_text_endless() {
    let place = Place::with_models();
    place.write("r.jsonl", "{\"kind\": \"tokenize\", \"text\": \"aaaaaaaaaaaaaaaa\"}\n");
    let good = place.json("models/llama/tokenizer.json");
    let replace =
        |content: String| serde_json::json!({"type": "Replace", "pattern": {"String": "a"}, "content": content});
    let chain: Vec<Value> = (0..40).map(|_| replace("aa".into())).collect();
    for normalizer in [replace("a".repeat(100_000)), serde_json::json!({"type": "Sequence", "normalizers": chain})] {
        let mut tokenizer = good.clone();
        tokenizer["normalizer"] = normalizer;
        place.write("models/llama/tokenizer.json", &tokenizer.to_string());
        let (code, said) = bounded(&place, &["probe", "--model", "models/llama", "--requests", "r.jsonl"]);
        assert!(code == Some(2) && said.contains("in its normalizer"), "{said}");
    }
}

#[test]
fn m18_numbers_have_bounds() {
    let place = Place::new();
    for threads in ["0", "40000", "-1", "1e3", "x", "", "99999999999999999999999"] {
        let output = place.command(&["models"]).env("TELOS_THREADS", threads).output().expect("the program");
        assert_eq!(output.status.code(), Some(2), "{threads}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("TELOS_THREADS") && said.contains("from 1 to 512"), "{said}");
    }
    let request = |key: &str, value: &str| {
        format!("{{\"kind\": \"generate\", \"prompt\": \"a\", \"max_new_tokens\": 2, \"{key}\": {value}}}\n")
    };
    let bad = [
        ("temperature", "1e-308"),
        ("temperature", "5e-324"),
        ("temperature", "1e300"),
        ("temperature", "-1"),
        ("temperature", "\"1\""),
        ("top_p", "0"),
        ("top_p", "1.1"),
        ("top_p", "-1e-300"),
        ("top_k", "0"),
        ("top_k", "-1"),
        ("top_k", "1.5"),
    ];
    place.write("r.jsonl", &bad.map(|(key, value)| request(key, value)).concat());
    let replies = place.good(&["probe", "--model", "builtin:tiny-lm", "--requests", "r.jsonl"]);
    for (line, (key, value)) in replies.lines().zip(bad) {
        assert!(line.contains("\"error\"") && line.contains(&format!("`{key}`")), "{key} {value}: {line}");
    }
    assert_eq!(replies.lines().count(), bad.len());
    let good = [
        ("temperature", "0"),
        ("temperature", "1e-6"),
        ("temperature", "1e6"),
        ("top_p", "1e-300"),
        ("top_k", "99999999"),
    ];
    place.write("r.jsonl", &good.map(|(key, value)| request(key, value)).concat());
    let replies = place.good(&["probe", "--model", "builtin:tiny-lm", "--requests", "r.jsonl"]);
    assert!(!replies.contains("\"error\""), "{replies}");
}
