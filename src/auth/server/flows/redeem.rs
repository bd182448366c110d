//! Redeeming a mailed code: finds it, asks for what it still needs, and leads to the flow of its purpose. Called by
//! `auth::email_code::api`.

use super::{
    change_email,
    code_steps::{Presenter, Redeemed},
    magic_link, reset_password, sign_up, verify_email,
};
use crate::{
    auth::{
        email_code::model::{Mailed, Needs, Purpose},
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

/// What a code still needs, for the page that shows it. Uses nothing up.
pub fn describe(code: &CodeRow, who: &Presenter<'_>) -> Mailed {
    let (needs, or_log_in) = match code.purpose {
        // Requested in another browser: the password typed there may be a stranger's.
        Purpose::SignUp if !code::is_from(code, who.browser) => (Needs::NewPassword, false),
        // Only the owner knows the password. A stranger may have signed up with this address.
        Purpose::Verify if !who.is(code.user_id) => (Needs::NewPassword, true),
        // A mistyped address must not hand the account to its reader.
        Purpose::ChangeEmail if !who.is(code.user_id) => (Needs::LogIn, false),
        Purpose::Recover | Purpose::UndoEmail => (Needs::NewPassword, false),
        Purpose::SignUp | Purpose::Verify | Purpose::ChangeEmail | Purpose::LogIn => (Needs::Nothing, false),
    };
    Mailed { purpose: code.purpose, email: code.email.clone(), needs, or_log_in }
}

/// Redeems a code.
pub async fn redeem(
    state: &AppState,
    presented: &Presented,
    password: String,
    who: &Presenter<'_>,
) -> Result<Redeemed, AppError> {
    let now = state.db.now().await?;
    // Limits codes that fail as well: each may cost a hash.
    let limit = state.config.throttle.client_per_minute;
    Bucket::client("confirm", who.client.ip, limit).take(&state.db, now).await?;
    let code = code::find(state, presented, who.browser, now).await?;
    let detail = code::detail(&code)?;
    let new_hash = match describe(&code, who).needs {
        Needs::Nothing => None,
        Needs::LogIn => return Err(AppError::Unauthenticated),
        Needs::NewPassword => Some(new_hash(state, password, &code, &detail, who.client).await?),
    };
    let now = state.db.now().await?;
    match (code.purpose, new_hash) {
        (Purpose::SignUp, new_hash) => sign_up::redeem(state, &code, detail, new_hash, who, now).await,
        (Purpose::Verify, new_hash) => verify_email::redeem(state, &code, detail, new_hash, who, now).await,
        (Purpose::ChangeEmail, _) => change_email::redeem(state, &code, &detail, who, now).await,
        (Purpose::LogIn, _) => magic_link::redeem(state, &code, detail, who, now).await,
        (Purpose::Recover, Some(hash)) => reset_password::redeem(state, &code, detail, &hash, who, now).await,
        (Purpose::UndoEmail, Some(hash)) => change_email::undo(state, &code, detail, &hash, who, now).await,
        // `describe` asks for a password in both cases.
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
        .map_err(|problem| AppError::invalid(Field::Password, problem))?;
    let name = match code.user_id {
        Some(user_id) => find_display_name(&state.db, user_id).await?,
        None => detail.display_name.clone(),
    };
    policy::check(state, &password, &[&code.email, name.as_deref().unwrap_or_default()]).await?;
    state.passwords.hash_for(client.ip, password.into_inner()).await
}
