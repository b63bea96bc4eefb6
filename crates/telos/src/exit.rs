//! Exit codes: what scripts rely on.

/// Success, or a gate that passed.
pub(crate) const SUCCESS: u8 = 0;
/// Something that should not happen.
pub(crate) const INTERNAL: u8 = 1;
/// A mistake in the command, the configuration or the input.
pub(crate) const USAGE: u8 = 2;
/// There was nothing to run.
pub(crate) const NOTHING: u8 = 4;
/// A gate could not decide, under `--strict`.
pub(crate) const INCONCLUSIVE: u8 = 6;
/// A run with errors, or records that cannot be compared.
pub(crate) const INVALID: u8 = 7;
/// A gate failed.
pub(crate) const FAILED: u8 = 100;
/// The run was interrupted; it can be resumed. (101 is never used: it is what a panic gives.)
pub(crate) const INTERRUPTED: u8 = 130;
