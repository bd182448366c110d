//! The measurements of one engine.

use crate::{
    download::Download,
    timing::{ASKERS, FLOWS, KINDS},
};

/// A quantity and its baseline, measured one after the other in each round.
#[derive(Default)]
pub struct Pairs(Vec<(f64, f64)>);

impl Pairs {
    pub fn add(&mut self, one: f64, other: f64) {
        self.0.push((one, other));
    }

    /// Returns the median of the ratios of each round. A disturbance of a whole round affects both sides.
    pub fn ratio(&self) -> f64 {
        median(self.0.iter().map(|(one, other)| one / other))
    }

    /// Returns the median of the differences of each round, second minus first.
    pub fn rise(&self) -> f64 {
        median(self.0.iter().map(|(one, other)| other - one))
    }

    /// Returns the median of each side.
    pub fn sides(&self) -> (f64, f64) {
        (median(self.0.iter().map(|(one, _)| *one)), median(self.0.iter().map(|(_, other)| *other)))
    }
}

/// Median times in seconds: a list per size, a number per round.
#[derive(Default)]
pub struct Growth {
    pub log_in: [Vec<f64>; 3],
    pub refresh: [Vec<f64>; 3],
    pub page: [Vec<f64>; 3],
}

/// All measurements of one engine.
pub struct Samples {
    /// Name and version.
    pub engine: String,
    pub download: Download,
    /// Accounts of its databases.
    pub users: Vec<u64>,
    /// Guarded pages per second, and responses of the bare handler.
    pub bare: Pairs,
    /// Guarded pages per second, and unguarded ones.
    pub unguarded: Pairs,
    /// Log-ins per second, and hashes.
    pub log_ins: Pairs,
    /// Refreshes per second, and compare-and-swaps.
    pub refreshes: Pairs,
    /// p99 of the guarded page in a flood of log-ins, and at rest, in seconds.
    pub p99: Pairs,
    /// Memory at rest and its peak in a flood, in MB.
    pub memory: Pairs,
    /// Seconds from the start to the first page.
    pub start: Vec<f64>,
    pub growth: Growth,
    /// Seconds of failed log-ins, per kind.
    pub failures: [Vec<f64>; KINDS.len()],
    /// Seconds of requesting a mail: per flow, for an address with an account and for one without.
    pub mails: [[Vec<f64>; ASKERS.len()]; FLOWS.len()],
}

impl Samples {
    pub fn new(engine: String, users: impl Iterator<Item = u64>, download: Download) -> Self {
        Self {
            engine,
            download,
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

/// Returns the median; of an even number of values the upper one.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
