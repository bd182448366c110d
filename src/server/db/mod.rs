//! The two database engines behind one SQL text: pools, query macros, error mapping. Used by every store.

pub mod error_mapping;
pub mod pool;
mod sqlite;

pub use pool::*;
pub(crate) use pool::{read, run, within, write};
pub use sqlite::SqliteDb;
