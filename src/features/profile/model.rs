//! The profile, in the words that server and browser share.

use serde::{Deserialize, Serialize};

use crate::{
    auth::model::{Access, Role},
    ui::time::Moment,
};

/// Who may see and edit a profile: its owner.
pub const ACCESS: Access = Access::SignedIn;
/// Most characters of a bio.
pub const BIO_MAX_LENGTH: u32 = 500;

/// One's own profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    pub email: String,
    pub display_name: String,
    pub bio: String,
    pub role: Role,
    pub member_since: Moment,
}
