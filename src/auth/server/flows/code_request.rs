//! The steps that the flows share when a code is requested: rate limits, deliverability, and a code for the owner of an
//! address. An unknown address gets the same response, with the same work and the same rows.

use crate::{
    auth::{
        email_code::model::Purpose,
        server::{
            caller::Client,
            email_code::{
                code::{self, BrowserKey, Detail},
                secret::CodeSeed,
            },
            users::{email_address::EmailAddress, store::find_user},
        },
    },
    error::{AppError, Field, ValidationError},
    server::{
        mail::Email,
        ops::rate_limit::{Bucket, Pair},
        state::AppState,
    },
};

/// Parses the address of a form with one field.
pub(super) fn parse_email(email: &str) -> Result<EmailAddress, AppError> {
    EmailAddress::parse(email).map_err(|problem| AppError::invalid(Field::EMAIL, problem))
}

/// Rejects an address that our mail server can't send to. Only for new addresses and the caller's own: otherwise the
/// response would reveal which addresses have accounts.
pub(super) fn check_deliverable(state: &AppState, email: &EmailAddress) -> Result<(), AppError> {
    match state.mail.reaches(email.as_str()) {
        true => Ok(()),
        false => Err(AppError::invalid(Field::EMAIL, ValidationError::Undeliverable)),
    }
}

/// Emails a code to the owner of the account with that address.
/// An unknown address writes the same rows but gets no email.
pub(super) async fn mail_code_to_owner(
    state: &AppState,
    purpose: Purpose,
    email: &EmailAddress,
    next: Option<&str>,
    template: fn(&AppState, CodeSeed) -> Email,
    client: &Client,
) -> Result<BrowserKey, AppError> {
    limit_mails(state, purpose, email, client).await?;
    let user = find_user(&state.db, email).await?.filter(|user| user.state == "active");
    let now = state.db.now().await?;
    let mut tx = state.db.begin().await?;
    let user_id = user.as_ref().map(|user| user.id);
    let detail = Detail { next: next.map(str::to_owned), ..Detail::default() };
    let (seed, browser, expires_at) = code::make(state, &mut tx, purpose, email, user_id, &detail, now).await?;
    // To the address as entered at sign-up: an equivalent address may be another mailbox.
    let to = user.as_ref().map(|user| user.email.as_str());
    state.mail.enqueue_if(&mut tx, to, &template(state, seed), Some(expires_at), now).await?;
    state.mail.commit_and_wake(tx).await?;
    Ok(browser)
}

/// Applies the rate limits of an email: for the client that requests it and for the address that gets it. Login links
/// and resets have their own budget, which other emails can't use up. All kinds together have a daily budget. Without
/// mail, returns 404.
pub(super) async fn limit_mails(
    state: &AppState,
    purpose: Purpose,
    email: &EmailAddress,
    client: &Client,
) -> Result<(), AppError> {
    if !state.config.mail.enabled {
        return Err(AppError::NotFound);
    }
    let now = state.db.now().await?;
    let limit = state.config.throttle.mails_per_hour;
    let pair = Pair {
        // Sign-ups are counted separately, so that they don't use up the emails of others behind the same IP address.
        client: Bucket::client(
            if purpose == Purpose::SignUp { "sign_up mail" } else { "mail" },
            client.ip,
            state.config.throttle.client_per_minute,
        ),
        account: match purpose {
            Purpose::LogIn | Purpose::Recover => Bucket::log_in_mails(email.key(), limit, code::LIFETIME),
            _ => Bucket::mailed(email.key(), limit),
        },
    };
    pair.take(&state.db, now).await?;
    let of_the_day = Bucket::mails_per_day(email.key(), limit).take(&state.db, now).await;
    match (of_the_day, purpose) {
        // Over the daily budget the owner still gets one link per hour, so that a stranger can't lock them out.
        (Err(AppError::Throttled { .. }), Purpose::LogIn | Purpose::Recover) => {
            Bucket::once_per_hour("way in", email.key()).take(&state.db, now).await
        }
        (outcome, _) => outcome,
    }
}
