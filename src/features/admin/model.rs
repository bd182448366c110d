//! What admins see of an account.

use serde::{Deserialize, Serialize};

use crate::{
    auth::model::{Access, Role},
    ui::time::Moment,
};

pub const ACCESS: Access = Access::AtLeast(Role::Admin);

/// An account, with its role and state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    pub user_id: String,
    pub email: String,
    pub display_name: String,
    pub role: Role,
    /// `false`: the account may not log in.
    pub active: bool,
    pub created_at: Moment,
    /// When one of its sessions was last refreshed. `None`: it never logged in, or so long ago that it is forgotten.
    pub last_seen_at: Option<Moment>,
}
