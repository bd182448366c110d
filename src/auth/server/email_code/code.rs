//! One-time codes: made, found again by their link or by their digits, used up. A link's secret has 256 bits and works in
//! any browser; six digits work only in the browser that asked, a few times. Called by `mailed` and `confirm`.

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
            users::{credentials::EmailAddress, input},
        },
    },
    error::{AppError, Field, Problem},
    server::{db::Tx, ops::rate_limit::Bucket, state::AppState},
};

/// How long a code works.
pub const LIFETIME: TimeDelta = TimeDelta::minutes(CODE_MINUTES as i64);
/// How long a change of address can be undone from the previous address.
const UNDO_LIFETIME: TimeDelta = TimeDelta::days(UNDO_DAYS as i64);

/// What a purpose needs besides the address and the account. Kept with the code.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Detail {
    /// The password of an account that is still to be made, hashed.
    pub password_hash: Option<String>,
    pub display_name: Option<String>,
    /// The page to go to afterwards.
    pub next: Option<String>,
    /// The address belongs to somebody else's account, which whoever asked must not learn: the code opens nothing.
    pub taken: bool,
}

/// What came back of a code.
pub enum Presented {
    /// The secret of a link.
    Link(String),
    /// Six digits, in the browser that asked.
    Digits(String),
}

/// Makes a code for `email` within `tx`; the ones before it are void. Returns the seed for the letter, the key for the
/// browser that asked, and when the code expires.
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

/// [`make`] with an end of its own.
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
        // Whoever replaced the address sits in that browser.
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

/// The code that was presented, still unused. Wrong digits cost one of its tries, and one of the address's.
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
            let code = asked_here(state, browser, now).await?.ok_or(AppError::CodeExpired)?;
            let typed = input::six_digits(typed).map_err(|problem| AppError::invalid(Field::Digits, problem))?;
            // Counted before they are looked at, and given back where they are right: what is wrong with a new password
            // beside them costs no try.
            if !email_code::store::count_try(&state.db, code.id).await? {
                return Err(AppError::CodeExpired);
            }
            let guesses = Bucket::digits(&code.email_key);
            guesses.take(&state.db, now).await?;
            if !has_digits(state, &code, &typed) {
                return Err(AppError::invalid(Field::Digits, Problem::Mismatch));
            }
            let mut tx = state.db.begin().await?;
            email_code::store::refund_try(&mut tx, code.id).await?;
            guesses.refund(&mut tx).await?;
            tx.commit().await?;
            Ok(code)
        }
    }
}

/// The code of a link, or where there is none that of the browser, still unused. For a page that shows what it is for.
pub async fn look(state: &AppState, link: &str, browser: Option<&BrowserKey>) -> Result<Option<CodeRow>, AppError> {
    let now = state.db.now().await?;
    match link {
        "" => asked_here(state, browser, now).await,
        secret => Ok(email_code::store::find_code_by_link(&state.db, &Sha256::digest(secret), now).await?),
    }
}

/// The code that this browser asked for, still unused.
async fn asked_here(
    state: &AppState,
    browser: Option<&BrowserKey>,
    now: DateTime<Utc>,
) -> Result<Option<CodeRow>, AppError> {
    let Some(browser) = browser else {
        return Ok(None);
    };
    Ok(email_code::store::find_code_by_browser(&state.db, &browser.hash(), now).await?)
}

/// Whether that browser asked for the code.
pub fn is_from(code: &CodeRow, browser: Option<&BrowserKey>) -> bool {
    browser.is_some_and(|browser| code.browser_hash.as_deref() == Some(&browser.hash()[..]))
}

/// Uses a code up within `tx`, or fails with [`AppError::CodeExpired`] where another request did before.
pub async fn spend(tx: &mut Tx, code: &CodeRow, now: DateTime<Utc>) -> Result<(), AppError> {
    if email_code::store::spend_code(tx, code.id, now).await? { Ok(()) } else { Err(AppError::CodeExpired) }
}

/// What was kept with the code.
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
    // Digests of equal length compare in the same time wherever they differ first.
    let typed = Sha256::digest(typed);
    state.keys.one_time_secrets(&seed).any(|secrets| Sha256::digest(&secrets.digits) == typed)
}
