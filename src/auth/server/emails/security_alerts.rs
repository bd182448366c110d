//! Mails that tell owners what happened to their accounts. Each is written in the transaction of what it reports.
//! Called by the flows and by `session`.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::templates;
use crate::{
    auth::server::{
        caller::Client,
        user_agent::describe,
        users::{credentials::EmailAddress, owner_store::OwnerRow, store::find_user},
    },
    error::AppError,
    server::{
        db::Tx,
        mail::Email,
        ops::{audit, rate_limit::Bucket},
        state::AppState,
    },
};

/// Mails the owner if their address is verified: an unverified one may be a stranger's, and gets only its verification.
/// A mail beyond the daily budget is dropped, and can be read in the account's audit trail.
pub async fn tell(
    state: &AppState,
    tx: &mut Tx,
    owner: &OwnerRow,
    letter: &Email,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    match owner.email_verified_at {
        Some(_) => tell_verified(state, tx, &owner.email_key, &owner.email, letter, now).await,
        None => Ok(()),
    }
}

/// The owner of a verified address.
pub struct Recipient<'a> {
    pub user_id: Uuid,
    pub email: &'a str,
    /// The address without case and other differences that providers ignore.
    pub email_key: &'a str,
}

async fn tell_verified(
    state: &AppState,
    tx: &mut Tx,
    email_key: &str,
    email: &str,
    letter: &Email,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let budget = Bucket::alerts_per_day(email_key, state.config.throttle.mails_per_hour);
    if !budget.count(tx, now).await? {
        tracing::warn!(account = state.keys.pseudonym(email_key), "a notice was dropped: its address had many today");
        return Ok(());
    }
    state.mail.enqueue(tx, email, letter, None, now).await
}

/// Reports a log-in with a kind of browser that none of `known`, the user agents of the account's sessions, has. The first
/// log-in of all is not reported: there is nothing to compare it with. To be called before the new session is inserted.
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
    let letter = new_device_email(state, &device, &client.ip.to_string());
    tell_verified(state, tx, owner.email_key, owner.email, &letter, now).await
}

/// Reports a session that was ended because its refresh token was reused (RFC 9700, 4.14.2).
pub async fn token_reuse(
    state: &AppState,
    tx: &mut Tx,
    owner: &OwnerRow,
    user_agent: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    tell(state, tx, owner, &token_reuse_email(state, &describe(user_agent)), now).await
}

/// Reports that somebody tries passwords, once an hour at most. An address without an account costs the same work.
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
            "That was you? Then there is nothing to do. If it wasn't, log that device out and choose a new password."
                .into(),
        ],
        Some(("See your devices", "/account/devices")),
    )
}

fn token_reuse_email(state: &AppState, device: &str) -> Email {
    templates::notice(
        "A session was used twice",
        vec![
            format!(
                "An old token of {device} came back at {}, so somebody may hold a copy of that session. It was ended for everybody who held it.",
                templates::site(state)
            ),
            "Log in again to go on. If something on that device looks strange, choose a new password too.".into(),
        ],
        Some(("See your devices", "/account/devices")),
    )
}

fn attempts_email(state: &AppState) -> Email {
    templates::notice(
        "Too many log-in attempts",
        vec![
            format!("Somebody tried several passwords for your account at {}. Logging in with a password has to wait for a few minutes now; none of them worked.", templates::site(state)),
            "That was you? A link by mail gets you in at once. If it wasn't, there is nothing to do as long as your password is yours alone.".into(),
        ],
        Some(("Log in by mail", "/magic")),
    )
}
