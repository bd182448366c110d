//! The server functions of moderation.

use leptos::prelude::*;

use super::model::NewAccount;
use crate::error::AppError;

/// The newest accounts, newest first.
#[server(endpoint = "moderation/newest_accounts")]
pub async fn newest_accounts() -> Result<Vec<NewAccount>, AppError> {
    use super::{model::ACCESS, store};
    crate::auth::server::require(ACCESS).await?;
    store::newest(&crate::auth::server::state()?.db).await
}
