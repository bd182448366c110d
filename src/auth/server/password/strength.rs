//! How hard a password is to guess, by zxcvbn, whose tables are far too large for the browser. Called by `auth::api` for
//! the meter, and by `quality`, which refuses what the meter calls weak.

use std::{
    sync::{Arc, atomic::AtomicUsize},
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
    time::timeout,
};
use zxcvbn::{feedback::Warning, zxcvbn};

use super::hash_queue::{Place, permits};
use crate::{
    auth::model::{PasswordAdvice, PasswordStrength},
    error::AppError,
};

/// zxcvbn takes time in the square of the length and more, and most for characters that stand for letters; what comes
/// after this many characters only makes a password stronger.
const LOOKED_AT: usize = 32;
/// How much of a context is read, in characters: an address and a name are shorter.
const CONTEXT: usize = 400;
/// A password of which fewer characters than this are left, once the words of its context and what joins them are taken
/// out, consists of them.
const OWN: usize = 6;

/// Who asks for a rating. A form that is sent goes first: the meter stands still where the queue is long.
#[derive(Clone, Copy)]
pub enum For {
    Form,
    Meter,
}

impl For {
    /// How many ratings may wait or be under way for one more to be let in.
    fn queue(self) -> usize {
        match self {
            Self::Form => 32,
            Self::Meter => 4,
        }
    }
}

/// How long one may wait for its turn.
const WAIT: Duration = Duration::from_secs(2);

/// The ratings of a process: as many at once as hashes, a bounded queue before them, and 503 behind that.
pub struct Ratings {
    site: String,
    turns: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl Ratings {
    /// `site`: the site's host name, whose words are the first that an attacker tries.
    pub fn new(site: &str) -> Self {
        Self { site: site.to_owned(), turns: Arc::new(Semaphore::new(permits())), waiting: AtomicUsize::new(0) }
    }

    /// Rates `password`, knowing that words of `context` (name, address) and of this site are the first that an attacker
    /// tries.
    pub async fn rate(&self, password: &str, context: &[&str], whose: For) -> Result<PasswordStrength, AppError> {
        // A rating is milliseconds of work: too long for a thread that serves pages.
        let turn = self.turn(whose).await?;
        let looked_at: String = password.chars().take(LOOKED_AT).collect();
        let site = [env!("CARGO_PKG_NAME"), &self.site];
        let words = words(context.iter().chain(&site));
        let rated = spawn_blocking(move || {
            let _turn = turn;
            rate_by_words(&looked_at, &words)
        });
        rated.await.map_err(|_| {
            tracing::error!("a password could not be rated");
            AppError::Internal
        })
    }

    async fn turn(&self, whose: For) -> Result<OwnedSemaphorePermit, AppError> {
        let _place = Place::take(&self.waiting, whose.queue())?;
        timeout(WAIT, self.turns.clone().acquire_owned()).await.ok().and_then(Result::ok).ok_or(AppError::Busy)
    }
}

/// The words of some texts, in lower case, and each text without what stands between its words: `ada.lovelace` is typed as
/// `adalovelace` too.
fn words<'a>(texts: impl IntoIterator<Item = &'a &'a str>) -> Vec<String> {
    let mut words = Vec::new();
    for text in texts {
        let lower = text.chars().take(CONTEXT).collect::<String>().to_lowercase();
        // The parts of an address are looked at one by one too, since nobody's password is all of it.
        for part in lower.split('@') {
            words.extend(part.split(|c: char| !c.is_alphanumeric()).map(str::to_owned));
            words.push(part.chars().filter(|c| c.is_alphanumeric()).collect());
        }
    }
    words.retain(|word| word.chars().count() > 2);
    words.sort_unstable_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
    words.dedup();
    words.truncate(40);
    words
}

/// Whether next to nothing is left of `lower` without `words`, which stand in it with the longest first.
fn consists_of(lower: &str, words: &[String]) -> bool {
    let rest = words.iter().fold(lower.to_owned(), |rest, word| rest.replace(word.as_str(), ""));
    rest != lower && rest.chars().filter(|c| !c.is_ascii_punctuation() && !c.is_whitespace()).count() < OWN
}

