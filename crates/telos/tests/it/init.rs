//! `telos init`.

use crate::place::Place;

#[test]
fn what_is_written_is_without_mistakes_and_runs() {
    let place = Place::new();
    let told = place.good(&["init", "new"]);
    assert!(told.contains("wrote new/telos.yaml\n") && told.contains("telos run new/telos.yaml"), "{told}");
    assert!(place.good(&["check", "new"]).contains("3 files: no mistakes"));
    for file in ["new/telos.yaml", "new/gates.yaml", "new/benchmarks/first/benchmark.yaml"] {
        let text = place.read(file);
        let schema = text.lines().next().and_then(|line| line.strip_prefix("# yaml-language-server: $schema="));
        let schema = place.0.join(file).parent().expect("a folder").join(schema.expect("a schema"));
        assert!(schema.exists(), "{}", schema.display());
    }
    assert!(place.good(&["plan", "new/telos.yaml"]).contains("tiny-lm/free, tiny-lm/cbf-0.3"));
    let told = place.good(&["run", "new/telos.yaml", "--out", "record", "--quiet"]);
    assert!(told.contains("\nPASS"), "{told}");
    place.good(&["report", "record", "-o", "few.html", "--items", "3", "--repeats", "1"]);
    let page = place.read("few.html");
    assert!(page.contains("Showing 3 of 8 items") && page.contains("Showing 1 of 2 repeats"));
    let record = place.json("record/run.json");
    let benchmarks = record["benchmarks"].as_array().expect("benchmarks");
    assert_eq!(benchmarks.iter().map(|b| &b["items"]).collect::<Vec<_>>(), [8, 14]);
}

#[test]
fn nothing_is_overwritten() {
    let place = Place::new();
    place.write("benchmarks/first/items.csv", "mine\n");
    let done = place.telos(&["init"]);
    assert!(done.code == 2 && done.err.contains("benchmarks/first/items.csv: it is there already"), "{done:?}");
    assert_eq!(place.read("benchmarks/first/items.csv"), "mine\n");
    assert!(!place.0.join("telos.yaml").exists());
}
