//! Numbers of small data by hand, of published data as published, and what a resample keeps together.
#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![expect(clippy::unreadable_literal, reason = "published numbers as they were published")]
#![expect(clippy::needless_pass_by_value, reason = "a JSON literal is handed over as it is written")]

use super::*;
use crate::noise::Draw;
use crate::{Method, Verdict};
use serde_json::{Value, json};
use telos_core::Direction;

fn metric(name: &str, aggregate: &Value) -> Metric {
    Metric { aggregate: Aggregate::from_json(aggregate).unwrap(), ..Metric::unbounded(name, Direction::Higher, "x") }
}

fn items<'a>(columns: &[(&'a str, &[f64])]) -> Items<'a> {
    let value = |v: &f64| (!v.is_nan()).then_some(*v);
    let values = columns.iter().map(|(name, values)| (*name, values.iter().map(value).collect())).collect();
    Items { n: columns[0].1.len(), values, ..Items::default() }
}

fn labelled<'a>(columns: &[(&'a str, &[f64])], column: &str, labels: &[&str]) -> Items<'a> {
    let labels = labels.iter().map(|label| (!label.is_empty()).then(|| (*label).to_owned())).collect();
    Items { labels: HashMap::from([(column.to_owned(), labels)]), ..items(columns) }
}

const NONE: f64 = f64::NAN;

fn number(aggregate: Value, others: &[(&str, Value)], items: &Items<'_>) -> Result<Estimate, String> {
    let mut metrics: Vec<Metric> = items.values.keys().map(|name| metric(name, &json!("mean"))).collect();
    metrics.extend(others.iter().map(|(name, aggregate)| metric(name, aggregate)));
    let it = metric("it", &aggregate);
    metrics.push(it.clone());
    assert_eq!(refers(&metrics), [], "{aggregate}");
    measure(&it, &metrics, items, 7)
}

#[test]
fn the_table_is_in_order() {
    let mut kinds = std::collections::HashSet::new();
    for Entry { shape, example, .. } in AGGREGATES {
        assert!(kinds.insert(shape.kind) && !shape.about.is_empty(), "{}", shape.kind);
        assert!(shape.fields.iter().all(|f| !f.about.is_empty()) && example.contains(shape.kind), "{}", shape.kind);
    }
    let unknown = read(&Aggregate::plain("ratoi")).err().unwrap();
    assert!(unknown.contains("did you mean `ratio`?"), "{unknown}");
}

#[test]
fn numbers_are_those_of_a_hand() {
    // statistics of Python: sum(a)/sum(b) over items 0, 1, 3 = (1 + 0 + 1)/(1 + 1 + 2).
    let both = items(&[("a", &[1.0, 0.0, 1.0, 1.0]), ("b", &[1.0, 1.0, NONE, 2.0])]);
    let found = number(json!({"kind": "ratio", "of": "a", "over": "b"}), &[], &both).unwrap();
    assert_eq!((found.mean, found.n, found.method), (0.5, 3, Method::Bootstrap));
    let groups = ["g", "h", "g", "h", "i", "i"];
    let acc = labelled(&[("acc", &[1.0, 1.0, 1.0, 0.0, 1.0, NONE])], "group", &groups);
    let all = |size: Value| json!({"kind": "group_all", "of": "acc", "by": "group", "size": size});
    // g holds, h does not, i lacks a value; Wilson's interval of 1 of 2.
    let found = number(all(json!(2)), &[], &acc).unwrap();
    assert_eq!((found.mean, found.n, found.method), (0.5, 2, Method::Wilson));
    assert_eq!(found.interval, crate::wilson(1.0, 2.0));
    assert!(number(all(json!(3)), &[], &acc).unwrap_err().contains("no group is whole"));
    // (1 + 1/2 + 1)/3, where the plain mean is 4/5.
    let found = number(json!({"kind": "macro", "of": "acc", "by": "group"}), &[], &acc).unwrap();
    assert!((found.mean - 2.5 / 3.0).abs() < 1e-15 && found.n == 5);
    let found = number(
        json!({"kind": "formula", "of": "2 * r - acc"}),
        &[("r", json!({"kind": "ratio", "of": "acc", "over": "w"}))],
        &items(&[("acc", &[1.0, 0.0]), ("w", &[1.0, 3.0])]),
    )
    .unwrap();
    assert_eq!(found.mean, 0.0);
}

