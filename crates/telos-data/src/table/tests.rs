//! Tables come back as they were written, and nothing else is taken for one.

mod rows;

use super::*;
use crate::atomic::tests::Folder;
use polars::prelude::{
    DataFrame, IntoColumn, KeyValueMetadata, NamedFrom, NewChunkedArray, ParquetWriter, Series, StringChunked,
};
use proptest::collection::vec;
use proptest::prelude::*;
use rows::{bare_reply, bare_score, bare_step, item_row, reply_row, score_row, step_row};
use std::fs::{self, File};
use std::path::PathBuf;
use telos_core::record::{ItemRow, ReplyRow, ScoreRow, StepRow, TimingRow};

/// Columns as the design's page on the record lists them; `?` for nullable ones.
const DESIGN: [(&str, &str); 5] = [
    ("items", "benchmark str, item str, index u32, item_hash str, cluster str?, goals list[str], data str"),
    (
        "replies",
        "model str, controller str?, benchmark str, item str, repeat u32, wave u8, index u32, request_hash str, \
         prompt_hash str, kind str, seed u64?, request str, status str, error_kind str?, error str?, text str?, \
         token_ids list[u32]?, token_logprobs list[f64]?, logprob f64?, finish_reason str?, prompt_tokens u32?, \
         truncated_tokens u32?, reply str",
    ),
    (
        "scores",
        "arm str, benchmark str, item str, repeat u32, metric str, value f64?, status str, reason str?, evaluator str, \
         evaluator_version u32, note str?",
    ),
    (
        "steps",
        "arm str, benchmark str, item str, repeat u32, wave u8, index u32, step u32, token u32?, proposed u32, rank u32?, changed bool, \
         fallback str?, h_before list[f64]?, threshold list[f64]?, h_after list[f64]?, evaluations u32, \
         rejected list[u32], logprob f64?, numbers str?, spent u32",
    ),
    (
        "timings",
        "model str, controller str?, benchmark str, item str, repeat u32, wave u8, index u32, seconds f64?, \
         prompt_tokens u32?, reply_tokens u32?, cost f64?",
    ),
];

fn written<R: Row>() -> String {
    let column =
        |column: ColumnShape| format!("{} {}{}", column.name, column.data_type, if column.nullable { "?" } else { "" });
    R::layout().into_iter().map(column).collect::<Vec<_>>().join(", ")
}

#[test]
fn columns_are_those_of_the_design() {
    let written = [
        written::<ItemRow>(),
        written::<ReplyRow>(),
        written::<ScoreRow>(),
        written::<StepRow>(),
        written::<TimingRow>(),
    ];
    for ((table, design), written) in DESIGN.into_iter().zip(written) {
        assert_eq!(written, design, "{table}");
    }
}

fn write<R: Row>(path: impl AsRef<Path>, rows: impl IntoIterator<Item = R>) {
    let mut writer = TableWriter::create(path).unwrap();
    rows.into_iter().for_each(|row| writer.push(row).unwrap());
    writer.finish().unwrap();
}

