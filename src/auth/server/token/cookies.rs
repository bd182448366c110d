//! The cookies: names, attributes, set, clear. Only `identify` reads the two token cookies; it, log-in and log-out
//! write them. `asked` ties the digits of a code to the browser that requested it, `device` marks a known browser. The
//! others belong to pages and forms (`server/http/flash.rs`).

use axum::http::{HeaderMap, HeaderValue, header};
use chrono::TimeDelta;
use std::time::Duration;
use tower_cookies::{
    Cookie, Cookies,
    cookie::{SameSite, time},
};

use super::browser_key::BrowserKey;
use crate::{auth::email_code::model::CODE_MINUTES, brand::SLUG};

/// As long as the code itself.
const PENDING_MAX_AGE: Duration = Duration::from_secs(CODE_MINUTES as u64 * 60);

/// How long a browser is known after its last log-in.
pub const KNOWN_FOR: TimeDelta = TimeDelta::days(180);

/// The prefix with https (RFC 6265bis): browsers then require Secure, Path=/ and no Domain, so that no other host of
/// the domain can set the cookie.
const PREFIX: &str = "__Host-";
/// The port of `make serve`, which is never part of the names.
const PLAIN_PORT: u16 = 3000;

/// The tokens to set, each with the lifetime of its cookie.
pub struct Issued {
    pub access: (String, Duration),
    /// `None` if the browser already has the current one.
    pub refresh: Option<(String, Duration)>,
    /// The value of the `device` cookie, after a log-in.
    pub device: Option<String>,
}

/// The names of the cookies, and the `Secure` attribute.
pub struct CookieNames {
    pub access: String,
    pub refresh: String,
    pub flash: String,
    pub draft: String,
    pub kept: String,
    asked: String,
    device: String,
    secure: bool,
}

impl CookieNames {
    /// Creates the names. `port` becomes part of them, because browsers send cookies to every port of a host.
    pub fn new(secure: bool, port: Option<u16>) -> Self {
        let port = port.filter(|port| *port != PLAIN_PORT);
        let prefix = if secure { PREFIX } else { "" };
        let suffix = port.map(|port| format!("_{port}")).unwrap_or_default();
        let name = |what: &str| format!("{prefix}{SLUG}_{what}{suffix}");
        Self {
            access: name("access"),
            refresh: name("refresh"),
            flash: name("flash"),
            draft: name("draft"),
            kept: name("kept"),
            asked: name("asked"),
            device: name("device"),
            secure,
        }
    }

    /// Sets the token cookies.
    pub fn set(&self, cookies: &Cookies, issued: Issued) {
        let (access, kept) = issued.access;
        cookies.add(self.cookie(&self.access, access, kept));
        if let Some((refresh, kept)) = issued.refresh {
            cookies.add(self.cookie(&self.refresh, refresh, kept));
        }
        if let Some(device) = issued.device {
            cookies.add(self.cookie(&self.device, device, KNOWN_FOR.to_std().unwrap_or_default()));
        }
    }

    /// Returns the value of the `device` cookie.
    pub fn device(&self, cookies: &Cookies) -> Option<String> {
        cookies.get(&self.device).map(|cookie| cookie.value().to_owned())
    }

    /// Clears both token cookies. Keeps the `device` cookie, so that the next log-in is still from a known browser.
    pub fn clear(&self, cookies: &Cookies) {
        for name in [&self.access, &self.refresh] {
            cookies.add(self.cookie(name, String::new(), Duration::ZERO));
        }
    }

    /// Clears all cookies of this site, including those without the https prefix. Reads none.
    pub fn forget_all(&self, response: &mut HeaderMap) {
        let tokens = [&self.access, &self.refresh, &self.device, &self.asked];
        let names = [&self.flash, &self.draft, &self.kept].into_iter().chain(tokens).map(String::as_str);
        for name in names.clone().chain(names.filter_map(|name| name.strip_prefix(PREFIX))) {
            let line = self.cookie(name, String::new(), Duration::ZERO).to_string();
            if let Ok(line) = HeaderValue::try_from(line) {
                response.append(header::SET_COOKIE, line);
            }
        }
    }

    /// Sets the cookie that ties a code to this browser.
    pub fn set_pending(&self, cookies: &Cookies, key: &BrowserKey) {
        cookies.add(self.cookie(&self.asked, key.as_str().to_owned(), PENDING_MAX_AGE));
    }

    /// Reads the cookie of [`set_pending`](Self::set_pending).
    pub fn pending(&self, cookies: &Cookies) -> Option<BrowserKey> {
        cookies.get(&self.asked).map(|cookie| BrowserKey::from_cookie(cookie.value()))
    }

    /// Creates a cookie with the attributes of all our cookies. [`Duration::ZERO`] clears it.
    pub fn cookie(&self, name: &str, value: String, kept: Duration) -> Cookie<'static> {
        let seconds = i64::try_from(kept.as_secs()).unwrap_or(i64::MAX);
        Cookie::build((name.to_owned(), value))
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(self.secure)
            .path("/")
            .max_age(time::Duration::seconds(seconds))
            .build()
    }
}
