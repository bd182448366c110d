//! The requests to the app: its guarded page, log-ins and refreshes, as a browser behind a TLS proxy sends them.

use latchkey::{auth::server::token::cookies::CookieNames, server::random};

use crate::{
    Result,
    load::{Answer, Client},
    server::PUBLIC_URL,
};

/// The password of every account with one.
pub const PASSWORD: &str = "tidal-copper-lantern";

/// A pair of tokens.
#[derive(Clone)]
pub struct Session {
    pub access: String,
    pub refresh: String,
}

/// Returns the address of account `number`. `kind` is one letter. All addresses have one length.
pub fn email(kind: char, number: u64) -> String {
    format!("{kind}{number:07}@bench.test")
}

fn get(path: &str, cookies: &str) -> Vec<u8> {
    let host = PUBLIC_URL.trim_start_matches("https://");
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: text/html\r\n{cookies}\r\n").into_bytes()
}

/// Writes a form post into `request`, reusing its buffer.
fn post(request: &mut Vec<u8>, path: &str, cookies: &str, body: &str) {
    let host = PUBLIC_URL.trim_start_matches("https://");
    request.clear();
    request.extend_from_slice(
        format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nOrigin: {PUBLIC_URL}\r\nAccept: application/json\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n{cookies}\r\n{body}",
            body.len()
        )
        .as_bytes(),
    );
}

/// Requests one page, as each of several sessions in turn.
#[derive(Clone)]
pub struct Pages {
    requests: Vec<Vec<u8>>,
    next: usize,
}

impl Pages {
    /// `/profile`, which only its owner can see.
    pub fn guarded(sessions: &[Session]) -> Self {
        let names = CookieNames::new(true, None);
        let request = |session: &Session| {
            let Session { access, refresh } = session;
            get("/profile", &format!("Cookie: {}={access}; {}={refresh}\r\n", names.access, names.refresh))
        };
        Self { requests: sessions.iter().map(request).collect(), next: 0 }
    }

    /// A page that everyone can see.
    pub fn open(path: &str) -> Self {
        Self { requests: vec![get(path, "")], next: 0 }
    }
}

impl Client for Pages {
    fn ask(&mut self) -> &[u8] {
        self.next = (self.next + 1) % self.requests.len();
        &self.requests[self.next]
    }

    fn check(&mut self, answer: &Answer<'_>) -> Result<()> {
        if answer.status != 200 {
            return Err(format!("a page was answered with {}", answer.describe()).into());
        }
        Ok(())
    }
}

/// Logs in as a different account each time and keeps no cookie, so each log-in creates a session.
#[derive(Clone)]
pub struct LogIns {
    users: u64,
    accepts_refusal: bool,
    request: Vec<u8>,
}

impl LogIns {
    /// Accounts below `users`. Every log-in must succeed.
    pub fn new(users: u64) -> Self {
        Self { users, accepts_refusal: false, request: Vec::new() }
    }

    /// More than the queue accepts: 503 is a valid answer too.
    pub fn flood(users: u64) -> Self {
        Self { accepts_refusal: true, ..Self::new(users) }
    }
}

impl Client for LogIns {
    fn ask(&mut self) -> &[u8] {
        log_in(&mut self.request, &email('u', random::below(self.users)), PASSWORD);
        &self.request
    }

    fn check(&mut self, answer: &Answer<'_>) -> Result<()> {
        match answer.status {
            200 => Ok(()),
            503 if self.accepts_refusal => Ok(()),
            _ => Err(format!("a log-in was answered with {}", answer.describe()).into()),
        }
    }
}

/// Writes a log-in into `request`.
pub fn log_in(request: &mut Vec<u8>, email: &str, password: &str) {
    let email = email.replace('@', "%40");
    post(request, "/api/auth/log_in", "", &format!("email={email}&password={password}"));
}

/// Writes a request for a mail into `request`: the server function's name and its other fields.
pub fn ask_for_mail(request: &mut Vec<u8>, function: &str, email: &str, rest: &str) {
    post(request, &format!("/api/auth/{function}"), "", &format!("email={}{rest}", email.replace('@', "%40")));
}

/// Refreshes several sessions in turn with the refresh cookie alone, as a browser does after its access cookie has
/// expired.
#[derive(Clone)]
pub struct Refreshes {
    /// The current refresh token of each session.
    current: Vec<String>,
    next: usize,
    cookie: String,
    request: Vec<u8>,
}

impl Refreshes {
    pub fn new(sessions: &[Session]) -> Self {
        let current = sessions.iter().map(|session| session.refresh.clone()).collect();
        Self { current, next: 0, cookie: CookieNames::new(true, None).refresh, request: Vec::new() }
    }
}

impl Client for Refreshes {
    fn ask(&mut self) -> &[u8] {
        self.next = (self.next + 1) % self.current.len();
        let cookies = format!("Cookie: {}={}\r\n", self.cookie, self.current[self.next]);
        post(&mut self.request, "/api/auth/refresh", &cookies, "");
        &self.request
    }

    fn check(&mut self, answer: &Answer<'_>) -> Result<()> {
        let old = &mut self.current[self.next];
        match answer.cookie(&self.cookie) {
            Some(new) if answer.status == 200 && new != *old => {
                *old = new.to_owned();
                Ok(())
            }
            _ => Err(format!("a refresh did not rotate: {}", answer.describe()).into()),
        }
    }
}
