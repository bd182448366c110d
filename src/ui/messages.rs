//! The messages for every variant of `AppError` and `ValidationError`. Each says what happened, whether anything was
//! lost, and what to do next. Used by forms, toasts and error pages.

use super::time::{counted, lasting};
use crate::error::{AppError, Field, ValidationError};

/// Returns the message for a failed request: one to three sentences.
pub fn error_sentence(error: &AppError) -> String {
    match error {
        AppError::InvalidCredentials => "That email and password don't match.".into(),
        AppError::Unauthenticated => "Your session has ended. Log in to continue.".into(),
        AppError::Forbidden => "Your role doesn't have access to this. Nothing was changed.".into(),
        AppError::ReauthenticationNeeded => {
            "You logged in a while ago. Confirm access to continue. Nothing was changed.".into()
        }
        AppError::CodeExpired => {
            "That link or code has expired or was already used. Nothing was changed. Request a new one.".into()
        }
        AppError::CrossSite => {
            "This request didn't come from this site, so we blocked it. Reload the page and try again.".into()
        }
        AppError::OtherAccount => {
            "You loaded this page while logged in to another account. Nothing was changed. Reload it and try again.".into()
        }
        AppError::NotFound => "That no longer exists. Nothing was changed.".into(),
        AppError::LastAdmin => {
            "This is the only admin. Make someone else an admin first.".into()
        }
        AppError::LimitReached { max } => {
            format!("You already have {max}, which is the most. Nothing was added. Delete one first.")
        }
        AppError::TooLarge => "That's too much text for this form. Shorten it and try again.".into(),
        AppError::TooManyCookies => {
            "Your browser sent too many cookies. Delete this site's cookies in your browser's settings, then log in again. Nothing was changed."
                .into()
        }
        AppError::Invalid { .. } => "Check these fields and try again.".into(),
        AppError::Malformed => "The form arrived incomplete. Reload the page and try again.".into(),
        AppError::Throttled { retry_after } => {
            format!("Too many attempts. Try again in {}.", lasting(*retry_after))
        }
        AppError::Unavailable | AppError::Busy | AppError::Conflict => {
            "The server is busy right now. Nothing was changed. Try again in a moment.".into()
        }
        AppError::Internal => {
            "There was a problem on our side, and we logged it. Try again. If it keeps happening, contact the administrator of this site."
                .into()
        }
        AppError::Offline => "You're offline. Nothing was sent, and what you typed is still here.".into(),
    }
}

/// Returns the message of [`AppError::OtherAccount`], with the account that is logged in now.
pub fn signed_in_as(display_name: &str) -> String {
    format!(
        "You're now logged in as {display_name}, but you loaded this page while logged in to another account. Nothing was changed."
    )
}

/// Returns the title of a page or banner about `error`.
pub fn error_title(error: &AppError) -> &'static str {
    match error {
        AppError::InvalidCredentials => "Couldn't log you in",
        AppError::Unauthenticated => "You're logged out",
        AppError::Forbidden => "You don't have access to this page",
        AppError::ReauthenticationNeeded => "Confirm access",
        AppError::CodeExpired => "This link has expired",
        AppError::CrossSite => "Request blocked",
        AppError::OtherAccount => "You switched accounts",
        AppError::NotFound => "Page not found",
        AppError::LastAdmin => "One admin is required",
        AppError::LimitReached { .. } => "You have the most you can have",
        AppError::TooLarge => "Too much text",
        AppError::TooManyCookies => "Too many cookies",
        AppError::Invalid { .. } => "Check the form",
        AppError::Malformed => "The form arrived incomplete",
        AppError::Throttled { .. } => "Too many attempts",
        AppError::Unavailable | AppError::Busy | AppError::Conflict => "Server busy",
        AppError::Internal => "Something went wrong",
        AppError::Offline => "You're offline",
    }
}

