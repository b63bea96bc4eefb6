//! Published datasets are read as Python's `json` and `csv` modules read them: rows, characters in all cells, sha256.
//! Skipped where the datasets are not beside the repository.

use crate::{DataError, Dataset, Source, guess, load, sha256_file};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

fn folder() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    if path.is_dir() {
        return Some(path);
    }
    #[expect(clippy::print_stderr, reason = "a skipped test says so")]
    {
        eprintln!("skipped: {} is not there", path.display());
    }
    None
}

fn read(name: &str, params: &Value, id: Option<&str>, cluster: Option<&str>) -> Option<Result<Dataset, DataError>> {
    let path = folder()?.join(name);
    let kind = guess(&path).unwrap_or("jsonl").to_owned();
    let params: Map<String, Value> = params.as_object().cloned().unwrap_or_default();
    Some(load(&Source { kind, path, sha256: None, embedded: None, params }, id, cluster))
}

/// Rows, columns of the first row, and characters of all cells, of a CSV file.
fn check_csv(name: &str, params: &Value, rows: usize, columns: usize, characters: usize) {
    let Some(found) = read(name, params, None, None) else { return };
    let items = found.expect("a published file").items;
    let cells = items.iter().flat_map(|item| item.data.into_iter().map(|(_, cell)| cell));
    let characters_of = |cell: Value| cell.as_str().expect("a string").chars().count();
    let counted = (items.len(), items.get(0).data.len(), cells.map(characters_of).sum::<usize>());
    assert_eq!(counted, (rows, columns, characters), "{name}");
}

#[test]
fn csv_files() {
    let plain = json!({});
    check_csv("crows_pairs/crows_pairs_anonymized.csv", &plain, 1508, 8, 417_918);
    check_csv("bbq/expected_unifiedqa.csv", &plain, 12, 6, 334);
    check_csv("xstest/xstest_prompts.csv", &plain, 450, 6, 35_968);
    check_csv("ethics/cm_test.csv", &plain, 3885, 4, 3_136_793);
    check_csv("truthfulqa/human_eval_en.csv", &plain, 300, 9, 218_083);
    check_csv("harm_prompts/harmbench_behaviors_text_all.csv", &plain, 400, 6, 194_278);
    check_csv("daily_dilemmas/dilemmas_with_detail_by_action_test.csv", &plain, 8, 24, 13_465);
    check_csv("moralchoice/moralchoice_low_ambiguity.csv", &plain, 687, 27, 208_237);
    check_csv("valuebench/value_orientation.csv", &plain, 1988, 5, 242_879);
    check_csv("winogender/templates.tsv", &plain, 120, 4, 14_372);
    // This one has no header row; the first row's 137 characters are not among those counted without it.
    check_csv("ethics/util_test.csv", &json!({"columns": ["better", "worse"]}), 4808, 2, 691_346 + 137);
}

/// Rows, and the first row's leading columns, of a JSON or JSON Lines file.
fn check_json(name: &str, params: &Value, rows: usize, columns: &[&str]) {
    let Some(found) = read(name, params, None, None) else { return };
    let items = found.expect("a published file").items;
    let first = items.get(0);
    let leading: Vec<&str> = first.data.keys().map(String::as_str).take(columns.len()).collect();
    assert_eq!((items.len(), leading.as_slice()), (rows, columns), "{name}");
}

#[test]
fn json_files() {
    let plain = json!({});
    check_json("truthfulqa/validation.json", &plain, 817, &["id", "question", "mc1_targets", "mc2_targets"]);
    check_json("stereoset/intrasentence_race.json", &plain, 962, &["id", "target", "bias_type", "context"]);
    check_json("value_compass_leaderboard/MFT_scores.json", &plain, 33, &["model", "Care/Harm"]);
    check_json("safetext/SafeText.json", &json!({"key": "situation"}), 367, &["situation", "unsafe", "safe"]);
    check_json("arena_hard/v0.1_question.jsonl", &plain, 500, &["uid", "category", "cluster", "prompt"]);
    check_json("ifeval/input_data.jsonl", &plain, 540, &["key", "prompt"]);
    check_json("cvalues/cvalues_responsibility_prompts.jsonl", &plain, 664, &["id_", "prompt"]);
    check_json("fulcra/test_questions.jsonl", &plain, 1523, &["prompt", "safety_issues"]);
}

#[test]
fn packed_files() {
    let Some(found) = read("bbq/preds_Age.jsonl.gz", &json!({}), None, None) else { return };
    let found = found.expect("a published file");
    assert!(
        found.items.len() > 1000 && found.items.get(0).data.contains_key("answer_info"),
        "{:?}",
        found.items.get(0)
    );
}

#[test]
fn ids_clusters_and_checksums() {
    let Some(found) = read("truthfulqa/validation.json", &json!({}), Some("id"), Some("category")) else { return };
    let found = found.expect("a published file");
    let sha256 = "7feae44809acaca86b254a7ab6c188f4f62eb40b620b61140add87ca684a5452";
    assert_eq!(found.sha256, sha256);
    let path = folder().expect("it was there").join("truthfulqa/validation.json");
    assert_eq!(sha256_file(path).expect("it was there"), sha256);
    assert_eq!(found.items.id(816), "817");
    let mut clusters: Vec<_> = found.items.iter().filter_map(|item| item.cluster).collect();
    clusters.sort_unstable();
    clusters.dedup();
    assert_eq!(clusters.len(), 38);

    let models = read("ethics/cm_test.csv", &json!({}), Some("label"), None).expect("it was there");
    let message = models.expect_err("two values only").to_string();
    assert!(message.contains("cm_test.csv, row 2 (counted from 0), line 4") && message.contains("`0`"), "{message}");
}
