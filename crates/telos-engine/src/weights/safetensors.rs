//! The header of a safetensors file, held against the file's size.
//!
//! The format: 8 bytes with the header's length (little-endian), a JSON object of tensors by name (type, shape, the first byte
//! of its values and the one past the last), then the values, without gaps, to the end of the file.

use crate::error::OpenError;
use crate::limits;
use candle_core::DType;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::ops::Range;

/// The types that are read, by their name in a header. Another one would have to be scaled, or holds no weights.
const KNOWN: [(&str, DType, usize); 4] =
    [("F32", DType::F32, 4), ("F16", DType::F16, 2), ("BF16", DType::BF16, 2), ("F64", DType::F64, 8)];

/// The types that are read, for a message.
pub(crate) fn supported() -> String {
    KNOWN.map(|(name, ..)| name).join(", ")
}

/// One tensor.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    /// Its type's name.
    pub(crate) kind: String,
    pub(crate) shape: Vec<usize>,
    /// Where its values lie in the file.
    pub(crate) bytes: Range<usize>,
}

impl Entry {
    /// The type, where it is one that is read.
    pub(crate) fn dtype(&self) -> Option<DType> {
        KNOWN.iter().find(|(name, ..)| *name == self.kind).map(|(_, dtype, _)| *dtype)
    }
}

/// The tensors of a file, by name.
pub(crate) fn read(file: &str, bytes: &[u8]) -> Result<BTreeMap<String, Entry>, OpenError> {
    let broken = |why: String| OpenError::broken(file, why);
    let Some((length, rest)) = bytes.split_first_chunk::<8>() else {
        return Err(broken(format!(
            "it has {} bytes, too few for a safetensors file; it may be truncated",
            bytes.len()
        )));
    };
    let length = u64::from_le_bytes(*length);
    let fits = usize::try_from(length).ok().filter(|length| *length <= limits::SAFETENSORS_HEADER_BYTES);
    let Some((header, values)) = fits.and_then(|length| rest.split_at_checked(length)) else {
        let many = bytes.len();
        return Err(broken(format!(
            "its header would have {length} bytes, and the file has {many}; it is truncated, or no safetensors file"
        )));
    };
    let first = bytes.len() - values.len();
    let Raw(list) = serde_json::from_slice(header).map_err(|e| broken(format!("its header cannot be read: {e}")))?;
    let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
    for (name, tensor) in list {
        let entry = entry(file, &name, tensor, first..bytes.len())?;
        entries.insert(name, entry);
    }
    let mut places: Vec<(&Range<usize>, &String)> = entries.iter().map(|(name, e)| (&e.bytes, name)).collect();
    places.sort_by_key(|(range, _)| (range.start, range.end));
    let mut end = first;
    for (range, name) in places {
        if range.start != end {
            return Err(broken(format!(
                "tensor `{name}` begins at byte {} and what lies before it ends at byte {end}",
                range.start
            )));
        }
        end = range.end;
    }
    if end != bytes.len() {
        return Err(broken(format!("its tensors end at byte {end}, and the file has {}", bytes.len())));
    }
    Ok(entries)
}

/// Checks one tensor's numbers; `all` is where the values of all tensors lie in the file.
fn entry(file: &str, name: &str, tensor: Tensor, all: Range<usize>) -> Result<Entry, OpenError> {
    let broken = |why: String| Err(OpenError::broken(file, why));
    let (first, size) = (all.start, all.end);
    let [begin, end] = tensor.data_offsets;
    let place = |offset: u64| usize::try_from(offset).ok().and_then(|offset| first.checked_add(offset));
    let (Some(start), Some(stop)) = (place(begin), place(end)) else {
        return broken(format!("tensor `{name}` lies at bytes {begin} to {end}, which no file has"));
    };
    if start > stop || stop > size {
        return broken(format!(
            "tensor `{name}` would lie at bytes {start} to {stop}, and the file has {size}; it may be truncated"
        ));
    }
    let shape: Option<Vec<usize>> = tensor.shape.iter().map(|n| usize::try_from(*n).ok()).collect();
    let values = shape.as_ref().and_then(|shape| shape.iter().try_fold(1_usize, |all, n| all.checked_mul(*n)));
    let (Some(shape), Some(values)) = (shape, values) else {
        return broken(format!("tensor `{name}` has the shape {:?}, more values than can be counted", tensor.shape));
    };
    // What is not read is not measured: it is refused by its type's name, not called broken.
    if let Some((_, _, width)) = KNOWN.iter().find(|(known, ..)| *known == tensor.dtype)
        && values.checked_mul(*width) != Some(stop - start)
    {
        return broken(format!(
            "tensor `{name}` has {values} values of {width} bytes ({}), but {} bytes in the file",
            tensor.dtype,
            stop - start
        ));
    }
    Ok(Entry { kind: tensor.dtype, shape, bytes: start..stop })
}

