//! Role changes. Called by the admin feature.

use uuid::Uuid;

use crate::{
    auth::{
        model::{Access, Role},
        server::{
            caller::{Caller, Client},
            email_code,
            session::{
                cache::Invalidation,
                end_store::{EndReason, end_sessions_of},
            },
            users::store,
        },
    },
    error::AppError,
    server::{
        ops::audit::{self, Event},
        state::AppState,
    },
};

/// Changes the role of an account and ends its sessions, so that nothing issued with the old role still works. Reads
/// the actor's role again in the transaction, in case it was just changed. Returns [`AppError::LastAdmin`] for the last
/// active admin, 404 for an unknown account.
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
    end_sessions_of(&mut tx, user_id, EndReason::RoleChanged, now).await?;
    email_code::store::void_codes_of(&mut tx, user_id, now).await?;
    audit::record(&mut tx, Event::RoleChanged, user_id, Some(actor.user_id), Some(client.ip), now).await?;
    tx.commit().await?;
    state.session_cache.invalidate(Invalidation::Account(user_id));
    Ok(())
}
