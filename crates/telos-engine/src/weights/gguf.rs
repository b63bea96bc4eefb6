//! GGUF files: metadata, typed, and tensors, dequantised to f32.

use super::ggml;
use super::header::{self, Header, Info};
use super::metadata::{List, Value};
use super::tensors::{Tensors, finite, shown};
use crate::error::OpenError;
use crate::{file, limits};
use candle_core::Device;
use candle_core::quantized::ggml_file::qtensor_from_ggml;
use std::borrow::Cow;
use std::path::Path;

/// A GGUF file, mapped, its header read and held against its size.
pub(crate) struct Gguf {
    /// Its name, as a message says it.
    pub(crate) shown: String,
    map: memmap2::Mmap,
    header: Header,
}

impl Gguf {
    /// Reads the header.
    pub(crate) fn open(path: &Path) -> Result<Self, OpenError> {
        let shown = path.display().to_string();
        let map = file::map(path)?.ok_or_else(|| OpenError::Missing(format!("there is no {shown}")))?;
        let header = header::read(&shown, &map)?;
        let file = Self { shown, map, header };
        match file.whole("split.count")? {
            Some(count) if count > 1 => {
                Err(OpenError::unsupported(format!("a model in {count} GGUF files ({})", file.shown), "a single file"))
            }
            _ => Ok(file),
        }
    }

    /// The whole file.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.map
    }

    /// A value of the metadata.
    pub(crate) fn value(&self, key: &str) -> Option<&Value> {
        self.header.values.get(key)
    }

    /// The keys of the metadata that begin so.
    pub(crate) fn keys<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.header.values.keys().map(String::as_str).filter(move |key| key.starts_with(prefix))
    }

    /// An error about a key's value.
    pub(crate) fn wrong(&self, key: &str, expected: &str) -> OpenError {
        let why = match self.value(key) {
            None => format!("is missing: expected {expected}"),
            Some(value) => format!("is {}: expected {expected}", value.shown()),
        };
        OpenError::key(&self.shown, key, why)
    }

    /// A whole number of the metadata, 0 or more.
    pub(crate) fn whole(&self, key: &str) -> Result<Option<usize>, OpenError> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::Whole(n, _)) if usize::try_from(*n).is_ok() => Ok(Some(*n as usize)),
            Some(_) => Err(self.wrong(key, "a whole number, 0 or more")),
        }
    }

    /// A size of the metadata, from 1 to `most`.
    pub(crate) fn extent(&self, key: &str, most: u64) -> Result<Option<usize>, OpenError> {
        match self.whole(key)? {
            Some(n) if n == 0 || n as u64 > most => Err(self.wrong(key, &format!("a whole number from 1 to {most}"))),
            other => Ok(other),
        }
    }

    /// A size that must be there.
    pub(crate) fn need(&self, key: &str) -> Result<usize, OpenError> {
        self.extent(key, limits::EXTENT)?.ok_or_else(|| self.wrong(key, "a whole number, 1 or more"))
    }

    /// A finite number of the metadata.
    pub(crate) fn number(&self, key: &str) -> Result<Option<f64>, OpenError> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::Real(x, _)) if x.is_finite() => Ok(Some(*x)),
            Some(Value::Whole(n, _)) => Ok(Some(*n as f64)),
            Some(_) => Err(self.wrong(key, "a number")),
        }
    }

    /// A string of the metadata.
    pub(crate) fn text(&self, key: &str) -> Result<Option<&str>, OpenError> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(key, "a string")),
        }
    }

    /// A flag of the metadata.
    pub(crate) fn flag(&self, key: &str) -> Result<Option<bool>, OpenError> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::Flag(flag)) => Ok(Some(*flag)),
            Some(_) => Err(self.wrong(key, "a bool")),
        }
    }

    fn list(&self, key: &str, expected: &str) -> Result<Option<&List>, OpenError> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::List(list)) => Ok(Some(list)),
            Some(_) => Err(self.wrong(key, expected)),
        }
    }

    /// A list of strings of the metadata.
    pub(crate) fn texts(&self, key: &str) -> Result<Option<Vec<Cow<'_, str>>>, OpenError> {
        let expected = "a list of strings";
        let Some(list) = self.list(key, expected)? else { return Ok(None) };
        // Any kind of empty list is one.
        if list.count == 0 {
            return Ok(Some(Vec::new()));
        }
        list.texts(&self.map).map(Some).ok_or_else(|| self.wrong(key, expected))
    }

    /// A list of whole numbers of the metadata.
    pub(crate) fn wholes(&self, key: &str) -> Result<Option<Vec<i64>>, OpenError> {
        let expected = "a list of whole numbers (i32)";
        let Some(list) = self.list(key, expected)? else { return Ok(None) };
        list.wholes(&self.map).map(Some).ok_or_else(|| self.wrong(key, expected))
    }

    /// The shape of a tensor, outputs first.
    pub(crate) fn shape(&self, name: &str) -> Option<&[usize]> {
        self.header.tensors.get(name).map(|info| info.shape.as_slice())
    }

    fn find(&self, name: &str, shape: &[usize]) -> Result<(&Info, ggml::Known, usize), OpenError> {
        let Some(info) = self.header.tensors.get(name) else {
            return Err(OpenError::Missing(format!(
                "{} has no tensor `{name}` ({} expected)",
                self.shown,
                shown(shape)
            )));
        };
        let (Some(known), Some(bytes)) = (ggml::known(info.kind), info.bytes) else {
            let what = format!("the type {} of tensor `{name}` in {}", ggml::name(info.kind), self.shown);
            return Err(OpenError::unsupported(what, ggml::supported()));
        };
        if info.shape != shape {
            let (found, shape) = (shown(&info.shape), shown(shape));
            let file = &self.shown;
            return Err(OpenError::Mismatch(format!(
                "tensor `{name}` in {file} is {found}, but the metadata makes it {shape}"
            )));
        }
        Ok((info, known, bytes))
    }
}

impl Tensors for Gguf {
    fn has(&self, name: &str) -> bool {
        self.header.tensors.contains_key(name)
    }

    fn check(&self, name: &str, shape: &[usize]) -> Result<(), OpenError> {
        self.find(name, shape).map(|_| ())
    }

    fn read(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, OpenError> {
        let (info, known, bytes) = self.find(name, shape)?;
        // The library reads blocks in place, and a file may align its tensors to less than their numbers want.
        let raw = self.map[info.start..info.start + bytes].to_vec();
        let values = qtensor_from_ggml(known.dtype, &raw, shape.to_vec(), &Device::Cpu)
            .and_then(|tensor| tensor.dequantize(&Device::Cpu))
            .and_then(|tensor| tensor.flatten_all())
            .and_then(|tensor| tensor.to_vec1::<f32>())
            .map_err(|e| OpenError::broken(&self.shown, format!("tensor `{name}` cannot be dequantised: {e}")))?;
        finite(name, values)
    }

    fn stored(&self, name: &str) -> String {
        name.to_owned()
    }

    fn names(&self) -> Vec<String> {
        self.header.tensors.keys().cloned().collect()
    }
}