#[derive(serde::Deserialize)]
struct Tensor {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: [u64; 2],
}

/// The header's tensors in order; a name that stands twice is an error.
struct Raw(Vec<(String, Tensor)>);

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Raw;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of tensors by name")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
                let mut names = HashSet::new();
                let mut list = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    if !names.insert(name.clone()) {
                        return Err(serde::de::Error::custom(format_args!("`{name}` stands twice")));
                    }
                    if name == "__metadata__" {
                        map.next_value::<IgnoredAny>()?;
                    } else {
                        list.push((name, map.next_value()?));
                    }
                }
                Ok(Raw(list))
            }
        }
        deserializer.deserialize_map(List)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str, values: usize) -> Vec<u8> {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.resize(bytes.len() + values, 0);
        bytes
    }

    #[test]
    fn a_good_header_is_read() {
        let header = r#"{"__metadata__":{"format":"pt"},"b":{"dtype":"I64","shape":[1],"data_offsets":[8,16]},"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}}"#;
        let entries = read("f", &file(header, 16)).expect("good");
        let first = header.len() + 8;
        assert_eq!(entries["a"], Entry { kind: "F32".into(), shape: vec![2, 1], bytes: first..first + 8 });
        assert_eq!((entries["a"].dtype(), entries["b"].dtype()), (Some(DType::F32), None));
    }

    /// Every way in which a header contradicts itself or the file.
    #[test]
    fn what_contradicts_the_file_is_broken() {
        let tensor = |dtype: &str, shape: &str, offsets: &str| {
            format!(r#"{{"a":{{"dtype":"{dtype}","shape":{shape},"data_offsets":{offsets}}}}}"#)
        };
        let cases = [
            (b"{}".to_vec(), "truncated"),
            (file("{", 0), "cannot be read"),
            (file("[]", 0), "tensors by name"),
            (file(&tensor("F32", "[2]", "[0,4]"), 4), "2 values of 4 bytes"),
            (file(&tensor("F32", "[1]", "[0,4]"), 8), "end at byte"),
            (file(&tensor("F32", "[1]", "[4,8]"), 8), "begins at byte"),
            (file(&tensor("F32", "[1]", "[8,4]"), 8), "would lie at bytes"),
            (file(&tensor("F32", "[1]", "[0,400]"), 4), "truncated"),
            (file(&tensor("F32", "[1]", "[18446744073709551612,18446744073709551615]"), 4), "which no file has"),
            (file(&tensor("F32", "[4294967296,4294967296,4294967296]", "[0,4]"), 4), "can be counted"),
            (file(&tensor("F32", "[-1]", "[0,4]"), 4), "cannot be read"),
            (file(&tensor("F32", "[1.0]", "[0,4]"), 4), "cannot be read"),
            (file(r#"{"a":{"dtype":"F32","shape":[1]}}"#, 4), "data_offsets"),
            (file(r#"{"a":3}"#, 0), "cannot be read"),
        ];
        for (bytes, part) in cases {
            let error = read("f", &bytes).expect_err(part);
            assert!(matches!(error, OpenError::Broken { .. }) && error.to_string().contains(part), "{part}: {error}");
        }
        let one = r#""a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}"#;
        assert!(read("f", &file(&format!("{{{one},{one}}}"), 4)).expect_err("twice").to_string().contains("twice"));
        let mut huge = file("{}", 0);
        huge[..8].copy_from_slice(&u64::MAX.to_le_bytes());
        assert!(read("f", &huge).is_err());
    }
}
