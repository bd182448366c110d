//! Deletion of an account by its owner: scheduled, and cancellable until then. Called by the account feature.

use chrono::TimeDelta;

use crate::{
    auth::model::DELETION_DAYS,
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
const GRACE: TimeDelta = TimeDelta::days(DELETION_DAYS as i64);

/// Schedules the deletion in [`DELETION_DAYS`] and ends every session now. The last active admin gets
/// [`AppError::LastAdmin`].
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
    let email = scheduled_email(state, &day(at));
    security_alerts::alert_owner(state, &mut tx, &owner, &email, now).await?;
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
    security_alerts::alert_owner(state, &mut tx, &owner, &cancelled_email(state), now).await?;
    state.mail.commit_and_wake(tx).await?;
    Ok(())
}

/// `on` is the day, such as `8 December 2026`.
fn scheduled_email(state: &AppState, on: &str) -> Email {
    templates::notice(
        "Your account will be deleted",
        vec![
            format!(
                "You asked to delete your account at {}. We'll delete it on {on}.",
                templates::site(state)
            ),
            "To keep your account, log in before then and choose Keep my account. If you didn't request this, reset your password as well."
                .into(),
        ],
        Some(("Log in to keep it", "/account")),
    )
}

fn cancelled_email(state: &AppState) -> Email {
    templates::notice(
        "Your account won't be deleted",
        vec![
            format!("You cancelled the deletion of your account at {}.", templates::site(state)),
            templates::NOT_YOU.into(),
        ],
        Some(("Reset your password", "/forgot")),
    )
}
