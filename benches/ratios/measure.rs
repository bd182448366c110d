//! The measurements of one round, each with its baseline right after it.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    Result, baseline,
    clients::{LogIns, Pages, Refreshes, Session},
    database::Database,
    load::{Client, Connection, Plan, drive},
    samples::Samples,
    server::{Server, free_address, settings},
};

/// Connections that request the guarded page, each signed in to a different account.
pub const PAGE_CONNECTIONS: u64 = 16;
/// Connections that log in or refresh, and clients of the compare-and-swap baseline.
const WRITERS: u64 = 8;
/// Connections in a flood of log-ins: as many as the hash queue has places.
const FLOOD: usize = 32;
/// Connections that request a page at a fixed rate during the flood.
const VISITORS: u64 = 4;

/// Durations and sizes.
#[derive(Clone, Copy)]
pub struct Times {
    pub warm_up: Duration,
    pub pages: Duration,
    pub log_ins: Duration,
    pub refreshes: Duration,
    pub flood: Duration,
    /// Per operation and size.
    pub growth: Duration,
    /// Failed log-ins per kind and round.
    pub failures: usize,
    /// Accounts of the three databases.
    pub users: [u64; 3],
    /// Time limit for filling one of them.
    pub filling: Duration,
    /// Sessions that `growth` spreads over a database: more than a window requests, so that none is requested again
    /// while it is still cached.
    pub spread: u64,
}

impl Times {
    pub fn full() -> Self {
        Self {
            warm_up: Duration::from_millis(500),
            pages: Duration::from_secs(3),
            log_ins: Duration::from_secs(5),
            refreshes: Duration::from_secs(3),
            flood: Duration::from_secs(6),
            growth: Duration::from_secs(1),
            failures: 170,
            users: [1_000, 100_000, 1_000_000],
            filling: Duration::from_secs(75),
            spread: 6_000,
        }
    }

    /// Runs every path of the program in about a minute. Its numbers mean nothing.
    pub fn quick() -> Self {
        let moment = Duration::from_millis(300);
        Self {
            warm_up: Duration::from_millis(100),
            pages: moment,
            log_ins: moment,
            refreshes: moment,
            flood: moment,
            growth: moment,
            failures: 4,
            users: [1_000, 2_000, 60_000],
            filling: Duration::from_secs(20),
            spread: 50,
        }
    }
}

/// What all measurements share.
pub struct Bench {
    pub folder: PathBuf,
    /// The release build of the server.
    pub program: PathBuf,
    pub secret: String,
    pub times: Times,
}

/// The clients of [`Bench::refreshes`], which keep their tokens from round to round.
pub async fn prepare_refreshes(database: &Database) -> Result<Vec<Refreshes>> {
    let sessions = database.sessions((0..WRITERS * baseline::ROWS).map(|number| number % database.users)).await?;
    Ok(sessions.chunks(usize::try_from(baseline::ROWS)?).map(Refreshes::new).collect())
}

impl Bench {
    /// The app itself.
    pub async fn app(&self, database: &Database) -> Result<Server> {
        let address = free_address()?;
        let environment = settings(&database.url, address, &self.secret);
        Server::start(&self.program, &[], environment, address, &self.folder).await
    }

    /// This program itself, run as a server baseline.
    async fn own(&self, arguments: &[&str], environment: Vec<(String, String)>, server: &str) -> Result<Server> {
        let program = std::env::current_exe()?;
        Server::start(&program, arguments, environment, server.parse()?, &self.folder).await
    }

    fn plan(&self, window: Duration) -> Plan {
        Plan { warm_up: self.times.warm_up, window, every: None }
    }

