//! Roles, access rules and shared validation, in the types that server and browser share.

use crate::error::{AppError, ValidationError};
use serde::{Deserialize, Serialize};

/// The role of an account, in ascending order: each role includes the permissions of those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    User,
    Moderator,
    Admin,
}

impl Role {
    /// Every role, lowest first.
    pub const ALL: [Role; 3] = [Role::User, Role::Moderator, Role::Admin];

    /// Returns the name in the database, in tokens and in forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::User => "user",
            Role::Moderator => "moderator",
            Role::Admin => "admin",
        }
    }

    /// Returns the role with that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }
}

/// The verified caller as pages see it. On the server, `auth::server::Caller` also has the session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// A UUIDv7 in its hyphenated form.
    pub user_id: String,
    pub email: String,
    /// Whether the address is verified.
    pub email_verified: bool,
    pub display_name: String,
    pub role: Role,
}

/// An access rule. Each page has one, which guards its route, its link and its server functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Any signed-in account.
    SignedIn,
    /// Accounts with this role or a higher one.
    AtLeast(Role),
}

/// Why access was denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// Nobody is signed in. Logging in may help.
    Anonymous,
    /// The account lacks the role. Logging in again does not help.
    Forbidden,
}

impl From<Denied> for AppError {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Anonymous => Self::Unauthenticated,
            Denied::Forbidden => Self::Forbidden,
        }
    }
}

impl Access {
    /// Checks access for an account with `role`, or for an anonymous visitor if `None`.
    pub fn check(self, role: Option<Role>) -> Result<(), Denied> {
        match (self, role) {
            (Access::SignedIn, Some(_)) => Ok(()),
            (Access::AtLeast(least), Some(role)) if role >= least => Ok(()),
            (Access::AtLeast(_), Some(_)) => Err(Denied::Forbidden),
            (Access::SignedIn | Access::AtLeast(_), None) => Err(Denied::Anonymous),
        }
    }
}

/// The default minimum number of characters of a password (ASVS 5.0, 6.2.1 requires 8).
pub const PASSWORD_MIN_LENGTH: u32 = 12;
/// The maximum number of characters of a password, to limit hashing work (ASVS 5.0, 6.2.9 requires at least 64).
pub const PASSWORD_MAX_LENGTH: u32 = 1024;
/// How many days a scheduled deletion of an account can be cancelled.
pub const DELETION_DAYS: u32 = 14;
/// The maximum number of characters of a display name.
pub const DISPLAY_NAME_MAX_LENGTH: u32 = 50;

/// Checks an email address roughly before the form is sent. The server's `EmailAddress::parse` has the full check.
pub fn check_email(input: &str) -> Result<(), ValidationError> {
    let input = input.trim();
    if input.is_empty() {
        return Err(ValidationError::Missing);
    }
    match input.split_once('@') {
        Some((local, domain)) if !local.is_empty() && domain.contains('.') => Ok(()),
        _ => Err(ValidationError::Malformed),
    }
}

/// Checks the length of a new password; `min` in characters.
pub fn check_new_password(input: &str, min: u32) -> Result<(), ValidationError> {
    let length = u32::try_from(input.chars().count()).unwrap_or(u32::MAX);
    match length {
        0 => Err(ValidationError::Missing),
        _ if length < min => Err(ValidationError::TooShort { min }),
        _ if length > PASSWORD_MAX_LENGTH => Err(ValidationError::TooLong { max: PASSWORD_MAX_LENGTH }),
        _ => Ok(()),
    }
}

/// The strength of a password: the score of zxcvbn and one piece of advice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordStrength {
    /// From 0 (too guessable) to 4 (very unguessable).
    pub score: u8,
    pub advice: Option<PasswordAdvice>,
}

/// The advice that improves a password most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PasswordAdvice {
    /// It is on a list of common passwords.
    Common,
    /// It consists of the name, the address or a word of this site.
    Personal,
    /// It has repetitions, keyboard rows or sequences.
    Pattern,
    /// It has a date or a year.
    Date,
    /// It needs a few more unrelated words.
    MoreWords,
}

/// What a request did with its tokens: the applied row of the rotation's decision table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LastDecision {
    /// The access token was valid.
    AccessAccepted,
    /// The tokens were rotated: a new generation with a new pair.
    Rotated,
    /// The refresh token had just been rotated: a new access token.
    Kept,
    /// The last response was probably lost: the current pair was sent again.
    Resent,
    /// A parallel request used the previous refresh token: a new access token.
    AccessOnly,
}

