//! The header of a GGUF file, held against the file's size (ggml's `docs/gguf.md`).
//!
//! The format, all little-endian: `GGUF`, the version, the number of tensors and of metadata pairs; each pair a key, a kind and a
//! value; each tensor a name, its extents (inputs first), a type and an offset into the values, which begin at the next multiple
//! of `general.alignment`.

use super::ggml;
use super::metadata::{Kind, List, Value};
use crate::error::OpenError;
use crate::limits;
use std::collections::BTreeMap;

/// The key whose value is the multiple that tensors begin at.
const ALIGNMENT: &str = "general.alignment";

/// What the header says.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) values: BTreeMap<String, Value>,
    pub(crate) tensors: BTreeMap<String, Info>,
}

/// One tensor.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Info {
    /// The type's number.
    pub(crate) kind: u32,
    /// Outputs first.
    pub(crate) shape: Vec<usize>,
    /// Where its values begin in the file.
    pub(crate) start: usize,
    /// How many bytes they take, where the type is one that is read.
    pub(crate) bytes: Option<usize>,
}

/// Reads a header. What contradicts the format or the file's size is broken; a version or a byte order that is not read here is
/// not supported.
pub(crate) fn read(file: &str, bytes: &[u8]) -> Result<Header, OpenError> {
    let mut reader = Reader { file, bytes, at: 0, short: false };
    if bytes.get(..4) != Some(b"GGUF") {
        return Err(reader.broken("it does not begin with `GGUF`, so that it is no GGUF file"));
    }
    reader.at = 4;
    let version = reader.u32()?;
    if !(1..=3).contains(&version) {
        let what = match version.swap_bytes() {
            1..=3 => format!("big-endian GGUF ({file})"),
            _ => format!("version {version} of GGUF ({file})"),
        };
        return Err(OpenError::unsupported(what, "versions 1 to 3, little-endian"));
    }
    reader.short = version == 1;
    let tensors = reader.count("tensors", 24)?;
    let pairs = reader.count("metadata pairs", 13)?;
    let values = reader.values(pairs)?;
    let infos = reader.infos(tensors)?;
    let alignment = alignment(file, values.get(ALIGNMENT))?;
    let first = reader.at.checked_next_multiple_of(alignment).unwrap_or(usize::MAX);
    Ok(Header { tensors: place(file, bytes.len(), infos, first, alignment)?, values })
}

/// The multiple that tensors begin at.
fn alignment(file: &str, value: Option<&Value>) -> Result<usize, OpenError> {
    match value {
        None => Ok(32),
        Some(Value::Whole(n, Kind::U32)) if u32::try_from(*n).is_ok_and(u32::is_power_of_two) => Ok(*n as usize),
        Some(other) => {
            let why = format!("is {}: expected a power of two (u32)", other.shown());
            Err(OpenError::key(file, ALIGNMENT, why))
        }
    }
}

/// Puts every tensor in its place in the file; none may lie on another, or past the end, and nothing may lie behind them.
fn place(
    file: &str,
    size: usize,
    mut infos: Vec<(String, Info)>,
    first: usize,
    alignment: usize,
) -> Result<BTreeMap<String, Info>, OpenError> {
    let broken = |why: String| OpenError::broken(file, why);
    infos.sort_by_key(|(_, info)| info.start);
    let mut end = first;
    let mut measured = true;
    let mut placed = BTreeMap::new();
    for (name, mut info) in infos {
        let offset = info.start;
        let (Some(start), true) = (first.checked_add(offset), offset % alignment == 0) else {
            return Err(broken(format!("tensor `{name}` has the offset {offset}: expected a multiple of {alignment}")));
        };
        let stop = info.bytes.map_or(Some(start), |bytes| start.checked_add(bytes)).unwrap_or(usize::MAX);
        if stop > size {
            return Err(broken(format!("tensor `{name}` ends at byte {stop} of {size}; it may be truncated")));
        }
        if start < end {
            return Err(broken(format!("tensor `{name}` begins at byte {start}, inside another, which ends at {end}")));
        }
        measured &= info.bytes.is_some();
        end = stop;
        info.start = start;
        placed.insert(name, info);
    }
    // How long a type is that is not read here, is not known.
    if measured && size > end.saturating_add(alignment) {
        return Err(broken(format!("its tensors end at byte {end}, and the file has {size}")));
    }
    Ok(placed)
}

