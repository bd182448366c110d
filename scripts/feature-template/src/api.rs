//! The server functions of the gizmos.

use leptos::prelude::*;

use super::model::{Gadget, GadgetSummary};
use crate::error::AppError;
#[cfg(feature = "ssr")]
use {
    super::{
        model::ACCESS,
        store::{self, GadgetEdit},
    },
    crate::{
        auth::server::{require, state},
        server::{db::error_mapping::again, http::responses},
        ui::flash::Notice,
    },
    uuid::Uuid,
};

/// Returns the caller's gizmos, the latest changed first.
#[server(endpoint = "gadgets/list")]
pub async fn list_gadgets() -> Result<Vec<GadgetSummary>, AppError> {
    let caller = require(ACCESS).await?;
    store::list(&state()?.db, caller.user_id).await
}

/// Returns one of the caller's gizmos. Returns 404 for any other id.
#[server(endpoint = "gadgets/find")]
pub async fn find_gadget(#[server(default)] id: String) -> Result<Gadget, AppError> {
    let caller = require(ACCESS).await?;
    store::find(&state()?.db, caller.user_id, parse_id(&id)?).await?.ok_or(AppError::NotFound)
}

/// Adds a gizmo. Returns 422 for invalid fields, and 409 if the account has as many as it may.
#[server(endpoint = "gadgets/create")]
pub async fn create_gadget(
    #[server(default)] title: String,
    #[server(default)] body: String,
) -> Result<(), AppError> {
    let caller = require(ACCESS).await?;
    let edit = GadgetEdit::parse(&title, &body)?;
    let state = state()?;
    again!(store::create(&state.db, &caller, &edit))?;
    responses::see_other("/gadgets", Some(Notice::toast("Gizmo added.")));
    Ok(())
}

/// Changes one of the caller's gizmos. Returns 422 for invalid fields, and 404 for any other id.
#[server(endpoint = "gadgets/update")]
pub async fn update_gadget(
    #[server(default)] id: String,
    #[server(default)] title: String,
    #[server(default)] body: String,
) -> Result<(), AppError> {
    let caller = require(ACCESS).await?;
    let id = parse_id(&id)?;
    let edit = GadgetEdit::parse(&title, &body)?;
    store::update(&state()?.db, caller.user_id, id, &edit).await?;
    responses::see_other("/gadgets", Some(Notice::toast("Gizmo saved.")));
    Ok(())
}

/// Deletes one of the caller's gizmos. Returns 404 for any other id.
#[server(endpoint = "gadgets/delete")]
pub async fn delete_gadget(#[server(default)] id: String) -> Result<(), AppError> {
    let caller = require(ACCESS).await?;
    store::delete(&state()?.db, caller.user_id, parse_id(&id)?).await?;
    responses::see_other("/gadgets", Some(Notice::toast("Gizmo deleted.")));
    Ok(())
}

#[cfg(feature = "ssr")]
fn parse_id(id: &str) -> Result<Uuid, AppError> {
    id.parse().map_err(|_| AppError::NotFound)
}
