//! From a row's texts to an account, or to what is wrong with it. No value is ever told: rows hold password hashes.

use chrono::{DateTime, SubsecRound, Utc};

use super::source::{Bad, Raw};
use crate::{
    auth::{
        model::Role,
        server::{
            account::name_by_address,
            credentials::{Email, parse_display_name},
            stored_hash::StoredHash,
        },
    },
    error::{Field, Problem},
    ui::words,
};

/// A row that can become an account.
pub struct NewUser {
    pub line: u64,
    pub email: Email,
    pub password_hash: Option<String>,
    pub display_name: String,
    pub role: Role,
    pub created_at: Option<DateTime<Utc>>,
    pub email_verified_at: Option<DateTime<Utc>>,
}

/// Parses every field, and names all that are at fault. `allow_roles`: it may be more than a user.
pub fn parse(raw: Raw, allow_roles: bool, now: DateTime<Utc>) -> Result<NewUser, Bad> {
    let line = raw.line;
    let mut reasons = Vec::new();
    let email = Email::parse(&raw.email).map_err(|problem| reasons.push(of_field("email", Field::Email, problem))).ok();
    if let Some(Err(problem)) = raw.password_hash.as_deref().map(|text| StoredHash::parse(text, None)) {
        reasons.push(format!("password_hash: {problem}"));
    }
    let name = match (&raw.display_name, &email) {
        (Some(name), _) => parse_display_name(name)
            .map_err(|problem| reasons.push(of_field("display_name", Field::DisplayName, problem)))
            .ok(),
        (None, email) => email.as_ref().map(name_by_address),
    };
    let role = role(raw.role.as_deref(), allow_roles).map_err(|reason| reasons.push(reason)).ok();
    let mut time = |column, text: Option<String>| {
        let at = text.map(|text| moment(column, &text, now)).transpose();
        at.map_err(|reason| reasons.push(reason)).unwrap_or_default()
    };
    let created_at = time("created_at", raw.created_at);
    let email_verified_at = time("email_verified_at", raw.email_verified_at);
    let password_hash = raw.password_hash;
    match (email, name, role) {
        (Some(email), Some(display_name), Some(role)) if reasons.is_empty() => {
            Ok(NewUser { line, email, password_hash, display_name, role, created_at, email_verified_at })
        }
        _ => Err(Bad { line, reason: reasons.join("; ") }),
    }
}

fn of_field(column: &str, field: Field, problem: Problem) -> String {
    let sentence = words::problem(field, problem);
    format!("{column}: {}", sentence.trim_end_matches('.'))
}

fn role(name: Option<&str>, allow_roles: bool) -> Result<Role, String> {
    let role = name.map_or(Some(Role::User), Role::parse).ok_or("role: is user, moderator or admin")?;
    match role == Role::User || allow_roles {
        true => Ok(role),
        false => Err(format!("role: {} is only taken with --allow-roles", role.as_str())),
    }
}

fn moment(column: &str, text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, String> {
    let at = DateTime::parse_from_rfc3339(text)
        .map_err(|_| format!("{column}: is a time such as 2024-02-29T12:00:00Z"))?
        .with_timezone(&Utc)
        .trunc_subsecs(6);
    match (DateTime::UNIX_EPOCH..=now).contains(&at) {
        true => Ok(at),
        false => Err(format!("{column}: lies before 1970 or after today")),
    }
}
