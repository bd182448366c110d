//! Times as people say them. The server says how long ago a moment was, so that its clock alone counts and both sides
//! write the same words. Used by every page that shows a time.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

const MINUTE: u32 = 60;
const HOUR: u32 = 60 * MINUTE;
const DAY: u32 = 24 * HOUR;
const MONTH: u32 = 30 * DAY;
const YEAR: u32 = 365 * DAY;

/// A moment in the past, as of the answer that carries it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// RFC 3339 in UTC with whole seconds: `2026-11-23T20:34:12Z`.
    pub exact: String,
    /// How long before the answer it was.
    pub seconds_ago: u32,
}

/// A moment in words, with the exact time as its title.
#[component]
pub fn Ago(moment: Moment) -> impl IntoView {
    view! {
        <time title=exact_in_words(&moment.exact) datetime=moment.exact>
            {ago(moment.seconds_ago)}
        </time>
    }
}

/// How long ago, in one rounded-down unit: `2 minutes ago`.
pub fn ago(seconds: u32) -> String {
    let (count, unit) = match seconds {
        0..10 => return "just now".to_owned(),
        10..MINUTE => (seconds, "second"),
        MINUTE..HOUR => (seconds / MINUTE, "minute"),
        HOUR..DAY => (seconds / HOUR, "hour"),
        DAY..MONTH => (seconds / DAY, "day"),
        MONTH..YEAR => (seconds / MONTH, "month"),
        _ => (seconds / YEAR, "year"),
    };
    format!("{} ago", counted(count, unit))
}

/// How long, in at most two units: `4 min 12 s`, `3 h 5 min`, `12 days`.
pub fn lasting(seconds: u32) -> String {
    match seconds {
        0..MINUTE => format!("{seconds} s"),
        MINUTE..HOUR => format!("{} min {} s", seconds / MINUTE, seconds % MINUTE),
        HOUR..DAY => format!("{} h {} min", seconds / HOUR, seconds % HOUR / MINUTE),
        _ => counted(seconds / DAY, "day"),
    }
}

/// `1 minute`, `2 minutes`.
pub fn counted(count: u32, unit: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

/// `2026-11-23T20:34:12Z` as `2026-11-23 20:34:12 UTC`.
fn exact_in_words(exact: &str) -> String {
    exact.replacen('T', " ", 1).replacen('Z', " UTC", 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ago_takes_the_largest_unit_that_fits() {
        let cases = [
            (0, "just now"),
            (9, "just now"),
            (10, "10 seconds ago"),
            (59, "59 seconds ago"),
            (60, "1 minute ago"),
            (119, "1 minute ago"),
            (120, "2 minutes ago"),
            (3_599, "59 minutes ago"),
            (3_600, "1 hour ago"),
            (86_399, "23 hours ago"),
            (86_400, "1 day ago"),
            (2_591_999, "29 days ago"),
            (2_592_000, "1 month ago"),
            (31_535_999, "12 months ago"),
            (31_536_000, "1 year ago"),
            (u32::MAX, "136 years ago"),
        ];
        for (seconds, words) in cases {
            assert_eq!(ago(seconds), words, "{seconds} s");
        }
    }

    #[test]
    fn lasting_keeps_two_units_below_a_day() {
        let cases = [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min 0 s"),
            (272, "4 min 32 s"),
            (3_600, "1 h 0 min"),
            (11_100, "3 h 5 min"),
            (86_400, "1 day"),
            (2_592_000, "30 days"),
        ];
        for (seconds, words) in cases {
            assert_eq!(lasting(seconds), words, "{seconds} s");
        }
    }

    #[test]
    fn the_exact_time_names_its_zone() {
        assert_eq!(exact_in_words("2026-11-23T20:34:12Z"), "2026-11-23 20:34:12 UTC");
    }
}
