//! The barrier filter as its object describes it.

/// Whether the filter acts before or after the tokens are cut to the k most probable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Support {
    /// The filter acts on the plain candidates.
    Before,
    /// The filter acts on all tokens, and the first k allowed are the candidates.
    After,
}

/// The order in which candidates are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strategy {
    /// In descending key, up to the first allowed.
    Lazy,
    /// In descending probability, in whole chunks.
    Scan,
}

/// What happens where no token is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnEmpty {
    /// The text ends.
    Stop,
    /// The token with the largest h is taken.
    LeastUnsafe,
    /// The request fails.
    Error,
}

/// How many tokens of the uncontrolled text are drafted and judged at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Drafts {
    /// As many as were good lately.
    Auto,
    /// So many; 0 and 1 are no draft.
    Tokens(usize),
}

/// The filter as its object describes it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rule {
    /// One for each constraint.
    pub(crate) alphas: Vec<f64>,
    /// How many different constraints there are: one that stands twice is looked up once.
    pub(crate) distinct: u32,
    /// Whether the object had the list `constraints`.
    pub(crate) listed: bool,
    pub(crate) support: Support,
    pub(crate) strategy: Strategy,
    pub(crate) on_empty: OnEmpty,
    pub(crate) drafts: Drafts,
}
