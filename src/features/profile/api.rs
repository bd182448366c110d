//! The server functions of the profile.

use leptos::prelude::*;

use super::model::Profile;
use crate::error::AppError;

/// The caller's own profile.
#[server(endpoint = "profile/current")]
pub async fn current_profile() -> Result<Profile, AppError> {
    use super::{model::ACCESS, store};
    let caller = crate::auth::server::require(ACCESS).await?;
    let state = crate::auth::server::state()?;
    store::find(&state.db, &caller).await?.ok_or(AppError::NotFound)
}

/// Changes what the caller's profile shows. Nothing else of a form is read: no id, role or address.
#[server(endpoint = "profile/update")]
pub async fn update_profile(
    #[server(default)] display_name: String,
    #[server(default)] bio: String,
) -> Result<(), AppError> {
    use super::{model::ACCESS, store};
    use crate::{server::respond, ui::flash::Notice};
    let caller = crate::auth::server::require(ACCESS).await?;
    let profile = store::ProfileEdit::parse(&display_name, &bio)?;
    let state = crate::auth::server::state()?;
    store::update(&state.db, caller.user_id, &profile).await?;
    state.freshness.forget(&caller.session);
    respond::see_other("/profile", Some(Notice::ProfileSaved));
    Ok(())
}
