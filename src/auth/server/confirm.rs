//! What using a code does. The code is used up in the same transaction: of two at once, one succeeds.
//! Called by the server functions of `auth::mailed`.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    caller::{Caller, Client},
    change,
    codes::{self, BrowserKey, Detail, Presented},
    credentials::{Email, NewPassword},
    freshness::Change,
    issue::Issued,
    letters, notices, quality, session,
    session_id::{SessionId, SessionIdHash},
    store::{self, CodeRow, EndReason, NewUser, SetEmail},
    way_back,
};
use crate::{
    auth::{
        mailed::model::{Mailed, Needs, Purpose},
        model::Role,
    },
    error::{AppError, Field},
    server::{
        audit::{self, Event},
        db::Tx,
        state::AppState,
        throttle::Bucket,
    },
    ui::flash::Notice,
};

/// What the browser is told once a code was used.
pub struct Confirmed {
    /// A new session's pair; `None`: the caller's session goes on, or nobody is signed in.
    pub issued: Option<Issued>,
    /// The page to go to.
    pub next: Option<String>,
    pub notice: Option<Notice>,
}

/// Who uses a code, and where.
pub struct Presenter<'a> {
    pub browser: Option<&'a BrowserKey>,
    pub caller: Option<&'a Caller>,
    pub client: &'a Client,
}

impl Presenter<'_> {
    fn is(&self, user_id: Option<Uuid>) -> bool {
        self.caller.is_some_and(|caller| Some(caller.user_id) == user_id)
    }

    fn session(&self) -> Option<SessionIdHash> {
        self.caller.map(|caller| caller.session)
    }
}

/// What a code still needs, for the page that shows it. Uses nothing up.
pub fn describe(code: &CodeRow, who: &Presenter<'_>) -> Mailed {
    let (needs, or_log_in) = match code.purpose {
        // Whoever asked sits elsewhere: their password must not become that of somebody else's account.
        Purpose::SignUp if !codes::is_from(code, who.browser) => (Needs::NewPassword, false),
        // Whoever knows the password is the one who set it. Anybody else may have signed up with an address not theirs.
        Purpose::Verify if !who.is(code.user_id) => (Needs::NewPassword, true),
        // A mistyped address must not hand the account to whoever reads mail there.
        Purpose::ChangeEmail if !who.is(code.user_id) => (Needs::LogIn, false),
        Purpose::Recover | Purpose::UndoEmail => (Needs::NewPassword, false),
        Purpose::SignUp | Purpose::Verify | Purpose::ChangeEmail | Purpose::LogIn => (Needs::Nothing, false),
    };
    Mailed { purpose: code.purpose, email: code.email.clone(), needs, or_log_in }
}

/// Uses a code.
pub async fn confirm(
    state: &AppState,
    presented: &Presented,
    password: String,
    who: &Presenter<'_>,
) -> Result<Confirmed, AppError> {
    let now = state.db.now().await?;
    // A code that cannot come to anything may still cost a hash, again and again.
    let limit = state.config.throttle.client_per_minute;
    Bucket::client("confirm", who.client.ip, limit).take(&state.db, now).await?;
    let code = codes::find(state, presented, who.browser, now).await?;
    let detail = codes::detail(&code)?;
    let hash = match describe(&code, who).needs {
        Needs::Nothing => None,
        Needs::LogIn => return Err(AppError::Unauthenticated),
        Needs::NewPassword => Some(new_hash(state, password, &code, &detail, who.client).await?),
    };
    let now = state.db.now().await?;
    match code.purpose {
        Purpose::SignUp => sign_up(state, &code, detail, hash, who, now).await,
        Purpose::ChangeEmail => change_email(state, &code, &detail, who, now).await,
        Purpose::Verify | Purpose::LogIn | Purpose::Recover | Purpose::UndoEmail => {
            as_owner(state, &code, detail, hash, who, now).await
        }
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
        Some(user_id) => store::find_display_name(&state.db, user_id).await?,
        None => detail.display_name.clone(),
    };
    quality::check(state, &password, &[&code.email, name.as_deref().unwrap_or_default()]).await?;
    state.passwords.hash_for(client.ip, password.into_inner()).await
}

