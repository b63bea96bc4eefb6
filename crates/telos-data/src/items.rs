//! The rows of a dataset, packed: a row's id, cluster and columns as one piece of text among those of all others, and 56 bytes
//! beside it. A map of columns takes several times as much, and a plan of a hundred thousand rows would be full of them.

use serde_json::{Map, Value};
use telos_core::Item;

/// Rows in the data's order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Items {
    rows: Vec<Packed>,
    /// For each row: its id, its cluster where it has one, its columns as JSON. In pieces, so that none is ever copied to grow.
    text: Vec<String>,
}

/// Bytes of a piece of text; a row that is longer has a piece of its own.
const PIECE: usize = 1 << 20;

#[derive(Debug, Clone, Copy, PartialEq)]
struct Packed {
    piece: u32,
    begin: u32,
    /// Bytes of the id, of the cluster (where there is one) and of the columns.
    id: u32,
    cluster: Option<u32>,
    data: u32,
    index: u32,
    hash: [u8; 32],
}

impl Items {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Adds a row behind the others.
    pub fn push(&mut self, item: &Item) {
        let data = serde_json::to_string(&item.data).unwrap_or_default();
        let (piece, begin) = self.write(&[&item.id, item.cluster.as_deref().unwrap_or_default(), &data]);
        let mut hash = [0; 32];
        // A hash is 64 hexadecimal digits, as `Item::new` makes it.
        for (byte, digits) in hash.iter_mut().zip(item.hash.as_bytes().chunks(2)) {
            *byte = std::str::from_utf8(digits).ok().and_then(|text| u8::from_str_radix(text, 16).ok()).unwrap_or(0);
        }
        self.rows.push(Packed {
            piece,
            begin,
            id: item.id.len() as u32,
            cluster: item.cluster.as_ref().map(|cluster| cluster.len() as u32),
            data: data.len() as u32,
            index: item.index,
            hash,
        });
    }

    /// A row's id.
    ///
    /// # Panics
    ///
    /// Where there is no such row.
    pub fn id(&self, place: usize) -> &str {
        let row = self.rows[place];
        &self.written(row)[..row.id as usize]
    }

    /// A row's hash.
    ///
    /// # Panics
    ///
    /// Where there is no such row.
    pub fn hash(&self, place: usize) -> String {
        blake3::Hash::from_bytes(self.rows[place].hash).to_hex().to_string()
    }

    /// A row.
    ///
    /// # Panics
    ///
    /// Where there is no such row.
    pub fn get(&self, place: usize) -> Item {
        let row = self.rows[place];
        let Packed { id, cluster, data, index, .. } = row;
        let mut rest = self.written(row);
        let mut take = |length: u32| {
            let (taken, left) = rest.split_at(length as usize);
            rest = left;
            taken
        };
        let id = take(id).to_owned();
        let cluster = cluster.map(|length| take(length).to_owned());
        // The text was written from a map above.
        let data: Map<String, Value> = serde_json::from_str(take(data)).unwrap_or_default();
        Item { id, index, hash: self.hash(place), cluster, data }
    }

    /// All rows, each unpacked when it is come to.
    pub fn iter(&self) -> impl Iterator<Item = Item> {
        (0..self.len()).map(|place| self.get(place))
    }

    /// The rows at some places, in that order.
    pub(crate) fn only(&self, places: impl IntoIterator<Item = usize>) -> Self {
        let mut kept = Self::default();
        for place in places {
            let row = self.rows[place];
            let (piece, begin) = kept.write(&[self.written(row)]);
            kept.rows.push(Packed { piece, begin, ..row });
        }
        kept
    }

    /// Writes texts behind each other; says in which piece and where.
    fn write(&mut self, texts: &[&str]) -> (u32, u32) {
        let length = texts.iter().map(|text| text.len()).sum();
        if self.text.last().is_none_or(|piece| piece.capacity() - piece.len() < length) {
            self.text.push(String::with_capacity(PIECE.max(length)));
        }
        let place = self.text.len() - 1;
        let piece = &mut self.text[place];
        let begin = piece.len();
        for text in texts {
            piece.push_str(text);
        }
        (place as u32, begin as u32)
    }

    /// All of a row's text.
    fn written(&self, row: Packed) -> &str {
        let (begin, length) =
            (row.begin as usize, row.id as usize + row.cluster.unwrap_or(0) as usize + row.data as usize);
        &self.text[row.piece as usize][begin..begin + length]
    }
}

impl FromIterator<Item> for Items {
    fn from_iter<I: IntoIterator<Item = Item>>(items: I) -> Self {
        let mut packed = Self::default();
        for item in items {
            packed.push(&item);
        }
        packed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rows_come_back_as_they_were() {
        let row = |id: &str, index, cluster: Option<&str>, data: Value| {
            Item::new(id.into(), index, cluster.map(str::to_owned), data.as_object().expect("an object").clone())
        };
        let rows = [
            row("a", 0, None, json!({"q": "what\n\u{1F600}?", "n": [1, -0.0, 1.5e300, u64::MAX, i64::MIN], "b": null})),
            row("", 7, Some(""), json!({})),
            row("é", 9, Some("c ü"), json!({"z": 1, "a": {"k": [true, 0.1]}, "m": 1.0})),
        ];
        let packed: Items = rows.iter().cloned().collect();
        assert_eq!(packed.iter().collect::<Vec<_>>(), rows);
        for (place, item) in rows.iter().enumerate() {
            let keys = |item: &Item| item.data.keys().cloned().collect::<Vec<_>>();
            let back = packed.get(place);
            assert_eq!((packed.id(place), packed.hash(place), keys(&back)), (&*item.id, item.hash.clone(), keys(item)));
            assert_eq!(serde_json::to_string(&back.data).ok(), serde_json::to_string(&item.data).ok());
        }
        let some = packed.only([2, 0]);
        assert_eq!(some.iter().collect::<Vec<_>>(), [rows[2].clone(), rows[0].clone()]);
    }
}
