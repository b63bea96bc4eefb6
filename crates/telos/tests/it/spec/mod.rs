//! Files as `telos-spec` reads them, held against the program's own catalogue: good ones, bad ones, and those that come with
//! the repository.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up its files may panic")]

mod committed;
mod compose;
mod every_key;
mod folder;
mod gates;
mod goals;
mod goals_shown;
mod mistakes;
mod overrides;
mod published;
mod registry;
mod schemas;
mod shipped;
mod suites;
