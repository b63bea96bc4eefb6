//! A GGUF file taken apart, to be put together again with something changed. It computes no size and checks nothing, so that
//! it can write what no file should hold.

/// A file's parts.
#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) version: u32,
    /// The stated numbers of tensors and of values, where they are not the real ones.
    pub(crate) counts: [Option<u64>; 2],
    /// Key, number of the kind, bytes.
    pub(crate) values: Vec<(String, u32, Vec<u8>)>,
    pub(crate) tensors: Vec<Tensor>,
    /// What comes after the header, which is filled up to a multiple of 32 bytes.
    pub(crate) data: Vec<u8>,
}

/// One tensor's entry in the header.
#[derive(Clone)]
pub(crate) struct Tensor {
    pub(crate) name: String,
    /// Inputs first.
    pub(crate) extents: Vec<u64>,
    pub(crate) kind: u32,
    pub(crate) offset: u64,
}

impl Parts {
    /// Takes a good file of version 3 apart.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut reader = Reader { bytes, at: 4 };
        let version = reader.u32();
        let (tensors, values) = (reader.u64(), reader.u64());
        let values = (0..values)
            .map(|_| {
                let (key, kind) = (reader.text(), reader.u32());
                let first = reader.at;
                reader.skip(kind);
                (key, kind, bytes[first..reader.at].to_vec())
            })
            .collect();
        let tensors = (0..tensors)
            .map(|_| Tensor {
                name: reader.text(),
                extents: (0..reader.u32()).map(|_| reader.u64()).collect(),
                kind: reader.u32(),
                offset: reader.u64(),
            })
            .collect();
        let data = bytes[reader.at.next_multiple_of(32)..].to_vec();
        Self { version, counts: [None; 2], values, tensors, data }
    }

    /// Puts a value in place of another, or adds it.
    pub(crate) fn set(&mut self, key: &str, kind: u32, bytes: &[u8]) {
        let value = (key.to_owned(), kind, bytes.to_vec());
        match self.values.iter_mut().find(|(known, ..)| known == key) {
            Some(known) => *known = value,
            None => self.values.push(value),
        }
    }

    /// Takes a value out.
    pub(crate) fn remove(&mut self, key: &str) {
        self.values.retain(|(known, ..)| known != key);
    }

    /// The file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut out = b"GGUF".to_vec();
        out.extend(self.version.to_le_bytes());
        out.extend(self.counts[0].unwrap_or(self.tensors.len() as u64).to_le_bytes());
        out.extend(self.counts[1].unwrap_or(self.values.len() as u64).to_le_bytes());
        for (key, kind, bytes) in &self.values {
            out.extend(text(key));
            out.extend(kind.to_le_bytes());
            out.extend(bytes);
        }
        for tensor in &self.tensors {
            out.extend(text(&tensor.name));
            out.extend((tensor.extents.len() as u32).to_le_bytes());
            tensor.extents.iter().for_each(|extent| out.extend(extent.to_le_bytes()));
            out.extend(tensor.kind.to_le_bytes());
            out.extend(tensor.offset.to_le_bytes());
        }
        out.resize(out.len().next_multiple_of(32), 0);
        out.extend(&self.data);
        out
    }
}

/// A text as the format writes it: its length, its bytes.
pub(crate) fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat()
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        self.at += N;
        self.bytes[self.at - N..self.at].try_into().expect("as many bytes")
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.take())
    }

    fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.take())
    }

    fn text(&mut self) -> String {
        let length = self.u64() as usize;
        self.at += length;
        String::from_utf8(self.bytes[self.at - length..self.at].to_vec()).expect("UTF-8")
    }

    fn skip(&mut self, kind: u32) {
        match kind {
            0 | 1 | 7 => self.at += 1,
            2 | 3 => self.at += 2,
            4..=6 => self.at += 4,
            8 => drop(self.text()),
            9 => {
                let (kind, count) = (self.u32(), self.u64());
                (0..count).for_each(|_| self.skip(kind));
            }
            10..=12 => self.at += 8,
            other => panic!("kind {other}"),
        }
    }
}
