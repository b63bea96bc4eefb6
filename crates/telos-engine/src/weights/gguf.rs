//! GGUF files: metadata and tensors, dequantised to f32.

use super::{Tensors, finite, mapped, shown};
use candle_core::Device;
use candle_core::quantized::GgmlDType;
use candle_core::quantized::gguf_file::{Content, Value};
use std::io::Cursor;
use std::path::{Path, PathBuf};

/// The kinds of tensors that are read.
pub(crate) const KNOWN: [GgmlDType; 5] =
    [GgmlDType::F32, GgmlDType::F16, GgmlDType::Q8_0, GgmlDType::Q4_0, GgmlDType::Q4_1];

/// A GGUF file, mapped, its header read.
pub(crate) struct Gguf {
    path: PathBuf,
    map: memmap2::Mmap,
    content: Content,
}

impl Gguf {
    /// Reads the header. Tensor data that would lie past the end of the file is an error here.
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        let map = mapped::map(path)?;
        let broken = |why: String| format!("{} is no whole GGUF file ({why}): fetch it again", path.display());
        let content = Content::read(&mut Cursor::new(&map[..])).map_err(|e| broken(e.to_string()))?;
        for (name, info) in &content.tensor_infos {
            let size = info.shape.elem_count() / info.ggml_dtype.block_size() * info.ggml_dtype.type_size();
            let end = content.tensor_data_offset + info.offset + size as u64;
            if end > map.len() as u64 {
                return Err(broken(format!("tensor `{name}` ends at byte {end} of {}", map.len())));
            }
        }
        Ok(Self { path: path.to_path_buf(), map, content })
    }

    /// The whole file.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.map
    }

    /// A value of the metadata.
    pub(crate) fn value(&self, key: &str) -> Option<&Value> {
        self.content.metadata.get(key)
    }

    /// A whole number of the metadata.
    pub(crate) fn whole(&self, key: &str) -> Option<usize> {
        match self.value(key)? {
            Value::U8(n) => Some(usize::from(*n)),
            Value::U16(n) => Some(usize::from(*n)),
            Value::U32(n) => usize::try_from(*n).ok(),
            Value::U64(n) => usize::try_from(*n).ok(),
            Value::I32(n) => usize::try_from(*n).ok(),
            Value::I64(n) => usize::try_from(*n).ok(),
            _ => None,
        }
    }

    /// A whole number that must be there.
    pub(crate) fn need(&self, key: &str) -> Result<usize, String> {
        self.whole(key).ok_or_else(|| format!("{} lacks `{key}` in its metadata", self.path.display()))
    }

    /// A string of the metadata.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        match self.value(key)? {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// A list of the metadata.
    pub(crate) fn list(&self, key: &str) -> Option<&[Value]> {
        match self.value(key)? {
            Value::Array(list) => Some(list),
            _ => None,
        }
    }

    /// The shape of a tensor, outputs first.
    pub(crate) fn shape(&self, name: &str) -> Option<Vec<usize>> {
        self.content.tensor_infos.get(name).map(|info| info.shape.dims().to_vec())
    }
}

impl Tensors for &Gguf {
    fn read(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, String> {
        let Some(info) = self.content.tensor_infos.get(name) else {
            return Err(format!("{} has no tensor `{name}` ({} expected)", self.path.display(), shown(shape)));
        };
        let found = info.shape.dims();
        if found != shape {
            let (found, shape) = (shown(found), shown(shape));
            return Err(format!("tensor `{name}` is {found}, but the metadata makes it {shape}"));
        }
        if !KNOWN.contains(&info.ggml_dtype) {
            let known = KNOWN.map(|t| format!("{t:?}")).join(", ");
            return Err(format!("tensor `{name}` is of type {:?}; known types: {known}", info.ggml_dtype));
        }
        let values = self
            .content
            .tensor(&mut Cursor::new(&self.map[..]), name, &Device::Cpu)
            .and_then(|tensor| tensor.dequantize(&Device::Cpu))
            .and_then(|tensor| tensor.flatten_all())
            .and_then(|tensor| tensor.to_vec1::<f32>())
            .map_err(|e| format!("tensor `{name}` of {} cannot be dequantised: {e}", self.path.display()))?;
        finite(name, values)
    }

    fn has(&self, name: &str) -> bool {
        self.content.tensor_infos.contains_key(name)
    }
}
