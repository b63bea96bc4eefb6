//! The goals and benchmarks that are compiled into the program.

use crate::files::EmbeddedFile;

/// A file of the repository with its content.
macro_rules! embed {
    ($path:literal) => {
        EmbeddedFile { path: $path, content: include_str!(concat!("../../../", $path)) }
    };
}

/// Every file of `goals/` and of the benchmarks' own folders.
pub static BUILTIN: &[EmbeddedFile] = &[
    embed!("goals/instructions.yaml"),
    embed!("goals/preferences.yaml"),
    embed!("goals/principles.yaml"),
    embed!("goals/values.yaml"),
    embed!("benchmarks/better-answers/benchmark.yaml"),
    embed!("benchmarks/better-answers/items.jsonl"),
    embed!("benchmarks/crows-pairs/benchmark.yaml"),
    embed!("benchmarks/following/benchmark.yaml"),
    embed!("benchmarks/following/items.jsonl"),
    embed!("benchmarks/portraits/benchmark.yaml"),
    embed!("benchmarks/portraits/items.jsonl"),
    embed!("benchmarks/positivity/benchmark.yaml"),
    embed!("benchmarks/positivity/items.jsonl"),
    embed!("benchmarks/right-and-wrong/benchmark.yaml"),
    embed!("benchmarks/right-and-wrong/items.jsonl"),
    embed!("benchmarks/tiny-choices/benchmark.yaml"),
    embed!("benchmarks/tiny-choices/items.jsonl"),
    embed!("benchmarks/tiny-match/benchmark.yaml"),
    embed!("benchmarks/tiny-match/items.jsonl"),
    embed!("benchmarks/tiny-pairs/benchmark.yaml"),
    embed!("benchmarks/tiny-pairs/items.jsonl"),
    embed!("benchmarks/tiny-turns/benchmark.yaml"),
    embed!("benchmarks/tiny-turns/items.jsonl"),
    embed!("benchmarks/truthfulqa-mc1/benchmark.yaml"),
    embed!("benchmarks/truthfulqa-mc2/benchmark.yaml"),
    embed!("benchmarks/turns/benchmark.yaml"),
    embed!("benchmarks/turns/items.jsonl"),
];
