//! Values of a GGUF file's metadata.

use std::borrow::Cow;
use std::ops::Range;

/// The kinds of values (`gguf.h`, `enum gguf_type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    F32,
    Bool,
    String,
    Array,
    U64,
    I64,
    F64,
}

impl Kind {
    /// All, by number, with the name and the bytes of one value; of strings and arrays, the least that one takes.
    const ALL: [(Self, &'static str, usize); 13] = [
        (Self::U8, "u8", 1),
        (Self::I8, "i8", 1),
        (Self::U16, "u16", 2),
        (Self::I16, "i16", 2),
        (Self::U32, "u32", 4),
        (Self::I32, "i32", 4),
        (Self::F32, "f32", 4),
        (Self::Bool, "bool", 1),
        (Self::String, "string", 8),
        (Self::Array, "array", 12),
        (Self::U64, "u64", 8),
        (Self::I64, "i64", 8),
        (Self::F64, "f64", 8),
    ];

    pub(crate) fn of(number: u32) -> Option<Self> {
        Self::ALL.get(number as usize).map(|(kind, ..)| *kind)
    }

    fn entry(self) -> (&'static str, usize) {
        Self::ALL.iter().find(|(kind, ..)| *kind == self).map_or(("", 1), |(_, name, bytes)| (name, *bytes))
    }

    pub(crate) fn name(self) -> &'static str {
        self.entry().0
    }

    /// The bytes of one value, or the least that one takes.
    pub(crate) fn least(self) -> usize {
        self.entry().1
    }
}

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// A whole number of any width, with the kind that it has in the file.
    Whole(i128, Kind),
    /// A fraction, with its kind.
    Real(f64, Kind),
    Flag(bool),
    Text(String),
    List(List),
}

/// A list, where it lies: it is read when it is asked for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct List {
    pub(crate) kind: Kind,
    pub(crate) count: usize,
    /// Its items' bytes in the file.
    pub(crate) bytes: Range<usize>,
    /// Whether lengths are of 4 bytes, as in the format's first version.
    pub(crate) short: bool,
}

impl Value {
    /// What it is, for a message.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Whole(n, kind) => format!("{n} ({})", kind.name()),
            Self::Real(x, kind) => format!("{x} ({})", kind.name()),
            Self::Flag(flag) => format!("{flag} (bool)"),
            Self::Text(text) => {
                let short: String = text.chars().take(40).collect();
                format!("{short:?} (string)")
            }
            Self::List(list) => format!("a list of {} {}", list.count, list.kind.name()),
        }
    }
}

impl List {
    /// The items as texts, bytes that are no UTF-8 replaced; none where they are no strings. `file` is the whole file.
    pub(crate) fn texts<'a>(&self, file: &'a [u8]) -> Option<Vec<Cow<'a, str>>> {
        if self.kind != Kind::String {
            return None;
        }
        let mut rest = file.get(self.bytes.clone())?;
        let mut texts = Vec::with_capacity(self.count);
        for _ in 0..self.count {
            let (length, after) = if self.short {
                let (length, after) = rest.split_first_chunk::<4>()?;
                (u64::from(u32::from_le_bytes(*length)), after)
            } else {
                let (length, after) = rest.split_first_chunk::<8>()?;
                (u64::from_le_bytes(*length), after)
            };
            let (text, after) = after.split_at_checked(usize::try_from(length).ok()?)?;
            texts.push(String::from_utf8_lossy(text));
            rest = after;
        }
        Some(texts)
    }

    /// The items as whole numbers; none where they are of another kind.
    pub(crate) fn wholes(&self, file: &[u8]) -> Option<Vec<i64>> {
        let bytes = file.get(self.bytes.clone())?;
        Some(match self.kind {
            Kind::I32 => bytes.as_chunks::<4>().0.iter().map(|b| i64::from(i32::from_le_bytes(*b))).collect(),
            Kind::U32 => bytes.as_chunks::<4>().0.iter().map(|b| i64::from(u32::from_le_bytes(*b))).collect(),
            Kind::I8 => bytes.iter().map(|b| i64::from(b.cast_signed())).collect(),
            Kind::U8 => bytes.iter().map(|b| i64::from(*b)).collect(),
            _ => return None,
        })
    }
}
