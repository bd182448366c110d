//! What people see of their sessions, in the words that server and browser share.

use serde::{Deserialize, Serialize};

use crate::{auth::model::Access, ui::time::Moment};

/// Who may see sessions: their owner.
pub const ACCESS: Access = Access::SignedIn;

/// All that the page shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Devices {
    /// The sessions that go on: the caller's own first, then the one seen last.
    pub sessions: Vec<DeviceSession>,
    /// Sessions that were ended in the last 30 days because an old token of theirs came back, the latest first.
    pub copied: Vec<CopiedSession>,
}

/// A session that goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceSession {
    /// The hash of the session's id, in hex: it names the session and lets nobody use it.
    pub id: String,
    /// `Firefox on Windows`.
    pub device: String,
    /// The address that it began from.
    pub ip: String,
    /// Its place in the rotation: 1, and one more with each new pair of tokens.
    pub generation: u32,
    pub started_at: Moment,
    pub last_seen_at: Moment,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// A session of which somebody may have held a copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopiedSession {
    pub device: String,
    pub ended_at: Moment,
}
