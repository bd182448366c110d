//! What a feature adds to the copy of their data that users download. Each feature that stores data of a user has a line
//! in `features::EXPORTS`.

use serde_json::Value;
use std::pin::Pin;
use uuid::Uuid;

use super::db::Db;
use crate::error::AppError;

/// Reads what one feature stores about the user. Returns a JSON object, whose keys are added to those of the export.
pub type Exporter = fn(&Db, Uuid) -> Reading<'_>;

/// A future with the data of one feature.
pub type Reading<'a> = Pin<Box<dyn Future<Output = Result<Value, AppError>> + Send + 'a>>;
