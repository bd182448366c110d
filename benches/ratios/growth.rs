//! Measures whether an operation takes longer with more accounts: one connection, one request at a time, over accounts
//! from all parts of the database.

use latchkey::server::random;

use crate::{
    Result,
    clients::{LogIns, Pages, Refreshes},
    database::Database,
    load::{Client, Plan, drive},
    measure::{Bench, Times},
    samples::Samples,
    server::Server,
};

/// The clients of one database, kept from round to round.
pub struct Visitors {
    log_ins: LogIns,
    refreshes: Refreshes,
    pages: Pages,
}

pub async fn prepare(databases: &[Database], times: Times) -> Result<Vec<Visitors>> {
    let mut all = Vec::new();
    for database in databases {
        let anywhere = || (0..times.spread).map(|_| random::below(database.users));
        all.push(Visitors {
            log_ins: LogIns::new(database.users),
            refreshes: Refreshes::new(&database.sessions(anywhere()).await?),
            pages: Pages::guarded(&database.sessions(anywhere()).await?),
        });
    }
    Ok(all)
}

/// Adds one median time of each operation at each size.
pub async fn measure(
    bench: &Bench,
    databases: &[Database],
    visitors: &mut [Visitors],
    samples: &mut Samples,
) -> Result<()> {
    for (size, (database, who)) in databases.iter().zip(visitors).enumerate() {
        let app = bench.app(database).await?;
        samples.growth.log_in[size].push(median(bench, &app, &mut who.log_ins).await?);
        samples.growth.refresh[size].push(median(bench, &app, &mut who.refreshes).await?);
        samples.growth.page[size].push(median(bench, &app, &mut who.pages).await?);
    }
    Ok(())
}

/// Returns the median latency in seconds. Keeps the client's state.
async fn median<C: Client + Clone>(bench: &Bench, app: &Server, client: &mut C) -> Result<f64> {
    let plan = Plan { warm_up: bench.times.warm_up, window: bench.times.growth, every: None };
    let mut outcome = drive(app.address, vec![client.clone()], plan).await?;
    *client = outcome.clients.pop().ok_or("a client was lost")?;
    Ok(outcome.percentile(0.5))
}
