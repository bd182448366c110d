//! Compares the measurements with the project's floors and goals, as the block of docs/performance.md.

use latchkey::auth::server::password::hash_queue;
use std::{fmt::Write, fs};

use crate::{
    Result,
    samples::{Samples, median},
    timing::{FLOWS, area},
};

/// The baseline of G15: memory at rest in MB and time to the first response in seconds of better-auth on Node, measured
/// once on two cores.
const NODE: (f64, f64) = (98.0, 0.55);
/// The baseline of G11: KB of the wasm of leptos-rs/start-axum's release build, compressed with brotli, measured once.
const STARTER: f64 = 94.0;
/// MB of one running argon2 hash: 19 MiB.
const HASH: f64 = 19.0 * 1.048_576;

/// The floor and goal of a value. For `Within` they are equal.
enum Bound {
    AtLeast { floor: f64, goal: f64 },
    AtMost { floor: f64, goal: f64 },
    Within { from: f64, to: f64 },
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    BelowFloor,
    MeetsFloor,
    MeetsGoal,
}

impl Bound {
    fn judge(&self, value: f64) -> Verdict {
        let (floor, goal) = match *self {
            Self::AtLeast { floor, goal } => (value >= floor, value >= goal),
            Self::AtMost { floor, goal } => (value <= floor, value <= goal),
            Self::Within { from, to } => {
                let within = (from..=to).contains(&value);
                (within, within)
            }
        };
        match (floor, goal) {
            (_, true) => Verdict::MeetsGoal,
            (true, false) => Verdict::MeetsFloor,
            (false, false) => Verdict::BelowFloor,
        }
    }

    /// Formats floor and goal.
    fn texts(&self) -> (String, String) {
        match *self {
            Self::AtLeast { floor, goal } => (format!("≥ {floor:.2}"), format!("≥ {goal:.2}")),
            Self::AtMost { floor, goal } => (format!("≤ {floor:.2}"), format!("≤ {goal:.2}")),
            Self::Within { from, to } => {
                let text = format!("{from:.2} to {to:.2}");
                (text.clone(), text)
            }
        }
    }
}

impl Verdict {
    fn text(self) -> &'static str {
        match self {
            Self::BelowFloor => "below floor",
            Self::MeetsFloor => "meets floor",
            Self::MeetsGoal => "meets goal",
        }
    }
}

/// A measured value and its details.
struct Cell {
    value: f64,
    of: String,
}

struct Row {
    number: &'static str,
    ratio: &'static str,
    bound: Bound,
    cell: fn(&Samples) -> Cell,
}

fn rows() -> Vec<Row> {
    let at_least = |floor, goal| Bound::AtLeast { floor, goal };
    let at_most = |floor, goal| Bound::AtMost { floor, goal };
    let row = |number, ratio, bound, cell| Row { number, ratio, bound, cell };
    let hashes = hash_queue::permits() as f64 * HASH;
    let grows = || at_most(1.5, 1.5);
    vec![
        row("G1", "guarded page / bare handler with the same bytes, a second", at_least(0.07, 0.20), |s| {
            rates(s.bare.ratio(), s.bare.sides())
        }),
        row("G2", "guarded page / the same page unguarded, a second", at_least(0.85, 0.95), |s| {
            rates(s.unguarded.ratio(), s.unguarded.sides())
        }),
        row("G4", "log-ins / argon2 hashes, a second", at_least(0.85, 0.95), |s| {
            rates(s.log_ins.ratio(), s.log_ins.sides())
        }),
        row("G7", "refreshes / compare-and-swap transactions, a second", at_least(0.3, 0.6), |s| {
            rates(s.refreshes.ratio(), s.refreshes.sides())
        }),
        row("G10", "p99 of the guarded page, in a flood of log-ins / at rest", at_most(8.0, 3.0), |s| {
            let (flood, rest) = s.p99.sides();
            Cell { value: s.p99.ratio(), of: format!("{:.1} / {:.1} ms", flood * 1e3, rest * 1e3) }
        }),
        row("G11", "first download of wasm, brotli / 94 KB", at_most(1.6, 1.25), |s| Cell {
            value: s.download.wasm / STARTER,
            of: format!("{:.0} KB", s.download.wasm),
        }),
        row("G15", "memory at rest / 98 MB", at_most(0.4, 0.15), |s| {
            let (rest, _) = s.memory.sides();
            Cell { value: rest / NODE.0, of: format!("{rest:.1} MB") }
        }),
        row("G15", "start to the first page / 0.55 s", at_most(0.4, 0.15), |s| {
            let start = median(s.start.iter().copied());
            Cell { value: start / NODE.1, of: format!("{:.0} ms", start * 1e3) }
        }),
        row("G16", "peak memory in a flood of log-ins, MB above rest", at_most(40.0 + hashes, 20.0 + hashes), |s| {
            let (rest, peak) = s.memory.sides();
            Cell { value: s.memory.rise(), of: format!("{rest:.1} to {peak:.1} MB") }
        }),
        row("growth", "log-in: time with the most accounts / with the fewest", grows(), |s| grown(s, &s.growth.log_in)),
        row("growth", "refresh: the same", grows(), |s| grown(s, &s.growth.refresh)),
        row("growth", "guarded page: the same", grows(), |s| grown(s, &s.growth.page)),
        row("timing", "failed log-in, no such account: area under the ROC curve", timing(), |s| told_apart(s, 1)),
        row("timing", "the same, an account without a password", timing(), |s| told_apart(s, 2)),
        row("timing", "the same, a disabled account with its right password", timing(), |s| told_apart(s, 3)),
        row("timing", FLOWS[0].0, timing(), |s| asked_apart(s, 0)),
        row("timing", FLOWS[1].0, timing(), |s| asked_apart(s, 1)),
        row("timing", FLOWS[2].0, timing(), |s| asked_apart(s, 2)),
    ]
}

