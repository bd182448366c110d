//! All that a server function may tell a browser. Closed variants and no text of its own: causes go to the log on the
//! server, and `ui::messages` owns the sentences. Used by every other module, on both targets.

use leptos::server_fn::{
    codec::JsonEncoding,
    error::{FromServerFnError, ServerFnErrorErr},
};
use serde::{Deserialize, Serialize};

/// The error of every server function, and of every function below it that can fail for a reason a user should know.
///
/// As JSON: `{"code":"invalid","fields":[{"field":"email","problem":"malformed"}]}`; `code` is stable snake case. The HTTP
/// status of each variant is `server::respond::status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum AppError {
    /// 401: the email and the password do not match an account that may log in.
    InvalidCredentials,
    /// 401: nobody is signed in, or the session has ended.
    Unauthenticated,
    /// 403: signed in, but the role does not reach.
    Forbidden,
    /// 403: signed in, but not recently enough for this. Nothing was changed.
    ReauthenticationNeeded,
    /// 410: the link or the digits were used, have expired, or were never ours.
    CodeExpired,
    /// 403: the request did not come from a page of this site.
    CrossSite,
    /// 409: the form's page was made for another account than the one that is signed in now. Nothing was changed.
    OtherAccount,
    /// 404: no such thing, or none that the caller may know of.
    NotFound,
    /// 409: an installation keeps at least one active admin.
    LastAdmin,
    /// 413: the body is larger than any form of this site.
    TooLarge,
    /// 431: more cookies than this site reads, of whichever app of its host.
    TooManyCookies,
    /// 422: bad input, with every field that is at fault.
    Invalid { fields: Vec<FieldError> },
    /// 400: the request is not one that a form of this site can send.
    Malformed,
    /// 429: too many attempts; `retry_after` in seconds.
    Throttled { retry_after: u32 },
    /// 503: the store cannot answer now. Nothing was changed.
    Unavailable,
    /// 503: too many passwords wait to be hashed or rated. Nothing was changed.
    Busy,
    /// 503: PostgreSQL rolled the transaction back in favour of another one, twice. Nothing was changed.
    Conflict,
    /// 500: our fault; the cause is in the log.
    Internal,
    /// Never sent: the browser could not reach the server.
    Offline,
}

/// One field of a form, and what is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    pub field: Field,
    pub problem: Problem,
}

/// The fields of all forms, by the `name` of their inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    Email,
    Password,
    DisplayName,
    Bio,
    UserId,
    Role,
    /// The password that is to be replaced.
    OldPassword,
    /// Six digits from a mail.
    Digits,
}

/// What can be wrong with a field. `min` and `max` count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Problem {
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
    /// It is not what it has to be equal to.
    Mismatch,
    /// It is what the account has already.
    Unchanged,
    /// The mail server of this site cannot write to it.
    Undeliverable,
    /// A password that stands on lists of common ones, or nearly.
    TooCommon,
    /// A password that a patient guesser finds.
    TooGuessable,
    /// A password that is little more than a name, an address or this site's own words.
    ContainsContext,
    /// A password that a known breach of some other site made public.
    Breached,
}

impl AppError {
    /// Bad input in one field.
    pub fn invalid(field: Field, problem: Problem) -> Self {
        Self::Invalid { fields: vec![FieldError { field, problem }] }
    }

    /// What is wrong with `field`, if this error says so.
    pub fn problem_of(&self, field: Field) -> Option<Problem> {
        match self {
            Self::Invalid { fields } => fields.iter().find(|e| e.field == field).map(|e| e.problem),
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
    /// The variant's name: for logs and for `Result`'s bounds, never for people.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for AppError {}