/// Writes and reads rows; f64 by bits, since 0.0 equals −0.0.
fn check_round_trip<R: Row + Clone + PartialEq + std::fmt::Debug>(rows: &[R]) {
    let folder = Folder::new();
    let path = folder.path().join("t.parquet");
    write(&path, rows.iter().cloned());
    let back: Vec<R> = read_rows(&path).unwrap();
    assert_eq!(format!("{back:?}"), format!("{rows:?}"));
    assert_eq!(back, rows);
    assert_eq!(folder.names(), ["t.parquet"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn rows_come_back(
        items in vec(item_row(), 0..12),
        replies in vec(reply_row(), 0..12),
        scores in vec(score_row(), 0..12),
        steps in vec(step_row(), 0..12),
    ) {
        check_round_trip(&items);
        check_round_trip(&replies);
        check_round_trip(&scores);
        check_round_trip(&steps);
    }
}

/// Every combination of the eleven nullable columns of a reply, of the five of a step, and of tables where one of them is
/// null in every row.
#[test]
fn every_combination_of_nulls_comes_back() {
    let reply = |mask: u32| {
        let set = |bit: u32| mask >> bit & 1 == 1;
        ReplyRow {
            controller: set(0).then(|| "c".into()),
            seed: set(1).then_some(u64::MAX),
            error_kind: set(2).then(String::new),
            error: set(3).then(|| "e".into()),
            text: set(4).then(|| "t\0\u{1f600}".into()),
            token_ids: set(5).then(|| vec![0, u32::MAX]),
            token_logprobs: set(6).then(Vec::new),
            logprob: set(7).then_some(-0.0),
            finish_reason: set(8).then(|| "eos".into()),
            prompt_tokens: set(9).then_some(0),
            truncated_tokens: set(10).then_some(u32::MAX),
            ..bare_reply()
        }
    };
    check_round_trip(&(0..1 << 11).map(reply).collect::<Vec<_>>());
    for bit in 0..11 {
        check_round_trip(&[reply(1 << bit)]);
        check_round_trip(&[reply(!(1 << bit)), reply(!(1 << bit))]);
    }
    let step = |mask: u32| {
        let set = |bit: u32| mask >> bit & 1 == 1;
        StepRow {
            token: set(0).then_some(0),
            rank: set(1).then_some(3),
            fallback: set(2).then(|| "stop".into()),
            h_after: set(3).then(|| vec![0.1, -0.0]),
            logprob: set(4).then_some(f64::MIN_POSITIVE / 8.0),
            h_before: Some(vec![0.25; mask as usize % 3]),
            ..bare_step()
        }
    };
    check_round_trip(&(0..1 << 5).map(step).collect::<Vec<_>>());
    (0..1 << 5).for_each(|mask| check_round_trip(&[step(mask)]));
}

#[test]
fn empty_tables_have_their_columns() {
    let folder = Folder::new();
    let path = folder.path().join("steps.parquet");
    write::<StepRow>(&path, []);
    assert_eq!(read_steps(&path).unwrap(), []);
    let mut batches = 0;
    for_each_batch(&path, |_: Vec<StepRow>| {
        batches += 1;
        Ok::<_, DataError>(())
    })
    .unwrap();
    assert_eq!(batches, 0);
    // Another table's columns are not there, even with no rows.
    let message = read_scores(&path).unwrap_err().to_string();
    assert!(message.contains("it has no column `metric`, of type str"), "{message}");
}

#[test]
fn large_tables_are_written_and_read_in_groups() {
    let folder = Folder::new();
    let path = folder.path().join("replies.parquet");
    let row = |n: u32| ReplyRow {
        item: n.to_string(),
        index: n,
        logprob: (!n.is_multiple_of(3)).then(|| f64::from(n)),
        ..bare_reply()
    };
    let mut writer = TableWriter::create(&path).unwrap();
    (0..10_000).for_each(|n| writer.push(row(n)).unwrap());
    let unfinished = fs::metadata(folder.path().join("replies.parquet.tmp")).unwrap().len();
    assert!(unfinished > 10_000, "two groups are on the disk already, not {unfinished} bytes");
    assert!(!path.exists());
    writer.finish().unwrap();
    let mut sizes = Vec::new();
    let mut next = 0;
    for_each_batch(&path, |rows: Vec<ReplyRow>| {
        sizes.push(rows.len());
        for found in rows {
            assert_eq!(found, row(next));
            next += 1;
        }
        Ok::<_, DataError>(())
    })
    .unwrap();
    assert_eq!((sizes, next), (vec![4096, 4096, 1808], 10_000));
    // Large rows make small groups.
    let large = ReplyRow { request: "x".repeat(20 << 20), ..bare_reply() };
    write(&path, [large.clone(), large.clone(), large]);
    assert_eq!(Table::<ReplyRow>::open(&path).unwrap().groups(), 2);
    assert_eq!(read_replies(&path).unwrap().len(), 3);
}

#[test]
fn the_first_error_ends_the_reading() {
    let folder = Folder::new();
    let path = folder.path().join("t.parquet");
    write(&path, (0..5000).map(|step| StepRow { step, ..bare_step() }));
    let mut seen = 0;
    let stopped = for_each_batch(&path, |rows: Vec<StepRow>| {
        seen += rows.len();
        Err(DataError::Empty { path: "x".into() })
    });
    assert!(matches!(stopped, Err(DataError::Empty { .. })));
    assert_eq!(seen, 4096);
}

#[test]
fn equal_rows_give_equal_bytes() {
    let folder = Folder::new();
    let rows = || (0..5000).map(|step| StepRow { step, h_before: Some(vec![0.1; step as usize % 3]), ..bare_step() });
    let paths = ["a", "b"].map(|name| folder.path().join(name));
    for path in &paths {
        write(path, rows());
    }
    let [a, b] = paths.map(|path| fs::read(path).unwrap());
    assert!(a == b);
}

#[test]
fn numbers_that_are_not_finite_are_refused() {
    let folder = Folder::new();
    let path = folder.path().join("t.parquet");
    let check = |row: StepRow, column: &str| {
        let mut writer = TableWriter::create(&path).unwrap();
        let message = writer.push(row).unwrap_err().to_string();
        let want = format!(
            "`{column}` is not a finite number in the row of m/c, b, item 0, repeat 0, wave 0, request 0, step 0"
        );
        assert!(message.ends_with(&want), "{message}");
    };
    check(StepRow { h_before: Some(vec![0.0, f64::NAN]), ..bare_step() }, "h_before");
    check(StepRow { h_after: Some(vec![f64::INFINITY]), ..bare_step() }, "h_after");
    check(StepRow { logprob: Some(f64::NEG_INFINITY), ..bare_step() }, "logprob");
    assert_eq!(folder.names(), Vec::<String>::new(), "an unfinished table leaves nothing behind");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_that_leaves_the_old_table() {
    let folder = Folder::new();
    let path = folder.path().join("steps.parquet");
    write(&path, [bare_step()]);
    std::os::unix::fs::symlink("/dev/full", folder.path().join("steps.parquet.tmp")).unwrap();
    let mut writer = TableWriter::create(&path).unwrap();
    let pushed = (0..5000).try_for_each(|step| writer.push(StepRow { step, ..bare_step() }));
    let message = pushed.and_then(|()| writer.finish()).unwrap_err().to_string();
    assert!(message.contains("write ") && message.contains("steps.parquet.tmp: "), "{message}");
    assert!(message.contains("No space left"), "{message}");
    assert_eq!(read_steps(&path).unwrap(), [bare_step()]);
}

/// A Parquet file with these columns and this `format`.
fn foreign(folder: &Folder, columns: Vec<Column>, format: Option<&str>) -> PathBuf {
    let path = folder.path().join("foreign.parquet");
    let mut frame = DataFrame::new_infer_height(columns).unwrap();
    let pairs = format.map(|format| KeyValueMetadata::from_static(vec![("format".into(), format.into())]));
    ParquetWriter::new(File::create(&path).unwrap()).with_key_value_metadata(pairs).finish(&mut frame).unwrap();
    path
}

#[test]
fn other_files_are_refused_and_further_columns_passed_over() {
    let folder = Folder::new();
    let rows = [bare_step(), StepRow { step: 1, h_after: Some(vec![1.0]), ..bare_step() }];
    let check = |columns: Vec<Column>, format, words: &[&str]| {
        let message = read_steps(foreign(&folder, columns, format)).unwrap_err().to_string();
        for word in words {
            assert!(message.contains(word), "{message:?} does not say {word:?}");
        }
    };
    let mut more = StepRow::columns(&rows);
    more.insert(3, StringChunked::from_slice("later".into(), &["x", "y"]).into_column());
    assert_eq!(read_steps(foreign(&folder, more.clone(), Some("1"))).unwrap(), rows);

    // The columns that format 1 does not have are only missing where the format is 1.
    let later = ["wave", "index", "numbers", "spent"];
    let old: Vec<Column> = more.iter().filter(|column| !later.contains(&column.name().as_str())).cloned().collect();
    assert_eq!(read_steps(foreign(&folder, old.clone(), Some("1"))).unwrap(), rows);
    check(old, Some("2"), &["it has no column `wave`, of type u8"]);
    check(more.clone(), Some("3"), &["format 3, and this version of telos reads formats 1 to 2"]);
    for format in ["0", "-1", "x", "", "18446744073709551616"] {
        check(more.clone(), Some(format), &["reads formats 1 to 2"]);
    }
    check(more.clone(), None, &["no table of a record"]);
    let without = more.iter().filter(|column| column.name() != "rank").cloned().collect();
    check(without, Some("1"), &["it has no column `rank`, of type u32"]);
    let retyped = |name: &str, series: Series| {
        let swap = |column: &Column| if column.name() == name { series.clone().into_column() } else { column.clone() };
        more.iter().map(swap).collect::<Vec<_>>()
    };
    let wide = retyped("step", Series::new("step".into(), [0_i64, 1]));
    check(wide, Some("1"), &["its column `step` is of type i64, expected u32"]);
    let null = retyped("arm", Series::new("arm".into(), [Some("a"), None]));
    check(null, Some("1"), &["column `arm` is null in row 1"]);

    let mut scores = ScoreRow::columns(&[bare_score()]);
    for column in scores.iter_mut().filter(|column| column.name() == "status") {
        *column = StringChunked::from_slice("status".into(), &["fine"]).into_column();
    }
    let message = read_scores(foreign(&folder, scores, Some("2"))).unwrap_err().to_string();
    assert!(message.contains("`fine` in `status` is no status"), "{message}");

    for (bytes, word) in [(b"".as_slice(), "not a Parquet file"), (b"PAR1 but nothing else", "not a Parquet file")] {
        let path = folder.file("torn.parquet", bytes);
        let error = read_steps(&path).unwrap_err();
        assert!(error.to_string().contains(word) && error.is_input(), "{error}");
    }
    let whole = fs::read(foreign(&folder, StepRow::columns(&rows), Some("1"))).unwrap();
    let error = read_steps(folder.file("torn.parquet", &whole[..whole.len() - 9])).unwrap_err();
    assert!(error.to_string().contains("torn.parquet: it is not a Parquet file, or it is damaged"), "{error}");
}

/// A copy that was cut off is an error, wherever the cut is.
#[test]
fn cut_off_tables_are_errors() {
    let folder = Folder::new();
    let path = folder.path().join("t.parquet");
    write(&path, (0..50).map(|step| StepRow { step, rejected: vec![step; 3], ..bare_step() }));
    let whole = fs::read(&path).unwrap();
    for length in 0..whole.len() {
        let error = read_steps(folder.file("cut.parquet", &whole[..length])).unwrap_err();
        assert!(error.is_input() && error.to_string().contains("cut.parquet: "), "{length}: {error}");
    }
}