/// The header as far as it is read.
struct Reader<'a> {
    file: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// Whether counts and lengths are of 4 bytes, as in the format's first version.
    short: bool,
}

impl<'a> Reader<'a> {
    fn broken(&self, why: impl Into<String>) -> OpenError {
        OpenError::broken(self.file, why)
    }

    fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    fn take(&mut self, many: usize) -> Result<&'a [u8], OpenError> {
        let end = self.at.checked_add(many).filter(|end| *end <= self.bytes.len());
        let Some(end) = end else {
            let (at, size) = (self.at, self.bytes.len());
            return Err(
                self.broken(format!("its header asks for {many} bytes at byte {at} of {size}; it may be truncated"))
            );
        };
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], OpenError> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N)?);
        Ok(out)
    }

    fn u32(&mut self) -> Result<u32, OpenError> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, OpenError> {
        self.array().map(u64::from_le_bytes)
    }

    /// A number of things of which each takes at least `least` bytes.
    fn count(&mut self, what: &str, least: usize) -> Result<usize, OpenError> {
        let count = if self.short { u64::from(self.u32()?) } else { self.u64()? };
        let left = self.left();
        match usize::try_from(count).ok().filter(|count| count.checked_mul(least).is_some_and(|all| all <= left)) {
            Some(count) => Ok(count),
            None => Err(self.broken(format!("it says that it has {count} {what}, and has {left} bytes left for them"))),
        }
    }

    fn text(&mut self, what: &str) -> Result<&'a [u8], OpenError> {
        let length = self.count(&format!("bytes of {what}"), 1)?;
        self.take(length)
    }

    fn name(&mut self, what: &str) -> Result<String, OpenError> {
        let at = self.at;
        let bytes = self.text(what)?;
        let text = std::str::from_utf8(bytes);
        text.map(str::to_owned).map_err(|_| self.broken(format!("{what} at byte {at} is no UTF-8 text")))
    }

    fn values(&mut self, pairs: usize) -> Result<BTreeMap<String, Value>, OpenError> {
        let mut values = BTreeMap::new();
        for _ in 0..pairs {
            let key = self.name("a key")?;
            let value = self.value(&key)?;
            if values.contains_key(&key) {
                return Err(self.broken(format!("the key `{key}` stands twice")));
            }
            values.insert(key, value);
        }
        Ok(values)
    }

    fn kind(&mut self, key: &str) -> Result<Kind, OpenError> {
        let number = self.u32()?;
        Kind::of(number)
            .ok_or_else(|| self.broken(format!("the value of `{key}` is of kind {number}, and kinds are 0 to 12")))
    }

    fn value(&mut self, key: &str) -> Result<Value, OpenError> {
        let kind = self.kind(key)?;
        Ok(match kind {
            Kind::U8 => Value::Whole(self.array().map(u8::from_le_bytes)?.into(), kind),
            Kind::I8 => Value::Whole(self.array().map(i8::from_le_bytes)?.into(), kind),
            Kind::U16 => Value::Whole(self.array().map(u16::from_le_bytes)?.into(), kind),
            Kind::I16 => Value::Whole(self.array().map(i16::from_le_bytes)?.into(), kind),
            Kind::U32 => Value::Whole(self.u32()?.into(), kind),
            Kind::I32 => Value::Whole(self.array().map(i32::from_le_bytes)?.into(), kind),
            Kind::U64 => Value::Whole(self.u64()?.into(), kind),
            Kind::I64 => Value::Whole(self.array().map(i64::from_le_bytes)?.into(), kind),
            Kind::F32 => Value::Real(self.array().map(f32::from_le_bytes)?.into(), kind),
            Kind::F64 => Value::Real(self.array().map(f64::from_le_bytes)?, kind),
            Kind::Bool => match self.array::<1>()? {
                [0] => Value::Flag(false),
                [1] => Value::Flag(true),
                [other] => return Err(self.broken(format!("`{key}` is the bool {other}: expected 0 or 1"))),
            },
            Kind::String => Value::Text(String::from_utf8_lossy(self.text(key)?).into_owned()),
            Kind::Array => Value::List(self.list(key, 0)?),
        })
    }

    fn list(&mut self, key: &str, depth: usize) -> Result<List, OpenError> {
        if depth >= limits::GGUF_NESTING {
            return Err(self.broken(format!("`{key}` has more than {depth} lists in each other")));
        }
        let kind = self.kind(key)?;
        let least = if self.short && kind == Kind::String { 4 } else { kind.least() };
        let count = self.count(&format!("items of `{key}`"), least)?;
        let first = self.at;
        match kind {
            Kind::String => {
                for _ in 0..count {
                    self.text(key)?;
                }
            }
            Kind::Array => {
                for _ in 0..count {
                    self.list(key, depth + 1)?;
                }
            }
            // The count was held against what is left.
            _ => drop(self.take(count * least)?),
        }
        Ok(List { kind, count, bytes: first..self.at, short: self.short })
    }

    fn infos(&mut self, tensors: usize) -> Result<Vec<(String, Info)>, OpenError> {
        let mut infos: Vec<(String, Info)> = Vec::new();
        for _ in 0..tensors {
            let name = self.name("a tensor's name")?;
            let info = self.info(&name)?;
            infos.push((name, info));
        }
        infos.sort_by(|a, b| a.0.cmp(&b.0));
        if let Some(pair) = infos.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(self.broken(format!("tensor `{}` stands twice", pair[0].0)));
        }
        Ok(infos)
    }

    fn info(&mut self, name: &str) -> Result<Info, OpenError> {
        let many = self.u32()? as usize;
        if !(1..=limits::GGUF_EXTENTS).contains(&many) {
            let most = limits::GGUF_EXTENTS;
            return Err(self.broken(format!("tensor `{name}` has {many} extents: expected 1 to {most}")));
        }
        let mut shape = Vec::with_capacity(many);
        for _ in 0..many {
            let extent = if self.short { u64::from(self.u32()?) } else { self.u64()? };
            match usize::try_from(extent) {
                Ok(extent) if extent > 0 => shape.push(extent),
                _ => return Err(self.broken(format!("tensor `{name}` has the extent {extent}"))),
            }
        }
        let kind = self.u32()?;
        let offset = self.u64()?;
        let counted = shape.iter().try_fold(1_usize, |all, n| all.checked_mul(*n));
        let Some(values) = counted else {
            return Err(self.broken(format!("tensor `{name}` has more values than can be counted")));
        };
        let bytes = match ggml::known(kind) {
            None => None,
            Some(known) if shape[0] % known.block != 0 => {
                let (row, block) = (shape[0], known.block);
                return Err(self.broken(format!("tensor `{name}` has rows of {row} values in blocks of {block}")));
            }
            Some(known) => match (values / known.block).checked_mul(known.bytes) {
                Some(bytes) => Some(bytes),
                None => return Err(self.broken(format!("tensor `{name}` has more bytes than can be counted"))),
            },
        };
        let Ok(start) = usize::try_from(offset) else {
            return Err(self.broken(format!("tensor `{name}` has the offset {offset}")));
        };
        shape.reverse();
        Ok(Info { kind, shape, start, bytes })
    }
}
