//! Deletion of an account by its owner: scheduled, and cancelled within 14 days. Called by the account feature.

use chrono::TimeDelta;

use crate::{
    auth::server::{
        caller::{Caller, Client},
        email_code::store::void_codes_of,
        emails::{security_alerts, templates},
        session::{
            cache::Invalidation,
            end_store::{EndReason, end_sessions_of},
        },
        users::{owner_store::set_erase_at, store::lock_with_admins},
    },
    error::AppError,
    server::{
        mail::Email,
        ops::audit::{self, Event},
        relative_time::day,
        state::AppState,
    },
};

/// How long a scheduled deletion can be cancelled.
const GRACE: TimeDelta = TimeDelta::days(14);

/// Schedules the deletion in 14 days and ends every session now. The last active admin can't leave.
pub async fn schedule(state: &AppState, caller: &Caller, client: &Client) -> Result<(), AppError> {
    let now = state.db.now().await?;
    let at = now + GRACE;
    let mut tx = state.db.begin().await?;
    let admins = lock_with_admins(&mut tx, caller.user_id, caller.user_id).await?;
    let owner = caller.lock(&mut tx, now).await?;
    if admins == [caller.user_id] {
        return Err(AppError::LastAdmin);
    }
    set_erase_at(&mut tx, caller.user_id, Some(at)).await?;
    end_sessions_of(&mut tx, caller.user_id, EndReason::Leaving, now).await?;
    void_codes_of(&mut tx, caller.user_id, now).await?;
    audit::record(&mut tx, Event::Leaving, caller.user_id, None, Some(client.ip), now).await?;
    let letter = scheduled_email(state, &day(at));
    security_alerts::tell(state, &mut tx, &owner, &letter, now).await?;
    state.mail.commit_and_wake(tx).await?;
    state.session_cache.invalidate(Invalidation::Account(caller.user_id));
    Ok(())
}

/// Cancels a scheduled deletion.
pub async fn cancel(state: &AppState, caller: &Caller, client: &Client) -> Result<(), AppError> {
    let now = state.db.now().await?;
    let mut tx = state.db.begin().await?;
    let owner = caller.lock(&mut tx, now).await?;
    if owner.erase_at.is_none() {
        return Ok(());
    }
    set_erase_at(&mut tx, caller.user_id, None).await?;
    audit::record(&mut tx, Event::Kept, caller.user_id, None, Some(client.ip), now).await?;
    security_alerts::tell(state, &mut tx, &owner, &cancelled_email(state), now).await?;
    state.mail.commit_and_wake(tx).await?;
    Ok(())
}

/// `on`: the day, in words.
fn scheduled_email(state: &AppState, on: &str) -> Email {
    templates::notice(
        "Your account will be erased",
        vec![
            format!(
                "You asked to erase your account at {}. It happens on {on}; until then nothing is lost.",
                templates::site(state)
            ),
            "Changed your mind? Log in and press Keep my account. If it wasn't you, choose a new password as well."
                .into(),
        ],
        Some(("Log in to keep it", "/account")),
    )
}

fn cancelled_email(state: &AppState) -> Email {
    templates::notice(
        "Your account stays",
        vec![
            format!("You chose to keep your account at {}. It is not going to be erased.", templates::site(state)),
            templates::NOT_YOU.into(),
        ],
        Some(("Choose a new password", "/forgot")),
    )
}
