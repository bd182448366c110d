//! Times for people: how long ago something was, by the database's clock. Used by the stores of features.

use chrono::{DateTime, SecondsFormat, Utc};

use crate::ui::time::Moment;

/// `at` as seen at `now`; what lies ahead counts as just now.
pub fn moment(at: DateTime<Utc>, now: DateTime<Utc>) -> Moment {
    Moment {
        exact: at.to_rfc3339_opts(SecondsFormat::Secs, true),
        seconds_ago: u32::try_from((now - at).num_seconds().max(0)).unwrap_or(u32::MAX),
    }
}

/// The day of `at` in UTC: `8 December 2026`, with spaces at which no line breaks.
pub fn day(at: DateTime<Utc>) -> String {
    at.format("%-d\u{a0}%B\u{a0}%Y").to_string()
}
