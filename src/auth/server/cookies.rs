//! The two auth cookies: names, attributes, set, clear. Read by `identify` only; written by it and by log-in and log-out.

use std::time::Duration;
use tower_cookies::{
    Cookie, Cookies,
    cookie::{SameSite, time},
};

use super::issue::Issued;

/// With https the `__Host-` prefix (RFC 6265bis): the browser itself then insists on Secure, on Path=/ and on no Domain,
/// so that no other host of the domain can plant one.
pub struct CookieNames {
    pub access: &'static str,
    pub refresh: &'static str,
    secure: bool,
}

impl CookieNames {
    pub fn new(https: bool) -> Self {
        match https {
            true => Self { access: "__Host-latchkey_access", refresh: "__Host-latchkey_refresh", secure: true },
            false => Self { access: "latchkey_access", refresh: "latchkey_refresh", secure: false },
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
