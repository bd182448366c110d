//! The notices of the core: what the page after a form post says. Those of a feature are in its `api.rs`.

use crate::ui::flash::Notice;

pub const WELCOME: Notice = Notice::toast("Welcome. Your account is ready.");
pub const LOGGED_OUT: Notice = Notice::toast("You're logged out.");
/// All sessions of the account were ended, including this one.
pub const LOGGED_OUT_EVERYWHERE: Notice = Notice::toast("You're logged out, here and on every other device.");
/// The session expired or was revoked.
pub const SESSION_ENDED: Notice = Notice::banner("Your session has ended. Log in to continue where you left off.");
/// The session was ended because of refresh token reuse (RFC 9700, 4.14.2).
pub const SESSION_COPIED: Notice = Notice::banner(
    "We ended your session because a refresh token was reused: someone may have copied it. Log in to start a new session.",
);
/// The sessions ended because the account's role changed.
pub const ACCESS_CHANGED: Notice = Notice::banner("Your role has changed. Log in again to use it.");
pub const PASSWORD_CHANGED: Notice = Notice::toast("Your password has been changed. All other devices are logged out.");
/// The address was verified, and the password that was set before that was removed.
pub const PASSWORD_DROPPED: Notice = Notice::banner(
    "Your email address is verified. We removed the old password, because someone else could have chosen it. Set a new one.",
);
pub const EMAIL_VERIFIED: Notice = Notice::toast("Your email address is verified.");
pub const EMAIL_CHANGED: Notice = Notice::banner(
    "Your email address has been changed. If the old address was verified, we sent it a link that undoes this.",
);
/// The account has its previous address again.
pub const EMAIL_RESTORED: Notice =
    Notice::toast("Your email address has been restored and your password changed. All other devices are logged out.");
/// The undo link of a previous address was disabled.
pub const UNDO_LINK_ENDED: Notice =
    Notice::toast("That link no longer works. Your account keeps its current email address.");