/// A code that leads nowhere is used up all the same, or it would cost a hash as often as somebody likes.
async fn spent<T>(tx: Tx) -> Result<T, AppError> {
    tx.commit().await?;
    Err(AppError::CodeExpired)
}

/// Makes the account that was asked for. Its address is verified by that.
async fn sign_up(
    state: &AppState,
    code: &CodeRow,
    detail: Detail,
    new_hash: Option<String>,
    who: &Presenter<'_>,
    now: DateTime<Utc>,
) -> Result<Confirmed, AppError> {
    let hash = new_hash.or(detail.password_hash).ok_or(AppError::Internal)?;
    let email = Email::parse(&code.email).map_err(|_| AppError::Internal)?;
    let user_id = Uuid::now_v7();
    let mut tx = state.db.begin().await?;
    store::lock_addresses(&mut tx, [email.key()]).await?;
    codes::spend(&mut tx, code, now).await?;
    let user = NewUser {
        id: user_id,
        email: &email,
        password_hash: Some(&hash),
        role: Role::User,
        display_name: &detail.display_name.unwrap_or_default(),
        verified_at: Some(now),
        created_at: now,
    };
    // The address had an account when the code was asked for, or has one by now.
    if code.user_id.is_some() || !store::insert_user(&mut tx, &user, now).await? {
        return spent(tx).await;
    }
    audit::record(&mut tx, Event::SignedUp, user_id, None, Some(who.client.ip), now).await?;
    let id = session::begin(state, &mut tx, user_id, who.session(), who.client, now).await?;
    tx.commit().await?;
    opened(state, id, detail.next, Some(Notice::Welcome), who, user_id, now).await
}

/// What the owner of the address may do by reading mail: verify it, log in, choose a new password, move back to it.
async fn as_owner(
    state: &AppState,
    code: &CodeRow,
    detail: Detail,
    new_hash: Option<String>,
    who: &Presenter<'_>,
    now: DateTime<Utc>,
) -> Result<Confirmed, AppError> {
    let user_id = code.user_id.ok_or(AppError::CodeExpired)?;
    let mut tx = state.db.begin().await?;
    let mut owner = match who.caller.filter(|caller| caller.user_id == user_id) {
        // The code asked for no password, since its owner is logged in: they still have to be.
        Some(caller) if new_hash.is_none() => caller.lock(&mut tx, now).await?,
        _ => store::lock_owner(&mut tx, user_id).await?.ok_or(AppError::CodeExpired)?,
    };
    store::lock_addresses(&mut tx, [&code.email_key, &owner.email_key]).await?;
    codes::spend(&mut tx, code, now).await?;
    if code.purpose == Purpose::UndoEmail {
        way_back::restore(&mut tx, code, user_id, who.client, now).await?;
    } else if owner.email_key != code.email_key {
        // The account has moved on since.
        return Err(AppError::CodeExpired);
    }
    let proved_first_now = owner.email_verified_at.is_none();
    store::verify_email(&mut tx, user_id, now).await?;
    if proved_first_now {
        audit::record(&mut tx, Event::EmailVerified, user_id, None, Some(who.client.ip), now).await?;
    }
    // Whoever signed up with this address before its owner verified it loses what they set.
    let stranger_may_know_password = proved_first_now && !who.is(Some(user_id));
    let stays = code.purpose == Purpose::Verify && new_hash.is_none();
    let logs_in = !stays && (code.purpose != Purpose::Recover || state.config.auth.log_in_after_reset);
    if new_hash.is_some() || stranger_may_know_password {
        // The code came by mail, so its address is verified now; and the account may be back there.
        owner.email_verified_at.get_or_insert(now);
        if code.purpose == Purpose::UndoEmail {
            owner.email.clone_from(&code.email);
            owner.email_key.clone_from(&code.email_key);
        }
        // This browser goes on with the session that begins below: its own does not end like the others.
        if let Some(own) = who.session().filter(|_| logs_in) {
            store::end_session(&mut tx, &own, EndReason::Replaced, now).await?;
        }
        change::set_password(state, &mut tx, user_id, &owner, new_hash.as_deref(), who.client, now).await?;
    }
    let notice = match code.purpose {
        Purpose::Recover => Some(Notice::PasswordChanged),
        Purpose::UndoEmail => Some(Notice::EmailRestored),
        Purpose::Verify => Some(Notice::EmailVerified),
        _ if stranger_may_know_password => Some(Notice::PasswordDropped),
        _ => None,
    };
    if !logs_in {
        state.mail.commit_and_wake(tx).await?;
        state.freshness.changed(Change::Account(user_id));
        let next = if stays { "/account" } else { "/login" };
        return Ok(Confirmed { issued: None, next: Some(next.into()), notice });
    }
    if code.purpose == Purpose::LogIn {
        let email = Email::parse(&owner.email).map_err(|_| AppError::Internal)?;
        notices::new_device(state, &mut tx, user_id, &email, &owner.email, who.client, now).await?;
    }
    let id = session::begin(state, &mut tx, user_id, who.session(), who.client, now).await?;
    audit::record(&mut tx, Event::LoggedIn, user_id, None, Some(who.client.ip), now).await?;
    state.mail.commit_and_wake(tx).await?;
    let next = if owner.erase_at.is_some() { Some("/account".into()) } else { detail.next };
    opened(state, id, next, notice, who, user_id, now).await
}

