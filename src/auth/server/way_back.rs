//! The way back: the link that an address gets when the account leaves it, and that moves the account there again. Called
//! by `confirm`, which makes it when an address changes, and by the server functions of `auth::mailed` and the account page.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    caller::{Caller, Client},
    codes::{self, Detail, Presented},
    credentials::Email,
    letters, mailed,
    store::{self, CodeRow, SetEmail},
};
use crate::{
    auth::mailed::model::Purpose,
    error::{AppError, Field},
    server::{
        audit::{self, Event},
        db::{Db, Tx},
        moment::day,
        state::AppState,
        throttle::Bucket,
    },
};

/// The address and the end of each open way back of an account; the latest first.
pub async fn open(db: &Db, user_id: Uuid, now: DateTime<Utc>) -> Result<Vec<(String, DateTime<Utc>)>, AppError> {
    Ok(store::find_ways_back(db, user_id, now).await?)
}

/// Ends the link that was mailed to an earlier address of the caller, and mails another one there that works as long: who
/// kept a copy of the first has nothing then. Only a reader of that address ends the way back itself ([`dismiss`]):
/// otherwise whoever took the account over could.
pub async fn renew(state: &AppState, caller: &Caller, email: &str, client: &Client) -> Result<(), AppError> {
    let email = Email::parse(email).map_err(|problem| AppError::invalid(Field::Email, problem))?;
    mailed::limit(state, Purpose::UndoEmail, &email, client).await?;
    let now = state.db.now().await?;
    let open = store::find_ways_back(&state.db, caller.user_id, now).await?;
    let (_, expires_at) = open.into_iter().find(|(to, _)| to == email.as_str()).ok_or(AppError::NotFound)?;
    let mut tx = state.db.begin().await?;
    caller.lock(&mut tx, now).await?;
    store::lock_addresses(&mut tx, [email.key()]).await?;
    if store::void_ways_back(&mut tx, caller.user_id, email.key(), now).await? == 0 {
        return Err(AppError::NotFound);
    }
    let (user_id, detail) = (Some(caller.user_id), Detail::default());
    let (seed, _) =
        codes::make_until(state, &mut tx, Purpose::UndoEmail, &email, user_id, &detail, expires_at, now).await?;
    let letter = letters::way_back(state, &day(expires_at), seed);
    state.mail.enqueue(&mut tx, email.as_str(), &letter, Some(expires_at), now).await?;
    state.mail.commit_and_wake(tx).await?;
    Ok(())
}

/// Ends a way back, by its link: whoever reads mail at the earlier address needs it no more.
pub async fn dismiss(state: &AppState, link: &str, client: &Client) -> Result<(), AppError> {
    let now = state.db.now().await?;
    Bucket::client("confirm", client.ip, state.config.throttle.client_per_minute).take(&state.db, now).await?;
    let code = codes::find(state, &Presented::Link(link.to_owned()), None, now).await?;
    let user_id = code.user_id.filter(|_| code.purpose == Purpose::UndoEmail).ok_or(AppError::CodeExpired)?;
    let mut tx = state.db.begin().await?;
    store::lock_owner(&mut tx, user_id).await?;
    codes::spend(&mut tx, &code, now).await?;
    audit::record(&mut tx, Event::WayBackEnded, user_id, None, Some(client.ip), now).await?;
    tx.commit().await?;
    Ok(())
}

/// Moves the account back to the address of the code, which is used up, and ends what was sent since.
pub async fn restore(
    tx: &mut Tx,
    code: &CodeRow,
    user_id: Uuid,
    client: &Client,
    now: DateTime<Utc>,
) -> Result<(), AppError> {
    let old = Email::parse(&code.email).map_err(|_| AppError::Internal)?;
    if store::set_email(tx, user_id, &old, now).await? == SetEmail::Taken {
        return Err(AppError::CodeExpired);
    }
    // Whoever took the account over was sent a way back too, for the address that they had put in.
    store::void_codes_since(tx, user_id, code.created_at, now).await?;
    audit::record(tx, Event::EmailRestored, user_id, None, Some(client.ip), now).await?;
    Ok(())
}
