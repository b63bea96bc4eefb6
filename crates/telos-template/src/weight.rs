//! What a value would be written out, and the limits on that.

use crate::limits::{DEPTH, ENTRIES, TEXT};
use minijinja::value::{DynObject, ValueKind};
use minijinja::{Error, ErrorKind, State, Value};

/// The size of a value that holds others; one that it holds twice counts twice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Weight {
    /// Entries of lists and objects, at any depth.
    pub(crate) entries: usize,
    /// Bytes of all texts.
    pub(crate) bytes: usize,
}

impl Weight {
    /// Pays for walking a value: some nanoseconds an entry, and a kilobyte of text in the time of an instruction.
    pub(crate) fn pay(self, state: &State<'_, '_>) -> Result<(), Error> {
        self.times(1, state)
    }

    /// Pays for walking it so many times.
    pub(crate) fn times(self, times: usize, state: &State<'_, '_>) -> Result<(), Error> {
        let fuel = (self.entries / 32).saturating_add(self.bytes / 1024).saturating_mul(times);
        if fuel == 0 { Ok(()) } else { state.consume_fuel(fuel as u64) }
    }

    fn add(&mut self, entries: usize, bytes: usize) -> Result<(), Error> {
        self.entries = self.entries.saturating_add(entries);
        self.bytes = self.bytes.saturating_add(bytes);
        if self.entries > ENTRIES {
            return Err(limit(format!("it makes a list or object of more than {ENTRIES} entries, which is the most")));
        }
        if self.bytes > TEXT {
            return Err(limit(format!("it makes a value of more than {TEXT} bytes of text, which is the most")));
        }
        Ok(())
    }

    fn walk(&mut self, value: &Value, depth: usize) -> Result<(), Error> {
        match value.kind() {
            ValueKind::String => self.add(0, value.as_str().map_or(0, str::len)),
            ValueKind::Bytes => self.add(0, value.as_bytes().map_or(0, <[u8]>::len)),
            ValueKind::Seq | ValueKind::Iterable | ValueKind::Map if depth > DEPTH => Err(limit(format!(
                "it puts lists and objects more than {DEPTH} deep into each other, which is the most"
            ))),
            ValueKind::Seq | ValueKind::Iterable => {
                // A repeated list may be longer than anybody can walk.
                self.add(value.len().unwrap_or(0), 0)?;
                if let Some(values) = value.downcast_object_ref::<Vec<Value>>() {
                    return values.iter().try_for_each(|value| self.walk(value, depth + 1));
                }
                let counted = value.len().is_some();
                value.try_iter()?.try_for_each(|entry| {
                    self.add(usize::from(!counted), 0)?;
                    self.walk(&entry, depth + 1)
                })
            }
            ValueKind::Map => {
                let Some(pairs) = value.as_object().and_then(DynObject::try_iter_pairs) else { return Ok(()) };
                for (key, value) in pairs {
                    self.add(1, 0)?;
                    self.walk(&key, depth + 1)?;
                    self.walk(&value, depth + 1)?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// The weight of a value, which is refused where it is too large or too deep.
pub(crate) fn weigh(value: &Value) -> Result<Weight, Error> {
    let mut weight = Weight::default();
    weight.walk(value, 1)?;
    Ok(weight)
}

/// Whether a value holds others.
pub(crate) fn holds(value: &Value) -> bool {
    matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable | ValueKind::Map)
}

/// A value that was just made: within the limits, and what would be computed while it is walked is computed now, so that nothing
/// that is put on top of it later has to be computed through it.
pub(crate) fn bounded(state: &State<'_, '_>, value: Value) -> Result<Value, Error> {
    if !holds(&value) {
        return within(value);
    }
    let weight = weigh(&value)?;
    weight.pay(state)?;
    if value.kind() == ValueKind::Iterable { Ok(value.try_iter()?.collect()) } else { Ok(value) }
}

fn within(value: Value) -> Result<Value, Error> {
    match value.as_str() {
        Some(text) if text.len() > TEXT => Err(too_long()),
        _ => Ok(value),
    }
}

/// Refuses a text of so many bytes where it is too long, or where they cannot be paid for.
pub(crate) fn room(state: &State<'_, '_>, bytes: usize) -> Result<(), Error> {
    if bytes > TEXT {
        return Err(too_long());
    }
    match state.fuel_levels() {
        Some((_, left)) if bytes as u64 / 64 > left => Err(Error::from(ErrorKind::OutOfFuel)),
        _ => Ok(()),
    }
}

fn too_long() -> Error {
    limit(format!("it makes a text of more than {TEXT} bytes, which is the most"))
}

/// An error that no step of the template can go on after.
pub(crate) fn limit(message: String) -> Error {
    Error::new(ErrorKind::OutOfFuel, message)
}
