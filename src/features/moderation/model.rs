//! What moderators see of an account.

use serde::{Deserialize, Serialize};

use crate::{
    auth::model::{Access, Role},
    ui::time::Moment,
};

pub const ACCESS: Access = Access::AtLeast(Role::Moderator);

/// An account that was made lately.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewAccount {
    pub user_id: String,
    pub email: String,
    pub display_name: String,
    pub role: Role,
    pub created_at: Moment,
}
