//! The account settings, in the types that server and browser share.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

use crate::{auth::model::Access, ui::time::Moment};

/// The settings are visible to any signed-in user, for their own account.
pub const ACCESS: Access = Access::SignedIn;

/// The maximum number of exports of one account in five minutes.
pub const EXPORTS: u32 = 5;

/// The data of all settings pages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    pub email: String,
    /// Whether the address is verified.
    pub verified: bool,
    /// Whether the account has a password; without one its owner logs in by email.
    pub has_password: bool,
    /// Whether the owner logged in recently enough for sensitive changes.
    pub recent: bool,
    /// The day on which the account will be deleted, such as `8 December 2026`.
    pub erase_on: Option<String>,
    /// The previous addresses whose undo links still work, latest first.
    #[serde(rename = "ways_back")]
    pub undo_links: Vec<UndoLink>,
    pub member_since: Moment,
}

/// A previous address with an undo link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoLink {
    pub email: String,
    /// The day on which the link expires, such as `8 December 2026`.
    pub until: String,
}

/// All stored data of an account. Times are RFC 3339 in UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Export {
    pub email: String,
    pub email_verified_at: Option<String>,
    pub role: String,
    pub created_at: String,
    pub display_name: String,
    /// When the account will be deleted, if that is scheduled.
    pub erase_at: Option<String>,
    pub sessions: Vec<ExportedSession>,
    /// The latest thousand events.
    pub events: Vec<ExportedEvent>,
    pub codes: Vec<ExportedCode>,
    /// What the features add.
    #[serde(flatten)]
    pub features: BTreeMap<String, Value>,
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

/// A code that was emailed recently, without its secret.
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
