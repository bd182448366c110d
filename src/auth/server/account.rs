//! Sign-up, log-in, log-out and the role of an account, as plain functions over the state that return values: called by
//! the server functions of `auth::api` and by the command line.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    caller::{Caller, Client},
    credentials::{Email, NewPassword, Problems, parse_display_name},
    freshness::Change,
    issue::Issued,
    known_browser::Attempt,
    notices,
    password::Verified,
    quality, session,
    session_id::SessionIdHash,
    store::{self, EndReason, NewUser, UserRow},
};
use crate::{
    auth::model::{Access, DISPLAY_NAME_MAX_LENGTH, Role},
    error::{AppError, Field, Problem},
    server::{
        audit::{self, Event},
        state::AppState,
        throttle::Bucket,
    },
};

/// A sign-up whose every field was parsed.
pub struct NewAccount {
    pub email: Email,
    pub password: NewPassword,
    pub display_name: String,
}

impl NewAccount {
    /// Parses the form's fields; an empty name becomes the part of the address before the `@`.
    pub fn parse(email: &str, password: String, display_name: &str, password_min: u32) -> Result<Self, AppError> {
        let mut problems = Problems::default();
        let email = problems.take(Field::Email, Email::parse(email));
        let name = match (display_name.trim(), &email) {
            ("", Some(email)) => Some(name_by_address(email)),
            ("", None) => None,
            (name, _) => problems.take(Field::DisplayName, parse_display_name(name)),
        };
        let password = problems.take(Field::Password, NewPassword::parse(password, password_min));
        match (email, name, password) {
            (Some(email), Some(display_name), Some(password)) => Ok(Self { email, password, display_name }),
            _ => Err(problems.into_error()),
        }
    }

    /// Whether its password may be taken. Apart from `parse`, since it takes its time.
    pub async fn check(&self, state: &AppState) -> Result<(), AppError> {
        quality::check(state, &self.password, &[self.email.as_str(), &self.display_name]).await
    }
}

/// What an account is called whose owner gave no name: the part of the address before the `@`.
pub fn name_by_address(email: &Email) -> String {
    email.local_part().chars().take(DISPLAY_NAME_MAX_LENGTH as usize).collect()
}

/// Makes an account with the role `user` and signs it in. An address that has an account gets one neutral answer, at the
/// price of a hash like any other.
pub async fn sign_up(
    state: &AppState,
    account: NewAccount,
    replaces: Option<SessionIdHash>,
    client: &Client,
) -> Result<Issued, AppError> {
    let now = state.db.now().await?;
    Bucket::client("sign_up", client.ip, state.config.throttle.client_per_minute).take(&state.db, now).await?;
    account.check(state).await?;
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
        return Err(AppError::invalid(Field::Email, Problem::Taken));
    }
    let id = session::begin(state, &mut tx, user_id, replaces, client, now).await?;
    audit::record(&mut tx, Event::SignedUp, user_id, None, Some(client.ip), now).await?;
    tx.commit().await?;
    forget(state, replaces);
    session::open_pair(state, id, now).await
}

/// Signs in with a password. Every failure is the same error after the same work. `device`: the cookie by which the browser
/// may show that it is known.
pub async fn log_in(
    state: &AppState,
    email: &str,
    password: String,
    replaces: Option<SessionIdHash>,
    device: Option<&str>,
    client: &Client,
) -> Result<LoggedIn, AppError> {
    let mut problems = Problems::default();
    let email = problems.take(Field::Email, Email::parse(email));
    let password = problems.take(Field::Password, Some(password).filter(|p| !p.is_empty()).ok_or(Problem::Missing));
    let (Some(email), Some(password)) = (email, password) else {
        return Err(problems.into_error());
    };
    let now = state.db.now().await?;
    let attempt = Attempt::new(state, &email, device, client, now).await?;
    let proved = Bucket::proved("log_in", email.key(), state.config.throttle.account_per_five_minutes);
    proved.peek(&state.db, now).await?;
    if let Err(refused) = attempt.take(state, now).await {
        tell_failure(state, &email, client, "throttled");
        if refused.by_account {
            notices::attempts(state, &email, now).await?;
        }
        return Err(refused.into());
    }
    let verified = verify(state, &email, password, client).await;
    if matches!(verified, Err(AppError::InvalidCredentials)) {
        tell_failure(state, &email, client, "refused");
        return Err(AppError::InvalidCredentials);
    }
    // Neither a success nor a busy queue is a failed guess.
    let mut tx = state.db.begin().await?;
    attempt.give_back(&mut tx).await?;
    let user = match verified {
        Ok(user) => user,
        Err(busy) => {
            tx.commit().await?;
            return Err(busy);
        }
    };
    if !store::lock_unchanged(&mut tx, user.id, user.password_hash.as_deref()).await? {
        return Err(AppError::InvalidCredentials);
    }
    let now = state.db.now().await?;
    proved.count(&mut tx, now).await?;
    if user.email_verified_at.is_some() {
        notices::new_device(state, &mut tx, user.id, &email, &user.email, client, now).await?;
    }
    let id = session::begin(state, &mut tx, user.id, replaces, client, now).await?;
    audit::record(&mut tx, Event::LoggedIn, user.id, None, Some(client.ip), now).await?;
    state.mail.commit_and_wake(tx).await?;
    forget(state, replaces);
    Ok(LoggedIn { issued: session::open_pair(state, id, now).await?, leaving: user.erase_at.is_some() })
}

