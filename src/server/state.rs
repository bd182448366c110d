//! The application state: everything that requests share, created once. Cheap to clone.

use axum::extract::FromRef;
use leptos::config::LeptosOptions;
use std::{ops::Deref, sync::Arc};
use tokio::sync::watch;

use super::{config::Config, db::Db, export::Exporter, mail::Mail};
use crate::{
    auth::server::{
        password::{breach::Breaches, hasher::Passwords, strength::Ratings},
        session::{cache::SessionCache, streams::Streams},
        token::{cookies::CookieNames, key_ring::KeyRing},
    },
    features,
};

/// The application's state.
#[derive(Clone)]
pub struct AppState(Arc<Inner>);

/// The fields of [`AppState`].
pub struct Inner {
    pub config: Config,
    pub db: Db,
    pub keys: KeyRing,
    pub passwords: Passwords,
    /// `None`: the breach check is off.
    pub breaches: Option<Breaches>,
    pub ratings: Ratings,
    pub streams: Streams,
    pub session_cache: SessionCache,
    pub cookie_names: CookieNames,
    pub leptos: LeptosOptions,
    pub mail: Mail,
    /// What the features add to the data export of an account.
    pub exports: &'static [Exporter],
    /// `true` once the server is stopping: `/readyz` then answers 503, and event streams end.
    pub draining: watch::Sender<bool>,
}

impl AppState {
    /// Creates the state. `secret`: the signing secret, either configured or generated in DEV.
    pub fn new(config: Config, db: Db, secret: &str) -> Result<Self, argon2::Error> {
        let mut secrets = vec![secret];
        secrets.extend(config.auth.previous_secrets.iter().map(String::as_str));
        let port = config.public_origin.port().filter(|_| config.auth.port_in_cookies);
        let keys = KeyRing::new(config.public_origin.to_string(), &secrets);
        Ok(Self(Arc::new(Inner {
            mail: Mail::new(&config.mail, keys.one_time_kid()),
            exports: features::EXPORTS,
            keys,
            passwords: Passwords::new(&config.auth)?,
            breaches: config.auth.breach_check_url.as_deref().map(Breaches::new),
            ratings: Ratings::new(config.public_origin.host()),
            streams: Streams::default(),
            session_cache: SessionCache::default(),
            cookie_names: CookieNames::new(config.public_origin.is_https(), port),
            leptos: config.leptos_options(),
            draining: watch::Sender::new(false),
            db,
            config,
        })))
    }
}

impl Deref for AppState {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.leptos.clone()
    }
}
