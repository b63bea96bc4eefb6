//! Records in a file that only grows: each with its length and a checksum, so that the whole ones are found again whatever
//! became of the others.
//!
//! A record is the payload's length (u32, little-endian), the first eight bytes of its blake3, and the payload. Where one does
//! not match, the next place at which a whole record begins is looked for, byte by byte. No payload can pretend to hold one:
//! JSON has no byte below 0x20, so that four bytes of it are a length of half a gigabyte and more.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

/// Length and checksum before every payload.
pub(crate) const FRAME: usize = 12;

/// Bytes that may be hashed in looking for whole records, for each byte of the file: a file made to look like the beginnings
/// of many records must not cost more than its size allows.
const EFFORT: u64 = 16;

/// Bytes of the file in memory at a time, in looking.
const WINDOW: usize = 1 << 16;

/// Where a payload lies in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub offset: u64,
    pub length: u32,
}

/// A payload with its length and checksum before it.
pub(crate) fn framed(tag: u8, key: Option<&[u8; 32]>, json: &[u8]) -> Vec<u8> {
    let mut record = vec![0; FRAME];
    record.push(tag);
    record.extend_from_slice(key.map_or(&[], |k| k.as_slice()));
    record.extend_from_slice(json);
    let length = (record.len() - FRAME) as u32;
    let checksum = checksum(&record[FRAME..]);
    record[..4].copy_from_slice(&length.to_le_bytes());
    record[4..FRAME].copy_from_slice(&checksum);
    record
}

fn checksum(payload: &[u8]) -> [u8; 8] {
    let mut head = [0; 8];
    head.copy_from_slice(&blake3::hash(payload).as_bytes()[..8]);
    head
}

/// The payload at a place.
pub(crate) fn read_at(file: &mut File, place: Place) -> std::io::Result<Vec<u8>> {
    let mut payload = vec![0; place.length as usize];
    file.seek(SeekFrom::Start(place.offset))?;
    file.read_exact(&mut payload)?;
    Ok(payload)
}

/// The whole records of a file, in order.
pub(crate) struct Frames {
    file: File,
    length: u64,
    /// Where the next record should begin.
    at: u64,
    /// Where the last whole record ended.
    end: u64,
    /// Bytes that belong to no whole record: (from, how many).
    gaps: Vec<(u64, u64)>,
    effort_left: u64,
    gave_up: bool,
    /// A piece of the file, and where it begins.
    window: (u64, Vec<u8>),
}

impl Frames {
    pub(crate) fn new(file: File) -> std::io::Result<Self> {
        let length = file.metadata()?.len();
        let effort_left = length.saturating_mul(EFFORT);
        Ok(Self { file, length, at: 0, end: 0, gaps: Vec::new(), effort_left, gave_up: false, window: (0, Vec::new()) })
    }

    /// Where the last whole record ended; 0 where there is none.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// Where what could not be read lies, for a person.
    pub(crate) fn lost(&self) -> Vec<String> {
        let gap = |(from, bytes): &(u64, u64)| match (from + bytes == self.length, self.gave_up) {
            (true, true) => format!("{bytes} bytes from byte {from} to its end, in which too much is damaged"),
            (true, false) => format!("{bytes} bytes from byte {from} to its end, such as a kill leaves"),
            (false, _) => format!("{bytes} bytes from byte {from}"),
        };
        self.gaps.iter().map(gap).collect()
    }

    /// The next whole record.
    pub(crate) fn next(&mut self) -> std::io::Result<Option<(Place, Vec<u8>)>> {
        let from = self.at;
        while self.at < self.length && !self.gave_up {
            if let Some((place, payload)) = self.record()? {
                if self.at > from {
                    self.gaps.push((from, self.at - from));
                }
                self.at = place.offset + u64::from(place.length);
                self.end = self.at;
                return Ok(Some((place, payload)));
            }
            self.at += 1;
        }
        if self.length > from {
            self.gaps.push((from, self.length - from));
        }
        self.at = self.length;
        Ok(None)
    }

    /// The record that begins here; none where none does.
    fn record(&mut self) -> std::io::Result<Option<(Place, Vec<u8>)>> {
        let Some(frame) = self.bytes()? else { return Ok(None) };
        let length = u32::from_le_bytes([frame[0], frame[1], frame[2], frame[3]]);
        let place = Place { offset: self.at + FRAME as u64, length };
        // A payload has at least its tag, a capital letter; and no more is read than there is.
        if length == 0 || place.offset + u64::from(length) > self.length || !frame[FRAME].is_ascii_uppercase() {
            return Ok(None);
        }
        let cost = u64::from(length);
        if self.effort_left < cost {
            self.gave_up = true;
            return Ok(None);
        }
        self.effort_left -= cost;
        let payload = read_at(&mut self.file, place)?;
        Ok((checksum(&payload) == frame[4..FRAME]).then_some((place, payload)))
    }

    /// The frame that would begin here and the first byte of its payload.
    fn bytes(&mut self) -> std::io::Result<Option<[u8; FRAME + 1]>> {
        if self.at + FRAME as u64 >= self.length {
            return Ok(None);
        }
        let (begin, held) = &mut self.window;
        let inside = self.at >= *begin && self.at + (FRAME as u64) < *begin + held.len() as u64;
        if !inside {
            *begin = self.at;
            held.clear();
            self.file.seek(SeekFrom::Start(self.at))?;
            (&mut self.file).take(WINDOW as u64).read_to_end(held)?;
        }
        let from = (self.at - *begin) as usize;
        // The file may have become shorter since it was opened.
        Ok(held.get(from..=from + FRAME).and_then(|bytes| bytes.try_into().ok()))
    }
}
