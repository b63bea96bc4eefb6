//! How a page is made.

use telos_core::Gates;

/// How a page is made.
#[derive(Debug, Clone)]
pub struct PageOptions {
    /// Items of each benchmark that are shown in full, at most; a larger benchmark is sampled, the same way every time.
    pub items: usize,
    /// Repeats of an item that are shown, at most.
    pub repeats: u32,
    /// What the record to compare with is called, such as its path as the user gave it.
    pub against: Option<String>,
    /// The rules of the verdict; of none, with a baseline, one regression rule for everything.
    pub rules: Option<Gates>,
}

impl Default for PageOptions {
    fn default() -> Self {
        Self { items: 200, repeats: 2, against: None, rules: None }
    }
}
