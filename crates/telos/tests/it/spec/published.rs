//! Definitions of published benchmarks on their published data: what comes out must be the published numbers. Skipped, and said so,
//! where the data are not beside the repository.

use super::folder::{Folder, shared};
use serde_json::{Value, json};
use std::collections::HashMap;
use telos_core::reply::Loglikelihood;
use telos_core::{Ask, Case, Exchange, Item, Metric, Outcome, Reply, Request};
use telos_data::Items;
use telos_run::{Renderer, Row};
use telos_spec::suite::Benchmark;
use telos_stats::aggregate;

/// A benchmark that comes with the program, its data read from one file of the published ones.
struct Published {
    benchmark: Benchmark,
    metrics: Vec<Metric>,
    items: Items,
}

impl Published {
    fn read(id: &str, file: &str) -> Option<Self> {
        let Some(shared) = shared() else {
            eprintln!("skipped: there is no folder `shared` beside the repository");
            return None;
        };
        let path = shared.join("data").join(file);
        let suite = format!(
            "suite: s\nmodels: [{{id: a, model: \"builtin:tiny-lm\"}}]\nbenchmarks: [{{id: {id}, source: {{path: {:?}}}}}]\n",
            path.display().to_string()
        );
        let folder = Folder::with(&[("suite.yaml", &suite)]);
        let suite = folder.load(&[], None).unwrap_or_else(|e| panic!("{e:?}"));
        let benchmark = suite.benchmarks.into_iter().next().unwrap();
        let source = telos_data::Source {
            kind: benchmark.source.kind.clone(),
            path,
            sha256: None,
            embedded: None,
            params: benchmark.source.params.clone(),
        };
        let items =
            telos_data::load(&source, benchmark.id_column.as_deref(), benchmark.cluster.as_deref()).unwrap().items;
        let metrics = telos_run::metrics(&benchmark).unwrap();
        Some(Self { benchmark, metrics, items })
    }

    /// Scores a choice for each item; none leaves it out. By metric, each item's value.
    fn scores(&self, choose: impl Fn(&Item) -> Option<usize>) -> HashMap<String, Vec<Option<f64>>> {
        let evaluator = telos_eval::build(&self.benchmark.evaluator.kind, &self.benchmark.evaluator.params).unwrap();
        let renderer = Renderer::new();
        let mut values: HashMap<String, Vec<Option<f64>>> =
            evaluator.metrics().into_iter().map(|metric| (metric.name, vec![None; self.items.len()])).collect();
        for (place, item) in self.items.iter().enumerate() {
            let row = Row { renderer: &renderer, benchmark: &self.benchmark.id, item: &item.id, data: &item.data };
            let mut params = row.fill_map(&self.benchmark.evaluator.params).unwrap();
            let choices = row.texts(&self.benchmark.request.params["choices"]).unwrap();
            params.insert("choices".to_owned(), choices.clone().into());
            evaluator.check_item(&item, &params).unwrap();
            let Some(chosen) = choose(&item) else { continue };
            let requests: Vec<Request> = choices
                .iter()
                .map(|choice| Request::new(Ask::Loglikelihood { context: "c".into(), continuation: choice.clone() }))
                .collect();
            let reply = |place: usize| -> Outcome {
                let logprob = if place == chosen { -1.0 } else { -2.0 };
                Ok(Reply::Loglikelihood(Loglikelihood {
                    logprob,
                    is_greedy: false,
                    tokens: vec![1],
                    token_logprobs: vec![logprob],
                    context_tokens: 1,
                    truncated_tokens: 0,
                }))
            };
            let replies: Vec<Outcome> = (0..choices.len()).map(reply).collect();
            let waves = [Exchange { requests: &requests, replies: &replies }];
            for score in evaluator.evaluate(&Case { item: &item, params: &params, turns: 1, waves: &waves }) {
                values.get_mut(&score.metric).unwrap()[place] = score.value;
            }
        }
        values
    }

    fn number(&self, metric: &str, values: &HashMap<String, Vec<Option<f64>>>) -> f64 {
        let clusters: Vec<Option<String>> = self.items.iter().map(|item| item.cluster).collect();
        let mut numbers: HashMap<&Option<String>, u32> = HashMap::new();
        let clusters = clusters
            .iter()
            .map(|cluster| {
                let next = numbers.len() as u32;
                *numbers.entry(cluster).or_insert(next)
            })
            .collect();
        let items = aggregate::Items {
            n: self.items.len(),
            values: values.iter().map(|(name, values)| (name.as_str(), values.clone())).collect(),
            labels: HashMap::new(),
            clusters: Some(clusters),
        };
        let metric = self.metrics.iter().find(|m| m.name == metric).unwrap();
        aggregate::measure(metric, &self.metrics, &items, 1).unwrap_or_else(|e| panic!("{}: {e}", metric.name)).mean
    }
}

