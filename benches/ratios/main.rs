//! `make bench`: measures the app's costs as ratios to baselines that are built from the same dependencies and measured
//! in the same run. A full run writes them into docs/performance.md, which explains them.
//!
//! A run: `database` fills databases -> `measure` starts servers (`server`) one by one, sends requests (`clients`,
//! `load`) and runs `baseline`s in between -> `samples` stores the results -> `table` compares them with the goals.

mod baseline;
mod clients;
mod database;
mod download;
mod growth;
mod load;
mod measure;
mod samples;
mod server;
mod table;
mod timing;

use latchkey::server::{random, serve};
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use database::{Database, Engine, Scratch};
use download::Download;
use measure::{Bench, Times};
use samples::Samples;

// The app's own: see `main.rs` of the server.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Time limit of a run.
const LIMIT: Duration = Duration::from_secs(20 * 60);
const ROUNDS: usize = 3;

#[tokio::main]
async fn main() -> ExitCode {
    // cargo adds --bench.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        [] => measured(Times::full()).await.and_then(|block| table::write(&block)),
        ["--quick"] => measured(Times::quick()).await.map(drop),
        // The two servers that a run starts of this very program.
        ["serve-bare", address, page] => serve_bare(address, page).await,
        ["serve-unguarded", program, access] => baseline::serve_unguarded(Path::new(program), access).await,
        _ => Err("ratios knows --quick, and nothing else".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ratios: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve_bare(address: &str, page: &str) -> Result<()> {
    baseline::serve_bare(address.parse()?, Path::new(page)).await
}

/// Runs everything, and removes what it created, also after a failure. Prints and returns the
/// block of docs/performance.md.
async fn measured(times: Times) -> Result<String> {
    let program = std::env::var_os("LATCHKEY_BENCH_SERVER")
        .map(PathBuf::from)
        .ok_or("LATCHKEY_BENCH_SERVER names no release build of the server: run scripts/bench, which makes one")?;
    let mut scratch = Scratch::new()?;
    let stop = serve::stop_signal()?;
    let outcome = tokio::select! {
        outcome = both_engines(&mut scratch, program, times) => outcome,
        () = stop => Err("stopped".into()),
        () = tokio::time::sleep(LIMIT) => Err(format!("stopped after {} s", LIMIT.as_secs()).into()),
    };
    // What went wrong first is told first: a database server that died fails both.
    let removed = scratch.remove().await;
    let block = outcome?;
    println!("{block}");
    removed.map(|()| block)
}

async fn both_engines(scratch: &mut Scratch, program: PathBuf, times: Times) -> Result<String> {
    let secret = random::secret_text();
    let mut samples = Vec::new();
    for engine in [Engine::Sqlite, Engine::Postgres] {
        samples.push(one_engine(scratch, engine, &program, &secret, times).await?);
    }
    table::markdown(&samples)
}

async fn one_engine(
    scratch: &mut Scratch,
    engine: Engine,
    program: &Path,
    secret: &str,
    times: Times,
) -> Result<Samples> {
    let name = match engine {
        Engine::Sqlite => "SQLite",
        Engine::Postgres => "PostgreSQL",
    };
    let mut databases = Vec::new();
    for users in times.users {
        eprintln!("{name}: inserting {users} accounts");
        databases.push(Database::filled(scratch, engine, secret, users, times.filling).await?);
    }
    let bench = Bench { folder: scratch.folder.clone(), program: program.to_owned(), secret: secret.to_owned(), times };
    let small = &databases[0];
    let download = Download::measure(&bench.app(small).await?).await?;
    let mut samples = Samples::new(small.engine.clone(), databases.iter().map(|database| database.users), download);
    let mut growing = growth::prepare(&databases, times).await?;
    let mut refreshing = measure::prepare_refreshes(small).await?;
    let pages = small.sessions(0..measure::PAGE_CONNECTIONS).await?;
    for round in 1..=ROUNDS {
        eprintln!("{name}, round {round} of {ROUNDS}: pages");
        bench.pages(small, &pages, &mut samples).await?;
        eprintln!("{name}, round {round} of {ROUNDS}: log-ins and refreshes");
        bench.log_ins(small, &mut samples).await?;
        bench.refreshes(small, &mut refreshing, &mut samples).await?;
        eprintln!("{name}, round {round} of {ROUNDS}: start, memory, a flood of log-ins");
        bench.flood(small, &pages, &mut samples).await?;
        eprintln!("{name}, round {round} of {ROUNDS}: growth");
        growth::measure(&bench, &databases, &mut growing, &mut samples).await?;
        eprintln!("{name}, round {round} of {ROUNDS}: timing of failures");
        timing::measure(&bench, small, &mut samples).await?;
    }
    Ok(samples)
}
