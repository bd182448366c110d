//! The sentences of the interface for every closed variant of `AppError`, `Problem` and `Notice`. Plain, short, no
//! blame: they say what happened, whether anything was lost, and what to do. Used by forms, toasts and error pages.

use super::flash::Notice;
use super::time::{counted, lasting};
use crate::error::{AppError, Field, Problem};

/// What a failed request tells the user, in one or two sentences.
pub fn error_sentence(error: &AppError) -> String {
    match error {
        AppError::InvalidCredentials => "That email and password don't match.".into(),
        AppError::Unauthenticated => "Your session has ended. Log in to go on.".into(),
        AppError::Forbidden => "Your role doesn't include this. Nothing was changed.".into(),
        AppError::ReauthenticationNeeded => {
            "It's been a while since you logged in. Confirm that it's you, then go on; nothing was changed.".into()
        }
        AppError::CodeExpired => {
            "That link or code has been used, or its time is over. Nothing was changed; ask for a new one.".into()
        }
        AppError::CrossSite => {
            "This request didn't come from a page of this site, so it was set aside. Reload and try again.".into()
        }
        AppError::OtherAccount => {
            "Another account is signed in now than the one that this page was made for. Nothing was changed.".into()
        }
        AppError::NotFound => "That isn't here any more. Nothing was changed.".into(),
        AppError::LastAdmin => {
            "This is the last admin. Make somebody else an admin first, then change this role.".into()
        }
        AppError::TooLarge => "That is more text than this form can take. Shorten it and try again.".into(),
        AppError::TooManyCookies => {
            "Your browser sends more cookies than this site reads. Delete the cookies of this site in your browser's settings, then log in again. Nothing was changed."
                .into()
        }
        AppError::Invalid { .. } => "Some fields need another look.".into(),
        AppError::Malformed => "The form arrived incomplete. Reload the page and try again.".into(),
        AppError::Throttled { retry_after } => {
            format!("That was a lot of attempts in a short time. Try again in {}.", lasting(*retry_after))
        }
        AppError::Unavailable | AppError::Busy | AppError::Conflict => {
            "The server is busy right now. Nothing was changed; try again in a moment.".into()
        }
        AppError::Internal => {
            "Something broke on our side, and it's in our log. Try again; if it stays, tell whoever runs this site."
                .into()
        }
        AppError::Offline => "You're offline. Nothing was sent, and what you typed is still here.".into(),
    }
}

/// The same for a form whose page was made for another account than the one that is signed in now.
pub fn signed_in_as(display_name: &str) -> String {
    format!("You are signed in as {display_name} now, and this page was made for another account. Nothing was changed.")
}

/// The title of a page or a note about that error.
pub fn error_title(error: &AppError) -> &'static str {
    match error {
        AppError::InvalidCredentials => "No match",
        AppError::Unauthenticated => "You're logged out",
        AppError::Forbidden => "This page is for other roles",
        AppError::ReauthenticationNeeded => "Is it still you?",
        AppError::CodeExpired => "This link is spent",
        AppError::CrossSite => "Not from this site",
        AppError::OtherAccount => "Another account is signed in",
        AppError::NotFound => "There's no page here",
        AppError::LastAdmin => "The last admin stays",
        AppError::TooLarge => "Too much at once",
        AppError::TooManyCookies => "Too many cookies",
        AppError::Invalid { .. } => "A few things to look at",
        AppError::Malformed => "The form arrived incomplete",
        AppError::Throttled { .. } => "A short pause",
        AppError::Unavailable | AppError::Busy | AppError::Conflict => "Busy for a moment",
        AppError::Internal => "Something broke on our side",
        AppError::Offline => "You're offline",
    }
}

/// What is wrong with a field, and what would be right.
pub fn problem(field: Field, problem: Problem) -> String {
    match (problem, field) {
        (Problem::Missing, Field::Email) => "Enter your email address.".into(),
        (Problem::Missing, Field::Password) => "Enter a password.".into(),
        (Problem::Missing, Field::OldPassword) => "Enter your current password.".into(),
        (Problem::Missing, _) => format!("Fill in the {}.", name(field)),
        (Problem::Malformed, Field::Email) => "An email address looks like name@example.com.".into(),
        (Problem::Malformed, Field::Digits) => "The code has six digits.".into(),
        (Problem::Malformed, _) => format!("This {} can't be used.", name(field)),
        (Problem::TooShort { min }, _) => {
            format!("Use at least {}.", counted(min, "character"))
        }
        (Problem::TooLong { max }, _) => {
            format!("Use {} at most.", counted(max, "character"))
        }
        (Problem::Unprintable, _) => {
            "This holds invisible or control characters. Type it instead of pasting it.".into()
        }
        (Problem::Mismatch, Field::Digits) => {
            "These aren't the digits of the newest mail. After five tries only its link works.".into()
        }
        (Problem::Mismatch, Field::Email) => "This isn't the address of your account.".into(),
        (Problem::Mismatch, _) => "This isn't your password.".into(),
        (Problem::Unchanged, _) => "Your account uses this address already.".into(),
        (Problem::Taken, _) => "This address can't be used for a new account. If it's yours, log in instead.".into(),
        (Problem::Undeliverable, _) => {
            "Mail from this site reaches only addresses with plain letters (a to z) before the @. Use another one."
                .into()
        }
        (Problem::TooCommon, _) => "Many people use this one. A few unrelated words make a better one.".into(),
        (Problem::TooGuessable, _) => "This one is soon guessed. A few unrelated words make a better one.".into(),
        (Problem::ContainsContext, _) => {
            "This one leans on your name, your address or this site. Choose words that have nothing to do with them."
                .into()
        }
        (Problem::Breached, _) => {
            "This one became public when another site was broken into. Choose one that you use nowhere else.".into()
        }
    }
}

