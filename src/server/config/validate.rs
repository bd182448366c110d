//! Validates the configuration. Each error is a sentence that says what to change.

use axum::http::Uri;
use std::{net::IpAddr, time::Duration};
use zxcvbn::zxcvbn;

use super::settings::{Config, ConfigError, File, SignUp};
use crate::server::{csrf::Origin, proxies::TrustedProxies};

impl File {
    /// Validates all sections. The error is one sentence that says what to change.
    pub fn validate(self) -> Result<Config, ConfigError> {
        let refuse = |sentence: &str| Err(ConfigError(sentence.into()));
        let dev = match self.leptos.env.as_str() {
            "DEV" => true,
            "PROD" => false,
            _ => return refuse("LEPTOS_ENV must be DEV or PROD."),
        };
        if dev && !self.leptos.site_addr.ip().is_loopback() && !self.server.dev_beyond_loopback {
            return refuse(
                "LEPTOS_SITE_ADDR must be a loopback address in DEV, such as 127.0.0.1:3000, because DEV shows all mails to anyone who reaches the server: set LEPTOS_ENV=PROD, or LATCHKEY__SERVER__DEV_BEYOND_LOOPBACK=true on a network that you trust.",
            );
        }
        let public_url = self.server.public_url.clone().unwrap_or_else(|| {
            let addr = self.leptos.site_addr;
            match addr.ip().is_unspecified() {
                true => format!("http://127.0.0.1:{}", addr.port()),
                false => format!("http://{addr}"),
            }
        });
        let Some(public_origin) = Origin::parse(&public_url) else {
            return refuse(
                "server.public_url must be a scheme and a host with an optional port, without a path, in ASCII (write an international name as xn--): for example https://example.com.",
            );
        };
        if !dev && !public_origin.is_https() {
            return refuse(
                "server.public_url must begin with https:// in PROD, to protect the cookies: set LATCHKEY__SERVER__PUBLIC_URL=https://your.domain.",
            );
        }
        let trusted_proxies = TrustedProxies::parse(&self.server.trusted_proxies).map_err(|bad| {
            ConfigError(format!(
                "server.trusted_proxies contains '{bad}', which is not a private network: list addresses with a prefix length, such as [\"10.0.0.0/8\"]."
            ))
        })?;
        if !dev && self.demo.seed {
            return refuse("demo.seed creates accounts with a public password: it cannot be set in PROD.");
        }
        match &self.auth.secret {
            None if !dev => {
                return refuse(
                    "auth.secret is not set: generate one with 'openssl rand -hex 32' and set it as LATCHKEY__AUTH__SECRET.",
                );
            }
            Some(secret) if weak(secret, dev) => {
                return refuse(
                    "auth.secret is weak: it needs at least 32 random characters. Generate one with 'openssl rand -hex 32' and set it as LATCHKEY__AUTH__SECRET.",
                );
            }
            _ => {}
        }
        if self.auth.previous_secrets.iter().any(|secret| weak(secret, dev)) {
            return refuse("auth.previous_secrets contains a weak secret: remove it from the list.");
        }
        let a = &self.auth;
        let second = Duration::from_secs(1);
        if a.access_ttl < second || a.access_ttl > Duration::from_secs(60 * 60) {
            return refuse("auth.access_ttl must be from 1s to 1h.");
        }
        if a.refresh_ttl <= a.access_ttl || a.idle_ttl <= a.access_ttl || a.idle_ttl > a.refresh_ttl {
            return refuse("auth.idle_ttl must be longer than auth.access_ttl and no longer than auth.refresh_ttl.");
        }
        if a.refresh_ttl > Duration::from_secs(400 * 24 * 60 * 60) {
            return refuse("auth.refresh_ttl must be at most 400d: browsers keep no cookie longer.");
        }
        if !(8..=128).contains(&a.password_min_length) {
            return refuse("auth.password_min_length must be from 8 to 128.");
        }
        if a.breach_check_url.as_deref().is_some_and(|url| !may_be_asked(url, dev)) {
            return refuse(
                "auth.breach_check_url must begin with https://, or with http:// and a loopback address, and must not have a query: for example https://api.pwnedpasswords.com/range.",
            );
        }
        if a.argon2_memory_kib < 19_456 || a.argon2_passes < 2 || a.argon2_lanes < 1 {
            return refuse("auth.argon2_* is below OWASP's minimum: set at least 19456 KiB, 2 passes and 1 lane.");
        }
        if a.argon2_memory_kib > 1024 * 1024 || a.argon2_passes > 100 || a.argon2_lanes > 16 {
            return refuse("auth.argon2_* is too high: set at most 1 GiB, 100 passes and 16 lanes.");
        }
        let (minute, hour) = (Duration::from_secs(60), Duration::from_secs(60 * 60));
        if a.sudo_ttl < Duration::from_secs(5) || a.sudo_ttl > 24 * hour {
            return refuse("auth.sudo_ttl must be from 5s (enough to submit a form) to 24h.");
        }
        if a.rotation_min_age > hour {
            return refuse("auth.rotation_min_age must be at most 1h: a token that rarely rotates hides its copies.");
        }
        if a.reuse_leeway > 5 * minute {
            return refuse(
                "auth.reuse_leeway must be at most 5m: within it a stolen token looks like a parallel request.",
            );
        }
        if self.server.shutdown_deadline > hour {
            return refuse("server.shutdown_deadline must be at most 1h.");
        }
        let t = &self.throttle;
        let all = [t.client_per_minute, t.account_per_five_minutes, t.mails_per_hour, t.ratings_per_minute];
        if all.contains(&0) {
            return refuse("throttle.* must be at least 1: 0 would reject every attempt.");
        }
        if self.database.max_connections == 0 {
            return refuse("database.max_connections must be at least 1.");
        }
        if self.database.max_connections == 1 && !self.database.url.starts_with("sqlite:") {
            return refuse(
                "database.max_connections must be at least 2 with PostgreSQL: one connection only listens for notifications.",
            );
        }
        if self.database.url.contains(":memory:") || self.database.url.contains("mode=memory") {
            return refuse("DATABASE_URL must name a file: an SQLite database in memory is lost with its connection.");
        }
        if !(self.database.url.starts_with("sqlite:")
            || self.database.url.starts_with("postgres://")
            || self.database.url.starts_with("postgresql://"))
        {
            return refuse("DATABASE_URL must begin with sqlite: or postgres://.");
        }
        let mail = self.mail.validate(dev)?;
        if !mail.enabled && self.auth.sign_up == Some(SignUp::Verified) {
            return refuse(
                "auth.sign_up = \"verified\" needs mail, and mail.enabled is false: set LATCHKEY__AUTH__SIGN_UP=open, or enable mail.",
            );
        }
        Ok(Config {
            server: self.server,
            database: self.database,
            auth: self.auth,
            throttle: self.throttle,
            demo: self.demo,
            leptos: self.leptos,
            mail,
            public_origin,
            trusted_proxies,
        })
    }
}

