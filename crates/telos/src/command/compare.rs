//! `telos compare`: two records, or two arms, item by item.

use super::read_named;
use crate::cli::Compare;
use crate::exit;
use crate::failure::Failure;
use crate::output::{print, print_json, width};
use telos_report::Side;

/// Prints the comparison; exit code 7 where the two cannot be compared.
pub(crate) fn compare(what: &Compare) -> Result<u8, Failure> {
    let (a, b) = (read_named(&what.a)?, read_named(&what.b)?);
    let side = |named: &'_ super::Named| -> (Option<String>, String) { (named.arm.clone(), named.name.clone()) };
    let ((arm_a, name_a), (arm_b, name_b)) = (side(&a), side(&b));
    let comparison = telos_report::compare(
        &Side { record: a.record.as_ref(), arm: arm_a.as_deref(), name: &name_a },
        &Side { record: b.record.as_ref(), arm: arm_b.as_deref(), name: &name_b },
    )
    .map_err(|e| Failure::report(&e))?;
    if what.json {
        print_json(&comparison)?;
    } else {
        print(&telos_report::compare::render_text(&comparison, width()))?;
    }
    Ok(if comparison.integrity.is_empty() { exit::SUCCESS } else { exit::INVALID })
}
