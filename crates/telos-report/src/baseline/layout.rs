//! JSON for people and for version control: what holds no other list or object stands on one line.

use serde_json::Value;

/// The text, with a line break at its end.
pub(crate) fn layout(value: &Value) -> String {
    let mut out = String::new();
    write(value, 0, &mut out);
    out.push('\n');
    out
}

fn is_flat(value: &Value) -> bool {
    let plain = |inner: &Value| !inner.is_object() && !inner.is_array();
    match value {
        Value::Object(map) => map.values().all(plain),
        Value::Array(list) => list.iter().all(plain),
        _ => true,
    }
}

fn write(value: &Value, depth: usize, out: &mut String) {
    let line = |depth: usize, out: &mut String| {
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
    };
    match value {
        value if is_flat(value) => out.push_str(&value.to_string()),
        Value::Object(map) => {
            out.push('{');
            for (place, (key, inner)) in map.iter().enumerate() {
                out.push_str(if place > 0 { "," } else { "" });
                line(depth + 1, out);
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push_str(": ");
                write(inner, depth + 1, out);
            }
            line(depth, out);
            out.push('}');
        }
        Value::Array(list) => {
            out.push('[');
            for (place, inner) in list.iter().enumerate() {
                out.push_str(if place > 0 { "," } else { "" });
                line(depth + 1, out);
                write(inner, depth + 1, out);
            }
            line(depth, out);
            out.push(']');
        }
        other => out.push_str(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn flat_values_stand_on_a_line_and_nothing_is_lost() {
        let value = json!({"a": [0.1, null, "x, [y"], "b": [{"c": 1}, {"d": [[], {}]}], "e": {}});
        let text = layout(&value);
        assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON"), value);
        assert_eq!(text.lines().nth(1), Some("  \"a\": [0.1,null,\"x, [y\"],"));
        assert!(text.contains("\n    {\"c\":1},\n") && text.ends_with("}\n"), "{text}");
    }
}