/// Returns what is wrong with a field and how to fix it.
pub fn problem(field: &Field, problem: ValidationError) -> String {
    match (problem, field.name()) {
        (ValidationError::Missing, "email") => "Enter your email address.".into(),
        (ValidationError::Missing, "password") => "Enter a password.".into(),
        (ValidationError::Missing, "old_password") => "Enter your current password.".into(),
        (ValidationError::Missing, _) => format!("Enter the {}.", name(field)),
        (ValidationError::Malformed, "email") => "Enter an email address like name@example.com.".into(),
        (ValidationError::Malformed, "digits") => "Enter the six-digit code.".into(),
        (ValidationError::Malformed, _) => format!("This {} isn't valid.", name(field)),
        (ValidationError::TooShort { min }, _) => {
            format!("Use at least {}.", counted(min, "character"))
        }
        (ValidationError::TooLong { max }, _) => {
            format!("Use at most {}.", counted(max, "character"))
        }
        (ValidationError::Unprintable, _) => {
            "This contains invisible or control characters. Type it instead of pasting it.".into()
        }
        (ValidationError::Mismatch, "digits") => {
            "This isn't the code from our latest email. After too many tries, only the link works.".into()
        }
        (ValidationError::Mismatch, "email") => "This isn't your account's email address.".into(),
        (ValidationError::Mismatch, _) => "Incorrect password.".into(),
        (ValidationError::Unchanged, _) => "This is already your email address.".into(),
        (ValidationError::Taken, _) => "This email address can't be used for a new account. If it's yours, log in instead.".into(),
        (ValidationError::Undeliverable, _) => {
            "We can only send email to addresses with plain letters (a to z) before the @. Use another address."
                .into()
        }
        (ValidationError::TooCommon, _) => "This password is too common. Use a few unrelated words instead.".into(),
        (ValidationError::TooGuessable, _) => "This password is too easy to guess. Use a few unrelated words instead.".into(),
        (ValidationError::ContainsContext, _) => {
            "This password is too similar to your name, your email address or this site's name. Use a few unrelated words instead."
                .into()
        }
        (ValidationError::Breached, _) => {
            "This password appeared in a data breach. Choose one that you don't use anywhere else.".into()
        }
    }
}

/// Returns the name of a field for use in a sentence.
fn name(field: &Field) -> String {
    match field.name() {
        "user_id" => "account".into(),
        "old_password" => "current password".into(),
        "digits" => "six-digit code".into(),
        name => name.replace('_', " "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_error() -> Vec<AppError> {
        vec![
            AppError::InvalidCredentials,
            AppError::Unauthenticated,
            AppError::Forbidden,
            AppError::ReauthenticationNeeded,
            AppError::CodeExpired,
            AppError::CrossSite,
            AppError::OtherAccount,
            AppError::NotFound,
            AppError::LastAdmin,
            AppError::LimitReached { max: 100 },
            AppError::TooLarge,
            AppError::TooManyCookies,
            AppError::invalid(Field::EMAIL, ValidationError::Missing),
            AppError::Malformed,
            AppError::Throttled { retry_after: 90 },
            AppError::Unavailable,
            AppError::Busy,
            AppError::Conflict,
            AppError::Internal,
            AppError::Offline,
        ]
    }

    static FIELDS: [Field; 8] = [
        Field::EMAIL,
        Field::PASSWORD,
        Field::DISPLAY_NAME,
        Field::named("bio"),
        Field::USER_ID,
        Field::ROLE,
        Field::OLD_PASSWORD,
        Field::DIGITS,
    ];
    const PROBLEMS: [ValidationError; 12] = [
        ValidationError::Undeliverable,
        ValidationError::Missing,
        ValidationError::Malformed,
        ValidationError::TooShort { min: 12 },
        ValidationError::TooLong { max: 50 },
        ValidationError::Unprintable,
        ValidationError::Taken,
        ValidationError::Mismatch,
        ValidationError::TooCommon,
        ValidationError::TooGuessable,
        ValidationError::ContainsContext,
        ValidationError::Breached,
    ];
    fn every_sentence() -> Vec<String> {
        let problems = FIELDS.iter().flat_map(|field| PROBLEMS.map(|p| problem(field, p)));
        every_error().iter().map(error_sentence).chain(problems).collect()
    }

    #[test]
    fn every_sentence_ends_with_a_full_stop_and_starts_with_a_capital() {
        for sentence in every_sentence() {
            assert!(sentence.ends_with('.'), "{sentence}");
            assert!(sentence.starts_with(char::is_uppercase), "{sentence}");
        }
    }

    #[test]
    fn no_sentence_shouts_or_blames() {
        for sentence in every_sentence() {
            let lower = sentence.to_lowercase();
            for word in ["!", "oops", "invalid", "failed", "illegal", "your fault", "wrong", "must"] {
                assert!(!lower.contains(word), "{word:?} in {sentence:?}");
            }
        }
    }

    #[test]
    fn titles_have_no_full_stop_and_are_short() {
        for title in every_error().iter().map(error_title) {
            assert!(!title.ends_with('.') && title.len() <= 40, "{title}");
        }
    }

    #[test]
    fn a_failed_log_in_does_not_say_which_half_was_wrong() {
        assert_eq!(error_sentence(&AppError::InvalidCredentials), "That email and password don't match.");
    }

    #[test]
    fn a_throttled_request_says_how_long_to_wait() {
        assert!(error_sentence(&AppError::Throttled { retry_after: 90 }).ends_with("in 1 min 30 s."));
    }
}
