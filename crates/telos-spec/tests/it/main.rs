//! Files on disk: good ones, bad ones, and those that come with the repository.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up its files may panic")]
#![expect(clippy::print_stderr, reason = "a test that is skipped says so")]

mod catalogue;
mod committed;
mod compose;
mod folder;
mod gates;
mod goals;
mod mistakes;
mod overrides;
mod registry;
mod schemas;
mod shipped;
mod suites;