/// Returns `text` if it is a local path that a log-in can redirect to, to prevent open redirects. Rejects everything
/// that a browser could read as another site: a scheme, `//`, a backslash, control characters, and their
/// percent-encoded forms at the start. Also rejects the log-in page, the sign-up page and the server functions.
pub fn local_path(text: &str) -> Option<&str> {
    let rest = text.strip_prefix('/')?;
    let lower = rest.get(..3).unwrap_or(rest).to_ascii_lowercase();
    let leads_away = rest.starts_with('/') || lower.starts_with("%2f") || lower.starts_with("%5c");
    let unsafe_bytes = text.bytes().any(|b| b == b'\\' || b.is_ascii_control() || b == b' ' || b >= 0x80);
    let path = rest.split(['?', '#']).next().unwrap_or(rest);
    let is_a_page = !matches!(path, "login" | "signup") && !path.starts_with("api/");
    (!leads_away && !unsafe_bytes && is_a_page).then_some(text)
}

/// Returns the URL of the log-in page that returns to `path` (with its query) afterwards.
pub fn log_in_path(path: &str) -> String {
    with_query("/login", "next", path)
}

/// Returns `path` with a query of one parameter.
pub fn with_query(path: &str, name: &str, value: &str) -> String {
    let mut address = format!("{path}?{name}=");
    for c in value.chars() {
        match c {
            '%' => address.push_str("%25"),
            '?' => address.push_str("%3F"),
            '&' => address.push_str("%26"),
            '#' => address.push_str("%23"),
            '+' => address.push_str("%2B"),
            ' ' => address.push_str("%20"),
            _ => address.push(c),
        }
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn access_follows_its_table() {
        use Denied::{Anonymous, Forbidden};
        let roles = [None, Some(Role::User), Some(Role::Moderator), Some(Role::Admin)];
        for (access, expected) in [
            (Access::SignedIn, [Err(Anonymous), Ok(()), Ok(()), Ok(())]),
            (Access::AtLeast(Role::User), [Err(Anonymous), Ok(()), Ok(()), Ok(())]),
            (Access::AtLeast(Role::Moderator), [Err(Anonymous), Err(Forbidden), Ok(()), Ok(())]),
            (Access::AtLeast(Role::Admin), [Err(Anonymous), Err(Forbidden), Err(Forbidden), Ok(())]),
        ] {
            assert_eq!(roles.map(|role| access.check(role)), expected, "{access:?}");
        }
    }

    #[test]
    fn every_role_has_a_name_of_its_own() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
        assert_eq!(Role::parse("Admin"), None);
        assert_eq!(Role::parse(""), None);
    }

    #[test]
    fn only_paths_of_this_site_are_local() {
        for path in ["/", "/profile", "/profile?tab=1&x=/y", "/admin#top", "/a%2Fb", "/logins"] {
            assert_eq!(local_path(path), Some(path));
        }
        for path in [
            "",
            "profile",
            "//evil.test",
            "/\\evil.test",
            "\\\\evil.test",
            "https:evil.test",
            "https://evil.test",
            "javascript:alert(1)",
            "%2F%2Fevil.test",
            "/%2Fevil.test",
            "/%2fevil.test",
            "/%5Cevil.test",
            "/\tevil",
            "/\nevil",
            "/a\r\nSet-Cookie: x=y",
            "/ evil",
            "user@evil.test",
            "//user@evil.test",
            "/\u{2f}/evil.test",
            "/login",
            "/login?next=/login",
            "/signup",
            "/api/auth/log_out",
            "/\u{ff0f}evil.test",
        ] {
            assert_eq!(local_path(path), None, "{path:?}");
        }
    }

    #[test]
    fn the_log_in_address_carries_the_whole_path() {
        assert_eq!(log_in_path("/profile"), "/login?next=/profile");
        assert_eq!(log_in_path("/a?b=c&d=%20#e+f g"), "/login?next=/a%3Fb=c%26d=%2520%23e%2Bf%20g");
    }

    #[test]
    fn the_rough_email_check_rejects_only_malformed_addresses() {
        assert_eq!(check_email(" "), Err(ValidationError::Missing));
        for input in ["ada", "@example.test", "ada@", "ada@localhost"] {
            assert_eq!(check_email(input), Err(ValidationError::Malformed), "{input}");
        }
        assert_eq!(check_email(" ada@example.test "), Ok(()));
    }
}
