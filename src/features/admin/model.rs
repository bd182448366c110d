//! The accounts that admins see, in the types that server and browser share.

use serde::{Deserialize, Serialize};

use crate::{
    auth::model::{Access, Role},
    ui::time::Moment,
};

/// The page and its server functions are for admins.
pub const ACCESS: Access = Access::AtLeast(Role::Admin);

/// An account, with its role and state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    pub user_id: String,
    pub email: String,
    pub display_name: String,
    pub role: Role,
    /// `false` if the account can't log in.
    pub active: bool,
    pub created_at: Moment,
    /// When one of its sessions was last refreshed; `None` if no session is stored.
    pub last_seen_at: Option<Moment>,
}
