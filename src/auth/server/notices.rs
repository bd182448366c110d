//! Letters that tell owners what happened to their accounts without their asking. Each is written in the transaction of
//! what it tells of. Called by `account`, `confirm` and `session`.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{agent::describe, caller::Client, credentials::Email, letters, mailed, session_id::SessionIdHash, store};
use crate::{
    error::AppError,
    server::{audit, db::Tx, state::AppState, throttle::Bucket},
};

/// Tells of a log-in on a kind of device that the account was never logged in on, as far as its sessions are kept. To be
/// called before the new session stands; at the first log-in of all there is nothing yet that a stranger could be told from.
pub async fn new_device(
    state: &AppState,
    tx: &mut Tx,
    user_id: Uuid,
    email: &str,
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
    state.mail.enqueue(tx, email, &letter, None, now).await
}

/// Tells of a session that ended because an old token of it came back.
pub async fn session_copied(
    state: &AppState,
    tx: &mut Tx,
    session: &SessionIdHash,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let Some((email, user_agent)) = store::owner_of_session(tx, session).await? else {
        return Ok(());
    };
    let letter = letters::session_copied(state, &describe(&user_agent));
    state.mail.enqueue(tx, &email, &letter, None, now).await
}

/// Tells that somebody tries passwords, once an hour at most; with the same work for an address without an account.
pub async fn attempts(state: &AppState, email: &Email, now: DateTime<Utc>) -> Result<(), AppError> {
    if Bucket::hourly("notice of attempts", email.key()).take(&state.db, now).await.is_err() {
        return Ok(());
    }
    let user = store::find_user(&state.db, email).await?;
    let mut tx = state.db.begin().await?;
    let to = user.as_ref().map(|user| user.email.as_str());
    state.mail.enqueue_if(&mut tx, to, &letters::locked(state), None, now).await?;
    mailed::send(state, tx).await
}
