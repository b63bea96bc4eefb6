//! `tojson` beside Python's `json.dumps(x, ensure_ascii=False, …)`; what is expected is what `CPython` 3.11 with
//! Jinja2 3.1 prints.

use minijinja::Value;
use telos_template::Language;

fn check(source: &str, expected: &str) {
    let value = serde_json::json!({
        "b": [1, 2.0, 0.1, 1e16, 1e-5, 123_456_789.125, -0.0, 1e22, 1.5e300, 9_007_199_254_740_993_u64],
        "a": {"ü": "é\"\\\n\t\u{8}\u{c}\u{1}\u{7f}<>&'", "": null, "t": true},
        "e": [[], {}, [[]]],
    });
    let context = Value::from(minijinja::value::Serde(value));
    let context = minijinja::context! { v => context };
    for language in [Language::Chat, Language::Benchmark] {
        let found = language.compile(source).and_then(|template| template.text(&context));
        assert_eq!(found.as_deref(), Ok(expected), "{source}");
    }
}

#[test]
fn m10_as_python_writes_it() {
    check("{{ v.b|tojson }}", "[1, 2.0, 0.1, 1e+16, 1e-05, 123456789.125, -0.0, 1e+22, 1.5e+300, 9007199254740993]");
    check("{{ v.a|tojson }}", "{\"ü\": \"é\\\"\\\\\\n\\t\\b\\f\\u0001\u{7f}<>&'\", \"\": null, \"t\": true}");
    check("{{ v.e|tojson }}", "[[], {}, [[]]]");
    check("{{ v.e|tojson(separators=(',', ':')) }}", "[[],{},[[]]]");
    check(
        "{{ {'b': 1, 'a': [2, {'d': 3, 'c': 4}]}|tojson(separators=(',', ':')) }}",
        r#"{"b":1,"a":[2,{"d":3,"c":4}]}"#,
    );
    check(
        "{{ {'b': 1, 'a': [2, {'d': 3, 'c': 4}]}|tojson(sort_keys=true) }}",
        r#"{"a": [2, {"c": 4, "d": 3}], "b": 1}"#,
    );
    check(
        "{{ {'a': [1, {'b': 2}], 'e': [], 'm': {}}|tojson(indent=2) }}",
        "{\n  \"a\": [\n    1,\n    {\n      \"b\": 2\n    }\n  ],\n  \"e\": [],\n  \"m\": {}\n}",
    );
    check("{{ [1, [2]]|tojson(indent=0) }}", "[\n1,\n[\n2\n]\n]");
    check("{{ [1, [2]]|tojson(indent=-3) }}", "[\n1,\n[\n2\n]\n]");
    check("{{ [1, [2]]|tojson(indent='\t') }}", "[\n\t1,\n\t[\n\t\t2\n\t]\n]");
    check("{{ [1, 2]|tojson(indent=1, separators=('; ', '=')) }}", "[\n 1; \n 2\n]");
    check("{{ 'ü\u{1F600}'|tojson }}", "\"ü\u{1F600}\"");
    check("{{ 'ü\u{1F600}'|tojson(ensure_ascii=true) }}", "\"\\u00fc\\ud83d\\ude00\"");
    check("{{ 'ü'|tojson(true, 2) }}", "\"\\u00fc\"");
    check("{{ {1: 2, true: 3, none: 4, 1.5: 5}|tojson }}", r#"{"1": 3, "null": 4, "1.5": 5}"#);
    check("{{ (1, 2)|tojson }}", "[1, 2]");
    check("{{ [1, {1: 2}]|tojson(separators='ab') }}", r#"[1a{"1"b2}]"#);
    check("{{ none|tojson }}{{ false|tojson }}", "nullfalse");
}

#[test]
fn m10_what_python_refuses() {
    for (source, words) in [
        ("{{ x|tojson(indnt=2) }}", "indnt"),
        ("{{ [1]|tojson(indent=[1]) }}", "indent"),
        ("{{ [1]|tojson(separators='abc') }}", "separators"),
        ("{{ [1]|tojson(separators=(1, 2)) }}", "separators"),
    ] {
        let error =
            Language::Chat.compile(source).and_then(|template| template.text(&Value::from(()))).expect_err(source);
        assert!(error.to_string().contains(words), "{source}: {error}");
    }
    let error =
        Language::Chat.compile("{{ nothing|tojson }}").and_then(|t| t.text(&Value::from(()))).expect_err("undefined");
    assert!(error.to_string().contains("undefined"), "{error}");
}
