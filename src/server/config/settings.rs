//! The settings of `Leptos.toml`, overridden by the environment, parsed and validated before anything starts. Read by
//! `main`, held by `AppState`.

use leptos::config::{Env, LeptosOptions};
use serde::Deserialize;
use std::{fmt, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use crate::{
    brand::{ENV_PREFIX, NAME},
    server::{csrf::Origin, proxies::TrustedProxies},
};

pub use super::error::ConfigError;
pub use super::mail::Mail;

/// A valid configuration. Created by [`Config::load`] or [`Config::parse`] only.
#[derive(Clone, Debug)]
pub struct Config {
    pub server: Server,
    pub database: Database,
    pub auth: Auth,
    pub throttle: Throttle,
    pub demo: Demo,
    pub leptos: Leptos,
    /// `[mail]`, parsed.
    pub mail: Mail,
    /// `server.public_url`, or the site address if that is not set.
    pub public_origin: Origin,
    /// `server.trusted_proxies`, parsed.
    pub trusted_proxies: TrustedProxies,
}

/// The section `[server]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    pub public_url: Option<String>,
    pub trusted_proxies: Vec<String>,
    pub metrics_addr: Option<SocketAddr>,
    /// Whether DEV, which shows all mails, may listen on addresses that other machines reach.
    pub dev_beyond_loopback: bool,
    #[serde(deserialize_with = "duration")]
    pub shutdown_deadline: Duration,
    pub log_format: LogFormat,
}

/// The format of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    Text,
    Json,
}

/// The section `[database]`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    pub url: String,
    pub max_connections: u32,
}

/// The section `[auth]`. `Leptos.toml` explains each key.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Auth {
    pub secret: Option<String>,
    pub previous_secrets: Vec<String>,
    #[serde(deserialize_with = "duration")]
    pub access_ttl: Duration,
    #[serde(deserialize_with = "duration")]
    pub refresh_ttl: Duration,
    #[serde(deserialize_with = "duration")]
    pub idle_ttl: Duration,
    #[serde(deserialize_with = "duration")]
    pub rotation_min_age: Duration,
    #[serde(deserialize_with = "duration")]
    pub reuse_leeway: Duration,
    pub port_in_cookies: bool,
    pub password_min_length: u32,
    pub breach_check_url: Option<String>,
    /// What sign-up does. Unset: see [`Config::verifies_sign_ups`].
    pub sign_up: Option<SignUp>,
    pub log_in_after_reset: bool,
    #[serde(deserialize_with = "duration")]
    pub sudo_ttl: Duration,
    pub argon2_memory_kib: u32,
    pub argon2_passes: u32,
    pub argon2_lanes: u32,
}

/// What sign-up does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignUp {
    /// Creates the account and signs it in at once.
    Open,
    /// Creates the account once its email address is verified.
    Verified,
}

/// The section `[throttle]`: rate limits.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Throttle {
    pub client_per_minute: u32,
    pub account_per_five_minutes: u32,
    pub mails_per_hour: u32,
    pub ratings_per_minute: u32,
}

/// The section `[demo]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Demo {
    pub seed: bool,
}

/// The Leptos options, under Leptos' own names.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Leptos {
    pub output_name: String,
    pub site_root: String,
    pub site_pkg_dir: String,
    pub site_addr: SocketAddr,
    pub reload_port: u32,
    pub env: String,
    pub hash_files: bool,
    pub hash_file_name: String,
}

// Both contain secrets, which a logged configuration must not show.
impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth").finish_non_exhaustive()
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").finish_non_exhaustive()
    }
}

/// The sections as written in the file.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    pub(super) server: Server,
    pub(super) database: Database,
    pub(super) auth: Auth,
    pub(super) throttle: Throttle,
    pub(super) mail: super::mail::Section,
    pub(super) demo: Demo,
    pub(super) leptos: Leptos,
}

/// Keys whose value is a list. A single value without brackets is a list of one.
const LISTS: [&str; 2] = ["previous_secrets", "trusted_proxies"];
/// Keys whose value is always text, even if it looks like a number.
const TEXTS: [&str; 3] = ["secret", "smtp_username", "smtp_password"];