#[test]
fn a_number_is_missing_with_its_reason() {
    let zero = items(&[("a", &[1.0, 0.0]), ("b", &[0.0, 0.0]), ("c", &[NONE, NONE])]);
    let ratio = |of: &str, over: &str| json!({"kind": "ratio", "of": of, "over": over});
    for (aggregate, others, part) in [
        (ratio("a", "b"), vec![], "the sum of `b` is 0"),
        (ratio("a", "c"), vec![], "no item has a value"),
        (json!({"kind": "formula", "of": "1 / b"}), vec![], "divides by 0"),
        (json!({"kind": "formula", "of": "0 * r"}), vec![("r", ratio("a", "b"))], "divides by 0"),
        (json!({"kind": "macro", "of": "a", "by": "where"}), vec![], "no column `where`"),
        (json!({"kind": "macro", "of": "a"}), vec![], "no `cluster`"),
    ] {
        let found = number(aggregate.clone(), &others, &zero).unwrap_err();
        assert!(found.contains(part), "{aggregate}: {found}");
    }
    let gap = labelled(&[("a", &[1.0, 0.0])], "g", &["x", ""]);
    let found = number(json!({"kind": "group_all", "of": "a", "by": "g"}), &[], &gap).unwrap_err();
    assert_eq!(found, "1 of 2 items have no `g`");
    // A record may hold a circle, or an aggregate of another version.
    let circle =
        [metric("x", &json!({"kind": "formula", "of": "y"})), metric("y", &json!({"kind": "formula", "of": "x"}))];
    assert!(measure(&circle[0], &circle, &zero, 1).unwrap_err().contains("circle"));
    let later = metric("z", &json!({"kind": "quantile", "of": "a"}));
    assert!(measure(&later, &[], &zero, 1).unwrap_err().contains("unknown kind of aggregate"));
    for bad in [
        json!({"kind": "ratio", "of": 1, "over": "b"}),
        json!({"kind": "ratio", "of": "a"}),
        json!({"kind": "formula", "of": "("}),
    ] {
        assert!(measure(&metric("m", &bad), &[], &zero, 1).is_err(), "{bad}");
    }
}

#[test]
fn references_are_checked() {
    let plain = |name: &str| metric(name, &json!("mean"));
    let ratio = json!({"kind": "ratio", "of": "acc", "over": "acc"});
    for (aggregate, key, part) in [
        (json!({"kind": "formula", "of": "1 - ac"}), Some("of"), "no metric `ac`"),
        (json!({"kind": "ratio", "of": "acc", "over": "nothing"}), Some("over"), "no metric `nothing`"),
        (json!({"kind": "ratio", "of": "r", "over": "acc"}), Some("of"), "no value an item"),
        (json!({"kind": "formula", "of": "it + 1"}), Some("of"), "made of itself"),
        (json!({"kind": "formula", "of": "f"}), Some("of"), "made of itself, by `f`"),
        (json!("meen"), None, "did you mean `mean`?"),
    ] {
        let over = metric("f", &json!({"kind": "formula", "of": "it"}));
        let metrics = [plain("acc"), metric("r", &ratio), metric("it", &aggregate), over];
        let found = refers(&metrics).into_iter().find(|m| m.metric == "it").unwrap();
        assert!(found.key == key && found.message.contains(part), "{aggregate}: {found:?}");
    }
}

#[test]
fn a_mean_is_as_before_whoever_asks() {
    let values = [0.25, 1.0, 0.5, 0.0, 0.75, 0.5];
    let mut of = items(&[("a", &values)]);
    of.clusters = Some(vec![1, 1, 2, 2, 3, 3]);
    let (mean, nats) = (metric("a", &json!("mean")), metric("a", &json!("perplexity")));
    assert_eq!(measure(&mean, &[], &of, 5).unwrap(), estimate(&values, of.clusters.as_deref(), 5));
    let turned: Vec<f64> = values.iter().map(|v| -v).collect();
    let (found, want) = (measure(&nats, &[], &of, 5).unwrap(), estimate(&turned, of.clusters.as_deref(), 5));
    assert_eq!((found.mean, found.interval.unwrap().low), (want.mean.exp(), want.interval.unwrap().low.exp()));
    let other = items(&[("a", &[0.5, NONE, 0.5, 0.0, 1.0, 0.5])]);
    let alone = items(&[("a", &values)]);
    let pairs = [(0.25, 0.5), (0.5, 0.5), (0.0, 0.0), (0.75, 1.0), (0.5, 0.5)];
    assert_eq!(compare(&mean, &[], (&alone, &other), 5).unwrap(), paired(&pairs, None, 5));
}

