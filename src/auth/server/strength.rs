//! How hard a password is to guess, by zxcvbn, whose tables are far too large for the browser. Called by `auth::api`.

use zxcvbn::{feedback::Warning, zxcvbn};

use crate::auth::model::{PasswordAdvice, PasswordStrength};

/// zxcvbn takes time in the square of the length; what comes after this many characters only makes a password stronger.
const LOOKED_AT: usize = 100;

/// Rates `password`, knowing that words of `context` (name, address, site) are the first that an attacker tries.
pub fn rate(password: &str, context: &[&str]) -> PasswordStrength {
    let looked_at: String = password.chars().take(LOOKED_AT).collect();
    let words: Vec<&str> = context
        .iter()
        .flat_map(|text| text.split(|c: char| !c.is_alphanumeric()))
        .filter(|word| word.chars().count() > 2)
        .take(20)
        .collect();
    let entropy = zxcvbn(&looked_at, &words);
    let score = u8::from(entropy.score());
    let lower = looked_at.to_lowercase();
    let personal = words.iter().any(|word| lower.contains(&word.to_lowercase()));
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

    #[test]
    fn a_long_password_is_rated_by_its_beginning() {
        let long = "x7!kQ".repeat(10_000);
        assert_eq!(rate(&long, &[]), rate(&long[..LOOKED_AT], &[]));
    }
}
