//! The most that a template can make the program do, each limit with its reason.

/// Bytes of a template. The largest chat templates that are known have some 30 kilobytes.
pub const SOURCE_BYTES: usize = 1 << 20;

/// Operators, names and brackets between `{{` and `}}`, or within one `{% … %}`. The compiler recurses once for each that it
/// finds nested or chained, and the tags of known templates have under 200; commas and literals do not count, so that a list
/// may be of any length.
pub const TAG_TOKENS: usize = 1000;

/// Statements of one template. The compiler recurses once for each `elif`, and known templates have under 1,000 statements.
pub const STATEMENTS: usize = 5000;

/// `elif`s of one template, for the same reason.
pub const ELIFS: usize = 500;

/// Fuel of one rendering, as minijinja counts it: one for each instruction and for each 64 bytes that are written, allocated or
/// handed to a filter, so at most 128 MB and about a second. A chat of a megabyte takes some 100,000.
pub const FUEL: u64 = 2_000_000;

/// Fuel where a template has a `namespace`, with which a loop can put lists into lists: so many levels as this buys (some 280,000)
/// are let go again within [`NESTING_STACK`]. A chat of a thousand messages takes some 100,000.
pub const NESTING_FUEL: u64 = 400_000;

/// Bytes of the stack on which such a template is rendered; what is not used takes no memory.
pub const NESTING_STACK: usize = 64 << 20;

/// Entries of a list or object that is written out as a text, counted with those of the lists in it.
pub const ENTRIES: usize = 1_000_000;

/// How often a template may add a value to itself, outside loops: 2^16 of what it began with.
pub const DOUBLINGS: usize = 16;

/// The largest width or precision that `str.format` is given.
pub const WIDTH: u64 = 1_000_000;

/// Levels of macros, includes and recursive loops. Each takes some kilobytes of the stack; known templates have under ten.
pub const RECURSION: usize = 100;

/// Levels of lists and objects that `tojson` writes; what is read from data has 128 at most.
pub const JSON_DEPTH: usize = 200;
