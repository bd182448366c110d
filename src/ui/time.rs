//! Times and durations in words. The server computes how long ago a moment was, so the browser's clock doesn't matter
//! and both sides render the same text. Used by every page that shows a time.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

const MINUTE: u32 = 60;
const HOUR: u32 = 60 * MINUTE;
const DAY: u32 = 24 * HOUR;
const MONTH: u32 = 30 * DAY;
const YEAR: u32 = 365 * DAY;

/// A moment in the past, relative to the response that carries it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// RFC 3339 in UTC with whole seconds: `2026-11-23T20:34:12Z`.
    pub exact: String,
    /// Seconds between the moment and the response.
    pub seconds_ago: u32,
}

/// Shows a moment as a relative time, with the exact time as its title.
#[component]
pub fn Ago(moment: Moment) -> impl IntoView {
    view! {
        <time title=exact_in_words(&moment.exact) datetime=moment.exact>
            {ago(moment.seconds_ago)}
        </time>
    }
}

/// Formats how long ago something was, rounded down to one unit: `2 minutes ago`.
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

/// Formats the time that is left, in at most two units: `4 min 12 s`, `3 h 5 min`, `12 days`.
pub fn lasting(seconds: u32) -> String {
    match seconds {
        0..MINUTE => format!("{seconds} s"),
        MINUTE..HOUR => format!("{} min {} s", seconds / MINUTE, seconds % MINUTE),
        HOUR..DAY => format!("{} h {} min", seconds / HOUR, seconds % HOUR / MINUTE),
        _ => counted(seconds / DAY, "day"),
    }
}

/// Formats the duration of a setting in its largest whole unit: `10 seconds`, `15 minutes`, `90 seconds`.
pub fn duration(seconds: u32) -> String {
    match seconds {
        _ if seconds > 0 && seconds.is_multiple_of(DAY) => counted(seconds / DAY, "day"),
        _ if seconds > 0 && seconds.is_multiple_of(HOUR) => counted(seconds / HOUR, "hour"),
        _ if seconds > 0 && seconds.is_multiple_of(MINUTE) => counted(seconds / MINUTE, "minute"),
        _ => counted(seconds, "second"),
    }
}

/// Formats a count with its unit: `1 minute`, `2 minutes`.
pub fn counted(count: u32, unit: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

/// Formats `2026-11-23T20:34:12Z` as `2026-11-23 20:34:12 UTC`.
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
    fn a_duration_has_its_largest_whole_unit() {
        let cases = [
            (0, "0 seconds"),
            (1, "1 second"),
            (10, "10 seconds"),
            (60, "1 minute"),
            (90, "90 seconds"),
            (900, "15 minutes"),
            (7_200, "2 hours"),
            (604_800, "7 days"),
        ];
        for (seconds, words) in cases {
            assert_eq!(duration(seconds), words, "{seconds} s");
        }
    }

    #[test]
    fn the_exact_time_names_its_zone() {
        assert_eq!(exact_in_words("2026-11-23T20:34:12Z"), "2026-11-23 20:34:12 UTC");
    }
}
