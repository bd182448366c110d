//! Decides what to do with a refresh token. A pure function of the session's row, so that every case can be tested.
//! Called only by `lifecycle`.

use chrono::{DateTime, TimeDelta, Utc};
use std::time::Duration;

/// How many times the pair of a generation is sent again because its response was probably lost.
pub const RESENDS: u32 = 3;
/// How many generations in a row can be sent again before it counts as two parties taking turns.
pub const RESEND_STREAK: u32 = 3;

/// How far in the future the time of a rotation can be, for clock differences between nodes.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::minutes(1);

/// The columns of a session that the decision depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The current generation. Starts at 1.
    pub generation: u32,
    pub rotated_at: DateTime<Utc>,
    /// The latest generation of which the browser has sent a token.
    pub confirmed_generation: u32,
    /// How many times the current pair was sent again.
    pub reuse_count: u32,
    /// How many generations in a row, before the current one, were sent again.
    pub reuse_streak: u32,
    /// When the current pair was last sent again.
    pub resent_at: Option<DateTime<Utc>>,
}

/// The configured durations.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub rotation_min_age: Duration,
    pub reuse_leeway: Duration,
}

/// What to do with a refresh token whose signature, expiry and `jti` are valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Current, and rotated recently: keep the generation, send a new access token.
    Keep,
    /// Current: rotate to the next generation with a compare-and-swap, send a new pair.
    Rotate,
    /// One behind, the current pair is unconfirmed, and it was created or sent again within the leeway: a parallel
    /// request while the first response is in flight. Send the current pair without counting it.
    ResendInFlight,
    /// One behind, and the current pair is unconfirmed: its
    /// response was lost. Send the current pair again and count it.
    Resend,
    /// One behind, within the leeway, and the current pair is confirmed: a parallel request that lost the race. Send
    /// only a new access token, because the browser already has the current refresh token.
    AccessOnly,
    /// Refresh token reuse (RFC 9700, 4.14.2): someone has a copy. End the session.
    ReuseDetected,
    /// Newer than the session: the database was restored from a backup, or the secrets leaked. End the session.
    FromTheFuture,
}

impl Decision {
    /// Returns the name used in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Rotate => "rotate",
            Self::ResendInFlight => "resend_in_flight",
            Self::Resend => "resend",
            Self::AccessOnly => "access_only",
            Self::ReuseDetected => "replayed",
            Self::FromTheFuture => "ahead",
        }
    }
}

