//! The session's view, in the words that server and browser share.

use serde::{Deserialize, Serialize};

pub use crate::auth::model::LastDecision;
use crate::{auth::model::Access, ui::time::Moment};

/// Who may see a session: its owner.
pub const ACCESS: Access = Access::SignedIn;

/// One's own session, as of the answer that carries it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionView {
    /// How often the refresh token was rotated, plus one.
    pub generation: u32,
    pub rotated_at: Moment,
    pub started_at: Moment,
    /// Seconds to the end, whatever happens.
    pub ends_at_seconds: u32,
    /// Seconds that the access token still counts.
    pub access_expires_in_seconds: u32,
    /// Seconds until a refresh would rotate again.
    pub rotates_in_seconds: u32,
    /// What this very request's tokens were worth.
    pub last_decision: LastDecision,
    /// Whether any token of the current generation has come back.
    pub confirmed: bool,
}