/// `n` items in clusters of five: half of them known, those with a chance of 0.6 to be biased; clusters lean together.
fn invented(run: u64, n: u64, lean: f64) -> (Vec<f64>, Vec<f64>, Vec<u32>) {
    let draw = Draw::new(31, run);
    let known: Vec<f64> = (0..n).map(|i| f64::from(u8::from(draw.unit(i) < 0.5))).collect();
    let chance = |i: u64| 0.6 + lean * (draw.unit(90_000 + i / 5) - 0.5);
    let biased = |i: u64| known[i as usize] * f64::from(u8::from(draw.unit(50_000 + i) < chance(i)));
    ((0..n).map(biased).collect(), known, (0..n).map(|i| (i / 5) as u32).collect())
}

#[test]
fn a_ratio_is_covered_with_and_without_clusters() {
    let it = metric("it", &json!({"kind": "formula", "of": "2 * r - 1"}));
    let metrics = [metric("r", &json!({"kind": "ratio", "of": "biased", "over": "known"})), it.clone()];
    let (runs, mut covered, mut false_alarms) = (120, 0, 0);
    for run in 0..runs {
        let side = |run, lean| {
            let (biased, known, clusters) = invented(run, 200, lean);
            Items { clusters: Some(clusters), ..items(&[("biased", &biased), ("known", &known)]) }
        };
        let (one, other) = (side(run, 0.8), side(run + 5_000, 0.8));
        let found = measure(&it, &metrics, &one, run).unwrap().interval.unwrap();
        covered += i32::from(found.low <= 0.2 && 0.2 <= found.high);
        false_alarms += i32::from(compare(&it, &metrics, (&one, &other), run).unwrap().p < 0.05);
    }
    // Three standard errors of 0.95 in 120 runs are 0.06; forty clusters cost a little.
    assert!((0.88..=1.0).contains(&(f64::from(covered) / runs as f64)), "{covered} of {runs}");
    assert!(f64::from(false_alarms) / runs as f64 <= 0.12, "{false_alarms} of {runs}");
}

#[test]
fn what_belongs_together_is_drawn_together() {
    // Numerator and denominator are the same column: whatever is drawn, their ratio is 1, so nothing scatters.
    let same = items(&[("a", &[1.0, 2.0, 3.0, 4.0])]);
    let found = number(json!({"kind": "ratio", "of": "a", "over": "a"}), &[], &same).unwrap();
    assert_eq!((found.mean, found.interval), (1.0, None));
    // A metric less itself is 0 in every draw; drawn apart it would scatter.
    let found =
        number(json!({"kind": "formula", "of": "a - b"}), &[("b", json!({"kind": "formula", "of": "a"}))], &same)
            .unwrap();
    assert_eq!((found.mean, found.interval), (0.0, None));
    // An arm against itself.
    let it = metric("it", &json!({"kind": "formula", "of": "3 * a"}));
    let metrics = [metric("a", &json!("mean")), it.clone()];
    let found = compare(&it, &metrics, (&same, &same), 1).unwrap();
    assert_eq!((found.mean_difference, found.p, found.changed), (0.0, 1.0, 0));
    assert_eq!(crate::regression(&found, crate::Direction::Higher, [0.0, 1.0], 1.0), Verdict::Pass);
    // Groups that share a cluster go together: two clusters of two groups, and no more knowledge than two clusters have.
    let mut of = labelled(&[("acc", &[1.0, 1.0, 0.0, 1.0])], "g", &["a", "b", "c", "d"]);
    of.clusters = Some(vec![1, 1, 2, 2]);
    let all = json!({"kind": "group_all", "of": "acc", "by": "g"});
    assert_eq!(number(all.clone(), &[], &of).unwrap().method, Method::ClusterBootstrap);
    of.clusters = None;
    assert_eq!(number(all, &[], &of).unwrap().method, Method::Wilson);
}

