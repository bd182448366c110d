//! `latchkey serve`: opens the database, serves until a stop signal, and waits for the requests in flight.

use super::{greeting, setup};
use crate::server::{
    config::{Config, ConfigError},
    http::assets::Assets,
    mail,
    ops::health,
    serve,
};

/// Runs the server until SIGTERM or Ctrl-C.
pub async fn start(config: Config) -> Result<(), Box<dyn std::error::Error>> {
    let address = config.leptos.site_addr;
    let state = setup::open(config).await?;
    if state.config.demo.seed {
        setup::seed_demo(&state).await?;
    }
    let assets = Assets::load(&state.leptos)?;
    let server = serve::start(state.clone(), assets, address).map_err(|error| {
        ConfigError(format!("Cannot listen on {address} ({error}): set LEPTOS_SITE_ADDR to a free address."))
    })?;
    if let Some(address) = state.config.server.metrics_addr {
        health::serve_metrics(state.clone(), address).map_err(|error| {
            ConfigError(format!(
                "Cannot listen on {address} ({error}): set LATCHKEY__SERVER__METRICS_ADDR to a free address."
            ))
        })?;
    }
    if !state.config.is_dev() && address.ip().is_loopback() && state.config.trusted_proxies.is_empty() {
        tracing::warn!(
            "behind a proxy on this machine all clients share one rate limit: set LATCHKEY__SERVER__TRUSTED_PROXIES=127.0.0.1"
        );
    }
    mail::warn_if_kept(&state);
    // Before the greeting, because its reader may stop the server at once.
    let stopped = serve::stop_signal()?;
    greeting::print(&state);
    stopped.await;
    tracing::info!("stopping: waiting for the requests in flight");
    server.stop().await?;
    tracing::info!("stopped");
    Ok(())
}
