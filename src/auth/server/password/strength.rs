//! Rates passwords with zxcvbn, on the server because its tables are too large for the browser. Called by `auth::api`
//! for the meter and by `policy`.

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

/// How many characters are rated. zxcvbn takes at least quadratic time in the length, and further characters only make
/// a password stronger.
const RATED_LENGTH: usize = 32;
/// How many characters of a context are used. Addresses and names are shorter.
const CONTEXT_LENGTH: usize = 400;
/// A password consists of its context if fewer than this many
/// characters remain without the context's words and punctuation.
const MIN_REMAINING: usize = 6;

/// What a rating is for. Forms have a longer queue than the meter, which stops when the server is busy.
#[derive(Clone, Copy)]
pub enum For {
    Form,
    Meter,
}

impl For {
    /// Returns how many ratings can wait or run before another one is rejected.
    fn queue(self) -> usize {
        match self {
            Self::Form => 32,
            Self::Meter => 4,
        }
    }
}

/// How long a rating waits for its turn.
const WAIT: Duration = Duration::from_secs(2);

/// Runs the ratings of a process: as many at once as hashes, with a bounded queue, and 503 if that is full.
pub struct Ratings {
    site: String,
    turns: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl Ratings {
    /// `site` is the host name of the site, which attackers try first.
    pub fn new(site: &str) -> Self {
        Self { site: site.to_owned(), turns: Arc::new(Semaphore::new(permits())), waiting: AtomicUsize::new(0) }
    }

    /// Rates `password`. Treats the words of `context` (name, address) and of this site as easy to guess. Returns
    /// [`AppError::Busy`] if the queue is full.
    pub async fn rate(&self, password: &str, context: &[&str], purpose: For) -> Result<PasswordStrength, AppError> {
        // A rating takes milliseconds: too long for an async thread.
        let turn = self.turn(purpose).await?;
        let rated_part: String = password.chars().take(RATED_LENGTH).collect();
        let site = [env!("CARGO_PKG_NAME"), &self.site];
        let words = words(context.iter().chain(&site));
        let rated = spawn_blocking(move || {
            let _turn = turn;
            rate_by_words(&rated_part, &words)
        });
        rated.await.map_err(|_| {
            tracing::error!("a password could not be rated");
            AppError::Internal
        })
    }

    async fn turn(&self, purpose: For) -> Result<OwnedSemaphorePermit, AppError> {
        let _place = Place::take(&self.waiting, purpose.queue())?;
        timeout(WAIT, self.turns.clone().acquire_owned()).await.ok().and_then(Result::ok).ok_or(AppError::Busy)
    }
}

/// Returns the words of some texts in lower case, and each text
/// without separators: `ada.lovelace` also as `adalovelace`.
fn words<'a>(texts: impl IntoIterator<Item = &'a &'a str>) -> Vec<String> {
    let mut words = Vec::new();
    for text in texts {
        let lower = text.chars().take(CONTEXT_LENGTH).collect::<String>().to_lowercase();
        // The parts of an address separately, because passwords rarely have all of it.
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

/// Returns whether `lower` consists mostly of `words`, which are sorted longest first.
fn consists_of(lower: &str, words: &[String]) -> bool {
    let rest = words.iter().fold(lower.to_owned(), |rest, word| rest.replace(word.as_str(), ""));
    rest != lower && rest.chars().filter(|c| !c.is_ascii_punctuation() && !c.is_whitespace()).count() < MIN_REMAINING
}

fn rate_by_words(rated_part: &str, words: &[String]) -> PasswordStrength {
    let entropy = zxcvbn(rated_part, &words.iter().map(String::as_str).collect::<Vec<_>>());
    let lower = rated_part.to_lowercase();
    let mostly = consists_of(&lower, words);
    // zxcvbn overrates several context words in a row.
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
        let rated_part: String = password.chars().take(RATED_LENGTH).collect();
        rate_by_words(&rated_part, &words(context))
    }

    #[test]
    fn a_password_of_context_words_is_weak_whatever_the_separators() {
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
    fn a_weak_password_gets_advice() {
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
    async fn the_queue_of_ratings_is_bounded_and_prefers_forms_to_meters() {
        let ratings = Arc::new(Ratings::new("latchkey.test"));
        let mut turns = Vec::new();
        for _ in 0..permits() {
            turns.push(ratings.turn(For::Meter).await.unwrap());
        }
        let wait = |purpose: For| {
            let ratings = ratings.clone();
            tokio::spawn(async move { ratings.turn(purpose).await.map(drop) })
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
        assert_eq!(rate(&long, &[]), rate(&long[..RATED_LENGTH], &[]));
    }

    #[test]
    fn words_have_three_letters_or_more_and_the_longest_comes_first() {
        assert_eq!(words(&["Bo Al-Ada", "ada"]), ["boalada", "ada"]);
    }

    #[test]
    fn a_password_with_six_other_characters_does_not_consist_of_its_context() {
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
