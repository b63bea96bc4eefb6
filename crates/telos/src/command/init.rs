//! `telos init`: a suite, a benchmark and gates to start from.

use crate::cli::Init;
use crate::exit;
use crate::failure::Failure;
use crate::output::{print, write_text};
use crate::world::World;
use std::path::Path;
use telos_spec::SchemaKind;

/// The files that are copied as they are.
const FILES: &[(&str, &str)] = &[
    ("telos.yaml", include_str!("../../templates/init/telos.yaml")),
    ("gates.yaml", include_str!("../../templates/init/gates.yaml")),
    ("benchmarks/first/benchmark.yaml", include_str!("../../templates/init/benchmark.yaml")),
    ("benchmarks/first/items.csv", include_str!("../../templates/init/items.csv")),
];

/// The schemas that their first lines name, for an editor.
const SCHEMAS: &[(&str, SchemaKind)] = &[
    ("schemas/suite.schema.json", SchemaKind::Suite),
    ("schemas/gate.schema.json", SchemaKind::Gate),
    ("schemas/benchmark.schema.json", SchemaKind::Benchmark),
];

/// Writes the files; where one of them is there already, nothing is written.
pub(crate) fn init(world: &World, what: &Init) -> Result<u8, Failure> {
    let mut files: Vec<(&str, String)> = FILES.iter().map(|(path, text)| (*path, (*text).to_owned())).collect();
    for (path, kind) in SCHEMAS {
        let schema = telos_spec::schema(*kind, world.catalogue());
        let text = serde_json::to_string_pretty(&schema)
            .map_err(|e| Failure::internal(format!("failed to write the schema as JSON: {e}")))?;
        files.push((path, text + "\n"));
    }
    for (path, _) in &files {
        let path = what.dir.join(path);
        if path.exists() {
            return Err(Failure::usage(format!(
                "failed to write {}: it is there already, and nothing is overwritten; name another folder",
                path.display()
            )));
        }
    }
    let mut out = String::new();
    for (path, text) in &files {
        let path = what.dir.join(path);
        let folder = path.parent().unwrap_or(Path::new(""));
        std::fs::create_dir_all(folder)
            .map_err(|e| Failure::usage(format!("failed to create the folder {}: {e}", folder.display())))?;
        write_text(&path, text)?;
        out.extend(["wrote ", &path.display().to_string(), "\n"]);
    }
    let suite = what.dir.join("telos.yaml").display().to_string();
    out.extend(["\nnext: telos run ", &suite, "    (what to change is said in its comments)\n"]);
    print(&out)?;
    Ok(exit::SUCCESS)
}
