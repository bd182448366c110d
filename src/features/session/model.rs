//! The session that the card shows, in the types that server and browser share.

use serde::{Deserialize, Serialize};

pub use crate::auth::model::LastDecision;
use crate::{auth::model::Access, ui::time::Moment};

/// The card is for any signed-in user, for their own session.
pub const ACCESS: Access = Access::SignedIn;

/// The caller's session at the time of the response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionView {
    /// How many token pairs the session has had.
    pub generation: u32,
    pub rotated_at: Moment,
    pub started_at: Moment,
    /// Seconds until the session expires, however active it is.
    pub ends_at_seconds: u32,
    /// Seconds until the access token expires.
    pub access_expires_in_seconds: u32,
    /// Seconds until a refresh would rotate again.
    pub rotates_in_seconds: u32,
    /// What this request did with its tokens.
    pub last_decision: LastDecision,
    /// Whether the browser has sent a token of the current pair.
    pub confirmed: bool,
}
