//! Log-in by email: a link and six digits that log in without a password. Called by `auth::email_code::api`.

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
            emails::{
                security_alerts::{self, Recipient},
                templates,
            },
            session::store::user_agents_of,
        },
    },
    error::AppError,
    server::{mail::Email, state::AppState},
};

/// Emails a login link. The response is the same whether or not the address has an account.
pub async fn request(state: &AppState, email: &str, next: &str, client: &Client) -> Result<BrowserKey, AppError> {
    let email = parse_email(email)?;
    mail_code_to_owner(state, Purpose::LogIn, &email, Some(next), log_in_email, client).await
}

/// Logs in. If this verifies the address for the first time, removes the password, which a stranger may have chosen.
pub(super) async fn redeem(
    state: &AppState,
    code: &CodeRow,
    detail: Detail,
    presenter: &Presenter<'_>,
    now: DateTime<Utc>,
) -> Result<Redeemed, AppError> {
    let mut tx = state.db.begin().await?;
    let mut owner = code_steps::lock_owner(&mut tx, code, presenter, false, now).await?;
    owner.require_address(code)?;
    let notice = if owner.verify_address(&mut tx, presenter, now).await? {
        owner.set_password(state, &mut tx, None, presenter.session(), presenter, now).await?;
        Some(notices::PASSWORD_DROPPED)
    } else {
        None
    };
    let known = user_agents_of(&mut tx, owner.user_id).await?;
    let recipient = Recipient { user_id: owner.user_id, email: &owner.row.email, email_key: &owner.row.email_key };
    security_alerts::new_device(state, &mut tx, recipient, &known, presenter.client, now).await?;
    owner.log_in(state, tx, detail.next, notice, presenter, now).await
}

fn log_in_email(state: &AppState, seed: CodeSeed) -> Email {
    let sentence =
        format!("Use this link to log in to {} without a password. {}", templates::site(state), templates::expiry());
    templates::code("Your login link", "Log in", sentence, "Log in", seed, true)
}
