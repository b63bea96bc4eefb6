//! The survey's tree, and a user's own goals laid over it.

use super::folder::Folder;
use std::collections::{BTreeMap, BTreeSet};
use telos_core::{Band, Facet, Level, Work, WorkStatus};
use telos_spec::{Coverage, Registry, load_registry};

/// The leaves and their works as the second version of the survey draws them (arXiv 2308.12014v2), typed from the drawing.
const SURVEY: &[(&str, &str)] = &[
    (
        "instructions/representation/nlp-task-instructions",
        "PromptSource; P3; Natural Inst.; Super-Natural Inst.; GLM; xP3; Flan 2022; OPT-IML Bench; COIG",
    ),
    (
        "instructions/representation/model-generated-instructions",
        "Unnatural Inst.; Self-Instruct; Alpaca; Baize; UltraChat; Evol-Instruct; Phoenix; Bactrian-X",
    ),
    ("instructions/representation/human-shared-instructions", "ShareGPT; OpenAssistant Conversation"),
    (
        "instructions/evaluation/benchmark",
        "OPT-IML Bench; Flan 2022; MMLU; BBH; MGSM; BIG-bench; C-Eval; AGIEval; CMMLU; LM-Written Evaluation; PandaLM",
    ),
    (
        "preferences/representation/human-demonstrations",
        "InstructGPT; Summarization; WebGPT; OpenAssistant; Game Reward; LLaMA2",
    ),
    (
        "preferences/representation/human-feedback",
        "Summarization; WebGPT; InstructGPT; OpenAssistant; Safe RLHF; Hindsight; DPO; RAFT; RRHF",
    ),
    (
        "preferences/representation/model-synthetic-feedback",
        "Game Reward; IFL; ALMoST; Stable Alignment; RLAIF; Clever Flamingo",
    ),
    (
        "preferences/evaluation/benchmarks",
        "TruthfulQA; OpenBookQA; CrowS-Pairs; WinoGender; BBQ; BOLD; RealToxicityPrompts; ToxiGen; BIG-bench; HELM; LM-Written Evaluation",
    ),
    (
        "preferences/evaluation/human-and-llm-evaluation",
        "InstructGPT; Llama2; RRHF; AlpacaEval; AlpacaFarm; Vicuna; LLM-as-a-Judge; LLM Evaluation; Position Bias",
    ),
    ("preferences/evaluation/reward-model", "Llama2; HH-RLHF; DPO; RAFT; GRUE; Safe RLHF; HPS v2"),
    (
        "principles/representation/principle-definition/hhh",
        "HH-RLHF; Red-Team; Constitutional AI; SELF-ALIGN; SALMON; Sparrow; PALMS; BeaverTails",
    ),
    (
        "principles/representation/principle-definition/social-norms-and-ethics",
        "Moral Integrity Corpus; Social Chemistry 101; Moral Stories; ETHICS; MoralDial; Scruples; Goofus & Gallant",
    ),
    ("principles/representation/principle-alignment/in-context-learning", "Self-Criticism; Denevil; OPO"),
    (
        "principles/representation/principle-alignment/fine-tuning",
        "Constitutional AI; SELF-ALIGN; Red-Teaming; BeaverTails; Sparrow; SALMON; PALMS",
    ),
    ("principles/evaluation/safety-benchmarks", "HH-RLHF; SafetyPrompts; SafeText; CValues"),
    (
        "principles/evaluation/social-norms-benchmarks",
        "Moral Integrity Corpus; Social Chemistry 101; Moral Stories; ETHICS; TrustGPT; SCRUPLES; MoralExceptQA; ETHICAL QUANDARY GQA",
    ),
    ("principles/evaluation/morality-classifier", "HH-RLHF; SALMON; Goofus & Gallant; Delphi; Value KALEIDO"),
    (
        "values/representation/basic-value-theory",
        "Bernard Gert's Common Morality; Moral Foundation Theory; Schwartz Theory of Basic Values; Rokeach Values; Social Value Orientation",
    ),
    ("values/representation/basic-value-alignment", "VILLAMA; BaseAlign"),
    (
        "values/evaluation/human-value-surveys",
        "GlobalOpinionQA; Moral Foundations; Schwartz Value Surveys; Social Value Orientation; Denevil",
    ),
    (
        "values/evaluation/automatic-value-classifier",
        "Moral Foundation Twitter Corpus; VALUENET; Arguments; Value FULCRA",
    ),
];

