//! The SQL of the admin page. It reads no credentials; `auth::server::flows::set_role` changes roles.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use super::model::Account;
use crate::{
    auth::model::Role,
    error::AppError,
    server::{
        db::{Db, read},
        relative_time::moment,
    },
};

/// The maximum number of accounts on the page.
const SHOWN: i64 = 100;

#[derive(FromRow)]
struct Row {
    id: Uuid,
    email: String,
    display_name: String,
    #[sqlx(try_from = "String")]
    role: Role,
    state: String,
    created_at: DateTime<Utc>,
    last_seen_at: Option<DateTime<Utc>>,
}

/// Returns the newest accounts, newest first.
pub async fn accounts(db: &Db) -> Result<Vec<Account>, AppError> {
    let rows: Vec<Row> = read!(db, |c| sqlx::query_as(
        "select u.id, u.email, p.display_name, u.role, u.state, u.created_at,
                (select max(s.last_seen_at) from sessions s where s.user_id = u.id) as last_seen_at
         from users u join profiles p on p.user_id = u.id
         order by u.created_at desc, u.id desc limit $1"
    )
    .bind(SHOWN)
    .fetch_all(c)
    .await)?;
    let now = db.now().await?;
    Ok(rows
        .into_iter()
        .map(|row| Account {
            user_id: row.id.to_string(),
            email: row.email,
            display_name: row.display_name,
            role: row.role,
            active: row.state == "active",
            created_at: moment(row.created_at, now),
            last_seen_at: row.last_seen_at.map(|at| moment(at, now)),
        })
        .collect())
}
