//! `telos schema`: the JSON Schema of a file format.

use crate::cli::{Schema, Which};
use crate::exit;
use crate::failure::Failure;
use crate::output::print_json;
use crate::world::World;
use telos_spec::SchemaKind;

/// Prints the schema.
pub(crate) fn schema(world: &World, what: &Schema) -> Result<u8, Failure> {
    print_json(&match what.which {
        Which::Suite => telos_spec::schema(SchemaKind::Suite, world.catalogue()),
        Which::Benchmark => telos_spec::schema(SchemaKind::Benchmark, world.catalogue()),
        Which::Goal => telos_spec::schema(SchemaKind::Goal, world.catalogue()),
        Which::Gate => telos_spec::schema(SchemaKind::Gate, world.catalogue()),
        Which::Record => telos_data::record_schema(),
    })?;
    Ok(exit::SUCCESS)
}
