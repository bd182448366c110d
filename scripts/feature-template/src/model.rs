//! The gizmos of an account, in the types that server and browser share.

use serde::{Deserialize, Serialize};

use crate::{auth::model::Access, error::Field, ui::time::Moment};

/// The pages and their server functions are for any signed-in user, for their own gizmos.
pub const ACCESS: Access = Access::SignedIn;

/// One line of text.
pub const TITLE: Field = Field::named("title");
/// Optional text of several lines.
pub const BODY: Field = Field::named("body");

/// The maximum number of characters of a title.
pub const TITLE_MAX_LENGTH: u32 = 100;
/// The maximum number of characters of a body. A rejected form gets its text back in a cookie, which holds less than 4 kB.
pub const BODY_MAX_LENGTH: u32 = 500;
/// The maximum number of gizmos of an account. The list shows all of them, so paginate it before you raise this.
pub const MAX_PER_ACCOUNT: u32 = 100;

/// An entry of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GadgetSummary {
    pub id: String,
    pub title: String,
    pub updated_at: Moment,
}

/// A complete gizmo, for the pages that edit and delete it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gadget {
    pub id: String,
    pub title: String,
    pub body: String,
}