impl Config {
    /// Reads `path` and the process's environment.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|e| {
            ConfigError(format!(
                "{} cannot be read ({e}): start {NAME} in its folder, or give its path with --config.",
                path.display()
            ))
        })?;
        Self::parse(&text, std::env::vars())
    }

    /// Parses `text` as TOML and applies `env` over it.
    pub fn parse(text: &str, env: impl IntoIterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        let mut table: toml::Table = toml::from_str(text).map_err(|e| {
            ConfigError(format!("Leptos.toml is not valid TOML: {}.", e.message().trim_end_matches('.')))
        })?;
        for (name, value) in env {
            // Compose files set an unset variable to the empty string.
            if value.is_empty() {
                continue;
            }
            if let Some((section, key)) = setting(&name)? {
                let old = table.entry(section).or_insert_with(|| toml::Table::new().into());
                if let Some(section) = old.as_table_mut() {
                    let value = match key.as_str() {
                        text if TEXTS.contains(&text) => value.into(),
                        list if LISTS.contains(&list) && !value.starts_with('[') => vec![value].into(),
                        "site_addr" => value.replacen("localhost:", "127.0.0.1:", 1).into(),
                        _ => typed(value),
                    };
                    section.insert(key, value);
                }
            }
        }
        let file: File = table.try_into().map_err(|e: toml::de::Error| {
            ConfigError(format!(
                "The configuration is invalid: {}. Correct it in Leptos.toml or in the environment (LATCHKEY__SECTION__KEY).",
                without_value(e.to_string().trim().trim_end_matches('.').replace('\n', " "))
            ))
        })?;
        file.validate()
    }

    /// Whether sign-up verifies the email address first: the value of `auth.sign_up`, or by default `true` in PROD with
    /// mail.
    pub fn verifies_sign_ups(&self) -> bool {
        self.auth.sign_up.map_or(!self.is_dev() && self.mail.enabled, |sign_up| sign_up == SignUp::Verified)
    }

    /// Whether this is DEV, which allows demo accounts, plain HTTP and a generated secret.
    pub fn is_dev(&self) -> bool {
        self.leptos.env == "DEV"
    }

    /// Returns the options for Leptos.
    pub fn leptos_options(&self) -> LeptosOptions {
        LeptosOptions::builder()
            .output_name(self.leptos.output_name.clone())
            .site_root(self.leptos.site_root.clone())
            .site_pkg_dir(self.leptos.site_pkg_dir.clone())
            .site_addr(self.leptos.site_addr)
            .reload_port(self.leptos.reload_port)
            .env(if self.is_dev() { Env::DEV } else { Env::PROD })
            .hash_files(self.leptos.hash_files)
            .hash_file(Arc::from(self.leptos.hash_file_name.as_str()))
            .build()
    }
}

/// Removes the value from serde's error message, because it may be a secret.
fn without_value(message: String) -> String {
    match (
        message.split_once("invalid type: ").or(message.split_once("invalid value: ")),
        message.rsplit_once(", expected "),
    ) {
        (Some((before, _)), Some((_, expected))) => format!("{before}expected {expected}"),
        _ => message,
    }
}

/// Returns the section and key that an environment variable sets, or `None` if it is not ours.
fn setting(name: &str) -> Result<Option<(String, String)>, ConfigError> {
    let known = match name {
        "DATABASE_URL" => Some(("database", "url")),
        "LEPTOS_ENV" => Some(("leptos", "env")),
        "LEPTOS_SITE_ADDR" => Some(("leptos", "site_addr")),
        "LEPTOS_SITE_ROOT" => Some(("leptos", "site_root")),
        "LEPTOS_HASH_FILES" => Some(("leptos", "hash_files")),
        "LEPTOS_RELOAD_PORT" => Some(("leptos", "reload_port")),
        _ => None,
    };
    if let Some((section, key)) = known {
        return Ok(Some((section.into(), key.into())));
    }
    let Some(rest) = name.strip_prefix(ENV_PREFIX) else {
        return Ok(None);
    };
    match rest.to_ascii_lowercase().split_once("__") {
        Some((section, key)) => Ok(Some((section.into(), key.into()))),
        None => Err(ConfigError(format!(
            "{name} is not a setting: write LATCHKEY__SECTION__KEY, as in LATCHKEY__AUTH__ACCESS_TTL."
        ))),
    }
}

/// Parses an environment value as the TOML type that it looks like.
fn typed(value: String) -> toml::Value {
    if let Ok(number) = value.parse::<i64>() {
        return number.into();
    }
    match value.as_str() {
        "true" => true.into(),
        "false" => false.into(),
        _ if value.starts_with('[') => match toml::from_str::<toml::Table>(&format!("v = {value}")) {
            Ok(mut table) => table.remove("v").unwrap_or_else(|| value.into()),
            Err(_) => value.into(),
        },
        _ => value.into(),
    }
}

fn duration<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    humantime::parse_duration(&text)
        .map_err(|_| serde::de::Error::custom(format!("'{text}' is not a duration such as 30s, 5m or 30d")))
}
