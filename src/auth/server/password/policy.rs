//! Whether a password may be taken as a new one: at sign-up, and wherever else one is chosen. No rules of composition
//! (ASVS 5.0, 6.2.5): what counts is how soon it would be guessed. Called by `account`, before the password is hashed.

use super::strength::For;
use crate::{
    auth::{
        model::{PasswordAdvice, PasswordStrength},
        server::users::credentials::NewPassword,
    },
    error::{AppError, Field, Problem},
    server::state::AppState,
};

/// The least score of zxcvbn, of 0 to 4: more than 10^6 guesses, its "somewhat guessable". The throttle lets through 1,440
/// a day for an account; for a stolen database argon2id makes each guess dear, and the meter asks for 3. Refusing 2 as
/// well would turn away what people can remember.
const LEAST_SCORE: u8 = 2;

/// Refuses a password that is guessed early, or that `context` (the account's name and address) mostly consists of, or
/// that is known from a breach. This site's own words count as context by themselves.
pub async fn check(state: &AppState, password: &NewPassword, context: &[&str]) -> Result<(), AppError> {
    let rated = state.ratings.rate(password.as_str(), context, For::Form).await?;
    let problem = match judge(rated) {
        Some(problem) => Some(problem),
        None => match &state.breaches {
            Some(breaches) if breaches.know(password.as_str()).await => Some(Problem::Breached),
            _ => None,
        },
    };
    problem.map_or(Ok(()), |problem| Err(AppError::invalid(Field::Password, problem)))
}

fn judge(rated: PasswordStrength) -> Option<Problem> {
    match rated.advice {
        _ if rated.score >= LEAST_SCORE => None,
        Some(PasswordAdvice::Common) => Some(Problem::TooCommon),
        Some(PasswordAdvice::Personal) => Some(Problem::ContainsContext),
        _ => Some(Problem::TooGuessable),
    }
}
