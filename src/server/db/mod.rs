//! The two engines behind one SQL text: the pools, the macros that run a query, and the mapping of errors.
//! Used by every store.

pub mod error_mapping;
pub mod pool;

pub use pool::*;
pub(crate) use pool::{read, run, within, write};
