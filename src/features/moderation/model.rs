//! The accounts that moderators see, in the types that server and browser share.

use serde::{Deserialize, Serialize};

use crate::{
    auth::model::{Access, Role},
    ui::time::Moment,
};

/// The page and its server functions are for moderators and admins.
pub const ACCESS: Access = Access::AtLeast(Role::Moderator);

/// A recently created account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewAccount {
    pub user_id: String,
    pub email: String,
    pub display_name: String,
    pub role: Role,
    pub created_at: Moment,
}
