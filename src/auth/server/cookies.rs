//! The auth cookies: names, attributes, set, clear. The two with tokens are read by `identify` only, and written by it and
//! by log-in and log-out; the third ties the digits of a mail to the browser that asked for it.

use std::time::Duration;
use tower_cookies::{
    Cookie, Cookies,
    cookie::{SameSite, time},
};

use super::{codes::BrowserKey, issue::Issued};

/// As long as the code itself.
const ASKED_FOR: Duration = Duration::from_secs(20 * 60);

/// With https the `__Host-` prefix (RFC 6265bis): the browser itself then insists on Secure, on Path=/ and on no Domain,
/// so that no other host of the domain can plant one.
pub struct CookieNames {
    pub access: &'static str,
    pub refresh: &'static str,
    asked: &'static str,
    secure: bool,
}

impl CookieNames {
    pub fn new(https: bool) -> Self {
        match https {
            true => Self {
                access: "__Host-latchkey_access",
                refresh: "__Host-latchkey_refresh",
                asked: "__Host-latchkey_asked",
                secure: true,
            },
            false => {
                Self { access: "latchkey_access", refresh: "latchkey_refresh", asked: "latchkey_asked", secure: false }
            }
        }
    }

    /// Hands the tokens to the browser.
    pub fn set(&self, cookies: &Cookies, issued: Issued) {
        let (access, kept) = issued.access;
        cookies.add(self.cookie(self.access, access, kept));
        if let Some((refresh, kept)) = issued.refresh {
            cookies.add(self.cookie(self.refresh, refresh, kept));
        }
    }

    /// Tells the browser to forget both.
    pub fn clear(&self, cookies: &Cookies) {
        for name in [self.access, self.refresh] {
            cookies.add(self.cookie(name, String::new(), Duration::ZERO));
        }
    }

    /// Remembers which code this browser asked for.
    pub fn set_asked(&self, cookies: &Cookies, key: &BrowserKey) {
        cookies.add(self.cookie(self.asked, key.as_str().to_owned(), ASKED_FOR));
    }

    /// What [`set_asked`](Self::set_asked) remembered.
    pub fn asked(&self, cookies: &Cookies) -> Option<BrowserKey> {
        cookies.get(self.asked).map(|cookie| BrowserKey::from_cookie(cookie.value()))
    }

    fn cookie(&self, name: &'static str, value: String, kept: Duration) -> Cookie<'static> {
        let seconds = i64::try_from(kept.as_secs()).unwrap_or(i64::MAX);
        Cookie::build((name, value))
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(self.secure)
            .path("/")
            .max_age(time::Duration::seconds(seconds))
            .build()
    }
}
