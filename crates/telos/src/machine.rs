//! What a record says of the program and the machine that made it.

use serde_json::{Map, Value, json};

/// The lock file that this program was built from.
const LOCK: &str = include_str!("../../../Cargo.lock");

/// Libraries whose version may change a number or a rendered text.
const LIBRARIES: [&str; 4] = ["candle-core", "minijinja", "polars", "tokenizers"];

/// The versions of those libraries, by name.
pub(crate) fn versions() -> Map<String, Value> {
    let mut versions = Map::new();
    let mut name = "";
    for line in LOCK.lines() {
        if let Some(value) = field(line, "name") {
            name = value;
        } else if let Some(value) = field(line, "version")
            && LIBRARIES.contains(&name)
        {
            versions.insert(name.to_owned(), json!(value));
        }
    }
    versions
}

/// The processor as the system calls it; its architecture where the system does not say.
pub(crate) fn processor() -> String {
    let told = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = told.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    model.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.trim().to_owned())
}

/// The value of `key = "value"`.
fn field<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    line.strip_prefix(key)?.strip_prefix(" = \"")?.strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_library_has_a_version() {
        let versions = versions();
        assert_eq!(versions.keys().collect::<Vec<_>>(), LIBRARIES);
        assert!(versions.values().all(|v| v.as_str().is_some_and(|v| v.split('.').count() == 3)), "{versions:?}");
        assert!(!processor().is_empty());
    }
}
