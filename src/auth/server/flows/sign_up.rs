//! Sign-up. With `auth.sign_up = "open"`, creates the account and logs in. With `"verified"`, emails a code that
//! creates the account when it is redeemed. Called by `auth::api`, `flows::redeem` and the command line.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    code_request::{check_deliverable, limit_mails},
    code_steps::{self, Presenter, Redeemed},
};
use crate::{
    auth::server::notices,
    auth::{
        email_code::model::Purpose,
        model::{DISPLAY_NAME_MAX_LENGTH, Role},
        server::{
            caller::Client,
            email_code::{
                code::{self, BrowserKey, Detail},
                secret::CodeSeed,
                store::CodeRow,
            },
            emails::templates,
            password::policy,
            session::{cache::Invalidation, lifecycle},
            token::cookies::Issued,
            token::session_id::SessionIdHash,
            users::{
                credentials::{NewPassword, ValidationErrors, parse_display_name},
                email_address::EmailAddress,
                owner_store,
                store::{self, NewUser},
            },
        },
    },
    error::{AppError, Field, ValidationError},
    server::{
        mail::Email,
        ops::{
            audit::{self, Event},
            rate_limit::Bucket,
        },
        state::AppState,
    },
};

/// The parsed fields of a sign-up form.
pub struct NewAccount {
    pub email: EmailAddress,
    pub password: NewPassword,
    pub display_name: String,
}

impl NewAccount {
    /// Parses the form's fields. An empty name becomes the part of
    /// the address before the `@`. The error has every invalid field.
    pub fn parse(email: &str, password: String, display_name: &str, password_min: u32) -> Result<Self, AppError> {
        let mut problems = ValidationErrors::default();
        let email = problems.take(Field::EMAIL, EmailAddress::parse(email));
        let name = match (display_name.trim(), &email) {
            ("", Some(email)) => Some(name_by_address(email)),
            ("", None) => None,
            (name, _) => problems.take(Field::DISPLAY_NAME, parse_display_name(name)),
        };
        let password = problems.take(Field::PASSWORD, NewPassword::parse(password, password_min));
        match (email, name, password) {
            (Some(email), Some(display_name), Some(password)) => Ok(Self { email, password, display_name }),
            _ => Err(problems.into_error()),
        }
    }

    /// Checks the password against the policy. Separate from `parse`,
    /// because it takes milliseconds and may call a breach service.
    pub async fn check(&self, state: &AppState) -> Result<(), AppError> {
        policy::check(state, &self.password, &[self.email.as_str(), &self.display_name]).await
    }
}

/// Returns the default display name: the part of the address before the `@`.
pub fn name_by_address(email: &EmailAddress) -> String {
    email.local_part().chars().take(DISPLAY_NAME_MAX_LENGTH as usize).collect()
}

/// Creates an account with the role `user` and logs in. Returns
/// 422 if the address can't be used, after the same hashing work.
pub async fn sign_up(
    state: &AppState,
    account: NewAccount,
    replaces: Option<SessionIdHash>,
    client: &Client,
) -> Result<Issued, AppError> {
    limit_and_check(state, &account, client).await?;
    let hash = state.passwords.hash_for(client.ip, account.password.into_inner()).await?;
    let now = state.db.now().await?;
    let user_id = Uuid::now_v7();
    let mut tx = state.db.begin().await?;
    let user = NewUser {
        id: user_id,
        email: &account.email,
        password_hash: Some(&hash),
        role: Role::User,
        display_name: &account.display_name,
        verified_at: None,
        created_at: now,
    };
    if !store::insert_user(&mut tx, &user, now).await? {
        return Err(AppError::invalid(Field::EMAIL, ValidationError::Taken));
    }
    let id = lifecycle::begin(state, &mut tx, user_id, replaces, client, now).await?;
    audit::record(&mut tx, Event::SignedUp, user_id, None, Some(client.ip), now).await?;
    tx.commit().await?;
    if let Some(replaced) = replaces {
        state.session_cache.invalidate(Invalidation::Session(replaced));
    }
    lifecycle::open_pair(state, id, now).await
}

/// Applies the rate limit of the client, then checks the password.
async fn limit_and_check(state: &AppState, account: &NewAccount, client: &Client) -> Result<(), AppError> {
    let now = state.db.now().await?;
    Bucket::client("sign_up", client.ip, state.config.throttle.client_per_minute).take(&state.db, now).await?;
    account.check(state).await
}

