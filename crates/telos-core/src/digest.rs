//! Content hashes: `blake3` in hexadecimal, and JSON in the one form that is hashed.

use serde_json::Value;

/// The blake3 of some bytes, in hexadecimal.
pub fn blake3_hex(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// JSON with keys sorted and no white space: equal values give equal text.
pub fn canonical_json(value: &Value) -> String {
    let mut out = String::new();
    write_canonical(value, &mut out);
    out
}

fn write_canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort_unstable();
            out.push('{');
            for (i, key) in keys.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                write_canonical(&map[key], out);
            }
            out.push('}');
        }
        Value::Array(values) => {
            out.push('[');
            for (i, value) in values.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_canonical(value, out);
            }
            out.push(']');
        }
        other => out.push_str(&other.to_string()),
    }
}

/// The first 53 bits of a blake3 hash, so that the number survives every JSON reader.
pub fn first_53_bits(hash: &blake3::Hash) -> u64 {
    let mut head = [0_u8; 8];
    head.copy_from_slice(&hash.as_bytes()[..8]);
    u64::from_be_bytes(head) >> 11
}

/// The seed of an item's requests: the first 53 bits of blake3(suite's seed in decimal, 0x00, benchmark id, 0x00, item id).
/// It is the same for all arms and models and another for every item.
pub fn item_seed(suite_seed: u64, benchmark: &str, item: &str) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(suite_seed.to_string().as_bytes()).update(&[0]).update(benchmark.as_bytes()).update(&[0]);
    hasher.update(item.as_bytes());
    first_53_bits(&hasher.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn order_of_keys_does_not_matter() {
        let a = json!({"b": [1, {"y": null, "x": "\u{1F600}"}], "a": 0.5});
        let b = json!({"a": 0.5, "b": [1, {"x": "\u{1F600}", "y": null}]});
        assert_eq!(canonical_json(&a), canonical_json(&b));
        assert_eq!(canonical_json(&a), "{\"a\":0.5,\"b\":[1,{\"x\":\"\u{1F600}\",\"y\":null}]}");
    }

    #[test]
    fn seeds_fit_a_double() {
        let seed = item_seed(1234, "positivity", "3");
        assert!(seed < 1 << 53);
        assert_ne!(seed, item_seed(1234, "positivity", "4"));
        assert_ne!(seed, item_seed(1235, "positivity", "3"));
    }
}
