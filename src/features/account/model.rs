//! What owners see of their account's settings, in the words that server and browser share.

use serde::{Deserialize, Serialize};

use crate::{auth::model::Access, ui::time::Moment};

/// Who may see settings: their owner.
pub const ACCESS: Access = Access::SignedIn;

/// Exports of one account in five minutes.
pub const EXPORTS: u32 = 5;

/// All that the pages show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    pub email: String,
    /// Whether mail is known to reach the owner there.
    pub verified: bool,
    /// Whether the account has a password; without one its owner logs in by mail.
    pub has_password: bool,
    /// Whether the owner logged in a short time ago, as some changes need.
    pub recent: bool,
    /// The day on which the account will be erased, if its owner asked for that: `8 December 2026`.
    pub erase_on: Option<String>,
    /// The earlier addresses that a mailed link can still move the account back to; the latest first.
    pub ways_back: Vec<WayBack>,
    pub member_since: Moment,
}

/// An earlier address, and the day on which the link that was mailed there ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WayBack {
    pub email: String,
    /// `8 December 2026`
    pub until: String,
}

/// A copy of all that is kept of an account. Times are RFC 3339 in UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Export {
    pub email: String,
    pub email_verified_at: Option<String>,
    pub role: String,
    pub created_at: String,
    pub display_name: String,
    pub bio: String,
    /// When the account will be erased, if its owner asked for that.
    pub erase_at: Option<String>,
    pub sessions: Vec<ExportedSession>,
    /// The newest thousand.
    pub events: Vec<ExportedEvent>,
    pub codes: Vec<ExportedCode>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedSession {
    pub user_agent: String,
    pub ip: String,
    pub created_at: String,
    pub last_seen_at: String,
    pub ended_at: Option<String>,
    pub ended_because: Option<String>,
}

/// A code that was mailed lately: a log-in, another address. What it opens is in no export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedCode {
    pub what: String,
    pub email: String,
    pub sent_at: String,
    pub expires_at: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedEvent {
    pub at: String,
    pub what: String,
    pub ip: Option<String>,
}
