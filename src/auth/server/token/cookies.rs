//! The cookies: names, attributes, set, clear. The two with tokens are read by `identify` only, and written by it and by
//! log-in and log-out. `asked` ties the digits of a mail to the browser that asked for it, and `device` is that of a known
//! browser. The others belong to pages and forms (`server/http/flash.rs`).

use axum::http::{HeaderMap, HeaderValue, header};
use chrono::TimeDelta;
use std::time::Duration;
use tower_cookies::{
    Cookie, Cookies,
    cookie::{SameSite, time},
};

use super::browser_key::BrowserKey;
use crate::brand::SLUG;

/// As long as the code itself.
const ASKED_FOR: Duration = Duration::from_secs(20 * 60);

/// How long after its last log-in a browser is known.
pub const KNOWN_FOR: TimeDelta = TimeDelta::days(180);

/// With https (RFC 6265bis): the browser itself then insists on Secure, on Path=/ and on no Domain, so that no other host
/// of the domain can plant one.
const PREFIX: &str = "__Host-";
/// Port of a site whose cookies have the names of the documentation, whatever is set: that of `make serve`.
const PLAIN_PORT: u16 = 3000;

/// Tokens to hand to the browser, each with the time that its cookie is kept.
pub struct Issued {
    pub access: (String, Duration),
    /// `None`: the browser has the current one.
    pub refresh: Option<(String, Duration)>,
    /// What makes the browser known, after a log-in.
    pub device: Option<String>,
}

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
    /// `port`: the one that is to be in the names, since browsers send cookies to every port of a host.
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

    /// Hands the tokens to the browser.
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

    /// By which the browser may show that it is known.
    pub fn device(&self, cookies: &Cookies) -> Option<String> {
        cookies.get(&self.device).map(|cookie| cookie.value().to_owned())
    }

    /// Tells the browser to forget both tokens. It stays known: a log-out is not the end of typing errors.
    pub fn clear(&self, cookies: &Cookies) {
        for name in [&self.access, &self.refresh] {
            cookies.add(self.cookie(name, String::new(), Duration::ZERO));
        }
    }

    /// Tells the browser to forget all cookies of this site, also those from before it had https. Reads none.
    pub fn forget_all(&self, answer: &mut HeaderMap) {
        let tokens = [&self.access, &self.refresh, &self.device, &self.asked];
        let ours = [&self.flash, &self.draft, &self.kept].into_iter().chain(tokens).map(String::as_str);
        for name in ours.clone().chain(ours.filter_map(|name| name.strip_prefix(PREFIX))) {
            let line = self.cookie(name, String::new(), Duration::ZERO).to_string();
            if let Ok(line) = HeaderValue::try_from(line) {
                answer.append(header::SET_COOKIE, line);
            }
        }
    }

    /// Remembers which code this browser asked for.
    pub fn set_asked(&self, cookies: &Cookies, key: &BrowserKey) {
        cookies.add(self.cookie(&self.asked, key.as_str().to_owned(), ASKED_FOR));
    }

    /// What [`set_asked`](Self::set_asked) remembered.
    pub fn asked(&self, cookies: &Cookies) -> Option<BrowserKey> {
        cookies.get(&self.asked).map(|cookie| BrowserKey::from_cookie(cookie.value()))
    }

    /// A cookie as all of ours are; with [`Duration::ZERO`] its end.
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