/// Whether the breach service's URL is acceptable: https, or http to this machine. DEV accepts any http URL.
fn may_be_asked(url: &str, dev: bool) -> bool {
    let Ok(url) = url.parse::<Uri>() else {
        return false;
    };
    let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
    let here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    let fits = match url.scheme_str() {
        Some("https") => true,
        Some("http") => here || dev,
        _ => false,
    };
    fits && !host.is_empty() && url.query().is_none()
}

/// Whether a secret is too short or, in PROD, not random: repeats, sequences or words.
fn weak(secret: &str, dev: bool) -> bool {
    let length = secret.chars().count();
    if length < 32 || dev {
        return length < 32;
    }
    // zxcvbn is quadratic in the length, and 64 characters are enough to show randomness.
    let beginning: String = secret.chars().take(64).collect();
    zxcvbn(&beginning, &[]).guesses_log10() < LEAST_GUESSES_LOG10
        || secret.chars().any(char::is_whitespace)
        || letters_of_words(secret) * 2 >= length
}

/// zxcvbn counts up to 2^64, about 10^19.3. Random text reaches that.
const LEAST_GUESSES_LOG10: f64 = 19.0;
/// Minimum letters of a word.
const WORD: usize = 4;

/// Counts the characters that are part of words: runs of letters, capital only at the start, that zxcvbn guesses far
/// sooner than by brute force.
fn letters_of_words(text: &str) -> usize {
    let (mut total, mut run) = (0, String::new());
    for c in text.chars().chain(['0']) {
        if c.is_lowercase() {
            run.push(c);
            continue;
        }
        let length = run.chars().count();
        if length >= WORD && zxcvbn(&run, &[]).guesses_log10() * 4.0 < length as f64 * 3.0 {
            total += length;
        }
        run = if c.is_uppercase() { c.to_string() } else { String::new() };
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::random;

    #[test]
    fn a_secret_that_is_not_random_is_weak_in_production() {
        for text in [
            "at least 32 random characters; DEV makes its own in data/dev-secret",
            "abcdefghabcdefghabcdefghabcdefgh",
            "01234567890123456789012345678901",
            "0123456789abcdef0123456789abcdef",
            "change-me-please-this-is-a-secret",
            "ChangeMePleaseThisIsMySecretKey1",
            "a b c d e f g h                 ",
            "super-secret-production-key-0123456789",
            "correct-horse-battery-staple-and-more",
            "it-0123456789-abcdefghijklmnopqrstuvwxyz",
            "0000000000000000000000000000000000000000000000000000000000000000",
            "qwertyuiopasdfghjklzxcvbnm1234567890",
            "Q83vEjRWeJCrze8SNFZ4kKvN7xI0V",
        ] {
            assert!(weak(text, false), "{text}");
        }
        assert!(!weak("it-0123456789-abcdefghijklmnopqrstuvwxyz", true), "a developer may");
    }

    #[test]
    fn what_the_sentence_tells_people_to_make_is_strong() {
        for _ in 0..100 {
            let bytes: [u8; 32] = random::bytes();
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            let half: String = hex.chars().take(32).collect();
            for text in [hex, half, random::secret_text()] {
                assert!(!weak(&text, false), "{text}");
            }
        }
    }
}
