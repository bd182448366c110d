//! What a presented refresh token is worth: a pure function of the session's row, so that every case can be tested.
//! Called by `session` only.

use chrono::{DateTime, TimeDelta, Utc};
use std::time::Duration;

/// How often one generation's pair is sent again because its response seems to have been lost.
pub const RESENDS: u32 = 3;
/// How many generations in a row may need that, before it looks like two parties taking turns.
pub const RESEND_STREAK: u32 = 3;

/// How far the time of a rotation may lie ahead and still count as now.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::minutes(1);

/// The part of a session's row that the decision depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The generation whose refresh token counts. Begins at 1.
    pub generation: u32,
    pub rotated_at: DateTime<Utc>,
    /// The newest generation of which any token came back to us.
    pub confirmed_generation: u32,
    /// How often the current generation's pair was sent again.
    pub reuse_count: u32,
    /// How many generations just before the current one had their pair sent again.
    pub reuse_streak: u32,
    /// When it was sent again last.
    pub resent_at: Option<DateTime<Utc>>,
}

/// The configured times.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub rotation_min_age: Duration,
    pub reuse_leeway: Duration,
}

/// What to do with a refresh token whose signature, expiry and jti are right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Current and young: the same generation, a fresh access token.
    Keep,
    /// Current: compare and swap to the next generation, a new pair.
    Rotate,
    /// One behind, the current pair never came back, and it was made or sent again within the leeway: a parallel request
    /// of a browser whose first response is still on its way. The current pair, uncounted.
    ResendInFlight,
    /// One behind, and the current pair never came back: its response was lost. The current pair again, counted.
    Resend,
    /// One behind, within the leeway, and the current pair is in use: a parallel request that lost the race. A fresh
    /// access token only, since the browser's cookie jar holds the current refresh token already.
    AccessOnly,
    /// Behind and in use elsewhere: somebody holds a copy. End the session.
    ReuseDetected,
    /// Ahead of us: the database was rolled back, or the secrets leaked. End the session, raise the alarm.
    FromTheFuture,
}

impl Decision {
    /// The row's name, as the metrics have it.
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

/// Decides what a refresh token is worth (docs/decisions/0003-rotation.md).
pub fn decide(presented: u32, now: DateTime<Utc>, session: &Rotation, limits: &Limits) -> Decision {
    // A clock that stepped back makes ages negative. A little of that is two nodes' clocks; beyond it nothing counts as
    // recent, or no replay would be found until the clock has caught up.
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
    /// The generation that the table's sessions are at.
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

    /// The table once more, written as ranges: what the function must say for every state there is.
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
    fn without_leeway_the_token_before_is_a_replay_as_soon_as_the_current_one_is_in_use() {
        let limits = Limits { reuse_leeway: Duration::ZERO, ..LIMITS };
        let (now, session) = at(0, true, 0, 0, None);
        assert_eq!(decide(CURRENT - 1, now, &session, &limits), Decision::ReuseDetected);
    }

    #[test]
    fn without_a_least_age_every_presentation_rotates() {
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