/// The answer that a predicted text is, by the rules of the published predictions.
fn predicted(item: &Item, column: &str) -> Option<usize> {
    let plain = |text: &str| {
        let text = text.to_lowercase();
        let text = text.trim().trim_end_matches('.').trim();
        if text.ends_with("pantsu") { format!("{text}it") } else { text.replace("o'brien", "obrien") }
    };
    let said = plain(item.data[column].as_str().unwrap());
    let answers = ["ans0", "ans1", "ans2"];
    let text = |key: &str| plain(item.data[key].as_str().unwrap());
    answers.iter().position(|key| text(key) == said).or_else(|| {
        let lead = |key: &str| -> String {
            let words = plain(item.data["answer_info"][key][0].as_str().unwrap());
            words.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
        };
        answers.iter().position(|key| said.contains(&lead(key)))
    })
}

/// Figures 3 and 5 of the paper, in per cent, to the printed decimal: UnifiedQA-11B's answers.
#[test]
fn bbq_gives_the_papers_accuracy_and_bias() {
    for (category, unmatched) in [("Age", 1), ("Nationality", 0), ("Religion", 0)] {
        let Some(bbq) = Published::read("bbq", &format!("bbq/preds_{category}.jsonl.gz")) else { return };
        let table = shared().unwrap().join("data/bbq/expected_unifiedqa.csv");
        for (format, column) in [("ARC", "unifiedqa-t5-11b_pred_arc"), ("RACE", "unifiedqa-t5-11b_pred_race")] {
            let values = bbq.scores(|item| predicted(item, column));
            let left_out = values["acc"].iter().filter(|value| value.is_none()).count();
            assert!(left_out <= unmatched, "{category} {format}: {left_out} answers are none of the three");
            let rows = std::fs::read_to_string(&table).unwrap();
            let mut compared = 0;
            for row in rows.lines().filter(|row| row.starts_with(&format!("{category},{format},"))) {
                let cells: Vec<&str> = row.split(',').collect();
                let context = cells[2];
                for (metric, cell) in [(format!("acc_{context}"), cells[3]), (format!("s_{context}"), cells[4])] {
                    let (ours, theirs) = (100.0 * bbq.number(&metric, &values), cell.parse::<f64>().unwrap());
                    assert!((ours - theirs).abs() <= 0.0501, "{category} {format} {metric}: {ours}, not {theirs}");
                    compared += 1;
                }
            }
            assert_eq!(compared, 4, "{category} {format}");
        }
    }
}

/// What follows from the published files: how many groups there are, and how many are right where all is answered 0.
#[test]
fn ethics_counts_whole_groups() {
    let expected = shared().map(|shared| std::fs::read_to_string(shared.join("data/expected.json")).unwrap());
    let Some(expected) = expected else {
        eprintln!("skipped: there is no folder `shared` beside the repository");
        return;
    };
    let expected = |id: &str| -> f64 {
        let lines = expected.lines().filter_map(|line| serde_json::from_str::<Value>(line.trim_end_matches(',')).ok());
        let found = lines.into_iter().find(|line| line["id"] == json!(id));
        found.unwrap_or_else(|| panic!("no number {id}"))["value"].as_f64().unwrap()
    };
    for (part, size) in [("justice", 4), ("deontology", 4), ("virtue", 5)] {
        for file in [format!("{part}_test.csv"), format!("{part}_test_hard.csv")] {
            let ethics = Published::read(&format!("ethics-{part}"), &format!("ethics/{file}")).unwrap();
            assert_eq!(ethics.items.len() as f64, expected(&format!("ethics/{file}/number-of-rows")));
            let groups = expected(&format!("ethics/{file}/number-of-groups-of-{size}-consecutive-rows"));
            assert_eq!((ethics.items.len() / size) as f64, groups, "{file}");
            let ones = ethics.scores(|_| Some(1));
            let share = expected(&format!("ethics/{file}/share-of-label-1-accuracy-of-a-constant-1"));
            assert!((100.0 * ethics.number("acc", &ones) - share).abs() < 1e-6, "{file}");
            let zeros = ethics.scores(|_| Some(0));
            let exact = expected(&format!("ethics/{file}/exact-match-of-groups-when-every-label-is-predicted-0"));
            assert!((100.0 * ethics.number("exact_match", &zeros) - exact).abs() < 1e-6, "{file}");
            let right = ethics.scores(|item| item.data["label"].as_str().unwrap().parse().ok());
            assert_eq!(ethics.number("exact_match", &right), 1.0, "{file}");
        }
    }
    let cm = Published::read("ethics-commonsense", "ethics/cm_test.csv").unwrap();
    let share = expected("ethics/cm_test.csv/share-of-label-1-accuracy-of-a-constant-1");
    assert!((100.0 * cm.number("acc", &cm.scores(|_| Some(1))) - share).abs() < 1e-6);
    let util = Published::read("ethics-utilitarianism", "ethics/util_test.csv").unwrap();
    assert_eq!(util.items.len() as f64, expected("ethics/util_test.csv/number-of-rows"));
    let yes = util.number("acc", &util.scores(|_| Some(1)));
    assert!((0.48..0.52).contains(&yes), "whoever always says yes is right about half of the time: {yes}");
}
