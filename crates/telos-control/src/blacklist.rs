//! `blacklist`: only tokens after which the text is safe, h(x + t) ≥ 0; the barrier filter with alpha 1, CBF-LLM's baseline.

use crate::cbf;
use crate::entry::{Entry, Parsed};
use telos_core::shape::{Field, KindShape, Shape};

/// The table's entry.
pub(crate) const ENTRY: Entry<Parsed> = Entry {
    shape: KindShape {
        kind: "blacklist",
        about: "only tokens after which the text is safe: `cbf` with alpha 1",
        fields: &[
            cbf::CONSTRAINT,
            Field::optional(
                "constraints",
                Shape::List {
                    of: &Shape::Object(&[Field::required("constraint", Shape::Constraint, "the function h")]),
                    min: 1,
                },
                "instead of `constraint`: a token is allowed iff all of these allow it",
            ),
            cbf::SUPPORT,
            cbf::STRATEGY,
            cbf::FALLBACK,
            cbf::DRAFT,
        ],
        check: cbf::one_of_constraint_and_constraints,
    },
    example: "{kind: blacklist, constraint: {kind: classifier_margin, model: \"builtin:tiny-sentiment\", positive: \
              [positive], negative: [negative]}}",
    read: |map| cbf::read(map, Some(1.0)),
};
