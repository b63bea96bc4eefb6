//! The record as a folder: the manifest beside the tables.

use crate::error::io_error;
use crate::table::TableWriter;
use crate::{DataError, atomic};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use telos_core::record::{FORMAT, Manifest, ScoreRow};

/// The manifest's name in a record's folder.
pub const MANIFEST: &str = "run.json";
/// The name of the table of items.
pub const ITEMS: &str = "items.parquet";
/// The name of the table of replies.
pub const REPLIES: &str = "replies.parquet";
/// The name of the table of scores.
pub const SCORES: &str = "scores.parquet";
/// The name of the table of controlled steps.
pub const STEPS: &str = "steps.parquet";
/// The name of the table of what each reply took; records of format 1 have none.
pub const TIMINGS: &str = "timings.parquet";
/// The name of the journal that a run keeps while it is not complete.
pub const JOURNAL: &str = "journal";

/// The tables of a record of a format.
pub(crate) fn tables(format: u32) -> &'static [&'static str] {
    if format < 2 { &[ITEMS, REPLIES, SCORES, STEPS] } else { &[ITEMS, REPLIES, SCORES, STEPS, TIMINGS] }
}

/// Writes `run.json` into a folder, replacing one that is there: the old or the new one is there at every moment.
/// A manifest that would not read back as it is (it holds a number that is not finite) is an error.
pub fn write_manifest(dir: impl AsRef<Path>, manifest: &Manifest) -> Result<(), DataError> {
    let path = dir.as_ref().join(MANIFEST);
    let unwritable = |message: String| DataError::Unwritable { path: path.clone(), message };
    let mut bytes = serde_json::to_vec_pretty(manifest).map_err(|e| unwritable(e.to_string()))?;
    bytes.push(b'\n');
    let back: Manifest =
        serde_json::from_slice(&bytes).map_err(|e| unwritable(format!("it would not be read back: {e}")))?;
    if back != *manifest {
        return Err(unwritable("it would be read back as another; is a number in it not finite?".to_owned()));
    }
    atomic::write(&path, &bytes)
}

/// Reads a folder's `run.json`. One that is torn or lacks a key is [`DataError::Manifest`], one of a later format
/// [`DataError::Format`].
pub fn read_manifest(dir: impl AsRef<Path>) -> Result<Manifest, DataError> {
    let path = dir.as_ref().join(MANIFEST);
    let broken = |message: String| DataError::Manifest { path: path.clone(), message };
    // A pipe or a device would be read for ever.
    if !fs::metadata(&path).map_err(io_error("read", &path))?.is_file() {
        return Err(broken("it is no file".to_owned()));
    }
    let bytes = fs::read(&path).map_err(io_error("read", &path))?;
    let value = telos_core::json::read(&bytes)
        .map_err(|e| broken(format!("it is cut short or no JSON ({e}); `telos run … --resume` begins it anew")))?;
    let format = match value.get("format").map(|format| (format, format.as_u64())) {
        Some((_, Some(format))) if (1..=u64::from(FORMAT)).contains(&format) => format,
        Some((format, _)) => return Err(DataError::Format { path, found: format.to_string() }),
        None => return Err(broken("it has no `format`, so it is no manifest of a record".to_owned())),
    };
    serde_json::from_value(value).map_err(|e| broken(format!("it is no manifest of format {format}: {e}")))
}

/// Whether a folder holds a record or a part of one: `run.json`, a table or a journal.
pub fn record_exists(dir: impl AsRef<Path>) -> bool {
    let parts = tables(FORMAT).iter().chain(&[MANIFEST, JOURNAL]);
    parts.into_iter().any(|name| dir.as_ref().join(name).exists())
}

/// Whether a file of that name is a part of a record, so that nothing else may be written over it.
pub fn is_part_of_record(name: &str) -> bool {
    let kept = name.strip_prefix("scores.").and_then(|rest| rest.strip_suffix(".parquet"));
    tables(FORMAT).contains(&name)
        || [MANIFEST, JOURNAL].contains(&name)
        || kept.is_some_and(|number| number.bytes().all(|digit| digit.is_ascii_digit()))
}

/// Scores that are to stand in the place of a record's own. `scores.parquet` is there, old or new, at every moment; dropped
/// before [`NewScores::publish`], they leave no trace.
pub struct NewScores {
    dir: PathBuf,
    writer: TableWriter<ScoreRow>,
}

impl NewScores {
    /// Begins to write them beside the old ones.
    pub fn create(dir: impl AsRef<Path>) -> Result<Self, DataError> {
        let dir = dir.as_ref().to_path_buf();
        let writer = TableWriter::create(dir.join(SCORES))?;
        Ok(Self { dir, writer })
    }

    /// Adds a row.
    pub fn push(&mut self, row: ScoreRow) -> Result<(), DataError> {
        self.writer.push(row)
    }

