//! Security alerts: emails that tell owners what happened to their accounts. Each is queued in the transaction of the
//! change that it reports. Called by the flows and by `session`.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::templates;
use crate::{
    auth::server::{
        caller::Client,
        user_agent::describe,
        users::{email_address::EmailAddress, owner_store::OwnerRow, store::find_user},
    },
    error::AppError,
    server::{
        db::Tx,
        mail::Email,
        ops::{audit, rate_limit::Bucket},
        state::AppState,
    },
};

/// Emails the owner if their address is verified: an unverified one may belong to a stranger. Drops emails over the
/// daily limit; the audit trail still has the event.
pub async fn alert_owner(
    state: &AppState,
    tx: &mut Tx,
    owner: &OwnerRow,
    alert: &Email,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    match owner.email_verified_at {
        Some(_) => alert_verified(state, tx, &owner.email_key, &owner.email, alert, now).await,
        None => Ok(()),
    }
}

/// The owner of a verified address.
pub struct Recipient<'a> {
    pub user_id: Uuid,
    pub email: &'a str,
    /// The normalized address: without case and other differences that providers ignore.
    pub email_key: &'a str,
}

async fn alert_verified(
    state: &AppState,
    tx: &mut Tx,
    email_key: &str,
    email: &str,
    alert: &Email,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let budget = Bucket::alerts_per_day(email_key, state.config.throttle.mails_per_hour);
    if !budget.count(tx, now).await? {
        tracing::warn!(account = state.keys.pseudonym(email_key), "a notice was dropped: its address had many today");
        return Ok(());
    }
    state.mail.enqueue(tx, email, alert, None, now).await
}

/// Reports a log-in from a kind of browser that is not in `known`, the user agents of the account's sessions. Does not
/// report the account's first log-in. Call it before the new session is inserted.
pub async fn new_device(
    state: &AppState,
    tx: &mut Tx,
    owner: Recipient<'_>,
    known: &[String],
    client: &Client,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let device = describe(&client.user_agent);
    let is_known = match known.is_empty() {
        true => !audit::has_logged_in(tx, owner.user_id).await?,
        false => known.iter().any(|known| describe(known) == device),
    };
    if is_known {
        return Ok(());
    }
    let alert = new_device_email(state, &device, &client.ip.to_string());
    alert_verified(state, tx, owner.email_key, owner.email, &alert, now).await
}

/// Reports a session that was ended because of refresh token reuse (RFC 9700, 4.14.2).
pub async fn token_reuse(
    state: &AppState,
    tx: &mut Tx,
    owner: &OwnerRow,
    user_agent: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    alert_owner(state, tx, owner, &token_reuse_email(state, &describe(user_agent)), now).await
}

/// Reports failed password attempts, at most once an hour. An address without an account costs the same work.
pub async fn attempts(state: &AppState, email: &EmailAddress, now: DateTime<Utc>) -> Result<(), AppError> {
    if Bucket::once_per_hour("notice of attempts", email.key()).take(&state.db, now).await.is_err() {
        return Ok(());
    }
    let user = find_user(&state.db, email).await?.filter(|user| user.email_verified_at.is_some());
    let mut tx = state.db.begin().await?;
    let in_budget =
        Bucket::alerts_per_day(email.key(), state.config.throttle.mails_per_hour).count(&mut tx, now).await?;
    let to = user.as_ref().map(|user| user.email.as_str()).filter(|_| in_budget);
    state.mail.enqueue_if(&mut tx, to, &attempts_email(state), None, now).await?;
    state.mail.commit_and_wake(tx).await?;
    Ok(())
}

fn new_device_email(state: &AppState, device: &str, ip: &str) -> Email {
    templates::notice(
        "A new device logged in",
        vec![
            format!(
                "{device} logged in to your account at {} for the first time, from the IP address {ip}.",
                templates::site(state)
            ),
            "If this was you, you can ignore this email. If not, log out that device and reset your password.".into(),
        ],
        Some(("Review your devices", "/account/devices")),
    )
}

fn token_reuse_email(state: &AppState, device: &str) -> Email {
    templates::notice(
        "We ended a suspicious session",
        vec![
            format!(
                "A refresh token of your session on {device} at {} was reused: someone may have copied it. We ended that session.",
                templates::site(state)
            ),
            "Log in again to continue. If you notice anything unusual on that device, reset your password.".into(),
        ],
        Some(("Review your devices", "/account/devices")),
    )
}

fn attempts_email(state: &AppState) -> Email {
    templates::notice(
        "Too many login attempts",
        vec![
            format!("Someone tried several wrong passwords for your account at {}. Password login is paused for a few minutes.", templates::site(state)),
            "If this was you, you can log in now with an email link. If not, you don't need to do anything, as long as you use your password only here.".into(),
        ],
        Some(("Log in by email", "/magic")),
    )
}
