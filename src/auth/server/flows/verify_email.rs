//! Verification of an account's address. Called by `auth::email_code::api`.

use chrono::{DateTime, Utc};

use super::{
    code_request::{check_deliverable, mail_code_to_owner},
    code_steps::{self, Presenter, Redeemed},
};
use crate::{
    auth::server::notices,
    auth::{
        email_code::model::Purpose,
        server::{
            caller::{Caller, Client},
            email_code::{
                code::{BrowserKey, Detail},
                secret::CodeSeed,
                store::CodeRow,
            },
            emails::templates,
            users::email_address::EmailAddress,
        },
    },
    error::AppError,
    server::{mail::Email, state::AppState},
};

/// Emails a link that verifies the caller's address.
pub async fn request(state: &AppState, caller: &Caller, client: &Client) -> Result<BrowserKey, AppError> {
    let email = EmailAddress::parse(&caller.identity.email).map_err(|_| AppError::Unavailable)?;
    check_deliverable(state, &email)?;
    mail_code_to_owner(state, Purpose::Verify, &email, None, verify_email, client).await
}

/// Verifies the address. A logged-in owner stays logged in. Anyone else sets a new password first, because a stranger
/// may have signed up with the address, and is then logged in.
pub(super) async fn redeem(
    state: &AppState,
    code: &CodeRow,
    detail: Detail,
    new_hash: Option<String>,
    presenter: &Presenter<'_>,
    now: DateTime<Utc>,
) -> Result<Redeemed, AppError> {
    let notice = Some(notices::EMAIL_VERIFIED);
    let mut tx = state.db.begin().await?;
    let mut owner = code_steps::lock_owner(&mut tx, code, presenter, new_hash.is_some(), now).await?;
    owner.require_address(code)?;
    owner.verify_address(&mut tx, presenter, now).await?;
    let Some(new_hash) = new_hash else {
        return owner.finish(state, tx, "/account", notice).await;
    };
    owner.set_password(state, &mut tx, Some(&new_hash), presenter.session(), presenter, now).await?;
    owner.log_in(state, tx, detail.next, notice, presenter, now).await
}

fn verify_email(state: &AppState, seed: CodeSeed) -> Email {
    let sentence = format!(
        "Confirm that this is the email address of your account at {}. {}",
        templates::site(state),
        templates::expiry()
    );
    templates::code(
        "Verify your email address",
        "Verify your email address",
        sentence,
        "Verify email address",
        seed,
        true,
    )
}
