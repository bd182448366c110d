//! Parses a row into an account, or into a list of errors. Errors contain no values, because rows hold password hashes.

use chrono::{DateTime, SubsecRound, Utc};

use super::source::{Bad, Raw};
use crate::{
    auth::{
        model::{DISPLAY_NAME_MAX_LENGTH, Role},
        server::{
            flows::sign_up::name_by_address,
            password::stored_hash::{HashProblem, StoredHash},
            users::{credentials::parse_display_name, email_address::EmailAddress},
        },
    },
    error::{Field, ValidationError},
    ui::messages,
};

/// A valid row.
pub struct NewUser {
    pub line: u64,
    pub email: EmailAddress,
    pub password_hash: Option<String>,
    pub display_name: String,
    pub role: Role,
    pub created_at: Option<DateTime<Utc>>,
    pub email_verified_at: Option<DateTime<Utc>>,
    /// What was changed to accept the row.
    pub warning: Option<String>,
}

/// Parses all fields and reports every invalid one. `allow_roles`: accept roles above user.
pub fn parse(raw: Raw, allow_roles: bool, now: DateTime<Utc>) -> Result<NewUser, Bad> {
    let line = raw.line;
    let mut reasons = Vec::new();
    let email =
        EmailAddress::parse(&raw.email).map_err(|problem| reasons.push(of_field("email", &Field::EMAIL, problem))).ok();
    if let Some(Err(problem)) = raw.password_hash.as_deref().map(|text| StoredHash::parse(text, None)) {
        let advice = if problem == HashProblem::Unknown { OTHER_HASH } else { "" };
        reasons.push(format!("password_hash: {problem}{advice}"));
    }
    let mut warning = None;
    let name = match (&raw.display_name, &email) {
        (Some(name), _) => cut_display_name(name, &mut warning)
            .map_err(|problem| reasons.push(of_field("display_name", &Field::DISPLAY_NAME, problem)))
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
            Ok(NewUser { line, email, password_hash, display_name, role, created_at, email_verified_at, warning })
        }
        _ => Err(Bad { line, reason: reasons.join("; ") }),
    }
}

/// Advice for a hash of an unsupported kind.
const OTHER_HASH: &str = "; leave it empty, as for Django's pbkdf2_sha256, and the owner sets a new password by email";

/// Parses a name. Shortens one that is too long, as other systems allow, with a warning.
fn cut_display_name(name: &str, warning: &mut Option<String>) -> Result<String, ValidationError> {
    let Err(ValidationError::TooLong { .. }) = parse_display_name(name) else {
        return parse_display_name(name);
    };
    let cut: String = name.trim().chars().take(DISPLAY_NAME_MAX_LENGTH as usize).collect();
    *warning = Some(format!("display_name: cut to {DISPLAY_NAME_MAX_LENGTH} characters"));
    // A zero-width joiner at the end would wait for the rest of an emoji.
    parse_display_name(cut.trim_end_matches('\u{200d}'))
}

fn of_field(column: &str, field: &Field, problem: ValidationError) -> String {
    let sentence = messages::problem(field, problem);
    format!("{column}: {}", sentence.trim_end_matches('.'))
}

fn role(name: Option<&str>, allow_roles: bool) -> Result<Role, String> {
    let role = name.map_or(Some(Role::User), Role::parse).ok_or("role: must be user, moderator or admin")?;
    match role == Role::User || allow_roles {
        true => Ok(role),
        false => Err(format!("role: {} requires --allow-roles", role.as_str())),
    }
}

fn moment(column: &str, text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, String> {
    let at =
        time(text).ok_or_else(|| format!("{column}: must be a time such as 2024-02-29T12:00:00Z"))?.trunc_subsecs(6);
    match (DateTime::UNIX_EPOCH..=now).contains(&at) {
        true => Ok(at),
        false => Err(format!("{column}: must be between 1970 and now")),
    }
}

/// Parses a time in RFC 3339 or in PostgreSQL's format: a space for the T, an offset in hours. Without an offset it is
/// UTC.
fn time(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let (date, time) = text.split_once(['T', 't', ' ']).unwrap_or((text, "00:00:00"));
    let (clock, offset) = time.split_at(time.find(['+', '-', 'Z', 'z', ' ']).unwrap_or(time.len()));
    let offset = match offset.trim_start() {
        "" | "Z" | "z" | "UTC" => "Z".to_owned(),
        hours if hours.len() == 3 => format!("{hours}:00"),
        plain if plain.len() == 5 => format!("{}:{}", plain.get(..3)?, plain.get(3..)?),
        full => full.to_owned(),
    };
    Some(DateTime::parse_from_rfc3339(&format!("{date}T{clock}{offset}")).ok()?.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_taken_as_other_systems_write_them() {
        for (text, expected) in [
            ("2024-02-29T12:00:00Z", "2024-02-29T12:00:00+00:00"),
            ("2024-02-29t12:00:00z", "2024-02-29T12:00:00+00:00"),
            ("2024-02-29 12:00:00+00", "2024-02-29T12:00:00+00:00"),
            ("2024-02-29 12:00:00.123456+00", "2024-02-29T12:00:00.123456+00:00"),
            ("2024-02-29 12:00:00.5-03", "2024-02-29T15:00:00.500+00:00"),
            ("2024-02-29 12:00:00+05:30", "2024-02-29T06:30:00+00:00"),
            ("2024-02-29T12:00:00+0530", "2024-02-29T06:30:00+00:00"),
            ("2024-02-29 12:00:00", "2024-02-29T12:00:00+00:00"),
            ("2024-02-29T12:00:00.25", "2024-02-29T12:00:00.250+00:00"),
            ("2024-02-29 12:00:00 UTC", "2024-02-29T12:00:00+00:00"),
            ("2024-02-29 12:00:00 +0000", "2024-02-29T12:00:00+00:00"),
            ("2024-02-29", "2024-02-29T00:00:00+00:00"),
        ] {
            assert_eq!(time(text).map(|at| at.to_rfc3339()).as_deref(), Some(expected), "{text}");
        }
        for text in [
            "",
            "canary",
            "2024-02-30 12:00:00+00",
            "2024-02-29 25:00:00",
            "1709208000",
            "infinity",
            "2024-02-29 12:00:00 \u{e9}a",
            "2024-02-29 12:00:00+\u{e9}\u{e9}",
        ] {
            assert_eq!(time(text), None, "{text}");
        }
    }
}