/// The nodes of the first version (arXiv 2308.12014v1), each below the one that is indented less.
const FIRST_VERSION: &str = "
definition
  human-instructions
  human-preferences
    human-demonstrations
    human-feedback
    model-synthetic-feedback
  human-values
    value-principles
      hhh
      social-norms-and-ethics
      basic-value-system
    target-representation
      desirable-behaviors
      intrinsic-values
evaluation
  human-instructions
    benchmarks
    automatic-chatbot-arenas
  human-preferences
    benchmarks
    human-evaluation
    reward-model
  human-values
    benchmarks
      safety-and-risk
      social-norms
      value-surveys
    reward-model
";

pub(super) fn registry(files: &[(&str, &str)]) -> (Registry, Vec<String>) {
    let folder = Folder::with(files);
    let folders = if files.is_empty() { Vec::new() } else { vec![folder.path.join("mine")] };
    let (registry, found) = load_registry(&folders, &folder.around());
    (registry, folder.texts(&found))
}

pub(super) fn built_in() -> Registry {
    let (registry, found) = registry(&[]);
    assert_eq!(found, Vec::<String>::new());
    registry
}

#[test]
fn every_leaf_has_the_works_that_the_survey_names() {
    let registry = built_in();
    let with_works: Vec<&str> =
        registry.goals.iter().filter(|g| g.leaf || !g.works.is_empty()).map(|g| g.id.0.as_str()).collect();
    assert_eq!(with_works, SURVEY.iter().map(|(leaf, _)| *leaf).collect::<Vec<_>>());
    for (leaf, works) in SURVEY {
        let goal = registry.goals.iter().find(|g| g.id.0 == *leaf).unwrap();
        let names: Vec<&str> = goal.works.iter().map(|work| work.name.as_str()).collect();
        assert_eq!(names, works.split("; ").collect::<Vec<_>>(), "{leaf}");
    }
}

#[test]
fn no_work_is_without_a_status_and_what_works_has_a_benchmark() {
    let registry = built_in();
    let mut measured = BTreeMap::new();
    for goal in &registry.goals {
        for Work { name, cites, status, benchmarks, reason } in &goal.works {
            assert!(!cites.is_empty(), "{name}");
            let told = reason.as_ref().is_some_and(|text| text.ends_with('.'));
            match status {
                WorkStatus::Works => {
                    let bound = |id: &String| registry.benchmarks[id].goals.contains(&goal.id);
                    assert!(!benchmarks.is_empty() && benchmarks.iter().all(bound), "{name}");
                    measured.insert(name.as_str(), benchmarks.join(" "));
                }
                // That there is something to measure in it is not plain in a leaf of representation.
                WorkStatus::Planned => assert!(told || goal.id.facet() == Some(Facet::Evaluation), "{name}"),
                WorkStatus::OutOfScope => assert!(told, "{name}"),
            }
        }
    }
    for (name, benchmarks) in [("TruthfulQA", "truthfulqa-mc1 truthfulqa-mc2"), ("CrowS-Pairs", "crows-pairs")] {
        assert_eq!(measured.get(name).map(String::as_str), Some(benchmarks));
    }
}

#[test]
fn each_goal_has_its_place_and_what_is_to_be_said_of_it() {
    let registry = built_in();
    for (order, (id, level, band)) in [
        ("instructions", Level::Instruction, Band::FundamentalAbility),
        ("preferences", Level::Preference, Band::ValueOrientation),
        ("principles", Level::ValuePrinciple, Band::ValueOrientation),
        ("values", Level::BasicValue, Band::ValueOrientation),
    ]
    .into_iter()
    .enumerate()
    {
        let goals: Vec<_> = registry.goals.iter().filter(|goal| goal.id.is_within(id)).collect();
        for goal in &goals {
            let place = (goal.level, goal.band, goal.order, goal.version.as_deref());
            assert_eq!(place, (Some(level), Some(band), Some(order as u64 + 1), Some("v2")), "{}", goal.id.0);
            assert!(goal.id.0 == id || goal.id.facet().is_some(), "{}", goal.id.0);
        }
        let top = goals[0];
        assert_eq!(top.id.0, id);
        let sentences =
            [std::slice::from_ref(&top.motivation), top.strengths.as_slice(), top.limits.as_slice()].concat();
        assert!(sentences.iter().all(|text| text.ends_with('.')), "{id}");
        assert!(!top.strengths.is_empty() && !top.limits.is_empty() && !top.cites.is_empty(), "{id}");
    }
}

