//! The SQL of profiles. It reads no credentials.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::FromRow;
use uuid::Uuid;

use super::model::{self, About, Profile};
use crate::{
    auth::server::{
        Caller,
        users::credentials::{ValidationErrors, parse_display_name, parse_text},
    },
    error::{AppError, Field},
    server::{
        db::{Db, read, write},
        relative_time::moment,
    },
};

/// A validated edit of a profile.
pub struct ProfileEdit {
    display_name: String,
    about: About,
}

impl ProfileEdit {
    /// Validates the fields of the form; the error has every invalid field.
    pub fn parse(display_name: &str, about: &About) -> Result<Self, AppError> {
        let mut problems = ValidationErrors::default();
        let mut take = |field, result| problems.take(field, result).unwrap_or_default();
        let edit = Self {
            display_name: take(Field::DISPLAY_NAME, parse_display_name(display_name)),
            about: About {
                // Of several lines.
                bio: take(model::BIO, parse_text(&about.bio, true, model::BIO_MAX_LENGTH)),
            },
        };
        problems.into_result(edit)
    }
}

#[derive(FromRow)]
struct ProfileRow {
    email: String,
    created_at: DateTime<Utc>,
    display_name: String,
    bio: String,
}

impl ProfileRow {
    fn into_about(self) -> About {
        About { bio: self.bio }
    }
}

async fn row(db: &Db, user_id: Uuid) -> Result<Option<ProfileRow>, AppError> {
    Ok(read!(db, |c| sqlx::query_as(
        "select u.email, u.created_at, p.display_name, p.bio
         from profiles p join users u on u.id = p.user_id where p.user_id = $1"
    )
    .bind(user_id)
    .fetch_optional(c)
    .await)?)
}

/// Returns the caller's profile, or `None` if the account no longer exists.
pub async fn find(db: &Db, caller: &Caller) -> Result<Option<Profile>, AppError> {
    // Used only for "how long ago", so this node's clock is good enough and saves a query.
    let now = Utc::now();
    Ok(row(db, caller.user_id).await?.map(|row| Profile {
        email: row.email.clone(),
        display_name: row.display_name.clone(),
        role: caller.identity.role,
        member_since: moment(row.created_at, now),
        about: row.into_about(),
    }))
}

/// Returns what the user tells about themselves, for the data export.
pub async fn export(db: &Db, user_id: Uuid) -> Result<Value, AppError> {
    Ok(json!(row(db, user_id).await?.ok_or(AppError::NotFound)?.into_about()))
}

/// Saves an edit.
pub async fn update(db: &Db, user_id: Uuid, edit: &ProfileEdit) -> Result<(), AppError> {
    let now = db.now().await?;
    write!(db, |c| sqlx::query(
        "update profiles set updated_at = $2, display_name = $3,
                bio = $4
         where user_id = $1"
    )
    .bind(user_id)
    .bind(now)
    .bind(&edit.display_name)
    .bind(&edit.about.bio)
    .execute(c)
    .await
    .map(|_| ()))?;
    Ok(())
}
