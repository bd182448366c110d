//! What a feature adds to the copy of their data that users download. Each feature that stores data of a user has a line
//! in `features::EXPORTS`.

use serde_json::Value;
use std::pin::Pin;
use uuid::Uuid;

use super::db::Db;
use crate::error::AppError;

/// A future with the data of one feature.
pub type Reading<'a> = Pin<Box<dyn Future<Output = Result<Value, AppError>> + Send + 'a>>;

/// One key of the export.
#[derive(Clone, Copy)]
pub struct Exporter {
    /// The key in the JSON object.
    pub key: &'static str,
    /// Reads what the feature stores about the user.
    pub read: fn(&Db, Uuid) -> Reading<'_>,
}
