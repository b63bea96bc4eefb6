//! Goals as a terminal shows them.

use super::goals::{BOUND, MINE, built_in, registry};

fn shown(id: Option<&str>, width: usize, expected: &[&str]) {
    let (registry, _) = registry(&[("mine/b.yaml", MINE), ("mine/bbq.yaml", BOUND)]);
    let text = match id {
        None => registry.tree().to_text(width),
        Some(id) => registry.below(id).unwrap().first_to_text(width),
    };
    for part in expected {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= width && line.trim_end() == line), "{text}");
}

#[test]
fn goals_read_well_on_a_terminal() {
    shown(
        None,
        120,
        &[
            "Goals, taxonomy v2, from the surface of behaviour to intrinsic values\n\n",
            "\ninstructions                      Human Instructions ",
            "\n  (instruction, fundamental ability)\n  representation ",
            "\n    human-shared-instructions     Human-Shared Instructions                 –      –        –             2\n",
            "\n    own                           Own                                       1      –        1             –\n",
            "\n22 leaves (12 representation, 10 evaluation), ",
        ],
    );
    shown(None, 80, &["\nprinciples                                 6      1       "]);
    shown(
        Some("values/evaluation/own"),
        60,
        &[
            "values/evaluation/own\nOwn\nbasic-value · value orientation · ",
            "\ndimensions two-by-two\n  Two by two (Nobody 2020), on a circle in this order\n    up: Up. Towards the sky; opposed to down\n",
            "\n    steep: Steep; of up, down\n",
            "\nprinciples rules\n  Rules. Two of them\n    1. Look up.\n    2. Go on.\n",
            "\nbenchmarks\n  bbq: Who did it? (MIT)\n",
            "\nworks: 0 with a benchmark, 1 planned, 0 out of scope\n  Mine: planned\n",
        ],
    );
    shown(
        Some("preferences/evaluation/reward-model"),
        100,
        &[
            "\nearlier ids\n  evaluation/human-preferences/reward-model (v1)\n",
            "\nbenchmarks\n  none\n",
            "\n  HPS v2 (Wu et al. 2023, arXiv:2306.09341): out of scope. It scores images; Telos measures texts.\n",
        ],
    );
    shown(Some("values"), 100, &["\nstrengths\n  The dimensions are few", "\ngoal ", "\n  evaluation ", "\n    own "]);
}

#[test]
fn a_goal_is_shown_in_full() {
    let registry = built_in();
    let leaf = registry.below("instructions/representation/human-shared-instructions").unwrap().first_to_text(80);
    let expected = "\
instructions/representation/human-shared-instructions
Human-Shared Instructions
instruction · fundamental ability · order 1 (1 is the surface of behaviour) ·
representation

definition
  Instructions that people wrote for their own use and gave away, such as shared
  conversations.

benchmarks
  none

works: 0 with a benchmark, 0 planned, 2 out of scope
  ShareGPT (Chiang et al. 2023): out of scope. Conversations that users shared,
      for training; nothing to measure.
  OpenAssistant Conversation (Köpf et al. 2023, arXiv:2304.07327): out of scope.
      Conversations that volunteers wrote, for training; nothing to measure.
";
    assert_eq!(leaf, expected, "{leaf}");
    let alignment = registry.below("principles/representation/principle-alignment").unwrap().first_to_text(100);
    let expected = "\
principles/representation/principle-alignment
Principle Alignment
value-principle · value orientation · order 3 (1 is the surface of behaviour) · representation

definition
  How a model is brought to follow the rules.

earlier ids
  definition/human-values/target-representation (v1)

goal                                           title                benchmarks  works  planned  out of scope
principles/representation/principle-alignment  Principle Alignment           –      –        1             9
";
    let narrow = "\
goal                                           benchmarks  works  planned  out of scope
principles/representation/principle-alignment           –      –        1             9
  in-context-learning                                   –      –        1             2
  fine-tuning                                           –      –        –             7

2 leaves (2 representation), 0 with a benchmark; 0 benchmarks. 10 named works: 0 with a benchmark, 1
planned, 9 out of scope.
";
    let (head, _) = expected.split_once("goal  ").unwrap();
    assert_eq!(alignment, format!("{head}{narrow}"), "{alignment}");
    let wide = registry.below("principles/representation/principle-alignment").unwrap().first_to_text(110);
    assert!(wide.starts_with(expected), "{wide}");
}
