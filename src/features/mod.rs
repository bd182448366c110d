//! What an app built on the core offers: a folder each. To delete one, delete its folder, its line here, its routes and its
//! link in `app.rs`.

pub mod account;
pub mod admin;
pub mod devices;
pub mod landing;
pub mod mailbox;
pub mod moderation;
pub mod profile;
pub mod session;
