//! The sessions of an account, in the types that server and browser share.

use serde::{Deserialize, Serialize};

use crate::{auth::model::Access, ui::time::Moment};

/// The page is for any signed-in user, for their own sessions.
pub const ACCESS: Access = Access::SignedIn;

/// The data of the page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Devices {
    /// The active sessions: the caller's own first, then by last use.
    pub sessions: Vec<DeviceSession>,
    /// Sessions that ended in the last 30 days because of refresh token reuse, latest first.
    pub copied: Vec<CopiedSession>,
}

/// An active session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceSession {
    /// The hash of the session id, in hex. It identifies the session but can't be used as a token.
    pub id: String,
    /// The browser and the system, such as `Firefox on Windows`.
    pub device: String,
    /// The IP address of the log-in.
    pub ip: String,
    /// How many token pairs the session has had.
    pub generation: u32,
    pub started_at: Moment,
    pub last_seen_at: Moment,
    /// Whether this is the caller's session.
    pub current: bool,
}

/// A session that ended because of refresh token reuse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopiedSession {
    pub device: String,
    pub ended_at: Moment,
}