fn timing() -> Bound {
    Bound::Within { from: 0.45, to: 0.55 }
}

fn rates(value: f64, (one, other): (f64, f64)) -> Cell {
    Cell { value, of: format!("{one:.0} / {other:.0}") }
}

fn grown(samples: &Samples, times: &[Vec<f64>; 3]) -> Cell {
    let ratio = median(times[2].iter().zip(&times[0]).map(|(large, small)| large / small));
    let each = samples.users.iter().zip(times);
    let each = each.map(|(users, times)| format!("{users}: {:.2} ms", median(times.iter().copied()) * 1e3));
    Cell { value: ratio, of: each.collect::<Vec<_>>().join(", ") }
}

fn told_apart(samples: &Samples, kind: usize) -> Cell {
    let failures = &samples.failures[kind];
    Cell { value: area(failures, &samples.failures[0]), of: format!("{} of each", failures.len()) }
}

fn asked_apart(samples: &Samples, flow: usize) -> Cell {
    let [somebody, nobody] = &samples.mails[flow];
    Cell { value: area(nobody, somebody), of: format!("{} of each", nobody.len()) }
}

/// Returns the block of docs/performance.md: the machine, the first download and the table. A row's verdict is the worse
/// engine's.
pub fn markdown(engines: &[Samples]) -> Result<String> {
    let mut block = String::new();
    let names: Vec<&str> = engines.iter().map(|samples| samples.engine.as_str()).collect();
    let download = &engines.first().ok_or("no engine was measured")?.download;
    writeln!(
        block,
        "{} cores, {:.0} GB of memory, {}.\n",
        std::thread::available_parallelism()?,
        memory()?,
        names.join(", ")
    )?;
    writeln!(
        block,
        "The first visit of `/login` downloads {:.0} KB of wasm ({:.0} KB before brotli) and {:.1} KB of styles.\n",
        download.wasm, download.raw_wasm, download.styles
    )?;
    writeln!(block, "| number | ratio | {} | floor | goal | verdict |", names.join(" | "))?;
    writeln!(block, "|---|---|{}---|---|---|", "---|".repeat(engines.len()))?;
    for row in rows() {
        let cells: Vec<Cell> = engines.iter().map(row.cell).collect();
        let worst = cells.iter().map(|cell| row.bound.judge(cell.value)).min().ok_or("no engine was measured")?;
        // Three digits, so that a value near its bound shows on which side it is.
        let texts: Vec<String> = cells.iter().map(|cell| format!("{:.3} ({})", cell.value, cell.of)).collect();
        let (floor, goal) = row.bound.texts();
        writeln!(
            block,
            "| {} | {} | {} | {floor} | {goal} | {} |",
            row.number,
            row.ratio,
            texts.join(" | "),
            worst.text()
        )?;
    }
    Ok(block.trim_end().to_owned())
}

/// Returns the machine's memory in GB (10^9 bytes), from proc(5)'s `meminfo`.
fn memory() -> Result<f64> {
    let meminfo = fs::read_to_string("/proc/meminfo")?;
    let total = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:")).ok_or("no memory in /proc")?;
    let kib: f64 = total.trim().trim_end_matches(" kB").parse()?;
    Ok(kib * 1024.0 / 1e9)
}

/// Replaces the block in docs/performance.md.
pub fn write(block: &str) -> Result<()> {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/performance.md");
    let [begin, end] = ["<!-- make bench writes from here -->\n", "\n<!-- to here -->"];
    let text = fs::read_to_string(page)?;
    let parts = text.split_once(begin).and_then(|(before, rest)| Some((before, rest.split_once(end)?.1)));
    let (before, after) = parts.ok_or("docs/performance.md has no place for the table")?;
    Ok(fs::write(page, [before, begin, block, end, after].concat())?)
}
