//! What the rounds of one engine gave.

use crate::timing::{ASKERS, FLOWS, KINDS};

/// A quantity and what it is compared with, measured one after the other, once a round.
#[derive(Default)]
pub struct Pairs(Vec<(f64, f64)>);

impl Pairs {
    pub fn add(&mut self, one: f64, other: f64) {
        self.0.push((one, other));
    }

    /// The median of the rounds' own ratios: what disturbed a whole round disturbs no ratio.
    pub fn ratio(&self) -> f64 {
        median(self.0.iter().map(|(one, other)| one / other))
    }

    /// The median of the rounds' own differences, the second less the first.
    pub fn rise(&self) -> f64 {
        median(self.0.iter().map(|(one, other)| other - one))
    }

    /// The median of each side.
    pub fn sides(&self) -> (f64, f64) {
        (median(self.0.iter().map(|(one, _)| *one)), median(self.0.iter().map(|(_, other)| *other)))
    }
}

/// Median times in seconds: a list a size, a number a round.
#[derive(Default)]
pub struct Growth {
    pub log_in: [Vec<f64>; 3],
    pub refresh: [Vec<f64>; 3],
    pub page: [Vec<f64>; 3],
}

/// All of one engine.
pub struct Samples {
    pub engine: &'static str,
    /// Accounts of its databases.
    pub users: Vec<u64>,
    /// Guarded pages a second, and answers of the bare handler.
    pub bare: Pairs,
    /// Guarded pages a second, and unguarded ones.
    pub unguarded: Pairs,
    /// Log-ins a second, and hashes.
    pub log_ins: Pairs,
    /// Refreshes a second, and compare-and-swaps.
    pub refreshes: Pairs,
    /// p99 of the guarded page in a flood of log-ins, and at rest; seconds.
    pub p99: Pairs,
    /// Memory at rest, and the most in a flood; MB.
    pub memory: Pairs,
    /// Seconds from the start to the first page.
    pub start: Vec<f64>,
    pub growth: Growth,
    /// Seconds of failed log-ins, of each kind.
    pub failures: [Vec<f64>; KINDS.len()],
    /// Seconds of asking for a mail: for each flow, for an address with an account and for one without.
    pub mails: [[Vec<f64>; ASKERS.len()]; FLOWS.len()],
}

impl Samples {
    pub fn new(engine: &'static str, users: impl Iterator<Item = u64>) -> Self {
        Self {
            engine,
            users: users.collect(),
            bare: Pairs::default(),
            unguarded: Pairs::default(),
            log_ins: Pairs::default(),
            refreshes: Pairs::default(),
            p99: Pairs::default(),
            memory: Pairs::default(),
            start: Vec::new(),
            growth: Growth::default(),
            failures: Default::default(),
            mails: Default::default(),
        }
    }
}

/// The value in the middle; of an even number of them the upper one.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
