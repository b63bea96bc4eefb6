//! The program as it is typed: arguments, output, exit codes, files.

#![expect(clippy::print_stderr, reason = "a test that is skipped says so")]

#[path = "../../src/catalogue.rs"]
mod catalogue;
mod circles;
mod composed;
mod data_faults;
mod examples;
mod hostile_records;
mod init;
mod kinds;
mod lists;
#[cfg(target_os = "linux")]
mod mutations;
mod outputs;
mod pipes;
mod place;
mod runs;
mod spec;
#[cfg(target_os = "linux")]
mod template_faults;
