//! The SQL of the moderation page.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use super::model::NewAccount;
use crate::{
    auth::model::Role,
    error::AppError,
    server::{
        db::{Db, read},
        relative_time::moment,
    },
};

/// The number of accounts on the page.
const NEWEST: i64 = 20;

#[derive(FromRow)]
struct Row {
    id: Uuid,
    email: String,
    display_name: String,
    #[sqlx(try_from = "String")]
    role: Role,
    created_at: DateTime<Utc>,
}

/// Returns the newest accounts, newest first.
pub async fn newest(db: &Db) -> Result<Vec<NewAccount>, AppError> {
    let rows: Vec<Row> = read!(db, |c| sqlx::query_as(
        "select u.id, u.email, p.display_name, u.role, u.created_at
         from users u join profiles p on p.user_id = u.id
         order by u.created_at desc, u.id desc limit $1"
    )
    .bind(NEWEST)
    .fetch_all(c)
    .await)?;
    let now = db.now().await?;
    Ok(rows
        .into_iter()
        .map(|row| NewAccount {
            user_id: row.id.to_string(),
            email: row.email,
            display_name: row.display_name,
            role: row.role,
            created_at: moment(row.created_at, now),
        })
        .collect())
}