#[test]
fn every_id_of_the_first_version_has_a_place_in_the_second() {
    let registry = built_in();
    let mut expected = BTreeSet::new();
    let mut above: Vec<&str> = Vec::new();
    for line in FIRST_VERSION.lines().filter(|line| !line.is_empty()) {
        let part = line.trim_start();
        above.truncate((line.len() - part.len()) / 2);
        above.push(part);
        expected.insert(above.join("/"));
    }
    assert_eq!(expected.len(), 28);
    let versions: BTreeSet<&String> = registry.goals.iter().flat_map(|goal| goal.earlier.keys()).collect();
    assert_eq!(versions.into_iter().collect::<Vec<_>>(), ["v1"]);
    let mapped: BTreeSet<String> =
        registry.goals.iter().filter_map(|goal| goal.earlier.get("v1")).flatten().cloned().collect();
    assert_eq!(mapped, expected);
    for (old, new) in [
        ("evaluation/human-instructions/automatic-chatbot-arenas", "preferences/evaluation/human-and-llm-evaluation"),
        ("definition/human-values/value-principles/basic-value-system", "values/representation/basic-value-theory"),
        ("evaluation/human-values/benchmarks/value-surveys", "values/evaluation/human-value-surveys"),
    ] {
        let goal = registry.goals.iter().find(|goal| goal.id.0 == new).unwrap();
        assert!(goal.earlier["v1"].iter().any(|id| id == old), "{old}");
        assert!(!registry.goals.iter().any(|goal| goal.id.0 == old), "{old}");
    }
}

fn near(id: &str, expected: &[&str]) {
    let hint = built_in().near_goal(id).unwrap_or_default();
    assert!(expected.iter().all(|part| hint.contains(part)) && hint.is_empty() == expected.is_empty(), "{id}: {hint}");
}

#[test]
fn an_unknown_id_is_told_what_is_near() {
    near("value", &["did you mean `values`?"]);
    near("values/evaluation/human-value-survey", &["did you mean `values/evaluation/human-value-surveys`?"]);
    near("hhh", &["did you mean `principles/representation/principle-definition/hhh`?"]);
    near("evaluation", &["version v1", "now it is `instructions/evaluation`, ", " and `values/evaluation`"]);
    near(
        "evaluation/human-values/reward-model",
        &["`principles/evaluation/morality-classifier` and `values/evaluation/automatic-value-classifier`"],
    );
    near("representaton", &["`instructions/representation`, ", " or `values/representation`?"]);
    near("values/zzzzzzzzzzzzzzz", &["below `values` there are `values/representation` and `values/evaluation`"]);
    near("zzzzzzzzzz", &[]);
}

#[test]
fn coverage_counts_every_benchmark_once_and_every_work() {
    let registry = built_in();
    let count = |id: &str| registry.below(id).unwrap().coverage;
    let leaf = count("preferences/evaluation/benchmarks");
    assert_eq!((leaf.leaves, leaf.leaves_with_benchmark, leaf.named()), (1, 1, 11));
    assert!(leaf.benchmarks >= 3 && leaf.works >= 2);
    let shared = count("instructions/representation/human-shared-instructions");
    assert_eq!(shared, Coverage { leaves: 1, representation_leaves: 1, out_of_scope: 2, ..Coverage::default() });
    let all = registry.tree();
    assert_eq!((all.version, all.coverage.leaves, all.coverage.named()), (Some("v2"), 21, 136));
    assert_eq!((all.coverage.representation_leaves, all.coverage.evaluation_leaves), (12, 9));
    let bound = registry.benchmarks.values().filter(|file| !file.goals.is_empty()).count();
    assert_eq!(all.coverage.benchmarks, bound);
    let tops = ["instructions", "preferences", "principles", "values"].map(count);
    assert_eq!(tops.map(|c| c.named()), [30, 48, 42, 16]);
    assert_eq!(tops.iter().map(|c| c.planned).sum::<usize>(), all.coverage.planned);
    assert!(registry.below("nowhere").is_none());
}

