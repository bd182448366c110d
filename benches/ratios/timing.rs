//! Measures whether the time of a failed log-in, or of requesting a mail, reveals the kind of account.

use latchkey::server::random;
use std::time::Instant;

use crate::{
    Result,
    clients::{PASSWORD, ask_for_mail, email, log_in},
    database::{DISABLED, Database, WITHOUT_PASSWORD},
    load::Connection,
    measure::Bench,
    samples::Samples,
};

/// Accounts tried per kind.
const NAMES: u64 = 50;
/// The kinds: letter and first number of their addresses, and the typed password. The others are compared with the
/// first. No account's address begins with x.
pub const KINDS: [(char, u64, &str); 4] = [
    ('u', 0, "tidal-copper-lanterN"),
    ('x', 0, "tidal-copper-lanterN"),
    ('p', WITHOUT_PASSWORD, "tidal-copper-lanterN"),
    // The right password: what an owner types who does not know yet.
    ('d', DISABLED, PASSWORD),
];

/// The flows that begin with a mail: their names, server functions and additional fields.
pub const FLOWS: [(&str, &str, &str); 3] = [
    ("requesting a password reset", "forgot_password", ""),
    ("requesting a log-in link", "send_magic_link", ""),
    ("signing up with a mail", "sign_up", "&password=violet-anchor-seventeen&display_name=Somebody"),
];

/// The two addresses: one with an account, one without.
pub const ASKERS: [char; 2] = ['u', 'x'];

/// Adds failures of each kind, one request at a time, in random order.
pub async fn measure(bench: &Bench, database: &Database, samples: &mut Samples) -> Result<()> {
    let app = bench.app(database).await?;
    let mut connection = Connection::open(app.address).await?;
    let mut request = Vec::new();
    for _ in 0..bench.times.failures {
        for kind in shuffled::<{ KINDS.len() }>() {
            let (letter, first, password) = KINDS[kind];
            log_in(&mut request, &email(letter, first + random::below(NAMES)), password);
            let asked = Instant::now();
            let answer = connection.exchange(&request).await?;
            let time = asked.elapsed();
            if answer.status != 401 {
                return Err(format!("a log-in that should fail was answered with {}", answer.describe()).into());
            }
            samples.failures[kind].push(time.as_secs_f64());
        }
        for case in shuffled::<{ FLOWS.len() * ASKERS.len() }>() {
            let (flow, who) = (case / ASKERS.len(), case % ASKERS.len());
            let (_, function, rest) = FLOWS[flow];
            ask_for_mail(&mut request, function, &email(ASKERS[who], random::below(NAMES)), rest);
            let asked = Instant::now();
            let answer = connection.exchange(&request).await?;
            let time = asked.elapsed();
            if answer.status != 200 {
                return Err(format!("a request for a mail was answered with {}", answer.describe()).into());
            }
            samples.mails[flow][who].push(time.as_secs_f64());
        }
    }
    Ok(())
}

fn shuffled<const N: usize>() -> [usize; N] {
    let mut order = std::array::from_fn(|at| at);
    for at in (1..order.len()).rev() {
        // Below 7: it fits.
        order.swap(at, random::below(at as u64 + 1) as usize);
    }
    order
}

/// Returns the area under the ROC curve: the probability that one of `these` took longer than one of `those`. At 0.5
/// they can't be told apart.
pub fn area(these: &[f64], those: &[f64]) -> f64 {
    let wins = |this: &f64| -> f64 {
        those
            .iter()
            .map(|that| {
                if this > that {
                    1.0
                } else if this == that {
                    0.5
                } else {
                    0.0
                }
            })
            .sum()
    };
    these.iter().map(wins).sum::<f64>() / (these.len() * those.len()) as f64
}
