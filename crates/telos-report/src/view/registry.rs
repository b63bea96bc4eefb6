//! The table of views.

use super::entry::View;
use super::{html, json, junit, markdown, text};

/// Every view, in the order of help.
pub static VIEWS: &[View] = &[html::ENTRY, text::ENTRY, json::ENTRY, markdown::ENTRY, junit::ENTRY];