pub(super) const MINE: &str = r"goal: values/evaluation
children:
  - id: own
    title: Own
    works: [{name: Mine, status: planned}]
    dimensions:
      - id: two-by-two
        title: Two by two
        cites: [Nobody 2020]
        circular: true
        dimensions:
          - {id: up, title: Up, definition: Towards the sky., opposites: [down]}
          - {id: right, title: Right}
          - {id: down, title: Down}
        higher: [{id: steep, title: Steep, of: [up, down]}]
    principles:
      - {id: rules, title: Rules, definition: Two of them., rules: [{number: 1, text: Look up.}, {number: 2, text: Go on.}]}
";

pub(super) const BOUND: &str = "benchmark: bbq\nabout: Who did it?\ngoals: [preferences/evaluation/benchmarks, values/evaluation/own]\nlicence: MIT\nsource: {path: r.csv}\nrequest: {kind: choices, context: a, choices: \"{{ b }}\"}\nevaluator: {kind: sentence_pair}\n";

#[test]
fn a_folder_of_ones_own_adds_leaves_works_dimensions_and_rules() {
    let (registry, found) = registry(&[
        ("mine/a.yaml", "goal: values/evaluation/own/deeper\ntitle: Deeper\n"),
        ("mine/b.yaml", MINE),
        (
            "mine/c.yaml",
            "goal: preferences/evaluation/benchmarks\nworks:\n  - {name: BBQ, status: works, benchmarks: [bbq]}\n  - {name: New, status: planned}\n",
        ),
        ("mine/bbq.yaml", &BOUND.replace("/own]", "/own/deeper]")),
    ]);
    assert_eq!(found, Vec::<String>::new());
    let goal = |id: &str| registry.goals.iter().find(|goal| goal.id.0 == id).unwrap();
    let (own, deeper) = (goal("values/evaluation/own"), goal("values/evaluation/own/deeper"));
    assert_eq!((own.level, own.order, own.leaf), (Some(Level::BasicValue), Some(4), false));
    assert_eq!((deeper.level, deeper.version.as_deref(), deeper.leaf), (Some(Level::BasicValue), Some("v2"), true));
    assert_eq!(goal("values/evaluation").title, "Goal Evaluation");
    let set = &own.dimensions[0];
    assert_eq!((set.id.as_str(), set.circular, set.opposites("down")), ("two-by-two", true, vec!["up"]));
    assert_eq!(own.principles[0].rules[1].text, "Go on.");
    let works = &goal("preferences/evaluation/benchmarks").works;
    assert_eq!(works.len(), 12);
    assert_eq!((works[4].name.as_str(), works[4].status), ("BBQ", WorkStatus::Works));
    assert_eq!(works[11].name, "New");
    assert_eq!(registry.tree().coverage.leaves, 22);
}

fn mistake(from: &str, to: &str, expected: &[&str]) {
    assert!(MINE.contains(from), "{from}");
    let (_, found) = registry(&[("mine/b.yaml", &MINE.replacen(from, to, 1)), ("mine/bbq.yaml", BOUND)]);
    assert_eq!(found.len(), expected.len(), "{to}: {found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(&format!("mine/b.yaml:{expected}")), "{to}: {found}");
    }
}

