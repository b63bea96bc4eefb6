//! `model*.safetensors` of a folder.

use super::{Tensors, finite, mapped, shown};
use crate::home::Home;
use candle_core::safetensors::SliceSafetensors;
use candle_core::{DType, Device};
use std::ops::Deref;
use std::path::{Path, PathBuf};

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

/// The safetensors files of a model.
pub(crate) struct Files {
    maps: Vec<(PathBuf, Bytes)>,
}

impl Files {
    /// The weights of a model.
    pub(crate) fn of(home: Home<'_>) -> Result<Self, String> {
        match home {
            Home::Folder(folder) => Self::open(folder),
            Home::Builtin(model) => {
                let bytes = model.file("model.safetensors").unwrap_or_default();
                Ok(Self { maps: vec![(PathBuf::from(home.shown("model.safetensors")), Bytes::Compiled(bytes))] })
            }
        }
    }

    /// Maps `model*.safetensors`, in order of name.
    fn open(folder: &Path) -> Result<Self, String> {
        let entries = std::fs::read_dir(folder).map_err(|e| format!("cannot read {}: {e}", folder.display()))?;
        let mut paths: Vec<PathBuf> = entries
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| {
                let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                name.starts_with("model") && path.extension().is_some_and(|e| e == "safetensors")
            })
            .collect();
        paths.sort();
        if paths.is_empty() {
            let folder = folder.display();
            return Err(format!("there is no model*.safetensors in {folder}: convert the weights to safetensors"));
        }
        let maps = paths
            .into_iter()
            .map(|path| Ok((path.clone(), Bytes::Mapped(mapped::map(&path)?))))
            .collect::<Result<_, String>>()?;
        Ok(Self { maps })
    }

    /// Feeds all bytes to a hash.
    pub(crate) fn hash(&self, hasher: &mut blake3::Hasher) {
        self.maps.iter().for_each(|(_, map)| {
            hasher.update(map);
        });
    }

    /// The tensors in them.
    pub(crate) fn tensors(&self) -> Result<FolderTensors<'_>, String> {
        let parse = |(path, map): &'_ (PathBuf, Bytes)| -> Result<(), String> {
            SliceSafetensors::new(map).map(|_| ()).map_err(|e| broken(path, &e))
        };
        self.maps.iter().try_for_each(parse)?;
        let files = self
            .maps
            .iter()
            .map(|(path, map)| Ok((path.as_path(), SliceSafetensors::new(map).map_err(|e| broken(path, &e))?)))
            .collect::<Result<_, String>>()?;
        Ok(FolderTensors { files })
    }
}

fn broken(path: &Path, error: &dyn std::fmt::Display) -> String {
    format!("{} is no whole safetensors file ({error}): it may be truncated; fetch it again", path.display())
}

/// The tensors of a folder's files.
pub(crate) struct FolderTensors<'a> {
    files: Vec<(&'a Path, SliceSafetensors<'a>)>,
}

impl Tensors for FolderTensors<'_> {
    fn read(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, String> {
        let file = self.files.iter().find(|(_, file)| file.get(name).is_ok());
        let Some((path, file)) = file else {
            return Err(format!("the weights have no tensor `{name}` ({} expected)", shown(shape)));
        };
        let found = file.get(name).map(|view| view.shape().to_vec()).unwrap_or_default();
        if found != shape {
            return Err(format!(
                "tensor `{name}` in {} is {}, but config.json makes it {}",
                path.display(),
                shown(&found),
                shown(shape)
            ));
        }
        let values = file
            .load(name, &Device::Cpu)
            .and_then(|tensor| tensor.to_dtype(DType::F32))
            .and_then(|tensor| tensor.flatten_all())
            .and_then(|tensor| tensor.to_vec1::<f32>())
            .map_err(|e| format!("tensor `{name}` in {} cannot be read as f32: {e}", path.display()))?;
        finite(name, values)
    }

    fn has(&self, name: &str) -> bool {
        self.files.iter().any(|(_, file)| file.get(name).is_ok())
    }
}
