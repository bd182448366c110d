//! The server functions of the admin page.

use leptos::prelude::*;

use super::model::Account;
use crate::error::AppError;
#[cfg(feature = "ssr")]
use {
    super::{model::ACCESS, store},
    crate::{
        auth::{
            model::Role,
            server::{client, flows::set_role, require, state},
        },
        error::{Field, ValidationError},
        server::{db::error_mapping::again, http::responses},
        ui::flash::Notice,
    },
};

/// Returns the newest hundred accounts, newest first. Admins only.
#[server(endpoint = "admin/accounts")]
pub async fn accounts() -> Result<Vec<Account>, AppError> {
    require(ACCESS).await?;
    store::accounts(&state()?.db).await
}

/// Changes the role of an account and ends its sessions. Admins only.
/// Returns 422 for an unknown role, 409 for the last active admin.
#[server(endpoint = "admin/set_role")]
pub async fn set_role(#[server(default)] user_id: String, #[server(default)] role: String) -> Result<(), AppError> {
    let caller = require(ACCESS).await?;
    let role = Role::parse(&role).ok_or(AppError::invalid(Field::ROLE, ValidationError::Malformed))?;
    let user_id = user_id.parse().map_err(|_| AppError::invalid(Field::USER_ID, ValidationError::Malformed))?;
    let (state, client) = (state()?, client()?);
    again!(set_role::set_role(&state, &caller, user_id, role, &client))?;
    responses::see_other("/admin", Some(Notice::toast("Role changed. It applies from that account's next request.")));
    Ok(())
}
