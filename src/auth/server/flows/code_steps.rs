//! The steps that the flows of mailed codes share once a code is redeemed. A code is used up in the transaction of what it
//! does, so of two requests at once one succeeds. Called by the flows.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::change_password;
use crate::{
    auth::server::{
        caller::{Caller, Client},
        email_code::{
            code::{self, BrowserKey},
            store::CodeRow,
        },
        session::{
            cache::Invalidation,
            end_store::{EndReason, end_session},
            lifecycle,
        },
        token::{
            cookies::Issued,
            session_id::{SessionId, SessionIdHash},
        },
        users::owner_store::{self, OwnerRow},
    },
    error::AppError,
    server::{
        db::Tx,
        ops::audit::{self, Event},
        state::AppState,
    },
    ui::flash::Notice,
};

/// The outcome for the browser.
pub struct Redeemed {
    /// The tokens of a new session; `None`: the caller keeps their session, or nobody is signed in.
    pub issued: Option<Issued>,
    /// The page to go to.
    pub next: Option<String>,
    pub notice: Option<Notice>,
}

/// The browser that presents a code.
pub struct Presenter<'a> {
    pub browser: Option<&'a BrowserKey>,
    pub caller: Option<&'a Caller>,
    pub client: &'a Client,
}

impl Presenter<'_> {
    pub fn is(&self, user_id: Option<Uuid>) -> bool {
        self.caller.is_some_and(|caller| Some(caller.user_id) == user_id)
    }

    pub fn session(&self) -> Option<SessionIdHash> {
        self.caller.map(|caller| caller.session)
    }
}

/// Keeps the code used up although it did nothing, to limit hashing work.
pub(super) async fn spent_in_vain<T>(tx: Tx) -> Result<T, AppError> {
    tx.commit().await?;
    Err(AppError::CodeExpired)
}

/// The account of a code, locked.
pub(super) struct Owner {
    pub(super) user_id: Uuid,
    pub(super) row: OwnerRow,
}

/// Locks the account of a code and uses the code up. Without a new password the owner who is logged in must still be so
/// when the lock is taken.
pub(super) async fn lock_owner(
    tx: &mut Tx,
    code: &CodeRow,
    who: &Presenter<'_>,
    has_new_password: bool,
    now: DateTime<Utc>,
) -> Result<Owner, AppError> {
    let user_id = code.user_id.ok_or(AppError::CodeExpired)?;
    let row = match who.caller.filter(|caller| caller.user_id == user_id) {
        Some(caller) if !has_new_password => caller.lock(tx, now).await?,
        _ => owner_store::lock_owner(tx, user_id).await?.ok_or(AppError::CodeExpired)?,
    };
    owner_store::lock_addresses(tx, [&code.email_key, &row.email_key]).await?;
    code::spend(tx, code, now).await?;
    Ok(Owner { user_id, row })
}

impl Owner {
    /// Refuses a code that was mailed to an address which the account has left.
    pub(super) fn require_address(&self, code: &CodeRow) -> Result<(), AppError> {
        if self.row.email_key == code.email_key { Ok(()) } else { Err(AppError::CodeExpired) }
    }

    /// Marks the address as verified. `true`: this is the first proof that the owner reads mail there, and it comes from
    /// somebody who is not logged in to the account, so a stranger may know its password.
    pub(super) async fn verify_address(
        &self,
        tx: &mut Tx,
        who: &Presenter<'_>,
        now: DateTime<Utc>,
    ) -> Result<bool, AppError> {
        owner_store::verify_email(tx, self.user_id, now).await?;
        if self.row.email_verified_at.is_some() {
            return Ok(false);
        }
        audit::record(tx, Event::EmailVerified, self.user_id, None, Some(who.client.ip), now).await?;
        Ok(!who.is(Some(self.user_id)))
    }

    /// Sets another password (or none), which ends every session. `replaced`: this browser's session, which ends as
    /// replaced by the one that begins next.
    pub(super) async fn set_password(
        &mut self,
        state: &AppState,
        tx: &mut Tx,
        new_hash: Option<&str>,
        replaced: Option<SessionIdHash>,
        who: &Presenter<'_>,
        now: DateTime<Utc>,
    ) -> Result<(), AppError> {
        if let Some(own) = replaced {
            end_session(tx, &own, EndReason::Replaced, now).await?;
        }
        // The code came by mail, so the address is verified by now.
        self.row.email_verified_at.get_or_insert(now);
        change_password::set_password(state, tx, self.user_id, &self.row, new_hash, who.client, now).await
    }

    /// Begins a session, commits, and goes to `next`; an account that is scheduled for deletion goes to its settings.
    pub(super) async fn log_in(
        self,
        state: &AppState,
        mut tx: Tx,
        next: Option<String>,
        notice: Option<Notice>,
        who: &Presenter<'_>,
        now: DateTime<Utc>,
    ) -> Result<Redeemed, AppError> {
        let id = lifecycle::begin(state, &mut tx, self.user_id, who.session(), who.client, now).await?;
        audit::record(&mut tx, Event::LoggedIn, self.user_id, None, Some(who.client.ip), now).await?;
        state.mail.commit_and_wake(tx).await?;
        let next = if self.row.erase_at.is_some() { Some("/account".into()) } else { next };
        signed_in(state, id, next, notice, who, self.user_id, now).await
    }

    /// Commits without a new session, and goes to `next`.
    pub(super) async fn finish(
        self,
        state: &AppState,
        tx: Tx,
        next: &str,
        notice: Option<Notice>,
    ) -> Result<Redeemed, AppError> {
        state.mail.commit_and_wake(tx).await?;
        state.session_cache.invalidate(Invalidation::Account(self.user_id));
        Ok(Redeemed { issued: None, next: Some(next.into()), notice })
    }
}

/// Issues the tokens of the session that was committed.
pub(super) async fn signed_in(
    state: &AppState,
    id: SessionId,
    next: Option<String>,
    notice: Option<Notice>,
    who: &Presenter<'_>,
    user_id: Uuid,
    now: DateTime<Utc>,
) -> Result<Redeemed, AppError> {
    if let Some(replaced) = who.session() {
        state.session_cache.invalidate(Invalidation::Session(replaced));
    }
    state.session_cache.invalidate(Invalidation::Account(user_id));
    Ok(Redeemed { issued: Some(lifecycle::open_pair(state, id, now).await?), next, notice })
}
