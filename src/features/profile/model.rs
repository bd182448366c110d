//! The profile, in the types that server and browser share.

use serde::{Deserialize, Serialize};

use crate::{
    auth::model::{Access, Role},
    error::Field,
    ui::time::Moment,
};

/// The page is for any signed-in user, for their own profile.
pub const ACCESS: Access = Access::SignedIn;
/// The text about the user.
pub const BIO: Field = Field::named("bio");
/// The maximum number of characters of a bio.
pub const BIO_MAX_LENGTH: u32 = 500;

/// What users tell about themselves. Each field is a column of `profiles`, an argument of `update_profile` and a key of
/// the data export.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct About {
    pub bio: String,
}

/// The caller's profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    pub email: String,
    pub display_name: String,
    #[serde(flatten)]
    pub about: About,
    pub role: Role,
    pub member_since: Moment,
}