/// Decides by the table in docs/decisions/0003-rotation.md.
pub fn decide(presented: u32, now: DateTime<Utc>, session: &Rotation, limits: &Limits) -> Decision {
    // Ages are negative after a clock went back. Beyond the tolerance nothing counts as recent; otherwise reuse would
    // go undetected until the clock catches up.
    let age_of = |time: DateTime<Utc>| match now - time {
        age if age < -CLOCK_TOLERANCE => Duration::MAX,
        age => age.to_std().unwrap_or_default(),
    };
    let age = age_of(session.rotated_at);
    let in_leeway = age < limits.reuse_leeway;
    let in_flight = in_leeway || session.resent_at.is_some_and(|time| age_of(time) < limits.reuse_leeway);
    let confirmed = session.confirmed_generation >= session.generation;
    if presented > session.generation {
        Decision::FromTheFuture
    } else if presented == session.generation {
        if age < limits.rotation_min_age { Decision::Keep } else { Decision::Rotate }
    } else if presented < session.generation - 1 {
        Decision::ReuseDetected
    } else if confirmed {
        if in_leeway { Decision::AccessOnly } else { Decision::ReuseDetected }
    } else if in_flight {
        Decision::ResendInFlight
    } else if session.reuse_count >= RESENDS || (session.reuse_count == 0 && session.reuse_streak + 1 >= RESEND_STREAK)
    {
        Decision::ReuseDetected
    } else {
        Decision::Resend
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    const LIMITS: Limits = Limits { rotation_min_age: Duration::from_secs(10), reuse_leeway: Duration::from_secs(10) };
    /// The generation of the sessions in these tests.
    const CURRENT: u32 = 5;

    fn at(
        age_ms: i64,
        confirmed: bool,
        reuse_count: u32,
        reuse_streak: u32,
        resent_ms_ago: Option<i64>,
    ) -> (DateTime<Utc>, Rotation) {
        let rotated_at = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        let now = rotated_at + TimeDelta::milliseconds(age_ms);
        let session = Rotation {
            generation: CURRENT,
            rotated_at,
            confirmed_generation: if confirmed { CURRENT } else { CURRENT - 1 },
            reuse_count,
            reuse_streak,
            resent_at: resent_ms_ago.map(|ms| now - TimeDelta::milliseconds(ms)),
        };
        (now, session)
    }

    /// The decision table again, written as ranges.
    fn expected(
        presented: u32,
        age_ms: i64,
        confirmed: bool,
        reuse_count: u32,
        reuse_streak: u32,
        resent_ms_ago: Option<i64>,
    ) -> Decision {
        let young = (-60_000..10_000).contains(&age_ms);
        match (i64::from(presented) - i64::from(CURRENT), confirmed, young) {
            (1.., _, _) => Decision::FromTheFuture,
            (0, _, true) => Decision::Keep,
            (0, _, false) => Decision::Rotate,
            (-1, true, true) => Decision::AccessOnly,
            (-1, true, false) => Decision::ReuseDetected,
            (-1, false, true) => Decision::ResendInFlight,
            (-1, false, false) if resent_ms_ago.is_some_and(|ms| ms < 10_000) => Decision::ResendInFlight,
            (-1, false, false) => match (reuse_count, reuse_streak) {
                (0, 0..=1) => Decision::Resend,
                (0, _) => Decision::ReuseDetected,
                (1..=2, _) => Decision::Resend,
                (3.., _) => Decision::ReuseDetected,
            },
            (_, _, _) => Decision::ReuseDetected,
        }
    }

    #[test]
    fn every_state_is_decided_as_the_table_says() {
        let mut states = 0;
        for presented in 0..=CURRENT + 2 {
            for age_ms in [-3_600_000, -60_001, -60_000, -1, 0, 1, 9_999, 10_000, 10_001, 300_000] {
                for confirmed in [false, true] {
                    for reuse_count in 0..=RESENDS + 1 {
                        for reuse_streak in 0..=RESEND_STREAK + 1 {
                            for resent in [None, Some(0), Some(9_999), Some(10_000)] {
                                let (now, session) = at(age_ms, confirmed, reuse_count, reuse_streak, resent);
                                assert_eq!(
                                    decide(presented, now, &session, &LIMITS),
                                    expected(presented, age_ms, confirmed, reuse_count, reuse_streak, resent),
                                    "presented {presented}, {age_ms} ms old, {session:?}"
                                );
                                states += 1;
                            }
                        }
                    }
                }
            }
        }
        assert_eq!(states, 8 * 10 * 2 * 5 * 5 * 4);
    }

    #[test]
    fn without_leeway_the_previous_token_is_reuse_once_the_current_one_is_confirmed() {
        let limits = Limits { reuse_leeway: Duration::ZERO, ..LIMITS };
        let (now, session) = at(0, true, 0, 0, None);
        assert_eq!(decide(CURRENT - 1, now, &session, &limits), Decision::ReuseDetected);
    }

    #[test]
    fn without_a_minimum_age_every_refresh_rotates() {
        let limits = Limits { rotation_min_age: Duration::ZERO, ..LIMITS };
        let (now, session) = at(0, true, 0, 0, None);
        assert_eq!(decide(CURRENT, now, &session, &limits), Decision::Rotate);
    }

    #[test]
    fn the_greatest_generation_does_not_overflow() {
        let (now, session) = at(0, true, 0, 0, None);
        assert_eq!(decide(u32::MAX, now, &session, &LIMITS), Decision::FromTheFuture);
    }
}
