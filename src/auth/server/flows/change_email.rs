//! Change of an account's address: the new address confirms it, and the old one gets a link that undoes it.
//! Called by `auth::email_code::api` and by the account feature.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    code_request::{check_deliverable, limit_mails, parse_email},
    code_steps::{self, Presenter, Redeemed},
};
use crate::{
    auth::server::notices,
    auth::{
        email_code::model::{Purpose, UNDO_DAYS},
        server::{
            caller::{Caller, Client},
            email_code::{
                code::{self, BrowserKey, Detail, Presented},
                secret::CodeSeed,
                store::{self as code_store, CodeRow},
            },
            emails::templates,
            session::{
                cache::Invalidation,
                end_store::{EndReason, end_other_sessions_of},
            },
            users::{
                email_address::EmailAddress,
                owner_store::{self, SetEmail},
                store::find_user,
            },
        },
    },
    error::{AppError, Field, ValidationError},
    server::{
        db::{Db, Tx},
        mail::Email,
        ops::{
            audit::{self, Event},
            rate_limit::Bucket,
        },
        relative_time::day,
        state::AppState,
    },
};

/// Emails a link to the new address. An address that already has
/// an account gets an email that says so, with the same response.
pub async fn request(state: &AppState, caller: &Caller, email: &str, client: &Client) -> Result<BrowserKey, AppError> {
    let email = parse_email(email)?;
    if email.key() == EmailAddress::parse(&caller.identity.email).map_err(|_| AppError::Unavailable)?.key() {
        return Err(AppError::invalid(Field::EMAIL, ValidationError::Unchanged));
    }
    check_deliverable(state, &email)?;
    limit_mails(state, Purpose::ChangeEmail, &email, client).await?;
    let taken = find_user(&state.db, &email).await?.is_some_and(|user| user.id != caller.user_id);
    let now = state.db.now().await?;
    let mut tx = state.db.begin().await?;
    caller.lock(&mut tx, now).await?;
    let detail = Detail { taken, ..Detail::default() };
    let (seed, browser, expires_at) =
        code::make(state, &mut tx, Purpose::ChangeEmail, &email, Some(caller.user_id), &detail, now).await?;
    let message = if taken { templates::has_account(state) } else { confirm_email(state, seed) };
    state.mail.enqueue(&mut tx, email.as_str(), &message, Some(expires_at), now).await?;
    state.mail.commit_and_wake(tx).await?;
    Ok(browser)
}

/// Changes the account's address, ends its other sessions, and emails an undo link to the old address.
pub(super) async fn redeem(
    state: &AppState,
    code: &CodeRow,
    detail: &Detail,
    presenter: &Presenter<'_>,
    now: DateTime<Utc>,
) -> Result<Redeemed, AppError> {
    let user_id = code.user_id.ok_or(AppError::CodeExpired)?;
    let new = EmailAddress::parse(&code.email).map_err(|_| AppError::Internal)?;
    let mut tx = state.db.begin().await?;
    let caller = presenter.caller.filter(|caller| caller.user_id == user_id).ok_or(AppError::Unauthenticated)?;
    let owner = caller.lock(&mut tx, now).await?;
    owner_store::lock_addresses(&mut tx, [new.key(), &owner.email_key]).await?;
    code::spend(&mut tx, code, now).await?;
    if detail.taken || owner_store::set_email(&mut tx, user_id, &new, now).await? == SetEmail::Taken {
        return code_steps::use_without_effect(tx).await;
    }
    // The account has this address again, so its undo links are no longer needed.
    code_store::void_undo_links(&mut tx, user_id, new.key(), now).await?;
    code_store::void_codes_of(&mut tx, user_id, now).await?;
    // Another session may belong to someone with access to the old address.
    end_other_sessions_of(&mut tx, user_id, &caller.session, EndReason::EmailChanged, now).await?;
    audit::record(&mut tx, Event::EmailChanged, user_id, None, Some(presenter.client.ip), now).await?;
    // An unverified address may belong to a stranger because of a typo: it gets no email and no link.
    if owner.email_verified_at.is_some() {
        let old = EmailAddress::parse(&owner.email).map_err(|_| AppError::Internal)?;
        let (seed, _, expires_at) =
            code::make(state, &mut tx, Purpose::UndoEmail, &old, Some(user_id), &Detail::default(), now).await?;
        let message = changed_email(state, new.as_str(), seed);
        state.mail.enqueue(&mut tx, old.as_str(), &message, Some(expires_at), now).await?;
    }
    state.mail.commit_and_wake(tx).await?;
    state.session_cache.invalidate(Invalidation::Account(user_id));
    Ok(Redeemed { issued: None, next: Some("/account".into()), notice: Some(notices::EMAIL_CHANGED) })
}

/// Restores the address of the code, sets a new password, and voids every code that was created since.
pub(super) async fn undo(
    state: &AppState,
    code: &CodeRow,
    detail: Detail,
    new_hash: &str,
    presenter: &Presenter<'_>,
    now: DateTime<Utc>,
) -> Result<Redeemed, AppError> {
    let mut tx = state.db.begin().await?;
    let mut owner = code_steps::lock_owner(&mut tx, code, presenter, true, now).await?;
    restore(&mut tx, code, owner.user_id, presenter.client, now).await?;
    owner.verify_address(&mut tx, presenter, now).await?;
    owner.row.email.clone_from(&code.email);
    owner.row.email_key.clone_from(&code.email_key);
    owner.set_password(state, &mut tx, Some(new_hash), presenter.session(), presenter, now).await?;
    owner.log_in(state, tx, detail.next, Some(notices::EMAIL_RESTORED), presenter, now).await
}

