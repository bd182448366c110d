//! The HTTP side of the server: router, middleware, response headers, form cookies, connection limits. Called by
//! `serve`.

pub mod assets;
pub mod canonical_url;
pub mod compression;
pub mod connection_table;
pub mod connections;
pub mod cookies_blocked;
pub mod document;
pub mod draft;
pub mod extensions;
pub mod flash;
pub mod form_post;
pub mod json_cookie;
pub mod mail_preview;
pub mod request_headers;
pub mod responses;
pub mod router;
pub mod security;
pub mod timed_stream;
