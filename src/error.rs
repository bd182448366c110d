//! The error of all server functions. It has closed variants and no text: the server logs the causes, and
//! `ui::messages` has the messages. Used by all modules, on both targets.

use leptos::server_fn::{
    codec::JsonEncoding,
    error::{FromServerFnError, ServerFnErrorErr},
};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The error of server functions, and of the functions below them that can fail for a reason that users should know.
///
/// As JSON: `{"code":"invalid","fields":[{"field":"email","problem":"malformed"}]}`, with a stable `code` in snake
/// case. `server::http::responses` maps the variants to HTTP statuses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum AppError {
    /// 401: the email and password don't match an account that can log in.
    InvalidCredentials,
    /// 401: nobody is signed in, or the session has ended.
    Unauthenticated,
    /// 403: signed in, but without the required role.
    Forbidden,
    /// 403: signed in, but not recently enough for a sensitive change. Nothing was changed.
    ReauthenticationNeeded,
    /// 410: the link or the digits were used, have expired, or never existed.
    CodeExpired,
    /// 403: the request came from another site.
    CrossSite,
    /// 409: the form's page was rendered for another account than the one that is signed in now. Nothing was changed.
    OtherAccount,
    /// 404: not found, or not visible to the caller.
    NotFound,
    /// 409: the change would leave no active admin.
    LastAdmin,
    /// 409: the account has as many of these as it may have.
    LimitReached { max: u32 },
    /// 413: the request body is too large.
    TooLarge,
    /// 431: too many or too large cookies.
    TooManyCookies,
    /// 422: invalid input, with all invalid fields.
    Invalid { fields: Vec<FieldError> },
    /// 400: the request is malformed.
    Malformed,
    /// 429: too many attempts; `retry_after` in seconds.
    Throttled { retry_after: u32 },
    /// 503: the database is unavailable. Nothing was changed.
    Unavailable,
    /// 503: the queue for hashing or rating passwords is full. Nothing was changed.
    Busy,
    /// 503: PostgreSQL rolled back the transaction twice because of conflicts. Nothing was changed.
    Conflict,
    /// 500: an internal error; the cause is in the log.
    Internal,
    /// Never sent by the server: the browser could not reach it.
    Offline,
}

/// An invalid field of a form, with its problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    pub field: Field,
    pub problem: ValidationError,
}

/// A field of a form. Its name is the `name` and `id` of the input, and the name of the server function's argument.
///
/// A feature declares its own fields in its `model.rs`: `pub const BIO: Field = Field::named("bio");`. Sentences use the
/// name with spaces for underscores.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Field(Cow<'static, str>);

/// The fields of the core.
impl Field {
    pub const EMAIL: Self = Self::named("email");
    pub const PASSWORD: Self = Self::named("password");
    pub const DISPLAY_NAME: Self = Self::named("display_name");
    pub const USER_ID: Self = Self::named("user_id");
    pub const ROLE: Self = Self::named("role");
    /// The current password, when it is changed.
    pub const OLD_PASSWORD: Self = Self::named("old_password");
    /// The six digits of an emailed code.
    pub const DIGITS: Self = Self::named("digits");

    /// Declares a field. `name`: in snake case.
    pub const fn named(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    pub fn name(&self) -> &str {
        &self.0
    }
}

/// Why a field is invalid. `min` and `max` are in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValidationError {
    Missing,
    Malformed,
    TooShort {
        min: u32,
    },
    TooLong {
        max: u32,
    },
    /// Control, bidirectional or invisible characters.
    Unprintable,
    /// The address cannot be used for a new account.
    Taken,
    /// It does not match the expected value.
    Mismatch,
    /// It is the account's current value.
    Unchanged,
    /// Our mail server can't send to this address.
    Undeliverable,
    /// A common password, or one similar to it.
    TooCommon,
    /// A password that is easy to guess.
    TooGuessable,
    /// A password that consists mostly of the name, the address or this site's name.
    ContainsContext,
    /// A password from a known breach.
    Breached,
}

impl AppError {
    /// Creates the error for one invalid field.
    pub fn invalid(field: Field, problem: ValidationError) -> Self {
        Self::Invalid { fields: vec![FieldError { field, problem }] }
    }

    /// Returns the problem of `field`, if this error has one.
    pub fn problem_of(&self, field: &Field) -> Option<ValidationError> {
        match self {
            Self::Invalid { fields } => fields.iter().find(|e| e.field == *field).map(|e| e.problem),
            _ => None,
        }
    }
}

impl FromServerFnError for AppError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Request(_) => Self::Offline,
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) | ServerFnErrorErr::Deserialization(_) => {
                Self::Malformed
            }
            _ => Self::Internal,
        }
    }
}

impl std::fmt::Display for AppError {
    /// Formats the variant's name, for logs. Users see `ui::messages`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for AppError {}
