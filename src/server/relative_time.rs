//! Formats times for people, relative to the database's clock. Used by the stores of features.

use chrono::{DateTime, SecondsFormat, Utc};

use crate::ui::time::Moment;

/// Formats `at` relative to `now`. A time in the future is "just now".
pub fn moment(at: DateTime<Utc>, now: DateTime<Utc>) -> Moment {
    Moment {
        exact: at.to_rfc3339_opts(SecondsFormat::Secs, true),
        seconds_ago: u32::try_from((now - at).num_seconds().max(0)).unwrap_or(u32::MAX),
    }
}

/// Formats the UTC date of `at` as `8 December 2026`, with non-breaking spaces.
pub fn day(at: DateTime<Utc>) -> String {
    at.format("%-d\u{a0}%B\u{a0}%Y").to_string()
}