    /// Puts them in the place of the old ones, which are kept as `scores.N.parquet`, N the first free number from 1; that
    /// path is returned. None where there were no old ones. `manifest` is the record's as it shall be; it is written with the
    /// new scores' hash. A kill at any moment leaves a record that is whole, with the old scores or the new ones.
    pub fn publish(self, manifest: &mut Manifest) -> Result<Option<PathBuf>, DataError> {
        let path = self.dir.join(SCORES);
        let complete = self.writer.finish_temporary()?;
        let kept = if path.exists() { Some(keep(&self.dir, &path)?) } else { None };
        // A record of format 1 has no hashes, and needs none.
        let hashed = manifest.format >= 2;
        if hashed {
            manifest.replacing.insert(SCORES.to_owned(), complete.hash().to_owned());
            let mut before = read_manifest(&self.dir)?;
            before.replacing.clone_from(&manifest.replacing);
            write_manifest(&self.dir, &before)?;
        }
        complete.publish()?;
        if let Some(hash) = manifest.replacing.remove(SCORES) {
            manifest.tables.insert(SCORES.to_owned(), hash);
        }
        write_manifest(&self.dir, manifest)?;
        Ok(kept)
    }
}

/// Gives a file a second name, the first free one.
fn keep(dir: &Path, path: &Path) -> Result<PathBuf, DataError> {
    for n in 1_u32.. {
        let kept = dir.join(format!("scores.{n}.parquet"));
        match fs::hard_link(path, &kept) {
            Ok(()) => return Ok(kept),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists || kept.exists() => {}
            Err(_) => {
                // Not every file system has hard links.
                let temporary = atomic::temporary(&kept);
                fs::copy(path, &temporary).map_err(io_error("write", &temporary))?;
                let file = File::open(&temporary).map_err(io_error("read", &temporary))?;
                atomic::publish(&file, &temporary, &kept)?;
                return Ok(kept);
            }
        }
    }
    Err(io_error("keep", path)(io::Error::other("every name for it is taken")))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
pub(crate) mod tests {
    use super::*;
    use crate::atomic::tests::Folder;
    use serde_json::json;
    use std::collections::BTreeMap;
    use telos_core::Status;
    use telos_core::metric::{Direction, Metric};
    use telos_core::model::ModelCard;
    use telos_core::record::{ArmEntry, BenchmarkEntry, Counts, ModelEntry, RunStatus, Timings};

    /// A manifest with something in every field: two controllers on one model, a benchmark that is controlled and one that
    /// is not.
    pub(crate) fn manifest() -> Manifest {
        let arm = |controller: &str, free| ArmEntry {
            id: format!("tiny/{controller}"),
            model: "tiny".into(),
            controller: controller.into(),
            free,
        };
        let benchmark = |id: &str, controlled, metrics| BenchmarkEntry {
            id: id.into(),
            about: "What is asked?".into(),
            goals: vec!["values/basic".into()],
            licence: Some("CC0-1.0".into()),
            contamination: Some("Written for this, and not published before.".into()),
            evaluator: "control".into(),
            metrics,
            headline: None,
            data: "d".repeat(64),
            items: 2,
            available: 5,
            repeats: 1,
            controlled,
            constraint: Some("sentiment".into()),
            scoring: json!({"evaluator": {"kind": "control"}, "request": {"kind": "generate"}}),
        };
        let safe = Metric::share("stays_safe", Direction::Higher, "Whether h stays at 0 or above.");
        let least = Metric::unbounded("min_h", Direction::None, "The least h.");
        let correct = Metric::share("acc", Direction::Higher, "Whether the answer is right.");
        Manifest {
            format: FORMAT,
            status: RunStatus::Complete,
            suite: "quickstart".into(),
            resolved: json!({"suite": "quickstart", "seed": 1}),
            seed: u64::MAX,
            arms: vec![arm("free", true), arm("cbf", false)],
            models: vec![ModelEntry {
                id: "tiny".into(),
                model: "builtin:tiny-lm".into(),
                card: ModelCard {
                    architecture: "LlamaForCausalLM".into(),
                    weights: Some("w".into()),
                    tokenizer: Some("t".into()),
                    template: Some("c".into()),
                    max_length: Some(256),
                    labels: vec!["positive".into()],
                    causal: true,
                    dtype: Some("f32".into()),
                },
            }],
            benchmarks: vec![benchmark("texts", true, vec![safe, least]), benchmark("choices", false, vec![correct])],
            goals: vec![telos_core::record::GoalEntry {
                id: "values/evaluation".into(),
                title: "Goal Evaluation".into(),
                definition: String::new(),
                order: Some(4),
                leaf: false,
            }],
            counts: Counts { requests: 1, tokens: 2, prefix_tokens: 3, new_tokens: 4, units: 5, ..Counts::default() },
            environment: json!({"threads": 2}).as_object().unwrap().clone(),
            identity: "i".into(),
            tables: [(ITEMS.to_owned(), "b".repeat(64))].into(),
            replacing: BTreeMap::new(),
            passing: 0,
            timings: Timings {
                started: "2026-01-01T00:00:00Z".into(),
                ended: Some("2026-01-01T00:00:01Z".into()),
                seconds: 0.1 + 0.2,
                phases: [("ask".to_owned(), 1e-300)].into(),
                peak_memory: Some(1 << 40),
                sittings: 1,
            },
        }
    }

    fn score(value: f64) -> ScoreRow {
        ScoreRow {
            arm: "tiny/free".into(),
            benchmark: "choices".into(),
            item: "0".into(),
            repeat: 0,
            metric: "acc".into(),
            value: Some(value),
            status: Status::Ok,
            reason: None,
            note: None,
            evaluator: "multiple_choice".into(),
            evaluator_version: 1,
        }
    }

    fn replace_scores(dir: &Path, rows: impl IntoIterator<Item = ScoreRow>) -> Result<Option<PathBuf>, DataError> {
        let mut scores = NewScores::create(dir)?;
        rows.into_iter().try_for_each(|row| scores.push(row))?;
        scores.publish(&mut read_manifest(dir)?)
    }

    #[test]
    fn a_manifest_comes_back() {
        let folder = Folder::new();
        assert!(!record_exists(folder.path()));
        write_manifest(folder.path(), &manifest()).unwrap();
        assert_eq!(read_manifest(folder.path()).unwrap(), manifest());
        assert_eq!(folder.names(), [MANIFEST]);
        assert!(record_exists(folder.path()));
    }

    #[test]
    fn a_manifest_that_would_not_come_back_is_not_written() {
        let folder = Folder::new();
        write_manifest(folder.path(), &manifest()).unwrap();
        let mut broken = manifest();
        broken.timings.seconds = f64::NAN;
        let message = write_manifest(folder.path(), &broken).unwrap_err().to_string();
        assert!(message.contains("run.json") && message.contains("read back"), "{message}");
        assert_eq!(read_manifest(folder.path()).unwrap(), manifest());
    }

    #[test]
    fn broken_manifests_are_told_apart() {
        let check = |text: &str, word: &str| {
            let folder = Folder::new();
            folder.file(MANIFEST, text);
            let error = read_manifest(folder.path()).unwrap_err();
            assert!(error.to_string().contains(word) && error.is_input(), "{error}");
            error
        };
        let whole = serde_json::to_string(&manifest()).unwrap();
        assert!(matches!(check(&whole[..whole.len() / 2], "--resume"), DataError::Manifest { .. }));
        assert!(matches!(check("", "--resume"), DataError::Manifest { .. }));
        assert!(matches!(check("[]", "no `format`"), DataError::Manifest { .. }));
        let next = whole.replacen("\"format\":2", "\"format\":3", 1);
        let words = "format 3, and this version of telos reads formats 1 to 2";
        assert!(matches!(check(&next, words), DataError::Format { .. }));
        let without = whole.replacen("\"identity\"", "\"identify\"", 1);
        assert!(matches!(check(&without, "missing field `identity`"), DataError::Manifest { .. }));
        let more = whole.replacen('{', "{\"unknown\": 1,", 1);
        let folder = Folder::new();
        folder.file(MANIFEST, more);
        assert_eq!(read_manifest(folder.path()).unwrap(), manifest());
        let missing = read_manifest(folder.path().join("absent")).unwrap_err();
        assert!(matches!(missing, DataError::Io { .. }) && missing.is_input(), "{missing}");
    }

    #[test]
    fn old_scores_are_kept() {
        let folder = Folder::new();
        write_manifest(folder.path(), &manifest()).unwrap();
        assert_eq!(replace_scores(folder.path(), [score(0.0)]).unwrap(), None);
        for n in [1, 2] {
            let kept = replace_scores(folder.path(), [score(f64::from(n))]).unwrap();
            assert_eq!(kept, Some(folder.path().join(format!("scores.{n}.parquet"))));
        }
        let values = |name: &str| crate::read_scores(folder.path().join(name)).unwrap()[0].value;
        assert_eq!([SCORES, "scores.1.parquet", "scores.2.parquet"].map(values), [Some(2.0), Some(0.0), Some(1.0)]);
        assert_eq!(folder.names(), [MANIFEST, "scores.1.parquet", "scores.2.parquet", SCORES]);
        let message = replace_scores(folder.path(), [score(f64::INFINITY)]).unwrap_err().to_string();
        assert!(message.contains("`value` is not a finite number") && message.contains("tiny/free, choices, item 0"));
        assert_eq!(values(SCORES), Some(2.0));
        assert_eq!(folder.names(), [MANIFEST, "scores.1.parquet", "scores.2.parquet", SCORES]);
    }
}
