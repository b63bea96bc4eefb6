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

/// Entries of a list or object that a template makes, counted with those of the lists in it, as often as they are in it. All
/// that walks a value takes time in proportion.
pub const ENTRIES: usize = 1_000_000;

/// Bytes of a text that a template makes, or of all texts in a list or object. Case, quotes and escapes may make three to ten
/// times as much of it before it is counted.
pub const TEXT: usize = 32 << 20;

/// How deep lists and objects may lie in each other. The library walks and drops them with one level of the stack each; what is
/// read from data has 128 at most.
pub const DEPTH: usize = 200;

/// Keys and values of one object that a template writes out. The library counts them in 16 bits.
pub const ARGUMENTS: usize = 30_000;

/// Bytes of the name of an attribute or filter that is given as a text, which is read anew for every entry.
pub const NAME_BYTES: usize = 1000;

/// Entries of what stands in a chain of comparisons, `a < b < c`.
pub const SMALL_ENTRIES: usize = 1000;

/// Bytes of what stands in a chain of comparisons.
pub const SMALL_BYTES: usize = 10_000;

/// The largest width or precision that `str.format` is given.
pub const WIDTH: u64 = 1_000_000;

/// Levels of macros, includes and recursive loops. Each takes some kilobytes of the stack; known templates have under ten.
pub const RECURSION: usize = 100;
