//! Redeems an emailed code: finds it, checks its requirements, and calls the flow of its purpose. Called by
//! `auth::email_code::api`.

use super::{
    change_email,
    code_steps::{Presenter, Redeemed},
    magic_link, reset_password, sign_up, verify_email,
};
use crate::{
    auth::{
        email_code::model::{EmailCode, Needs, Purpose},
        server::{
            caller::Client,
            email_code::{
                code::{self, Detail, Presented},
                store::CodeRow,
            },
            password::policy,
            users::{credentials::NewPassword, owner_store::find_display_name},
        },
    },
    error::{AppError, Field},
    server::{ops::rate_limit::Bucket, state::AppState},
};

/// Returns the purpose and the requirements of a code, without using it.
pub fn describe(code: &CodeRow, presenter: &Presenter<'_>) -> EmailCode {
    let (needs, or_log_in) = match code.purpose {
        // The password was typed in another browser, perhaps by a stranger.
        Purpose::SignUp if !code::is_from(code, presenter.browser) => (Needs::NewPassword, false),
        // A stranger may have signed up with this address and chosen the password.
        Purpose::Verify if !presenter.is(code.user_id) => (Needs::NewPassword, true),
        // A mistyped new address must not give the account to its reader.
        Purpose::ChangeEmail if !presenter.is(code.user_id) => (Needs::LogIn, false),
        Purpose::Recover | Purpose::UndoEmail => (Needs::NewPassword, false),
        Purpose::SignUp | Purpose::Verify | Purpose::ChangeEmail | Purpose::LogIn => (Needs::Nothing, false),
    };
    EmailCode { purpose: code.purpose, email: code.email.clone(), needs, or_log_in }
}

/// Redeems a code. Returns [`AppError::CodeExpired`] for an unknown, used or expired code, 401 if it requires a log-in,
/// and 422 for wrong digits or an invalid password.
pub async fn redeem(
    state: &AppState,
    presented: &Presented,
    password: String,
    presenter: &Presenter<'_>,
) -> Result<Redeemed, AppError> {
    let now = state.db.now().await?;
    // Counts failures too, because each can cost a hash.
    let limit = state.config.throttle.client_per_minute;
    Bucket::client("confirm", presenter.client.ip, limit).take(&state.db, now).await?;
    let code = code::find(state, presented, presenter.browser, now).await?;
    let detail = code::detail(&code)?;
    let new_hash = match describe(&code, presenter).needs {
        Needs::Nothing => None,
        Needs::LogIn => return Err(AppError::Unauthenticated),
        Needs::NewPassword => Some(new_hash(state, password, &code, &detail, presenter.client).await?),
    };
    let now = state.db.now().await?;
    match (code.purpose, new_hash) {
        (Purpose::SignUp, new_hash) => sign_up::redeem(state, &code, detail, new_hash, presenter, now).await,
        (Purpose::Verify, new_hash) => verify_email::redeem(state, &code, detail, new_hash, presenter, now).await,
        (Purpose::ChangeEmail, _) => change_email::redeem(state, &code, &detail, presenter, now).await,
        (Purpose::LogIn, _) => magic_link::redeem(state, &code, detail, presenter, now).await,
        (Purpose::Recover, Some(hash)) => reset_password::redeem(state, &code, detail, &hash, presenter, now).await,
        (Purpose::UndoEmail, Some(hash)) => change_email::undo(state, &code, detail, &hash, presenter, now).await,
        // `describe` requires a password for both.
        (Purpose::Recover | Purpose::UndoEmail, None) => Err(AppError::Internal),
    }
}

async fn new_hash(
    state: &AppState,
    password: String,
    code: &CodeRow,
    detail: &Detail,
    client: &Client,
) -> Result<String, AppError> {
    let password = NewPassword::parse(password, state.config.auth.password_min_length)
        .map_err(|problem| AppError::invalid(Field::PASSWORD, problem))?;
    let name = match code.user_id {
        Some(user_id) => find_display_name(&state.db, user_id).await?,
        None => detail.display_name.clone(),
    };
    policy::check(state, &password, &[&code.email, name.as_deref().unwrap_or_default()]).await?;
    state.passwords.hash_for(client.ip, password.into_inner()).await
}
