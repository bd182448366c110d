//! How an attempt to log in is limited: by its client and by the account's name, or by itself for a browser that logged in
//! before. Called by `flows::log_in`.

use chrono::{DateTime, Utc};

use crate::{
    auth::server::{
        caller::Client,
        token::known_browser::KnownBrowser,
        users::{
            credentials::EmailAddress,
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

/// An attempt to log in, as it is counted.
pub enum Attempt {
    /// For its client and for the account's name.
    OfAnybody(Pair),
    /// For the browser alone.
    OfKnown(Bucket),
}

impl Attempt {
    /// How an attempt at the account of `email` counts. `device`: the cookie that came with it.
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
                return Ok(Self::OfKnown(Bucket::device("log_in", &browser.id, limits.account_per_five_minutes)));
            }
        }
        Ok(Self::OfAnybody(Pair {
            client: Bucket::client("log_in", client.ip, limits.client_per_minute),
            account: Bucket::account("log_in", email.key(), limits.account_per_five_minutes),
        }))
    }

    /// Counts it, or refuses it with the time to wait.
    pub async fn take(&self, state: &AppState, now: DateTime<Utc>) -> Result<(), Refused> {
        match self {
            Self::OfAnybody(pair) => pair.take(&state.db, now).await,
            Self::OfKnown(bucket) => {
                bucket.take(&state.db, now).await.map_err(|error| Refused { error, by_account: true })
            }
        }
    }

    /// Gives it back within the change that it led to.
    pub async fn refund(&self, tx: &mut Tx) -> sqlx::Result<()> {
        match self {
            Self::OfAnybody(pair) => pair.refund(tx).await,
            Self::OfKnown(bucket) => bucket.refund(tx).await.map(|_| ()),
        }
    }
}

fn is_of(browser: &KnownBrowser, user: &UserRow) -> bool {
    browser.user_id == user.id && browser.epoch == user.authz_epoch && user.state == "active"
}
