//! One-time codes: create, find by link or by digits, use. The secret of a link has 256 bits and works in any browser;
//! the six digits work only in the browser that requested them, with a few tries. Called by the flows.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    secret::CodeSeed,
    store::{CodeRow, NewCode},
};
pub use crate::auth::server::token::browser_key::BrowserKey;
use crate::{
    auth::{
        email_code::model::{CODE_MINUTES, Purpose, UNDO_DAYS},
        server::{
            email_code, users,
            users::{email_address::EmailAddress, input},
        },
    },
    error::{AppError, Field, ValidationError},
    server::{db::Tx, ops::rate_limit::Bucket, state::AppState},
};

/// How long a code works.
pub const LIFETIME: TimeDelta = TimeDelta::minutes(CODE_MINUTES as i64);
/// How long a change of address can be undone from the previous address.
const UNDO_LIFETIME: TimeDelta = TimeDelta::days(UNDO_DAYS as i64);

/// Data for redeeming the code, besides the address and the account. Stored as JSON with the code.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Detail {
    /// The password hash of the account that a sign-up creates.
    pub password_hash: Option<String>,
    pub display_name: Option<String>,
    /// The page to go to afterwards.
    pub next: Option<String>,
    /// The address has another account, which the response must not reveal: the code does nothing.
    pub taken: bool,
}

/// The part of a code that was presented.
pub enum Presented {
    /// The secret of a link.
    Link(String),
    /// Six digits, in the browser that requested them.
    Digits(String),
}

/// Creates a code for `email` in `tx` and voids the previous ones. Returns the seed for the email, the key for the
/// browser's cookie, and when the code expires.
pub async fn make(
    state: &AppState,
    tx: &mut Tx,
    purpose: Purpose,
    email: &EmailAddress,
    user_id: Option<Uuid>,
    detail: &Detail,
    now: DateTime<Utc>,
) -> Result<(CodeSeed, BrowserKey, DateTime<Utc>), AppError> {
    let expires_at = now + if purpose == Purpose::UndoEmail { UNDO_LIFETIME } else { LIFETIME };
    let (seed, browser) = make_until(state, tx, purpose, email, user_id, detail, expires_at, now).await?;
    Ok((seed, browser, expires_at))
}

/// Like [`make`], with an explicit expiry.
#[allow(clippy::too_many_arguments)]
pub async fn make_until(
    state: &AppState,
    tx: &mut Tx,
    purpose: Purpose,
    email: &EmailAddress,
    user_id: Option<Uuid>,
    detail: &Detail,
    expires_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(CodeSeed, BrowserKey), AppError> {
    let seed = CodeSeed::random();
    let browser = BrowserKey::random();
    let secrets = state.keys.one_time_secrets(&seed).next().ok_or(AppError::Internal)?;
    let browser_hash = browser.hash();
    let undo = purpose == Purpose::UndoEmail;
    let code = NewCode {
        purpose,
        seed: seed.as_slice(),
        link_hash: &Sha256::digest(secrets.link),
        // An undo link must not work by cookie in the browser that changed the address.
        browser_hash: (!undo).then_some(&browser_hash[..]),
        email: email.as_str(),
        email_key: email.key(),
        user_id,
        detail: &serde_json::to_string(detail).map_err(|_| AppError::Internal)?,
        expires_at,
    };
    users::owner_store::lock_addresses(tx, [email.key()]).await?;
    email_code::store::insert_code(tx, &code, now).await?;
    Ok((seed, browser))
}

/// Finds the presented code if it is still valid. Wrong digits use up one try of the code and one of the address.
pub async fn find(
    state: &AppState,
    presented: &Presented,
    browser: Option<&BrowserKey>,
    now: DateTime<Utc>,
) -> Result<CodeRow, AppError> {
    match presented {
        Presented::Link(secret) => email_code::store::find_code_by_link(&state.db, &Sha256::digest(secret), now)
            .await?
            .ok_or(AppError::CodeExpired),
        Presented::Digits(typed) => {
            let code = requested_by(state, browser, now).await?.ok_or(AppError::CodeExpired)?;
            let typed = input::six_digits(typed).map_err(|problem| AppError::invalid(Field::DIGITS, problem))?;
            // Count the try before comparing, against parallel guesses, and refund it if the digits are right: an
            // invalid new password in the same form costs no try.
            if !email_code::store::count_try(&state.db, code.id).await? {
                return Err(AppError::CodeExpired);
            }
            let guesses = Bucket::digits(&code.email_key);
            guesses.take(&state.db, now).await?;
            if !has_digits(state, &code, &typed) {
                return Err(AppError::invalid(Field::DIGITS, ValidationError::Mismatch));
            }
            let mut tx = state.db.begin().await?;
            email_code::store::refund_try(&mut tx, code.id).await?;
            guesses.refund(&mut tx).await?;
            tx.commit().await?;
            Ok(code)
        }
    }
}

/// Finds the valid code of a link or, if `link` is empty, the one that this browser requested. For display only.
pub async fn look(state: &AppState, link: &str, browser: Option<&BrowserKey>) -> Result<Option<CodeRow>, AppError> {
    let now = state.db.now().await?;
    match link {
        "" => requested_by(state, browser, now).await,
        secret => Ok(email_code::store::find_code_by_link(&state.db, &Sha256::digest(secret), now).await?),
    }
}

/// Finds the valid code that this browser requested.
async fn requested_by(
    state: &AppState,
    browser: Option<&BrowserKey>,
    now: DateTime<Utc>,
) -> Result<Option<CodeRow>, AppError> {
    let Some(browser) = browser else {
        return Ok(None);
    };
    Ok(email_code::store::find_code_by_browser(&state.db, &browser.hash(), now).await?)
}

/// Returns whether that browser requested the code.
pub fn is_from(code: &CodeRow, browser: Option<&BrowserKey>) -> bool {
    browser.is_some_and(|browser| code.browser_hash.as_deref() == Some(&browser.hash()[..]))
}

/// Marks a code as used in `tx`. Returns [`AppError::CodeExpired`] if another request has used it.
pub async fn spend(tx: &mut Tx, code: &CodeRow, now: DateTime<Utc>) -> Result<(), AppError> {
    if email_code::store::spend_code(tx, code.id, now).await? { Ok(()) } else { Err(AppError::CodeExpired) }
}

/// Returns the data stored with the code.
pub fn detail(code: &CodeRow) -> Result<Detail, AppError> {
    serde_json::from_str(&code.detail).map_err(|error| {
        tracing::error!(%error, code_id = %code.id, "what was kept with a one-time code cannot be read");
        AppError::Internal
    })
}

fn has_digits(state: &AppState, code: &CodeRow, typed: &str) -> bool {
    let Some(seed) = CodeSeed::from_slice(&code.seed) else {
        return false;
    };
    // Comparing digests reveals nothing about the digits by its timing.
    let typed = Sha256::digest(typed);
    state.keys.one_time_secrets(&seed).any(|secrets| Sha256::digest(&secrets.digits) == typed)
}