#[test]
fn both_sides_are_over_the_items_that_both_have() {
    let ratio = metric("it", &json!({"kind": "ratio", "of": "a", "over": "b"}));
    let one = items(&[("a", &[1.0, 1.0, 0.0, 1.0]), ("b", &[1.0, 1.0, 1.0, 1.0])]);
    let other = items(&[("a", &[0.0, NONE, 1.0, 0.0]), ("b", &[1.0, 1.0, 1.0, 1.0])]);
    let found = compare(&ratio, &[], (&one, &other), 1).unwrap();
    // 1/3 − 2/3 over items 0, 2 and 3.
    assert!((found.mean_difference + 1.0 / 3.0).abs() < 1e-15 && found.n == 3 && found.changed == 3, "{found:?}");
    assert_eq!((found.sides, found.better(crate::Direction::Higher)), (None, None));
}

/// Every (id, score) in a file of predictions.
fn pairs<'a>(value: &'a Value, out: &mut HashMap<&'a str, f64>) {
    match value {
        Value::Object(map) => match (map.get("id").and_then(Value::as_str), map.get("score").and_then(Value::as_f64)) {
            (Some(id), Some(score)) => drop(out.insert(id, score)),
            _ => map.values().for_each(|inner| pairs(inner, out)),
        },
        Value::Array(list) => list.iter().for_each(|inner| pairs(inner, out)),
        _ => {}
    }
}

/// `StereoSet` (Nadeem et al. 2021): a mean over target terms, and ICAT as a formula of two of them.
#[test]
fn stereoset_is_as_published() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/stereoset");
    let read =
        |name: &str| Some(serde_json::from_str::<Value>(&std::fs::read_to_string(folder.join(name)).ok()?).unwrap());
    let scores = "predictions_gpt2_ModelNSP_GPT2LM.intra_race_religion.json";
    let Some(scores) = read(scores) else { return };
    let mut score = HashMap::new();
    pairs(&scores, &mut score);
    for (kind, lm, ss, icat) in [
        ("race", 89.7567072075023, 60.35000089116578, 71.1770672157872),
        ("religion", 88.45977011494251, 58.02298850574713, 74.26553573787817),
    ] {
        let file = read(&format!("intrasentence_{kind}.json")).unwrap();
        let (mut related, mut stereotype, mut terms) = (Vec::new(), Vec::new(), Vec::new());
        for item in file.as_array().unwrap() {
            let of = |label: &str| {
                let sentences = item["sentences"].as_array().unwrap();
                score[sentences.iter().find(|s| s["gold_label"] == label).unwrap()["id"].as_str().unwrap()]
            };
            let (more, less, unrelated) = (of("stereotype"), of("anti-stereotype"), of("unrelated"));
            let share = |yes: bool| f64::from(u8::from(yes));
            related.push(f64::midpoint(share(more > unrelated), share(less > unrelated)));
            stereotype.push(share(more > less));
            terms.push(item["target"].as_str().unwrap());
        }
        let of = labelled(&[("related", &related), ("stereotype", &stereotype)], "target", &terms);
        let over = |of: &str| json!({"kind": "macro", "of": of, "by": "target"});
        let others = [("lms", over("related")), ("ss", over("stereotype"))];
        let found = number(json!({"kind": "formula", "of": "lms * min(ss, 1 - ss) / 0.5"}), &others, &of).unwrap();
        for (name, found, want) in [
            ("LM", number(over("related"), &[], &of).unwrap().mean, lm),
            ("SS", number(over("stereotype"), &[], &of).unwrap().mean, ss),
            ("ICAT", found.mean, icat),
        ] {
            assert!((100.0 * found - want).abs() < 1e-9, "{kind} {name}: {}, not {want}", 100.0 * found);
        }
        assert!(found.interval.is_some_and(|i| i.low < found.mean && found.mean < i.high));
    }
}
