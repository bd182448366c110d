//! The mail part of the application state, without a way to send: mails are dropped.

use chrono::{DateTime, Utc};

use super::email::Email;
use crate::server::db::Tx;

/// Drops all mails.
pub struct Mail;

impl Mail {
    /// Commits `tx`.
    pub async fn commit_and_wake(&self, tx: Tx) -> sqlx::Result<()> {
        tx.commit().await
    }

    /// Drops a mail about a change that is made in `tx`.
    pub async fn enqueue(
        &self,
        tx: &mut Tx,
        to: &str,
        email: &Email,
        not_after: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> sqlx::Result<()> {
        self.enqueue_if(tx, Some(to), email, not_after, now).await
    }

    /// Like [`Mail::enqueue`], for a recipient who may not exist.
    pub async fn enqueue_if(
        &self,
        _tx: &mut Tx,
        _to: Option<&str>,
        _email: &Email,
        _not_after: Option<DateTime<Utc>>,
        _now: DateTime<Utc>,
    ) -> sqlx::Result<()> {
        Ok(())
    }

    /// Whether an address can be used. Nothing is sent, so any can.
    pub fn reaches(&self, _address: &str) -> bool {
        true
    }
}
