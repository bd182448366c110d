//! Password reset: an emailed link or six digits set a new password and end all sessions. Called by
//! `auth::email_code::api`.

use chrono::{DateTime, Utc};

use super::{
    code_request::{mail_code_to_owner, parse_email},
    code_steps::{self, Presenter, Redeemed},
};
use crate::{
    auth::server::notices,
    auth::{
        email_code::model::Purpose,
        server::{
            caller::Client,
            email_code::{
                code::{BrowserKey, Detail},
                secret::CodeSeed,
                store::CodeRow,
            },
            emails::templates,
        },
    },
    error::AppError,
    server::{mail::Email, state::AppState},
};

/// Emails a link that sets a new password. The response is the same whether or not the address has an account.
pub async fn request(state: &AppState, email: &str, next: &str, client: &Client) -> Result<BrowserKey, AppError> {
    let email = parse_email(email)?;
    mail_code_to_owner(state, Purpose::Recover, &email, Some(next), reset_email, client).await
}

/// Sets the new password and ends all sessions. Then logs in, unless `auth.log_in_after_reset` is off.
pub(super) async fn redeem(
    state: &AppState,
    code: &CodeRow,
    detail: Detail,
    new_hash: &str,
    presenter: &Presenter<'_>,
    now: DateTime<Utc>,
) -> Result<Redeemed, AppError> {
    let logs_in = state.config.auth.log_in_after_reset;
    let notice = Some(notices::PASSWORD_CHANGED);
    let mut tx = state.db.begin().await?;
    let mut owner = code_steps::lock_owner(&mut tx, code, presenter, true, now).await?;
    owner.require_address(code)?;
    owner.verify_address(&mut tx, presenter, now).await?;
    let replaced = presenter.session().filter(|_| logs_in);
    owner.set_password(state, &mut tx, Some(new_hash), replaced, presenter, now).await?;
    match logs_in {
        true => owner.log_in(state, tx, detail.next, notice, presenter, now).await,
        false => owner.finish(state, tx, "/login", notice).await,
    }
}

fn reset_email(state: &AppState, seed: CodeSeed) -> Email {
    let sentence = format!(
        "Someone, probably you, requested a new password at {}. Choosing one logs out all devices. {}",
        templates::site(state),
        templates::expiry()
    );
    templates::code("Choose a new password", "Choose a new password", sentence, "Choose a new password", seed, true)
}
