//! The rate limits of a log-in attempt: by client and by address,
//! or separately for a known browser. Called by `flows::log_in`.

use chrono::{DateTime, Utc};

use crate::{
    auth::server::{
        caller::Client,
        token::known_browser::KnownBrowser,
        users::{
            email_address::EmailAddress,
            store::{UserRow, find_user},
        },
    },
    error::AppError,
    server::{
        db::Tx,
        ops::rate_limit::{Bucket, Pair, Refused},
        state::AppState,
    },
};

/// The limits that apply to a log-in attempt.
pub enum Attempt {
    /// By client and by address.
    ByClientAndAddress(Pair),
    /// By known browser only.
    ByKnownBrowser(Bucket),
}

impl Attempt {
    /// Chooses the limits of an attempt at the account of `email`. `device` is the cookie of a known browser.
    pub async fn new(
        state: &AppState,
        email: &EmailAddress,
        device: Option<&str>,
        client: &Client,
        now: DateTime<Utc>,
    ) -> Result<Self, AppError> {
        let limits = &state.config.throttle;
        if let Some(browser) = device.and_then(|cookie| state.keys.verify_device(cookie, now)) {
            let user = find_user(&state.db, email).await?;
            if user.is_some_and(|user| is_of(&browser, &user)) {
                return Ok(Self::ByKnownBrowser(Bucket::device(
                    "log_in",
                    &browser.id,
                    limits.account_per_five_minutes,
                )));
            }
        }
        Ok(Self::ByClientAndAddress(Pair {
            client: Bucket::client("log_in", client.ip, limits.client_per_minute),
            account: Bucket::account("log_in", email.key(), limits.account_per_five_minutes),
        }))
    }

    /// Counts the attempt, or rejects it with the time to wait.
    pub async fn take(&self, state: &AppState, now: DateTime<Utc>) -> Result<(), Refused> {
        match self {
            Self::ByClientAndAddress(pair) => pair.take(&state.db, now).await,
            Self::ByKnownBrowser(bucket) => {
                bucket.take(&state.db, now).await.map_err(|error| Refused { error, by_account: true })
            }
        }
    }

    /// Refunds the attempt in the transaction of the log-in.
    pub async fn refund(&self, tx: &mut Tx) -> sqlx::Result<()> {
        match self {
            Self::ByClientAndAddress(pair) => pair.refund(tx).await,
            Self::ByKnownBrowser(bucket) => bucket.refund(tx).await.map(|_| ()),
        }
    }
}

fn is_of(browser: &KnownBrowser, user: &UserRow) -> bool {
    browser.user_id == user.id && browser.epoch == user.authz_epoch && user.state == "active"
}
