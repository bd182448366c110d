//! The server functions of the profile.

use leptos::prelude::*;

use super::model::{About, Profile};
use crate::error::AppError;
#[cfg(feature = "ssr")]
use {
    super::{
        model::ACCESS,
        store::{self, ProfileEdit},
    },
    crate::{
        auth::server::{require, state},
        server::http::responses,
        ui::flash::Notice,
    },
};

/// Returns the caller's profile.
#[server(endpoint = "profile/current")]
pub async fn current_profile() -> Result<Profile, AppError> {
    let caller = require(ACCESS).await?;
    let state = state()?;
    store::find(&state.db, &caller).await?.ok_or(AppError::NotFound)
}

/// Updates the caller's profile. Returns 422 for invalid fields. Ignores all other fields, such as an id or a role.
#[server(endpoint = "profile/update")]
pub async fn update_profile(
    #[server(default)] display_name: String,
    #[server(flatten)] about: About,
) -> Result<(), AppError> {
    let caller = require(ACCESS).await?;
    let profile = ProfileEdit::parse(&display_name, &about)?;
    let state = state()?;
    store::update(&state.db, caller.user_id, &profile).await?;
    state.session_cache.forget(&caller.session);
    responses::see_other("/profile", Some(Notice::toast("Profile saved.")));
    Ok(())
}
