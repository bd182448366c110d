//! The server functions of the session card.

use leptos::prelude::*;

use super::model::SessionView;
use crate::error::AppError;
#[cfg(feature = "ssr")]
use {
    super::model::ACCESS,
    crate::{
        auth::server::{require, session::lifecycle, state},
        server::{http::responses, relative_time::moment},
        ui::{flash::Notice, time::duration},
    },
    chrono::{DateTime, Utc},
};

/// Returns the caller's session.
#[server(endpoint = "session/current")]
pub async fn current_session() -> Result<SessionView, AppError> {
    let caller = require(ACCESS).await?;
    let state = state()?;
    let row = lifecycle::of(&state, &caller).await?;
    let now = row.read_at;
    let seconds_to = |time: DateTime<Utc>| u32::try_from((time - now).num_seconds().max(0)).unwrap_or(u32::MAX);
    Ok(SessionView {
        generation: row.generation,
        rotated_at: moment(row.rotated_at, now),
        started_at: moment(row.created_at, now),
        ends_at_seconds: seconds_to(row.not_after),
        access_expires_in_seconds: seconds_to(caller.access_expires_at),
        rotates_in_seconds: seconds_to(row.rotated_at + state.config.auth.rotation_min_age),
        last_decision: caller.decision,
        confirmed: row.confirmed_generation >= row.generation,
    })
}

/// Reuses the refresh token before the caller's current one, as a thief would. Only in the demo; 404 elsewhere.
#[server(endpoint = "demo/replay")]
pub async fn replay() -> Result<(), AppError> {
    let caller = require(ACCESS).await?;
    let state = state()?;
    if !state.config.demo.seed {
        return Err(AppError::NotFound);
    }
    lifecycle::replay_previous(&state, &caller).await?;
    let leeway = u32::try_from(state.config.auth.reuse_leeway.as_secs()).unwrap_or(u32::MAX);
    let text = format!(
        "The token was rotated less than {} ago, so this counted as a request from another tab. Wait a moment, then try again.",
        duration(leeway)
    );
    responses::see_other("/", Some(Notice { text: text.into(), is_banner: false }));
    Ok(())
}
