//! The emails to account owners: templates and security alerts.
//! Called by the flows and by `session`.

pub mod security_alerts;
pub mod templates;