    /// G1 and G2: the guarded page, the same bytes from a bare handler, the same page unguarded.
    pub async fn pages(&self, database: &Database, sessions: &[Session], samples: &mut Samples) -> Result<()> {
        let clients: Vec<Pages> = sessions.chunks(1).map(Pages::guarded).collect();
        let plan = self.plan(self.times.pages);

        let app = self.app(database).await?;
        let page = page(&app, &clients).await?;
        let guarded = drive(app.address, clients.clone(), plan).await?.rate;
        drop(app);

        let file = self.folder.join("page.html");
        std::fs::write(&file, &page)?;
        let address = free_address()?.to_string();
        let bare = self.own(&["serve-bare", &address, text(&file)?], Vec::new(), &address).await?;
        samples.bare.add(guarded, drive(bare.address, clients.clone(), plan).await?.rate);
        drop(bare);

        let address = free_address()?;
        let environment = settings(&database.url, address, &self.secret);
        let arguments = ["serve-unguarded", text(&self.program)?, &sessions[0].access];
        let unguarded = self.own(&arguments, environment, &address.to_string()).await?;
        let length = self::page(&unguarded, &clients).await?.len();
        if length != page.len() {
            return Err(format!("the unguarded page has {length} bytes, the guarded one {}", page.len()).into());
        }
        samples.unguarded.add(guarded, drive(unguarded.address, clients, plan).await?.rate);
        Ok(())
    }

    /// G4: log-ins, and hashes alone.
    pub async fn log_ins(&self, database: &Database, samples: &mut Samples) -> Result<()> {
        let app = self.app(database).await?;
        let clients = vec![LogIns::new(database.users); usize::try_from(WRITERS)?];
        let log_ins = drive(app.address, clients, self.plan(self.times.log_ins)).await?.rate;
        drop(app);
        samples.log_ins.add(log_ins, baseline::hashes(self.times.log_ins).await?);
        Ok(())
    }

    /// G7: refreshes that rotate, and their compare-and-swap alone.
    pub async fn refreshes(
        &self,
        database: &Database,
        clients: &mut Vec<Refreshes>,
        samples: &mut Samples,
    ) -> Result<()> {
        let app = self.app(database).await?;
        let outcome = drive(app.address, std::mem::take(clients), self.plan(self.times.refreshes)).await?;
        *clients = outcome.clients;
        drop(app);
        let own = database.open().await?;
        let swaps = baseline::swaps(&own.db, WRITERS, self.times.refreshes).await?;
        own.db.close().await;
        samples.refreshes.add(outcome.rate, swaps);
        Ok(())
    }

    /// G10, G15, G16: a start, memory at rest, pages at rest and in a flood of log-ins, and memory afterwards.
    pub async fn flood(&self, database: &Database, sessions: &[Session], samples: &mut Samples) -> Result<()> {
        let app = self.app(database).await?;
        app.idle().await?;
        samples.start.push(app.started_in.as_secs_f64());
        let at_rest = app.memory()?;

        let visitors: Vec<Pages> = sessions.chunks(1).take(usize::try_from(VISITORS)?).map(Pages::guarded).collect();
        let paced = Plan { every: Some(Duration::from_millis(20)), ..self.plan(self.times.flood) };
        let rest = drive(app.address, visitors.clone(), paced).await?;
        let flood = vec![LogIns::flood(database.users); FLOOD];
        let (pages, _) = tokio::try_join!(
            drive(app.address, visitors, paced),
            drive(app.address, flood, self.plan(self.times.flood)),
        )?;
        samples.p99.add(pages.percentile(0.99), rest.percentile(0.99));
        samples.memory.add(at_rest, app.peak_memory()?);
        Ok(())
    }
}

/// Returns the body of the page, as the first of these clients sees it.
pub async fn page(server: &Server, clients: &[Pages]) -> Result<Vec<u8>> {
    let mut client = clients.first().cloned().ok_or("no clients")?;
    let mut connection = Connection::open(server.address).await?;
    let answer = connection.exchange(client.ask()).await?;
    client.check(&answer)?;
    Ok(answer.body.to_vec())
}

fn text(path: &Path) -> Result<&str> {
    Ok(path.to_str().ok_or("a path that is not UTF-8")?)
}
