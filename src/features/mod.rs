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
