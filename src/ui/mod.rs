//! The design system: components and messages of all pages. Imports
//! only `error` from this crate; its CSS classes are in `style/`.

#[cfg(test)]
mod contrast;
mod error_pages;
mod fields;
mod form;
mod form_state;
mod icons;
mod meter;
mod offline;
mod page;
mod ring;
mod sent;
mod theme;
mod toast;
mod top_bar;

pub mod flash;
pub mod messages;
pub mod time;

pub use error_pages::{Failure, FailureNote, Forbidden, NotFound};
pub use fields::{PasswordField, TextArea, TextField};
pub use form::{Check, Form, FormErrors, Refusal, Submit, Values};
pub use icons::{Icon, Mark};
pub use meter::StrengthMeter;
pub use offline::{OfflineNote, use_offline, watch_network};
pub use page::{Empty, Fact, PageHead, RoleBadge, Skeleton, Table};
pub use ring::Ring;
pub use sent::{DRAFT, SENT_AS, SENT_FROM, Sent, SignedInAs, send_draft};
pub use theme::{THEME_SCRIPT, ThemeSwitch};
pub use toast::{Explanation, Toasts, provide_waiting};
pub use top_bar::{AccountMenu, NavLink, TopBar};
