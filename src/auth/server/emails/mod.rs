//! The mails that accounts get: the frame, and the security alerts.
//! Called by the flows and by `session`.

pub mod security_alerts;
pub mod templates;
