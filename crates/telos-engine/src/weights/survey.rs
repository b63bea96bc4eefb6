//! A first pass over a model's tensors, by the header alone: what a family asks for is noted and held against the file, so
//! that everything that can be refused is refused before a byte of the weights is hashed or unpacked.

use super::tensors::Tensors;
use crate::error::OpenError;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

/// Tensors that hand out nothing and remember what they were asked for.
pub(crate) struct Survey<'a> {
    tensors: &'a dyn Tensors,
    asked: RefCell<BTreeSet<String>>,
    /// Values asked for, and those of the largest tensor.
    values: Cell<(u64, u64)>,
}

impl<'a> Survey<'a> {
    pub(crate) fn new(tensors: &'a dyn Tensors) -> Self {
        Self { tensors, asked: RefCell::default(), values: Cell::default() }
    }

    /// The tensors that nobody asked for, by their names in the file.
    pub(crate) fn unread(&self) -> Vec<String> {
        let asked = self.asked.borrow();
        self.tensors.names().into_iter().filter(|name| !asked.contains(name)).collect()
    }

    /// Tries whether the system gives the memory that the weights take in f32, with what unpacking the largest one takes
    /// beside it. A system that promises more than it has may still say yes.
    pub(crate) fn reserve(&self) -> Result<(), OpenError> {
        let (all, largest) = self.values.get();
        let needed = all.saturating_add(largest.saturating_mul(2)).saturating_mul(4);
        let given = usize::try_from(needed).is_ok_and(|bytes| Vec::<u8>::new().try_reserve_exact(bytes).is_ok());
        if given { Ok(()) } else { Err(OpenError::Memory { needed }) }
    }
}

impl Tensors for Survey<'_> {
    fn has(&self, name: &str) -> bool {
        self.tensors.has(name)
    }

    fn check(&self, name: &str, shape: &[usize]) -> Result<(), OpenError> {
        self.tensors.check(name, shape)
    }

    /// Checks, notes, and gives no values.
    fn read(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, OpenError> {
        self.tensors.check(name, shape)?;
        self.asked.borrow_mut().insert(self.tensors.stored(name));
        // The header was held against the file, so the product fits.
        let many = shape.iter().map(|n| *n as u64).product::<u64>();
        let (all, largest) = self.values.get();
        self.values.set((all.saturating_add(many), largest.max(many)));
        Ok(Vec::new())
    }

    fn stored(&self, name: &str) -> String {
        self.tensors.stored(name)
    }

    fn names(&self) -> Vec<String> {
        self.tensors.names()
    }
}
