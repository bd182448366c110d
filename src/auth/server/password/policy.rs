//! The policy for new passwords. It has no composition rules (ASVS 5.0, 6.2.5), only a minimum strength. Called by the
//! flows before a password is hashed.

use super::strength::For;
use crate::{
    auth::{
        model::{PasswordAdvice, PasswordStrength},
        server::users::credentials::NewPassword,
    },
    error::{AppError, Field, ValidationError},
    server::state::AppState,
};

/// The minimum score of zxcvbn, from 0 to 4: over 10^6 guesses ("somewhat guessable"). The rate limit allows 1,440
/// guesses per account and day, and argon2id slows down guessing with a stolen database. Requiring 3 would reject
/// passwords that people can remember.
const MIN_SCORE: u8 = 2;

/// Rejects a password that is easy to guess, that consists mostly of `context` (the account's name and address) or of
/// this site's name, or that appeared in a breach. Returns 422 with the problem.
pub async fn check(state: &AppState, password: &NewPassword, context: &[&str]) -> Result<(), AppError> {
    let rated = state.ratings.rate(password.as_str(), context, For::Form).await?;
    let problem = match problem_of(rated) {
        Some(problem) => Some(problem),
        None => match &state.breaches {
            Some(breaches) if breaches.contains(password.as_str()).await => Some(ValidationError::Breached),
            _ => None,
        },
    };
    problem.map_or(Ok(()), |problem| Err(AppError::invalid(Field::PASSWORD, problem)))
}

fn problem_of(rated: PasswordStrength) -> Option<ValidationError> {
    match rated.advice {
        _ if rated.score >= MIN_SCORE => None,
        Some(PasswordAdvice::Common) => Some(ValidationError::TooCommon),
        Some(PasswordAdvice::Personal) => Some(ValidationError::ContainsContext),
        _ => Some(ValidationError::TooGuessable),
    }
}
