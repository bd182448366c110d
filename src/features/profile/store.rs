//! The SQL of profiles. It reads no credentials.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::FromRow;
use uuid::Uuid;

use super::model::{BIO, BIO_MAX_LENGTH, Profile};
use crate::{
    auth::server::{
        Caller,
        users::credentials::{Problems, is_printable, parse_display_name},
    },
    error::{AppError, Field, Problem},
    server::{
        db::{Db, read, write},
        relative_time::moment,
    },
};

/// A validated edit of a profile.
pub struct ProfileEdit {
    display_name: String,
    bio: String,
}

impl ProfileEdit {
    /// Validates the fields of the form; the error has every invalid field.
    pub fn parse(display_name: &str, bio: &str) -> Result<Self, AppError> {
        let mut problems = Problems::default();
        let display_name = problems.take(Field::DISPLAY_NAME, parse_display_name(display_name));
        let bio = problems.take(BIO, parse_bio(bio));
        match (display_name, bio) {
            (Some(display_name), Some(bio)) => Ok(Self { display_name, bio }),
            _ => Err(problems.into_error()),
        }
    }
}

fn parse_bio(input: &str) -> Result<String, Problem> {
    // Forms send line breaks as CR LF (HTML, "constructing the entry list").
    let bio = input.replace("\r\n", "\n").trim().to_owned();
    if !is_printable(&bio, true) {
        return Err(Problem::Unprintable);
    }
    if bio.chars().count() > BIO_MAX_LENGTH as usize {
        return Err(Problem::TooLong { max: BIO_MAX_LENGTH });
    }
    Ok(bio)
}

#[derive(FromRow)]
struct ProfileRow {
    email: String,
    display_name: String,
    bio: String,
    created_at: DateTime<Utc>,
}

/// Returns the caller's profile, or `None` if the account no longer exists.
pub async fn find(db: &Db, caller: &Caller) -> Result<Option<Profile>, AppError> {
    let row: Option<ProfileRow> = read!(db, |c| sqlx::query_as(
        "select u.email, p.display_name, p.bio, u.created_at
         from profiles p join users u on u.id = p.user_id where p.user_id = $1"
    )
    .bind(caller.user_id)
    .fetch_optional(c)
    .await)?;
    // Used only for "how long ago", so this node's clock is good enough and saves a query.
    let now = Utc::now();
    Ok(row.map(|row| Profile {
        email: row.email,
        display_name: row.display_name,
        bio: row.bio,
        role: caller.identity.role,
        member_since: moment(row.created_at, now),
    }))
}

/// Saves an edit.
pub async fn update(db: &Db, user_id: Uuid, edit: &ProfileEdit) -> Result<(), AppError> {
    let now = db.now().await?;
    write!(db, |c| sqlx::query("update profiles set display_name = $2, bio = $3, updated_at = $4 where user_id = $1")
        .bind(user_id)
        .bind(&edit.display_name)
        .bind(&edit.bio)
        .bind(now)
        .execute(c)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Returns the bio, for the data export.
pub async fn export(db: &Db, user_id: Uuid) -> Result<Value, AppError> {
    let bio: Option<String> = read!(db, |c| sqlx::query_scalar("select bio from profiles where user_id = $1")
        .bind(user_id)
        .fetch_optional(c)
        .await)?;
    Ok(bio.into())
}
