//! The SQL of the gizmos. Every query names the owner.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use sqlx::FromRow;
use uuid::Uuid;

use super::model::{BODY, BODY_MAX_LENGTH, Gadget, GadgetSummary, MAX_PER_ACCOUNT, TITLE, TITLE_MAX_LENGTH};
use crate::{
    auth::server::{
        Caller,
        users::credentials::{ValidationErrors, parse_text},
    },
    error::{AppError, ValidationError},
    server::{
        db::{Db, read, within, write},
        relative_time::moment,
    },
};

/// The validated fields of a gizmo.
pub struct GadgetEdit {
    title: String,
    body: String,
}

impl GadgetEdit {
    /// Validates the fields of the form; the error has every invalid field.
    pub fn parse(title: &str, body: &str) -> Result<Self, AppError> {
        let mut problems = ValidationErrors::default();
        let mut take = |field, result| problems.take(field, result).unwrap_or_default();
        let edit = Self {
            title: take(TITLE, parse_title(title)),
            body: take(BODY, parse_text(body, true, BODY_MAX_LENGTH)),
        };
        problems.into_result(edit)
    }
}

fn parse_title(input: &str) -> Result<String, ValidationError> {
    match parse_text(input, false, TITLE_MAX_LENGTH)? {
        title if title.is_empty() => Err(ValidationError::Missing),
        title => Ok(title),
    }
}

#[derive(FromRow)]
struct SummaryRow {
    id: Uuid,
    title: String,
    updated_at: DateTime<Utc>,
}

/// Returns the account's gizmos, the latest changed first.
pub async fn list(db: &Db, user_id: Uuid) -> Result<Vec<GadgetSummary>, AppError> {
    let rows: Vec<SummaryRow> = read!(db, |c| sqlx::query_as(
        "select id, title, updated_at from gadgets
         where user_id = $1 order by updated_at desc, id desc limit $2"
    )
    .bind(user_id)
    .bind(i64::from(MAX_PER_ACCOUNT))
    .fetch_all(c)
    .await)?;
    let now = db.now().await?;
    Ok(rows
        .into_iter()
        .map(|row| GadgetSummary {
            id: row.id.to_string(),
            title: row.title,
            updated_at: moment(row.updated_at, now),
        })
        .collect())
}

/// Returns one of the account's gizmos, or `None` if it has none with this id.
pub async fn find(db: &Db, user_id: Uuid, id: Uuid) -> Result<Option<Gadget>, AppError> {
    let row: Option<(String, String)> = read!(db, |c| sqlx::query_as(
        "select title, body from gadgets where id = $1 and user_id = $2"
    )
    .bind(id)
    .bind(user_id)
    .fetch_optional(c)
    .await)?;
    Ok(row.map(|(title, body)| Gadget { id: id.to_string(), title, body }))
}

/// Adds a gizmo, unless the account has [`MAX_PER_ACCOUNT`].
pub async fn create(db: &Db, caller: &Caller, edit: &GadgetEdit) -> Result<(), AppError> {
    let now = db.now().await?;
    let mut tx = db.begin().await?;
    // Parallel requests of the account wait here, so each counts the rows of those before it.
    caller.lock(&mut tx, now).await?;
    let count: i64 = within!(&mut tx, |c| sqlx::query_scalar("select count(*) from gadgets where user_id = $1")
        .bind(caller.user_id)
        .fetch_one(c)
        .await)?;
    if count >= i64::from(MAX_PER_ACCOUNT) {
        return Err(AppError::LimitReached { max: MAX_PER_ACCOUNT });
    }
    within!(&mut tx, |c| sqlx::query(
        "insert into gadgets (id, user_id, title, body, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $5)"
    )
    .bind(Uuid::now_v7())
    .bind(caller.user_id)
    .bind(&edit.title)
    .bind(&edit.body)
    .bind(now)
    .execute(c)
    .await
    .map(|_| ()))?;
    tx.commit().await?;
    Ok(())
}

/// Changes one of the account's gizmos.
pub async fn update(db: &Db, user_id: Uuid, id: Uuid, edit: &GadgetEdit) -> Result<(), AppError> {
    let now = db.now().await?;
    let changed = write!(db, |c| sqlx::query(
        "update gadgets set title = $3, body = $4, updated_at = $5
         where id = $1 and user_id = $2"
    )
    .bind(id)
    .bind(user_id)
    .bind(&edit.title)
    .bind(&edit.body)
    .bind(now)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))?;
    if changed == 0 { Err(AppError::NotFound) } else { Ok(()) }
}

/// Deletes one of the account's gizmos.
pub async fn delete(db: &Db, user_id: Uuid, id: Uuid) -> Result<(), AppError> {
    let deleted = write!(db, |c| sqlx::query("delete from gadgets where id = $1 and user_id = $2")
        .bind(id)
        .bind(user_id)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    if deleted == 0 { Err(AppError::NotFound) } else { Ok(()) }
}

/// Returns the account's gizmos with their text, for the data export.
pub async fn export(db: &Db, user_id: Uuid) -> Result<Value, AppError> {
    let rows: Vec<(String, String, DateTime<Utc>, DateTime<Utc>)> = read!(db, |c| sqlx::query_as(
        "select title, body, created_at, updated_at from gadgets
         where user_id = $1 order by created_at, id"
    )
    .bind(user_id)
    .fetch_all(c)
    .await)?;
    let rfc3339 = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
    let gadgets = rows.into_iter().map(|(title, body, created, updated)| {
        json!({ "title": title, "body": body, "created_at": rfc3339(created), "updated_at": rfc3339(updated) })
    });
    Ok(json!({ "gadgets": gadgets.collect::<Vec<_>>() }))
}
