//! The safetensors files of a folder: those that `model.safetensors.index.json` names, else exactly `model.safetensors`.

use super::safetensors::{self, Entry};
use super::tensors::{Tensors, finite, shown};
use crate::error::OpenError;
use crate::file;
use crate::home::Home;
use candle_core::{DType, Device, Tensor};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::ops::Deref;
use std::path::{Component, Path};

const INDEX: &str = "model.safetensors.index.json";
const SINGLE: &str = "model.safetensors";

/// A file's bytes where they lie.
enum Bytes {
    Mapped(memmap2::Mmap),
    Compiled(&'static [u8]),
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Compiled(bytes) => bytes,
        }
    }
}

/// One file, its header read.
struct Shard {
    /// Its name, as a message says it.
    shown: String,
    bytes: Bytes,
}

/// The weights of a model in the Hugging Face layout, their headers read and held against the files' sizes.
pub(crate) struct Files {
    shards: Vec<Shard>,
    /// By name: the shard's place, and what its header says.
    tensors: BTreeMap<String, (usize, Entry)>,
}

impl Files {
    /// The weights of a model.
    pub(crate) fn of(home: Home<'_>) -> Result<Self, OpenError> {
        match home {
            Home::Folder(folder) => Self::open(folder, home),
            Home::Builtin(model) => {
                let bytes = Bytes::Compiled(model.file(SINGLE).unwrap_or_default());
                Self::read(vec![Shard { shown: home.shown(SINGLE), bytes }], None, home)
            }
        }
    }

    fn open(folder: &Path, home: Home<'_>) -> Result<Self, OpenError> {
        let index = home.json(INDEX)?.map(|index| listed(&index, &home.shown(INDEX))).transpose()?;
        let mut names: Vec<&str> = index.iter().flat_map(BTreeMap::values).map(String::as_str).collect();
        names.sort_unstable();
        names.dedup();
        if index.is_none() {
            names.push(SINGLE);
        }
        let map = |name: &str| {
            let path = folder.join(name);
            match file::map(&path)? {
                Some(map) => Ok(Shard { shown: path.display().to_string(), bytes: Bytes::Mapped(map) }),
                None if index.is_some() => Err(OpenError::Missing(format!(
                    "there is no {}, which {INDEX} names: fetch the missing shard",
                    path.display()
                ))),
                None => Err(OpenError::Missing(format!(
                    "there is no {SINGLE} and no {INDEX} in {}: convert the weights to safetensors, or fetch what is missing",
                    folder.display()
                ))),
            }
        };
        let shards = names.into_iter().map(map).collect::<Result<_, _>>()?;
        Self::read(shards, index.as_ref(), home)
    }

    fn read(shards: Vec<Shard>, index: Option<&BTreeMap<String, String>>, home: Home<'_>) -> Result<Self, OpenError> {
        let mut tensors: BTreeMap<String, (usize, Entry)> = BTreeMap::new();
        for (place, shard) in shards.iter().enumerate() {
            for (name, entry) in safetensors::read(&shard.shown, &shard.bytes)? {
                if let Some((other, _)) = tensors.get(&name) {
                    let (a, b) = (&shards[*other].shown, &shard.shown);
                    return Err(OpenError::Mismatch(format!("tensor `{name}` lies in two files, {a} and {b}")));
                }
                tensors.insert(name, (place, entry));
            }
        }
        for (name, file) in index.into_iter().flatten() {
            let at = home.shown(file);
            match tensors.get(name) {
                Some((place, _)) if shards[*place].shown == at => {}
                Some((place, _)) => {
                    let real = &shards[*place].shown;
                    return Err(OpenError::Mismatch(format!(
                        "{INDEX} says that tensor `{name}` lies in {at}, but it lies in {real}"
                    )));
                }
                None => {
                    return Err(OpenError::Mismatch(format!(
                        "{INDEX} says that tensor `{name}` lies in {at}, which does not have it"
                    )));
                }
            }
        }
        if let Some(index) = index
            && let Some((name, (place, _))) = tensors.iter().find(|(name, _)| !index.contains_key(*name))
        {
            let file = &shards[*place].shown;
            return Err(OpenError::Mismatch(format!("{INDEX} does not name tensor `{name}`, which lies in {file}")));
        }
        Ok(Self { shards, tensors })
    }

    /// Feeds all bytes to a hash, in order of the files' names.
    pub(crate) fn hash(&self, hasher: &mut blake3::Hasher) {
        for shard in &self.shards {
            hasher.update(&shard.bytes);
        }
    }

    /// The bytes of all files.
    pub(crate) fn size(&self) -> u64 {
        self.shards.iter().map(|shard| shard.bytes.len() as u64).sum()
    }

    fn find(&self, name: &str, shape: &[usize]) -> Result<(&Shard, &Entry, DType), OpenError> {
        let Some((place, entry)) = self.tensors.get(name) else {
            return Err(OpenError::Missing(format!("the weights have no tensor `{name}` ({} expected)", shown(shape))));
        };
        let file = &self.shards[*place].shown;
        let Some(dtype) = entry.dtype() else {
            return Err(OpenError::unsupported(
                format!("the type {} of tensor `{name}` in {file}", entry.kind),
                safetensors::supported(),
            ));
        };
        if entry.shape != shape {
            return Err(OpenError::Mismatch(format!(
                "tensor `{name}` in {file} is {}, but config.json makes it {}",
                shown(&entry.shape),
                shown(shape)
            )));
        }
        Ok((&self.shards[*place], entry, dtype))
    }
}

/// The index: which file each tensor lies in.
fn listed(index: &Map<String, Value>, shown: &str) -> Result<BTreeMap<String, String>, OpenError> {
    let Some(map) = index.get("weight_map").and_then(Value::as_object).filter(|map| !map.is_empty()) else {
        return Err(OpenError::key(shown, "weight_map", "is missing or empty: expected files by tensor"));
    };
    let one = |(name, file): (&String, &Value)| {
        let Some(text) = file.as_str() else {
            return Err(OpenError::key(shown, name, format!("is {file}: expected a file's name")));
        };
        let inside = Path::new(text).components().all(|part| matches!(part, Component::Normal(_)));
        if text.is_empty() || !inside {
            return Err(OpenError::key(
                shown,
                name,
                format!("is `{text}`, which is no file of the folder: expected a name such as {SINGLE}"),
            ));
        }
        Ok((name.clone(), text.to_owned()))
    };
    map.iter().map(one).collect()
}

impl Tensors for Files {
    fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    fn check(&self, name: &str, shape: &[usize]) -> Result<(), OpenError> {
        self.find(name, shape).map(|_| ())
    }

    fn read(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, OpenError> {
        let (shard, entry, dtype) = self.find(name, shape)?;
        let values = Tensor::from_raw_buffer(&shard.bytes[entry.bytes.clone()], dtype, shape, &Device::Cpu)
            .and_then(|tensor| tensor.to_dtype(DType::F32))
            .and_then(|tensor| tensor.flatten_all())
            .and_then(|tensor| tensor.to_vec1::<f32>())
            .map_err(|e| OpenError::broken(&shard.shown, format!("tensor `{name}` cannot be read as f32: {e}")))?;
        finite(name, values)
    }

    fn stored(&self, name: &str) -> String {
        name.to_owned()
    }

    fn names(&self) -> Vec<String> {
        self.tensors.keys().cloned().collect()
    }
}