/// A log-in that succeeded.
pub struct LoggedIn {
    pub issued: Issued,
    /// Whether the account is about to be erased, and its owner has to be asked.
    pub leaving: bool,
}

/// Logs a failed log-in with its client, so that whoever runs the place can block one (docs/operations.md has the filter).
/// The address stands there as a keyed hash: lines about one account can be told to belong together, and no more.
fn tell_failure(state: &AppState, email: &Email, client: &Client, why: &'static str) {
    let account = state.keys.pseudonym(email.key());
    tracing::warn!(event = "log_in_failed", why, client = %client.ip, account, "audit");
}

async fn verify(state: &AppState, email: &Email, password: String, client: &Client) -> Result<UserRow, AppError> {
    let user = store::find_user(&state.db, email).await?;
    // Who may not log in costs what nobody costs, whatever the password: a yes takes another time than a no.
    let user = user.filter(|user| {
        user.state == "active" && (user.email_verified_at.is_some() || !state.config.verifies_sign_ups())
    });
    let stored = user.as_ref().and_then(|user| user.password_hash.clone());
    let verified = state.passwords.verify_for(client.ip, password, stored.clone()).await?;
    let Some(mut user) = user.filter(|_| verified != Verified::No) else {
        return Err(AppError::InvalidCredentials);
    };
    if let (Verified::YesUpgrade(new), Some(old)) = (verified, stored) {
        store::upgrade_password_hash(&state.db, user.id, &old, &new).await?;
        user.password_hash = Some(new);
    }
    Ok(user)
}

/// Ends the caller's session: neither of its tokens works any more.
pub async fn log_out(state: &AppState, caller: &Caller, client: &Client) -> Result<(), AppError> {
    let now = state.db.now().await?;
    let mut tx = state.db.begin().await?;
    store::lock_owner(&mut tx, caller.user_id).await?;
    if store::end_session(&mut tx, &caller.session, EndReason::LoggedOut, now).await? {
        audit::record(&mut tx, Event::LoggedOut, caller.user_id, None, Some(client.ip), now).await?;
    }
    tx.commit().await?;
    state.freshness.changed(Change::Session(caller.session));
    Ok(())
}

/// Gives an account another role and ends its sessions, so that nothing issued under the old role works. The last active
/// admin keeps the role. The actor's own role is read again in the transaction: one who was demoted a moment ago promotes
/// nobody.
pub async fn set_role(
    state: &AppState,
    actor: &Caller,
    user_id: Uuid,
    role: Role,
    client: &Client,
) -> Result<(), AppError> {
    let now = state.db.now().await?;
    let mut tx = state.db.begin().await?;
    let admins = store::lock_with_admins(&mut tx, user_id, actor.user_id).await?;
    let actor_now = actor.lock(&mut tx, now).await?;
    Access::AtLeast(Role::Admin).check(Some(actor_now.role))?;
    if role != Role::Admin && admins == [user_id] {
        return Err(AppError::LastAdmin);
    }
    match store::set_role(&mut tx, user_id, role).await? {
        store::RoleSet::Changed => {}
        store::RoleSet::Same => return Ok(()),
        store::RoleSet::NoSuchUser => return Err(AppError::NotFound),
    }
    store::end_sessions_of(&mut tx, user_id, EndReason::RoleChanged, now).await?;
    store::void_codes_of(&mut tx, user_id, now).await?;
    audit::record(&mut tx, Event::RoleChanged, user_id, Some(actor.user_id), Some(client.ip), now).await?;
    tx.commit().await?;
    state.freshness.changed(Change::Account(user_id));
    Ok(())
}

/// Makes an account without signing it in, whose address counts as verified: for the command line and the demo.
/// `false`: the address has one.
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

fn forget(state: &AppState, replaced: Option<SessionIdHash>) {
    if let Some(session) = replaced {
        state.freshness.changed(Change::Session(session));
    }
}
