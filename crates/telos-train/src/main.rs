//! Trains the two built-in models of Telos on text that it generates itself, and measures the figures of their model cards.
//!
//! Invariant: nothing depends on this program, it reads no data but its own grammar, and it uses no network.

mod error;
mod model;
mod optimise;
mod text;
mod train;
mod world;

fn main() {}
