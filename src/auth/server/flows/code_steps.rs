//! The steps that the flows share when a code is redeemed. The code is marked as used in the transaction of its effect,
//! so that of two parallel requests one succeeds. Called by the flows.

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

/// The result of redeeming a code.
pub struct Redeemed {
    /// The tokens of a new session; `None` if no session was started.
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
    /// Returns whether the browser is logged in to that account.
    pub fn is(&self, user_id: Option<Uuid>) -> bool {
        self.caller.is_some_and(|caller| Some(caller.user_id) == user_id)
    }

    /// Returns the session of the browser, if it is logged in.
    pub fn session(&self) -> Option<SessionIdHash> {
        self.caller.map(|caller| caller.session)
    }
}

/// Commits the use of a code that had no effect, to limit hashing work. Returns [`AppError::CodeExpired`].
pub(super) async fn use_without_effect<T>(tx: Tx) -> Result<T, AppError> {
    tx.commit().await?;
    Err(AppError::CodeExpired)
}

/// The account of a code, locked.
pub(super) struct Owner {
    pub(super) user_id: Uuid,
    pub(super) row: OwnerRow,
}

/// Locks the account of a code and marks the code as used. If no new password is set, the session of a logged-in owner
/// must still be active.
pub(super) async fn lock_owner(
    tx: &mut Tx,
    code: &CodeRow,
    presenter: &Presenter<'_>,
    has_new_password: bool,
    now: DateTime<Utc>,
) -> Result<Owner, AppError> {
    let user_id = code.user_id.ok_or(AppError::CodeExpired)?;
    let row = match presenter.caller.filter(|caller| caller.user_id == user_id) {
        Some(caller) if !has_new_password => caller.lock(tx, now).await?,
        _ => owner_store::lock_owner(tx, user_id).await?.ok_or(AppError::CodeExpired)?,
    };
    owner_store::lock_addresses(tx, [&code.email_key, &row.email_key]).await?;
    code::spend(tx, code, now).await?;
    Ok(Owner { user_id, row })
}

impl Owner {
    /// Rejects a code that was emailed to a previous address of the account.
    pub(super) fn require_address(&self, code: &CodeRow) -> Result<(), AppError> {
        if self.row.email_key == code.email_key { Ok(()) } else { Err(AppError::CodeExpired) }
    }

    /// Marks the address as verified. Returns `true` if it was not verified before and the presenter is not logged in
    /// to the account: then a stranger may have chosen its password.
    pub(super) async fn verify_address(
        &self,
        tx: &mut Tx,
        presenter: &Presenter<'_>,
        now: DateTime<Utc>,
    ) -> Result<bool, AppError> {
        owner_store::verify_email(tx, self.user_id, now).await?;
        if self.row.email_verified_at.is_some() {
            return Ok(false);
        }
        audit::record(tx, Event::EmailVerified, self.user_id, None, Some(presenter.client.ip), now).await?;
        Ok(!presenter.is(Some(self.user_id)))
    }

    /// Sets the password (or removes it) and ends all sessions. `replaced` is this browser's session, which ends as
    /// replaced by the next one.
    pub(super) async fn set_password(
        &mut self,
        state: &AppState,
        tx: &mut Tx,
        new_hash: Option<&str>,
        replaced: Option<SessionIdHash>,
        presenter: &Presenter<'_>,
        now: DateTime<Utc>,
    ) -> Result<(), AppError> {
        if let Some(session) = replaced {
            end_session(tx, &session, EndReason::Replaced, now).await?;
        }
        // The code came by email, so the address is verified.
        self.row.email_verified_at.get_or_insert(now);
        change_password::set_password(state, tx, self.user_id, &self.row, new_hash, presenter.client, now).await
    }

    /// Starts a session and commits. Redirects to `next`, or to the settings if the account is scheduled for deletion.
    pub(super) async fn log_in(
        self,
        state: &AppState,
        mut tx: Tx,
        next: Option<String>,
        notice: Option<Notice>,
        presenter: &Presenter<'_>,
        now: DateTime<Utc>,
    ) -> Result<Redeemed, AppError> {
        let id = lifecycle::begin(state, &mut tx, self.user_id, presenter.session(), presenter.client, now).await?;
        audit::record(&mut tx, Event::LoggedIn, self.user_id, None, Some(presenter.client.ip), now).await?;
        state.mail.commit_and_wake(tx).await?;
        let next = if self.row.erase_at.is_some() { Some("/account".into()) } else { next };
        signed_in(state, id, next, notice, presenter, self.user_id, now).await
    }

    /// Commits without a new session and redirects to `next`.
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

/// Signs the tokens of the committed session.
pub(super) async fn signed_in(
    state: &AppState,
    id: SessionId,
    next: Option<String>,
    notice: Option<Notice>,
    presenter: &Presenter<'_>,
    user_id: Uuid,
    now: DateTime<Utc>,
) -> Result<Redeemed, AppError> {
    if let Some(replaced) = presenter.session() {
        state.session_cache.invalidate(Invalidation::Session(replaced));
    }
    state.session_cache.invalidate(Invalidation::Account(user_id));
    Ok(Redeemed { issued: Some(lifecycle::open_pair(state, id, now).await?), next, notice })
}