/// Emails a code that creates the account. An address that already
/// has an account gets an email that says so, with the same response.
pub async fn request(
    state: &AppState,
    account: NewAccount,
    next: &str,
    client: &Client,
) -> Result<BrowserKey, AppError> {
    check_deliverable(state, &account.email)?;
    limit_and_check(state, &account, client).await?;
    let hash = state.passwords.hash_for(client.ip, account.password.into_inner()).await?;
    limit_mails(state, Purpose::SignUp, &account.email, client).await?;
    let user_id = store::find_user(&state.db, &account.email).await?.map(|user| user.id);
    let detail = Detail {
        password_hash: Some(hash),
        display_name: Some(account.display_name),
        next: Some(next.to_owned()),
        ..Detail::default()
    };
    let now = state.db.now().await?;
    let mut tx = state.db.begin().await?;
    let (seed, browser, expires_at) =
        code::make(state, &mut tx, Purpose::SignUp, &account.email, user_id, &detail, now).await?;
    let message = match user_id {
        None => confirm_address_email(state, seed),
        Some(_) => templates::has_account(state),
    };
    state.mail.enqueue(&mut tx, account.email.as_str(), &message, Some(expires_at), now).await?;
    state.mail.commit_and_wake(tx).await?;
    Ok(browser)
}

/// Creates the account of the code with a verified address, and logs in.
pub(super) async fn redeem(
    state: &AppState,
    code: &CodeRow,
    detail: Detail,
    new_hash: Option<String>,
    presenter: &Presenter<'_>,
    now: DateTime<Utc>,
) -> Result<Redeemed, AppError> {
    let hash = new_hash.or(detail.password_hash).ok_or(AppError::Internal)?;
    let email = EmailAddress::parse(&code.email).map_err(|_| AppError::Internal)?;
    let user_id = Uuid::now_v7();
    let mut tx = state.db.begin().await?;
    owner_store::lock_addresses(&mut tx, [email.key()]).await?;
    code::spend(&mut tx, code, now).await?;
    let user = NewUser {
        id: user_id,
        email: &email,
        password_hash: Some(&hash),
        role: Role::User,
        display_name: &detail.display_name.unwrap_or_default(),
        verified_at: Some(now),
        created_at: now,
    };
    // The address has an account, or had one when the code was requested.
    if code.user_id.is_some() || !store::insert_user(&mut tx, &user, now).await? {
        return code_steps::use_without_effect(tx).await;
    }
    audit::record(&mut tx, Event::SignedUp, user_id, None, Some(presenter.client.ip), now).await?;
    let id = lifecycle::begin(state, &mut tx, user_id, presenter.session(), presenter.client, now).await?;
    tx.commit().await?;
    code_steps::signed_in(state, id, detail.next, Some(notices::WELCOME), presenter, user_id, now).await
}

/// Creates an account with a verified address, for the command line
/// and the demo. Returns `false` if the address can't be used.
pub async fn create(state: &AppState, account: NewAccount, role: Role, now: DateTime<Utc>) -> Result<bool, AppError> {
    let hash = state.passwords.hash(account.password.into_inner()).await?;
    let user_id = Uuid::now_v7();
    let mut tx = state.db.begin().await?;
    let user = NewUser {
        id: user_id,
        email: &account.email,
        password_hash: Some(&hash),
        role,
        display_name: &account.display_name,
        verified_at: Some(now),
        created_at: now,
    };
    if !store::insert_user(&mut tx, &user, now).await? {
        return Ok(false);
    }
    audit::record(&mut tx, Event::SignedUp, user_id, None, None, now).await?;
    tx.commit().await?;
    Ok(true)
}

/// Leaves out the display name: otherwise a stranger who signs up with this address could write to its owner.
fn confirm_address_email(state: &AppState, seed: CodeSeed) -> Email {
    let sentence = format!(
        "Confirm your email address to create your account at {}. {}",
        templates::site(state),
        templates::expiry()
    );
    templates::code(
        "Confirm your email address",
        "Confirm your email address",
        sentence,
        "Confirm and log in",
        seed,
        true,
    )
}
