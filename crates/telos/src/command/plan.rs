//! `telos plan`: what would run.

use crate::cli::Plan;
use crate::exit;
use crate::failure::Failure;
use crate::output::{print, print_json};
use crate::world::World;

/// Prints the plan; exit code 2 where something in it cannot run.
pub(crate) fn plan(world: &World, what: &Plan) -> Result<u8, Failure> {
    let suite = world.suite(&what.suite.suite, &what.suite.sets, what.suite.limit)?;
    let plan = telos_run::plan(&suite, world.models().as_ref()).map_err(|e| Failure::nothing(&e))?;
    if what.json {
        print_json(&plan)?;
    } else {
        print(&plan.to_string())?;
    }
    Ok(if plan.problems.is_empty() { exit::SUCCESS } else { exit::USAGE })
}
