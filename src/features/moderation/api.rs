//! The server functions of the moderation page.

use leptos::prelude::*;

use super::model::NewAccount;
use crate::error::AppError;
#[cfg(feature = "ssr")]
use {
    super::{model::ACCESS, store},
    crate::auth::server::{require, state},
};

/// Returns the newest accounts, newest first. Moderators and admins only.
#[server(endpoint = "moderation/newest_accounts")]
pub async fn newest_accounts() -> Result<Vec<NewAccount>, AppError> {
    require(ACCESS).await?;
    store::newest(&state()?.db).await
}