/// What was done.
pub fn notice(notice: Notice) -> &'static str {
    match notice {
        Notice::LoggedOut => "You're logged out.",
        Notice::SessionEnded => "Your session has ended. Log in to go on where you were.",
        Notice::SessionCopied => {
            "An old token of this session was used again, so somebody may hold a copy. The session was ended for everybody who held it; log in to begin a new one."
        }
        Notice::AccessChanged => "Your role has changed. Log in again to use it.",
        Notice::ProfileSaved => "Profile saved.",
        Notice::DeviceLoggedOut => "That device is logged out.",
        Notice::OthersLoggedOut => "All other devices are logged out.",
        Notice::LoggedOutEverywhere => "You're logged out, here and on every other device.",
        Notice::RoleChanged => "Role changed. It counts from that account's next request.",
        Notice::PasswordChanged => "Your password is changed. Every other device is logged out.",
        Notice::PasswordDropped => {
            "Your address is verified. The password from before that is gone, since anybody could have chosen it; set your own."
        }
        Notice::EmailVerified => "Your address is verified.",
        Notice::EmailChanged => {
            "Your address is changed. If the old one was verified, it was told, and can take this back for 7 days."
        }
        Notice::EmailRestored => "Your address is back. The password is new, and every other device is logged out.",
        Notice::WayBackRenewed => "The old link no longer works. We mailed a new one to that address.",
        Notice::WayBackEnded => "That link no longer works. Your account stays where it is.",
        Notice::Leaving => {
            "Your account will be erased in 14 days. To stop that, log in before then and press Keep my account."
        }
        Notice::Kept => "Your account stays.",
        Notice::DraftKept => "What you typed is back in the form. It isn't saved yet.",
        Notice::CookiesBlocked => {
            "Your browser did not keep this site's cookie, and without it nobody stays logged in. Allow cookies for this site, then try again."
        }
        Notice::Welcome => "Welcome. Your account is ready.",
        Notice::ReplayTolerated => {
            "That was within 10 s of the last rotation, so it counted as a tab of yours. Wait a little, then try again."
        }
    }
}

/// A field's name inside a sentence.
pub fn name(field: Field) -> &'static str {
    match field {
        Field::Email => "email",
        Field::Password => "password",
        Field::DisplayName => "display name",
        Field::Bio => "bio",
        Field::UserId => "account",
        Field::Role => "role",
        Field::OldPassword => "current password",
        Field::Digits => "six digits",
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
            AppError::TooLarge,
            AppError::TooManyCookies,
            AppError::invalid(Field::Email, Problem::Missing),
            AppError::Malformed,
            AppError::Throttled { retry_after: 90 },
            AppError::Unavailable,
            AppError::Busy,
            AppError::Conflict,
            AppError::Internal,
            AppError::Offline,
        ]
    }

    const FIELDS: [Field; 8] = [
        Field::Email,
        Field::Password,
        Field::DisplayName,
        Field::Bio,
        Field::UserId,
        Field::Role,
        Field::OldPassword,
        Field::Digits,
    ];
    const PROBLEMS: [Problem; 12] = [
        Problem::Undeliverable,
        Problem::Missing,
        Problem::Malformed,
        Problem::TooShort { min: 12 },
        Problem::TooLong { max: 50 },
        Problem::Unprintable,
        Problem::Taken,
        Problem::Mismatch,
        Problem::TooCommon,
        Problem::TooGuessable,
        Problem::ContainsContext,
        Problem::Breached,
    ];
    const NOTICES: [Notice; 22] = [
        Notice::LoggedOut,
        Notice::SessionEnded,
        Notice::SessionCopied,
        Notice::AccessChanged,
        Notice::ProfileSaved,
        Notice::DeviceLoggedOut,
        Notice::OthersLoggedOut,
        Notice::LoggedOutEverywhere,
        Notice::RoleChanged,
        Notice::PasswordChanged,
        Notice::PasswordDropped,
        Notice::EmailVerified,
        Notice::EmailChanged,
        Notice::EmailRestored,
        Notice::WayBackRenewed,
        Notice::WayBackEnded,
        Notice::Leaving,
        Notice::Kept,
        Notice::DraftKept,
        Notice::CookiesBlocked,
        Notice::Welcome,
        Notice::ReplayTolerated,
    ];

    fn every_sentence() -> Vec<String> {
        let problems = FIELDS.iter().flat_map(|field| PROBLEMS.iter().map(|p| problem(*field, *p)));
        let notices = NOTICES.iter().map(|n| notice(*n).to_owned());
        every_error().iter().map(error_sentence).chain(problems).chain(notices).collect()
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
    fn a_log_in_that_does_not_match_says_nothing_about_which_half() {
        assert_eq!(error_sentence(&AppError::InvalidCredentials), "That email and password don't match.");
    }

    #[test]
    fn a_pause_says_how_long() {
        assert!(error_sentence(&AppError::Throttled { retry_after: 90 }).ends_with("in 1 min 30 s."));
    }
}
