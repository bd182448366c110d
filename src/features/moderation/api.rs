//! The server functions of moderation.

use leptos::prelude::*;

use super::model::NewAccount;
use crate::error::AppError;
#[cfg(feature = "ssr")]
use {
    super::{model::ACCESS, store},
    crate::auth::server::{require, state},
};

/// The newest accounts, newest first.
#[server(endpoint = "moderation/newest_accounts")]
pub async fn newest_accounts() -> Result<Vec<NewAccount>, AppError> {
    require(ACCESS).await?;
    store::newest(&state()?.db).await
}
