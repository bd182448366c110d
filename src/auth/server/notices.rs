//! Letters that tell owners what happened to their accounts without their asking. Each is written in the transaction of
//! what it tells of. Called by `account`, `confirm` and `session`.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    agent::describe,
    caller::Client,
    credentials::Email,
    letters,
    session_id::SessionIdHash,
    store::{self, OwnerRow},
};
use crate::{
    error::AppError,
    server::{audit, db::Tx, mail::Letter, state::AppState, throttle::Bucket},
};

/// Tells the owner of a verified address what happened to their account. To one that was never verified nothing goes but
/// what verifies it: it may be a stranger's. What goes beyond a day's budget is dropped, and stands in the account's trail.
pub async fn tell(
    state: &AppState,
    tx: &mut Tx,
    owner: &OwnerRow,
    letter: &Letter,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    match owner.email_verified_at {
        Some(_) => tell_verified(state, tx, &owner.email_key, &owner.email, letter, now).await,
        None => Ok(()),
    }
}

async fn tell_verified(
    state: &AppState,
    tx: &mut Tx,
    email_key: &str,
    email: &str,
    letter: &Letter,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let budget = Bucket::noticed_in_a_day(email_key, state.config.throttle.mails_per_hour);
    if !budget.count(tx, now).await? {
        tracing::warn!(account = state.keys.pseudonym(email_key), "a notice was dropped: its address had many today");
        return Ok(());
    }
    state.mail.enqueue(tx, email, letter, None, now).await
}

/// Tells of a log-in on a kind of device that the account was never logged in on, as far as its sessions are kept. To be
/// called before the new session stands; at the first log-in of all there is nothing yet that a stranger could be told from.
pub async fn new_device(
    state: &AppState,
    tx: &mut Tx,
    user_id: Uuid,
    email: &Email,
    to: &str,
    client: &Client,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let known = store::user_agents_of(tx, user_id).await?;
    let device = describe(&client.user_agent);
    let is_known = match known.is_empty() {
        true => !audit::has_logged_in(tx, user_id).await?,
        false => known.iter().any(|known| describe(known) == device),
    };
    if is_known {
        return Ok(());
    }
    let letter = letters::new_device(state, &device, &client.ip.to_string());
    tell_verified(state, tx, email.key(), to, &letter, now).await
}

/// Tells of a session that ended because an old token of it came back.
pub async fn session_copied(
    state: &AppState,
    tx: &mut Tx,
    session: &SessionIdHash,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let Some((user_id, user_agent)) = store::owner_of_session(tx, session).await? else {
        return Ok(());
    };
    let Some(owner) = store::lock_owner(tx, user_id).await? else {
        return Ok(());
    };
    tell(state, tx, &owner, &letters::session_copied(state, &describe(&user_agent)), now).await
}

/// Tells that somebody tries passwords, once an hour at most; with the same work for an address without an account.
pub async fn attempts(state: &AppState, email: &Email, now: DateTime<Utc>) -> Result<(), AppError> {
    if Bucket::hourly("notice of attempts", email.key()).take(&state.db, now).await.is_err() {
        return Ok(());
    }
    let user = store::find_user(&state.db, email).await?.filter(|user| user.email_verified_at.is_some());
    let mut tx = state.db.begin().await?;
    let in_budget =
        Bucket::noticed_in_a_day(email.key(), state.config.throttle.mails_per_hour).count(&mut tx, now).await?;
    let to = user.as_ref().map(|user| user.email.as_str()).filter(|_| in_budget);
    state.mail.enqueue_if(&mut tx, to, &letters::locked(state), None, now).await?;
    state.mail.commit_and_wake(tx).await?;
    Ok(())
}