async fn change_email(
    state: &AppState,
    code: &CodeRow,
    detail: &Detail,
    who: &Presenter<'_>,
    now: DateTime<Utc>,
) -> Result<Confirmed, AppError> {
    let user_id = code.user_id.ok_or(AppError::CodeExpired)?;
    let new = Email::parse(&code.email).map_err(|_| AppError::Internal)?;
    let mut tx = state.db.begin().await?;
    let caller = who.caller.filter(|caller| caller.user_id == user_id).ok_or(AppError::Unauthenticated)?;
    let owner = caller.lock(&mut tx, now).await?;
    store::lock_addresses(&mut tx, [new.key(), &owner.email_key]).await?;
    codes::spend(&mut tx, code, now).await?;
    if detail.taken || store::set_email(&mut tx, user_id, &new, now).await? == SetEmail::Taken {
        return spent(tx).await;
    }
    store::void_codes_of(&mut tx, user_id, now).await?;
    // Whoever holds another session may be who the owner moves away from.
    store::end_other_sessions_of(&mut tx, user_id, &caller.session, EndReason::EmailChanged, now).await?;
    audit::record(&mut tx, Event::EmailChanged, user_id, None, Some(who.client.ip), now).await?;
    // An address that nobody has shown to read may be a stranger's, by a typing error: they get no mail and no way in.
    if owner.email_verified_at.is_some() {
        let old = Email::parse(&owner.email).map_err(|_| AppError::Internal)?;
        let (seed, _, expires_at) =
            codes::make(state, &mut tx, Purpose::UndoEmail, &old, Some(user_id), &Detail::default(), now).await?;
        let letter = letters::email_changed(state, new.as_str(), seed);
        state.mail.enqueue(&mut tx, old.as_str(), &letter, Some(expires_at), now).await?;
    }
    state.mail.commit_and_wake(tx).await?;
    state.freshness.changed(Change::Account(user_id));
    Ok(Confirmed { issued: None, next: Some("/account".into()), notice: Some(Notice::EmailChanged) })
}

async fn opened(
    state: &AppState,
    id: SessionId,
    next: Option<String>,
    notice: Option<Notice>,
    who: &Presenter<'_>,
    user_id: Uuid,
    now: DateTime<Utc>,
) -> Result<Confirmed, AppError> {
    if let Some(replaced) = who.session() {
        state.freshness.changed(Change::Session(replaced));
    }
    state.freshness.changed(Change::Account(user_id));
    Ok(Confirmed { issued: Some(session::open_pair(state, id, now).await?), next, notice })
}
