//! The SQL that reads an account for its owner. It reads no credentials.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Value;
use sqlx::FromRow;
use std::collections::BTreeMap;

use super::model::{Export, ExportedCode, ExportedEvent, ExportedSession, Settings, UndoLink};
use crate::{
    auth::server::{Caller, caller::Client, flows::change_email},
    error::AppError,
    server::{
        db::{Db, read},
        export::Exporter,
        ops::audit::{self, Event},
        relative_time::{day, moment},
    },
};

/// The maximum number of events in an export. Limits its size to about 100 kB.
const EVENTS: i64 = 1000;

#[derive(FromRow)]
struct Account {
    email: String,
    email_verified_at: Option<DateTime<Utc>>,
    has_password: bool,
    erase_at: Option<DateTime<Utc>>,
    role: String,
    created_at: DateTime<Utc>,
    display_name: String,
}

async fn account(db: &Db, caller: &Caller) -> Result<Option<Account>, AppError> {
    Ok(read!(db, |c| sqlx::query_as(
        "select u.email, u.email_verified_at, u.password_hash is not null as has_password, u.erase_at, u.role,
                u.created_at, p.display_name
         from users u join profiles p on p.user_id = u.id where u.id = $1"
    )
    .bind(caller.user_id)
    .fetch_optional(c)
    .await)?)
}

/// Returns the settings of the caller's account, or `None` if it no longer exists.
pub async fn find(db: &Db, caller: &Caller, recent: bool) -> Result<Option<Settings>, AppError> {
    let now = Utc::now();
    let undo_links = change_email::open_undo_links(db, caller.user_id, now).await?;
    let undo_links = undo_links.into_iter().map(|(email, until)| UndoLink { email, until: day(until) }).collect();
    Ok(account(db, caller).await?.map(|row| Settings {
        undo_links,
        email: row.email,
        verified: row.email_verified_at.is_some(),
        has_password: row.has_password,
        recent,
        erase_on: row.erase_at.map(day),
        member_since: moment(row.created_at, now),
    }))
}

#[derive(FromRow)]
struct Session {
    user_agent: String,
    ip: String,
    created_at: DateTime<Utc>,
    last_seen_at: DateTime<Utc>,
    revoked_at: Option<DateTime<Utc>>,
    revoked_reason: Option<String>,
}

/// Returns all stored data of the caller's account except its credentials, and records that in the audit trail.
/// `exporters` read the data of the features.
pub async fn export(db: &Db, caller: &Caller, client: &Client, exporters: &[Exporter]) -> Result<Export, AppError> {
    let account = account(db, caller).await?.ok_or(AppError::NotFound)?;
    let sessions: Vec<Session> = read!(db, |c| sqlx::query_as(
        "select user_agent, ip, created_at, last_seen_at, revoked_at, revoked_reason from sessions
         where user_id = $1 order by created_at"
    )
    .bind(caller.user_id)
    .fetch_all(c)
    .await)?;
    // Leaves out the IP address of events that someone else caused, such as an admin.
    let mut events: Vec<(DateTime<Utc>, String, Option<String>)> = read!(db, |c| sqlx::query_as(
        "select at, kind, case when actor_id is null or actor_id = user_id then ip end from audit_events
         where user_id = $1 order by at desc limit $2"
    )
    .bind(caller.user_id)
    .bind(EVENTS)
    .fetch_all(c)
    .await)?;
    events.reverse();
    let codes: Vec<(String, String, DateTime<Utc>, DateTime<Utc>)> = read!(db, |c| sqlx::query_as(
        "select purpose, email, created_at, expires_at from one_time_codes where user_id = $1 order by created_at"
    )
    .bind(caller.user_id)
    .fetch_all(c)
    .await)?;
    let mut features = BTreeMap::new();
    for export in exporters {
        let Value::Object(data) = export(db, caller.user_id).await? else { return Err(AppError::Internal) };
        features.extend(data);
    }
    let now = db.now().await?;
    let mut tx = db.begin().await?;
    audit::record(&mut tx, Event::DataExported, caller.user_id, None, Some(client.ip), now).await?;
    tx.commit().await?;
    Ok(Export {
        email: account.email,
        email_verified_at: account.email_verified_at.map(rfc3339),
        role: account.role,
        created_at: rfc3339(account.created_at),
        display_name: account.display_name,
        erase_at: account.erase_at.map(rfc3339),
        sessions: sessions
            .into_iter()
            .map(|row| ExportedSession {
                user_agent: row.user_agent,
                ip: row.ip,
                created_at: rfc3339(row.created_at),
                last_seen_at: rfc3339(row.last_seen_at),
                ended_at: row.revoked_at.map(rfc3339),
                ended_because: row.revoked_reason,
            })
            .collect(),
        events: events.into_iter().map(|(at, what, ip)| ExportedEvent { at: rfc3339(at), what, ip }).collect(),
        codes: codes
            .into_iter()
            .map(|(what, email, sent_at, expires_at)| ExportedCode {
                what,
                email,
                sent_at: rfc3339(sent_at),
                expires_at: rfc3339(expires_at),
            })
            .collect(),
        features,
    })
}

fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}
