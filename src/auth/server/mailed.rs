//! Flows that begin with a mail: what is asked for, and the letter that answers. An address without an account costs the
//! same work and gets the same answer as one with. Called by the server functions of `auth::mailed`.

use chrono::{DateTime, Utc};

use super::{
    account::NewAccount,
    caller::{Caller, Client},
    codes::{self, BrowserKey, Detail},
    credentials::Email,
    letters, store,
};
use crate::{
    auth::mailed::model::Purpose,
    error::{AppError, Field, Problem},
    server::{
        mail::Letter,
        state::AppState,
        throttle::{Bucket, Pair},
    },
};

/// Asks for a new account: it is made once the letter's code is used. An address that has an account gets a letter that
/// says so; the answer is the same.
pub async fn sign_up(
    state: &AppState,
    account: NewAccount,
    next: &str,
    client: &Client,
) -> Result<BrowserKey, AppError> {
    reachable(state, &account.email)?;
    let now = state.db.now().await?;
    Bucket::client("sign_up", client.ip, state.config.throttle.client_per_minute).take(&state.db, now).await?;
    account.check(state).await?;
    let hash = state.passwords.hash_for(client.ip, account.password.into_inner()).await?;
    limit(state, Purpose::SignUp, &account.email, client).await?;
    let user_id = store::find_user(&state.db, &account.email).await?.map(|user| user.id);
    let detail = Detail {
        password_hash: Some(hash),
        display_name: Some(account.display_name.clone()),
        next: Some(next.to_owned()),
        ..Detail::default()
    };
    let now = state.db.now().await?;
    let mut tx = state.db.begin().await?;
    let (seed, browser, expires_at) =
        codes::make(state, &mut tx, Purpose::SignUp, &account.email, user_id, &detail, now).await?;
    let letter = match user_id {
        None => letters::sign_up(state, seed),
        Some(_) => letters::has_account(state),
    };
    state.mail.enqueue(&mut tx, account.email.as_str(), &letter, Some(expires_at), now).await?;
    state.mail.commit_and_wake(tx).await?;
    Ok(browser)
}

/// Asks for a link that logs in.
pub async fn magic_link(state: &AppState, email: &str, next: &str, client: &Client) -> Result<BrowserKey, AppError> {
    let email = Email::parse(email).map_err(|problem| AppError::invalid(Field::Email, problem))?;
    let detail = Detail { next: Some(next.to_owned()), ..Detail::default() };
    to_owner(state, Purpose::LogIn, &email, &detail, letters::log_in, client).await
}

/// Asks for a new password.
pub async fn recover(state: &AppState, email: &str, next: &str, client: &Client) -> Result<BrowserKey, AppError> {
    let email = Email::parse(email).map_err(|problem| AppError::invalid(Field::Email, problem))?;
    let detail = Detail { next: Some(next.to_owned()), ..Detail::default() };
    to_owner(state, Purpose::Recover, &email, &detail, letters::recover, client).await
}

/// Asks the caller's own address to be verified.
pub async fn verify(state: &AppState, caller: &Caller, client: &Client) -> Result<BrowserKey, AppError> {
    let email = Email::parse(&caller.identity.email).map_err(|_| AppError::Unavailable)?;
    reachable(state, &email)?;
    to_owner(state, Purpose::Verify, &email, &Detail::default(), letters::verify, client).await
}

/// Asks for the account to move to another address. An address that has an account gets a letter that says so.
pub async fn change_email(
    state: &AppState,
    caller: &Caller,
    email: &str,
    client: &Client,
) -> Result<BrowserKey, AppError> {
    let email = Email::parse(email).map_err(|problem| AppError::invalid(Field::Email, problem))?;
    if email.key() == Email::parse(&caller.identity.email).map_err(|_| AppError::Unavailable)?.key() {
        return Err(AppError::invalid(Field::Email, Problem::Unchanged));
    }
    reachable(state, &email)?;
    limit(state, Purpose::ChangeEmail, &email, client).await?;
    let taken = store::find_user(&state.db, &email).await?.is_some_and(|user| user.id != caller.user_id);
    let now = state.db.now().await?;
    let mut tx = state.db.begin().await?;
    caller.lock(&mut tx, now).await?;
    let detail = Detail { taken, ..Detail::default() };
    let (seed, browser, expires_at) =
        codes::make(state, &mut tx, Purpose::ChangeEmail, &email, Some(caller.user_id), &detail, now).await?;
    let letter = if taken { letters::has_account(state) } else { letters::change_email(state, seed) };
    state.mail.enqueue(&mut tx, email.as_str(), &letter, Some(expires_at), now).await?;
    state.mail.commit_and_wake(tx).await?;
    Ok(browser)
}

/// Refuses an address that no mail would reach, where it is new or the caller's own. Others are not asked about: that would
/// tell which have accounts.
fn reachable(state: &AppState, email: &Email) -> Result<(), AppError> {
    match state.mail.reaches(email.as_str()) {
        true => Ok(()),
        false => Err(AppError::invalid(Field::Email, Problem::Undeliverable)),
    }
}

/// A code for the owner of the account of that address. Nobody's address leaves the same traces, and no letter.
async fn to_owner(
    state: &AppState,
    purpose: Purpose,
    email: &Email,
    detail: &Detail,
    letter: fn(&AppState, super::one_time::CodeSeed) -> Letter,
    client: &Client,
) -> Result<BrowserKey, AppError> {
    limit(state, purpose, email, client).await?;
    let user = store::find_user(&state.db, email).await?.filter(|user| user.state == "active");
    let now = state.db.now().await?;
    let mut tx = state.db.begin().await?;
    let user_id = user.as_ref().map(|user| user.id);
    let (seed, browser, expires_at) = codes::make(state, &mut tx, purpose, email, user_id, detail, now).await?;
    // To the address as it was signed up with: a twin of it may be another mailbox.
    let to = user.as_ref().map(|user| user.email.as_str());
    state.mail.enqueue_if(&mut tx, to, &letter(state, seed), Some(expires_at), now).await?;
    state.mail.commit_and_wake(tx).await?;
    Ok(browser)
}

/// Counts a mail for the client who asks and the address that gets it. Ways in have a budget of their own, which nobody
/// can use up with mails of another kind. All together have a budget a day.
pub(super) async fn limit(state: &AppState, purpose: Purpose, email: &Email, client: &Client) -> Result<(), AppError> {
    let now: DateTime<Utc> = state.db.now().await?;
    let limit = state.config.throttle.mails_per_hour;
    let pair = Pair {
        // Sign-ups, which were counted as such, leave others behind the same address their mails.
        client: Bucket::client(
            if purpose == Purpose::SignUp { "sign_up mail" } else { "mail" },
            client.ip,
            state.config.throttle.client_per_minute,
        ),
        account: match purpose {
            Purpose::LogIn | Purpose::Recover => Bucket::way_in(email.key(), limit, codes::SOON),
            _ => Bucket::mailed(email.key(), limit),
        },
    };
    pair.take(&state.db, now).await?;
    let of_the_day = Bucket::mailed_in_a_day(email.key(), limit).take(&state.db, now).await;
    match (of_the_day, purpose) {
        // Whoever uses up a day's mails leaves the owner a way in that works, for 20 minutes of each hour.
        (Err(AppError::Throttled { .. }), Purpose::LogIn | Purpose::Recover) => {
            Bucket::hourly("way in", email.key()).take(&state.db, now).await
        }
        (outcome, _) => outcome,
    }
}
