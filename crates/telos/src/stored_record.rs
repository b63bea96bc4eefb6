//! A record that an earlier version stored is read, scored, compared and drawn.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use telos_core::Tables;
use telos_data::StoredRecord;
use telos_stats::Verdict;

/// A record of each format.
fn fixtures() -> [PathBuf; 2] {
    [1, 2].map(|format| Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/record-{format}")))
}

/// A copy that may be changed, gone with the guard.
struct Copy(PathBuf);

impl Copy {
    fn new(name: &str, of: &Path) -> Self {
        let to = std::env::temp_dir().join(format!("telos-{name}-{}", std::process::id()));
        fs::create_dir_all(&to).expect("a folder");
        for entry in fs::read_dir(of).expect("the fixture") {
            let entry = entry.expect("an entry");
            fs::copy(entry.path(), to.join(entry.file_name())).expect("a copy");
        }
        Self(to)
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        // What cannot be removed stays in the folder for temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn export(dir: &Path) -> String {
    let mut out = Vec::new();
    telos_data::export_jsonl(dir, &mut out).expect("an export");
    String::from_utf8(out).expect("text")
}

#[test]
fn its_export_is_the_one_that_was_stored() {
    for fixture in fixtures() {
        assert_eq!(export(&fixture), fs::read_to_string(fixture.join("export.jsonl")).expect("the export"));
    }
    let [one, two] = fixtures().map(|fixture| export(&fixture));
    assert_eq!(one, two, "the format of a record is not in its export");
}

#[test]
fn it_is_read_in_pieces_as_it_is_read_whole() {
    for fixture in fixtures() {
        let (stored, whole) =
            (StoredRecord::open(&fixture).expect("a record"), telos_data::read_record(&fixture).expect("a record"));
        let (mut items, mut replies, mut scores, mut steps) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        stored.items(&mut |row| items.push(row.clone())).expect("items");
        stored.replies(&mut |row| replies.push(row.clone())).expect("replies");
        stored.scores(&mut |row| scores.push(row.clone())).expect("scores");
        stored.steps(&mut |row| steps.push(row.clone())).expect("steps");
        let read = telos_core::record::Record { manifest: stored.manifest().clone(), items, replies, scores, steps };
        assert_eq!(read, whole);
        assert!(!read.replies.is_empty() && !read.steps.is_empty());
    }
}

#[test]
fn its_page_its_summary_and_its_gate_are_made() {
    for fixture in fixtures() {
        let stored = StoredRecord::open(&fixture).expect("a record");
        let summary = telos_report::summarise(&stored).expect("a summary");
        assert_eq!(summary.benchmarks.iter().map(|b| b.items).collect::<Vec<_>>(), [3; 4]);
        let page = telos_report::html(&stored, Some(&stored), &telos_report::PageOptions::default()).expect("a page");
        assert!(page.contains("What the controllers did") && page.contains("PASS"));
        assert_eq!(telos_report::gate(&stored, Some(&stored), None).expect("a verdict").verdict, Verdict::Pass);
    }
}

#[test]
fn it_becomes_a_baseline_that_stands_for_it() {
    for fixture in fixtures() {
        let stored = StoredRecord::open(&fixture).expect("a record");
        let text = telos_report::Baseline::accept(&stored, "why").and_then(|b| b.to_text()).expect("a baseline");
        let baseline = telos_report::Baseline::parse(&text).expect("what was written");
        let json = |baseline: &dyn Tables| {
            serde_json::to_value(telos_report::gate(&stored, Some(baseline), None).expect("a verdict")).expect("JSON")
        };
        assert_eq!(json(&baseline), json(&stored));
        assert_eq!(json(&baseline)["verdict"], "PASS");
    }
}

#[test]
fn scored_again_it_keeps_its_scores() {
    for fixture in fixtures() {
        let copy = Copy::new("stored-record", &fixture);
        let before = telos_data::read_record(&copy.0).expect("a record").scores;
        let format = telos_data::read_manifest(&copy.0).expect("a manifest").format;
        let rescored = telos_run::score(&copy.0).expect("scores");
        let mut after = telos_data::read_record(&copy.0).expect("a record").scores;
        assert_eq!((rescored.scores as usize, rescored.skipped), (after.len(), 0));
        // What later versions measure besides: a metric that the record does not have.
        after.retain(|row| row.metric != "tie");
        // A later version of an evaluator may say so in its version; the values of these evaluators must not change.
        let values = |rows: &[telos_core::record::ScoreRow]| -> Vec<Value> {
            rows.iter().map(|r| serde_json::json!([r.arm, r.benchmark, r.item, r.repeat, r.metric, r.value])).collect()
        };
        assert_eq!(values(&after), values(&before));
        assert_eq!(telos_data::read_manifest(&copy.0).expect("a manifest").format, format);
    }
}