#[test]
fn mistakes_in_goals_are_named_with_their_places() {
    mistake("Own", "Own", &[]);
    mistake(
        "status: planned",
        "status: plannd",
        &["5:34: expected `works` or `planned` or `out of scope`, found `plannd`\n  hint: did you mean `planned`?"],
    );
    mistake(
        "status: planned",
        "status: out of scope",
        &["5:34: `Mine` is out of scope and does not say why\n  hint: add `reason`"],
    );
    mistake(
        "status: planned",
        "status: out of scope, reason: ' '",
        &["5:34: `Mine` is out of scope and does not say why"],
    );
    mistake("status: planned", "status: works", &["5:34: `Mine` has the status `works` and names no benchmark"]);
    mistake(
        "status: planned",
        "status: planned, benchmarks: [bbq]",
        &["5:34: `Mine` is `planned` and names benchmarks"],
    );
    mistake(
        "status: planned",
        "status: works, benchmarks: [bqb]",
        &["5:54: there is no benchmark `bqb`\n  hint: did you mean `bbq`?"],
    );
    mistake(
        "status: planned",
        "status: works, benchmarks: [crows-pairs]",
        &["5:54: the benchmark `crows-pairs` is not bound to `values/evaluation/own`"],
    );
    mistake(
        "status: planned",
        "statut: planned",
        &["5:13: the key `status` is missing", "5:26: unknown key `statut`\n  hint: did you mean `status`?"],
    );
    mistake(
        "[{name: Mine",
        "[{name: Mine, status: planned}, {name: Mine",
        &["5:44: `Mine` stands in `works` a second time"],
    );
    mistake(
        "opposites: [down]",
        "opposites: [dwn]",
        &["12:75: there is no dimension `dwn` in the set `two-by-two`\n  hint: did you mean `down`?"],
    );
    mistake("opposites: [down]", "opposites: [up]", &["12:75: `up` is not opposed to itself"]);
    mistake("of: [up, down]", "of: [up, steep]", &["15:53: there is no dimension `steep` in the set"]);
    mistake("id: steep", "id: up", &["15:23: the id `up` stands in this set a second time"]);
    mistake("id: right", "id: Right", &["13:18: `Right` is no id"]);
    mistake(
        "          - {id: right, title: Right}\n",
        "",
        &["10:19: a circle has three dimensions or more, this one has 2"],
    );
    mistake("circular: true", "circular: yes", &["10:19: expected true or false, found the string `yes`"]);
    mistake("number: 2", "number: 1", &["17:107: expected a number above 1, that of the rule before, found 1"]);
    mistake("number: 1", "number: 0", &["17:78: expected a whole number, 1 or more, found 0"]);
    mistake("id: rules", "id: Rules", &["17:14: `Rules` is no id"]);
    mistake(
        "goal: values/evaluation\n",
        "goal: values/evaluation\nlevel: basic\n",
        &["2:8: expected `instruction` or `preference` or `value-principle` or `basic-value`, found `basic`"],
    );
    mistake(
        "    title: Own\n",
        "    title: Own\n    motivations: A.\n",
        &["5:5: unknown key `motivations`\n  hint: did you mean `motivation`?"],
    );
    let (_, found) = registry(&[("mine/b.yaml", &MINE.replace("goal: values/evaluation", "goal: values/more"))]);
    let expected =
        "mine/b.yaml:1:1: the key `title` is missing; expected a string\n  hint: there is no goal `values/more` yet";
    assert!(found.len() == 1 && found[0].starts_with(expected), "{found:?}");
}

#[test]
fn an_id_of_a_set_or_a_list_stands_at_one_goal_only() {
    let twice = MINE.replace("values/evaluation", "values/representation").replace("own", "other");
    let (_, found) = registry(&[("mine/a.yaml", MINE), ("mine/b.yaml", &twice), ("mine/bbq.yaml", BOUND)]);
    let expected = [
        "mine/b.yaml:7:13: the id `two-by-two` stands at the goal `values/evaluation/own` already",
        "mine/b.yaml:17:14: the id `rules` stands at the goal `values/evaluation/own` already",
    ];
    assert_eq!(found, expected);
}

#[test]
fn an_id_of_the_first_version_is_told_its_place_wherever_it_stands() {
    let old = BOUND.replace("values/evaluation/own", "evaluation/human-values/benchmarks/social-norms");
    let (_, found) = registry(&[("mine/bbq.yaml", &old)]);
    let expected = "mine/bbq.yaml:3:44: there is no goal `evaluation/human-values/benchmarks/social-norms`\n  hint: that is an id of version v1 of the taxonomy; now it is `principles/evaluation/social-norms-benchmarks`";
    assert_eq!(found, [expected]);
}