fn rate_by_words(looked_at: &str, words: &[String]) -> PasswordStrength {
    let entropy = zxcvbn(looked_at, &words.iter().map(String::as_str).collect::<Vec<_>>());
    let lower = looked_at.to_lowercase();
    let mostly = consists_of(&lower, words);
    // Several of one's own words in a row look like many guesses to zxcvbn, which does not know that they belong together.
    let score = if mostly { u8::from(entropy.score()).min(1) } else { u8::from(entropy.score()) };
    let personal = mostly || words.iter().any(|word| lower.contains(word.as_str()));
    let advice = match entropy.feedback().and_then(|feedback| feedback.warning()) {
        _ if score >= 3 => None,
        _ if personal => Some(PasswordAdvice::Personal),
        Some(Warning::DatesAreOftenEasyToGuess | Warning::RecentYearsAreEasyToGuess) => Some(PasswordAdvice::Date),
        Some(
            Warning::StraightRowsOfKeysAreEasyToGuess
            | Warning::ShortKeyboardPatternsAreEasyToGuess
            | Warning::RepeatsLikeAaaAreEasyToGuess
            | Warning::RepeatsLikeAbcAbcAreOnlySlightlyHarderToGuess
            | Warning::SequencesLikeAbcAreEasyToGuess,
        ) => Some(PasswordAdvice::Pattern),
        Some(
            Warning::ThisIsATop10Password
            | Warning::ThisIsATop100Password
            | Warning::ThisIsACommonPassword
            | Warning::ThisIsSimilarToACommonlyUsedPassword,
        ) => Some(PasswordAdvice::Common),
        _ => Some(PasswordAdvice::MoreWords),
    };
    PasswordStrength { score, advice }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(password: &str, context: &[&str]) -> PasswordStrength {
        let looked_at: String = password.chars().take(LOOKED_AT).collect();
        rate_by_words(&looked_at, &words(context))
    }

    #[test]
    fn what_is_little_more_than_the_context_is_weak_whatever_joins_it() {
        let context = ["Ada.Lovelace@mail.example.test", "Ada Lovelace-Byron", "latchkey", "shop.example.org"];
        for password in [
            "ada.lovelace@mail.example.test",
            "AdaLovelace1815!",
            "ada - lovelace - 1815",
            "lovelace-lovelace",
            "LATCHKEY-latchkey",
            "latchkey2026!",
            "shop.example.org",
            "byron_lovelace_7",
            "mail.example.test",
        ] {
            let rated = rate(password, &context);
            assert!(rated.score < 2, "{password}: {rated:?}");
            assert_eq!(rated.advice, Some(PasswordAdvice::Personal), "{password}");
        }
        for password in ["ada-tidal-copper", "correct-horse-battery", "tidal-copper-lantern", "x7!kQ9$2@test3"] {
            assert!(rate(password, &context).score >= 2, "{password}");
        }
    }

    #[test]
    fn the_meter_knows_what_is_guessed_early_and_says_why() {
        let context = ["ada.lovelace@example.test", "Ada Lovelace", "latchkey"];
        for (password, advice) in [
            ("password", PasswordAdvice::Common),
            ("lovelace1", PasswordAdvice::Personal),
            ("aaaaaaaaaaaa", PasswordAdvice::Pattern),
            ("19.05.1998", PasswordAdvice::Date),
        ] {
            let rated = rate(password, &context);
            assert!(rated.score < 3, "{password}: {rated:?}");
            assert_eq!(rated.advice, Some(advice), "{password}");
        }
        assert_eq!(rate("tidal copper lantern weave", &context), PasswordStrength { score: 4, advice: None });
        assert_eq!(rate("", &context).score, 0);
    }

    #[tokio::test]
    async fn ratings_wait_in_a_bounded_queue_and_a_meter_makes_way_for_forms() {
        let ratings = Arc::new(Ratings::new("latchkey.test"));
        let mut turns = Vec::new();
        for _ in 0..permits() {
            turns.push(ratings.turn(For::Meter).await.unwrap());
        }
        let wait = |whose: For| {
            let ratings = ratings.clone();
            tokio::spawn(async move { ratings.turn(whose).await.map(drop) })
        };
        let mut waiting: Vec<_> = (0..4).map(|_| wait(For::Meter)).collect();
        tokio::task::yield_now().await;
        assert_eq!(wait(For::Meter).await.unwrap(), Err(AppError::Busy));
        waiting.extend((4..32).map(|_| wait(For::Form)));
        tokio::task::yield_now().await;
        assert_eq!(wait(For::Form).await.unwrap(), Err(AppError::Busy));
        turns.clear();
        for waited in waiting {
            assert_eq!(waited.await.unwrap(), Ok(()));
        }
        assert!(ratings.turn(For::Meter).await.is_ok());
    }

    #[test]
    fn a_long_password_is_rated_by_its_beginning() {
        let long = "x7!kQ".repeat(10_000);
        assert_eq!(rate(&long, &[]), rate(&long[..LOOKED_AT], &[]));
    }

    #[test]
    fn words_have_three_letters_or_more_and_the_longest_comes_first() {
        assert_eq!(words(&["Bo Al-Ada", "ada"]), ["boalada", "ada"]);
    }

    #[test]
    fn six_characters_of_ones_own_are_enough_not_to_consist_of_the_context() {
        let words = ["ada".to_owned()];
        for (lower, consists) in [("ada-12345", true), ("ada-123456", false), ("12345", false)] {
            assert_eq!(consists_of(lower, &words), consists, "{lower}");
        }
    }

    #[test]
    fn a_weak_password_with_a_word_of_the_context_in_it_is_personal() {
        let rated = rate("lovelacepassword", &["Ada Lovelace"]);
        assert_eq!(rated, PasswordStrength { score: 1, advice: Some(PasswordAdvice::Personal) });
    }
}
