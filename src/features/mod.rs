//! The features of the app, one folder each. To delete one, delete its
//! folder, its line here, and its routes and its link in `app.rs`.

pub mod account;
pub mod admin;
pub mod devices;
pub mod landing;
pub mod mailbox;
pub mod moderation;
pub mod profile;
pub mod session;
