//! The features of the app, one folder each. `make feature` generates one, `make feature-remove` deletes one with its
//! routes, its link and its tests.

pub mod account;
pub mod admin;
pub mod devices;
pub mod landing;
pub mod mailbox;
pub mod moderation;
pub mod profile;
pub mod session;

#[cfg(feature = "ssr")]
use crate::server::export::Exporter;

/// What the features store about a user, for the data export: a line for each feature with tables or columns of its own.
#[cfg(feature = "ssr")]
pub const EXPORTS: &[Exporter] = &[|db, user_id| Box::pin(profile::export(db, user_id))];