async fn restore(
    tx: &mut Tx,
    code: &CodeRow,
    user_id: Uuid,
    client: &Client,
    now: DateTime<Utc>,
) -> Result<(), AppError> {
    let old = EmailAddress::parse(&code.email).map_err(|_| AppError::Internal)?;
    if owner_store::set_email(tx, user_id, &old, now).await? == SetEmail::Taken {
        return Err(AppError::CodeExpired);
    }
    code_store::void_undo_links(tx, user_id, old.key(), now).await?;
    // A thief who changed the address may have an undo link too, for the address that they set.
    code_store::void_codes_since(tx, user_id, code.created_at, now).await?;
    audit::record(tx, Event::EmailRestored, user_id, None, Some(client.ip), now).await?;
    Ok(())
}

/// Returns the address and the expiry of each valid undo link of an account, latest first.
pub async fn open_undo_links(
    db: &Db,
    user_id: Uuid,
    now: DateTime<Utc>,
) -> Result<Vec<(String, DateTime<Utc>)>, AppError> {
    Ok(code_store::find_undo_links(db, user_id, now).await?)
}

/// Replaces the undo link of a previous address by a new one with the same expiry, and
/// emails it there. Only a reader of that address can disable the link
/// ([`dismiss_undo_link`]): otherwise a thief could. Returns 404 if there is no such link.
pub async fn renew_undo_link(state: &AppState, caller: &Caller, email: &str, client: &Client) -> Result<(), AppError> {
    let email = parse_email(email)?;
    limit_mails(state, Purpose::UndoEmail, &email, client).await?;
    let now = state.db.now().await?;
    let open = code_store::find_undo_links(&state.db, caller.user_id, now).await?;
    let (_, expires_at) = open.into_iter().find(|(to, _)| to == email.as_str()).ok_or(AppError::NotFound)?;
    let mut tx = state.db.begin().await?;
    caller.lock(&mut tx, now).await?;
    owner_store::lock_addresses(&mut tx, [email.key()]).await?;
    if code_store::void_undo_links(&mut tx, caller.user_id, email.key(), now).await? == 0 {
        return Err(AppError::NotFound);
    }
    let (user_id, detail) = (Some(caller.user_id), Detail::default());
    let (seed, _) =
        code::make_until(state, &mut tx, Purpose::UndoEmail, &email, user_id, &detail, expires_at, now).await?;
    let message = new_undo_link_email(state, &day(expires_at), seed);
    state.mail.enqueue(&mut tx, email.as_str(), &message, Some(expires_at), now).await?;
    state.mail.commit_and_wake(tx).await?;
    Ok(())
}

/// Disables an undo link. `link` is its secret.
pub async fn dismiss_undo_link(state: &AppState, link: &str, client: &Client) -> Result<(), AppError> {
    let now = state.db.now().await?;
    Bucket::client("confirm", client.ip, state.config.throttle.client_per_minute).take(&state.db, now).await?;
    let code = code::find(state, &Presented::Link(link.to_owned()), None, now).await?;
    let user_id = code.user_id.filter(|_| code.purpose == Purpose::UndoEmail).ok_or(AppError::CodeExpired)?;
    let mut tx = state.db.begin().await?;
    owner_store::lock_owner(&mut tx, user_id).await?;
    code::spend(&mut tx, &code, now).await?;
    audit::record(&mut tx, Event::UndoLinkEnded, user_id, None, Some(client.ip), now).await?;
    tx.commit().await?;
    Ok(())
}

fn confirm_email(state: &AppState, seed: CodeSeed) -> Email {
    let sentence = format!(
        "Confirm this address to use it for your account at {}. {}",
        templates::site(state),
        templates::expiry()
    );
    templates::code(
        "Confirm your new email address",
        "Confirm your new email address",
        sentence,
        "Use this address",
        seed,
        true,
    )
}

/// The email to the previous address; `new` is the address that replaced it.
fn changed_email(state: &AppState, new: &str, seed: CodeSeed) -> Email {
    Email {
        footnote: Some("If this was you, you can ignore this email.".into()),
        ..templates::code(
            "Your email address was changed",
            "Your email address was changed",
            format!(
                "The email address of your account at {} was changed to {new}. You can undo this for {UNDO_DAYS} days: the link restores this address, asks for a new password, and logs out all devices.",
                templates::site(state)
            ),
            "Restore this address",
            seed,
            false,
        )
    }
}

/// The email with a replaced undo link; `until` is the day on which it expires.
fn new_undo_link_email(state: &AppState, until: &str, seed: CodeSeed) -> Email {
    Email {
        footnote: Some("The previous link no longer works. If you changed the address yourself, you can disable this link on the same page.".into()),
        ..templates::code(
            "A new link to restore your email address",
            "Restore your email address",
            format!(
                "The email address of your account at {} was changed. Until {until}, this link restores this address, asks for a new password, and logs out all devices.",
                templates::site(state)
            ),
            "Restore it, or disable this link",
            seed,
            false,
        )
    }
}
