//! The baselines, built from the same dependencies: a bare handler, the app without `identify`, a loop of hashes, a
//! loop of compare-and-swap statements.

use argon2::{Algorithm, Argon2, Params, PasswordHasher, Version};
use axum::{Extension, Router, http::header};
use latchkey::{
    auth::server::password::hash_queue,
    server::{
        config,
        config::Config,
        db::Db,
        http::{assets::Assets, connections::Limits, router},
        ops::logging,
        serve,
        state::AppState,
    },
};
use std::{
    fs,
    net::{SocketAddr, TcpListener},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::task::JoinSet;
use tower_cookies::CookieManagerLayer;

use crate::{
    Result,
    clients::PASSWORD,
    database::{caller, inserted_session, on_db},
};

/// Sessions that each client of [`swaps`] uses in turn.
pub const ROWS: u64 = 16;

/// Serves the bytes of `page` under every path until the process is stopped.
pub async fn serve_bare(address: SocketAddr, page: &Path) -> Result<()> {
    let page = axum::body::Bytes::from(fs::read(page)?);
    let routes =
        Router::new().fallback(async move || ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], page.clone()));
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    axum_server::from_tcp(listener)?
        .acceptor(axum_server::accept::NoDelayAcceptor::new())
        .serve(routes.into_make_service())
        .await?;
    Ok(())
}

/// Serves the app with a constant caller instead of `identify`, until the process is stopped. `program` is the app's
/// own binary; the hashes of its assets lie beside it.
pub async fn serve_unguarded(program: &Path, access: &str) -> Result<()> {
    let config = Config::load(Path::new("Leptos.toml"))?;
    logging::init(config.server.log_format);
    let (address, secret) = (config.leptos.site_addr, config.auth.secret.clone().ok_or("no secret")?);
    let db = Db::open(&config.database).await?;
    let state = AppState::new(config, db, &secret)?;
    let caller = caller(&state, access).await?;
    let pages = router::pages_and_functions(&state, assets(&state, program)?)
        .layer((CookieManagerLayer::new(), Extension(caller)));
    let limits = Limits::of_process(&state.config);
    let server = serve::start_with(router::around(pages, state.clone()), state, address, limits)?;
    serve::stop_signal()?.await;
    Ok(server.stop().await?)
}

fn assets(state: &AppState, program: &Path) -> Result<Assets> {
    let hashes = fs::read_to_string(program.with_file_name(&*state.leptos.hash_file))?;
    let path = |kind| -> Result<String> {
        let hash = hashes.lines().find_map(|line| line.strip_prefix(kind)?.strip_prefix(':')).ok_or("no such hash")?;
        Ok(format!("/{}/{}.{}.{kind}", state.leptos.site_pkg_dir, state.leptos.output_name, hash.trim()))
    };
    Ok(Assets { css: path("css")?, js: path("js")?, wasm: path("wasm")? })
}

/// Returns password hashes per second, with the app's default parameters and as many threads as it has permits.
pub async fn hashes(window: Duration) -> Result<f64> {
    let auth = config::Auth::default();
    let params = Params::new(auth.argon2_memory_kib, auth.argon2_passes, auth.argon2_lanes, None)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let done = Arc::new(AtomicUsize::new(0));
    let begin = Instant::now();
    let mut threads = JoinSet::new();
    for _ in 0..hash_queue::permits() {
        let (argon2, done) = (argon2.clone(), done.clone());
        threads.spawn_blocking(move || {
            loop {
                let hashed = argon2.hash_password(PASSWORD.as_bytes());
                if begin.elapsed() >= window || hashed.is_err() {
                    return hashed.map(|_| ());
                }
                done.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    while let Some(thread) = threads.join_next().await {
        thread?.map_err(|error| format!("argon2: {error}"))?;
    }
    Ok(done.load(Ordering::Relaxed) as f64 / window.as_secs_f64())
}

/// Returns compare-and-swap transactions per second of `clients` at once, on the app's own pool.
pub async fn swaps(db: &Db, clients: u64, window: Duration) -> Result<f64> {
    let begin = Instant::now();
    let mut tasks = JoinSet::new();
    for client in 0..clients {
        tasks.spawn(swap(db.clone(), client * ROWS, begin + window));
    }
    let mut done = 0;
    while let Some(task) = tasks.join_next().await {
        done += task??;
    }
    Ok(done as f64 / window.as_secs_f64())
}

async fn swap(db: Db, first: u64, end: Instant) -> Result<usize> {
    let mut rows = Vec::new();
    for number in first..first + ROWS {
        let id_hash = inserted_session(number);
        let generation: i64 = on_db!(&db, |c| {
            sqlx::query_scalar("select generation from sessions where id_hash = $1")
                .bind(id_hash.as_slice())
                .fetch_one(c)
                .await?
        });
        rows.push((id_hash, generation));
    }
    let mut done = 0;
    loop {
        let at = done % rows.len();
        let (id_hash, generation) = &mut rows[at];
        let changed = on_db!(&db, |c| {
            sqlx::query("update sessions set generation = generation + 1 where id_hash = $1 and generation = $2")
                .bind(id_hash.as_slice())
                .bind(*generation)
                .execute(c)
                .await?
                .rows_affected()
        });
        if changed != 1 {
            return Err("a compare-and-swap that nobody disturbs found another generation".into());
        }
        if Instant::now() >= end {
            return Ok(done);
        }
        *generation += 1;
        done += 1;
    }
}
