//! The defaults of the settings.

use std::{net::SocketAddr, time::Duration};

use super::settings::{Auth, Database, Leptos, LogFormat, Server, Throttle};
use crate::brand::SLUG;

impl Default for Server {
    fn default() -> Self {
        Self {
            public_url: None,
            trusted_proxies: Vec::new(),
            metrics_addr: None,
            dev_beyond_loopback: false,
            shutdown_deadline: Duration::from_secs(20),
            log_format: LogFormat::Text,
        }
    }
}

impl Default for Database {
    fn default() -> Self {
        Self { url: format!("sqlite:data/{SLUG}.db"), max_connections: 10 }
    }
}

impl Default for Auth {
    fn default() -> Self {
        const DAY: u64 = 24 * 60 * 60;
        Self {
            secret: None,
            previous_secrets: Vec::new(),
            access_ttl: Duration::from_secs(5 * 60),
            refresh_ttl: Duration::from_secs(30 * DAY),
            idle_ttl: Duration::from_secs(14 * DAY),
            rotation_min_age: Duration::from_secs(10),
            reuse_leeway: Duration::from_secs(10),
            port_in_cookies: false,
            password_min_length: crate::auth::model::PASSWORD_MIN_LENGTH,
            breach_check_url: None,
            sign_up: None,
            log_in_after_reset: true,
            sudo_ttl: Duration::from_secs(15 * 60),
            argon2_memory_kib: 19_456,
            argon2_passes: 2,
            argon2_lanes: 1,
        }
    }
}

impl Default for Throttle {
    fn default() -> Self {
        Self { client_per_minute: 10, account_per_five_minutes: 5, mails_per_hour: 5, ratings_per_minute: 120 }
    }
}

impl Default for Leptos {
    fn default() -> Self {
        Self {
            output_name: SLUG.into(),
            site_root: "target/site".into(),
            site_pkg_dir: "pkg".into(),
            site_addr: SocketAddr::from(([127, 0, 0, 1], 3000)),
            reload_port: 3001,
            env: "PROD".into(),
            hash_files: true,
            hash_file_name: "hash.txt".into(),
        }
    }
}
