//! `latchkey import users`: opens the file and prints the summary.

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    path::Path,
};

use super::users::{Format, Options, users};
use crate::server::{
    cli::setup,
    config::{Config, ConfigError},
};

/// Imports the accounts of `file`, or of standard input if it is `-`.
pub async fn import_users(
    config: Config,
    file: &Path,
    format: Option<Format>,
    dry_run: bool,
    allow_roles: bool,
) -> Result<(), Box<dyn std::error::Error>> {
    let ending = file.extension().and_then(|ending| ending.to_str());
    let by_name = ending.and_then(|ending| <Format as clap::ValueEnum>::from_str(ending, true).ok());
    let format = format.or(by_name).ok_or_else(|| {
        ConfigError(format!("Unknown format of {}: add --format csv or --format jsonl.", file.display()))
    })?;
    let input: Box<dyn BufRead> = match file == Path::new("-") {
        true => Box::new(io::stdin().lock()),
        false => Box::new(BufReader::new(File::open(file).map_err(|error| {
            ConfigError(format!("{} cannot be read ({error}): check the path and its permissions.", file.display()))
        })?)),
    };
    // A dry run changes nothing, not even the schema.
    let db = if dry_run { setup::open_as_it_is(&config).await? } else { setup::open(config).await?.db.clone() };
    let summary = users(&db, input, &Options { format, dry_run, allow_roles }, &mut io::stderr()).await?;
    db.close().await;
    println!("{summary}");
    match summary.bad {
        0 => Ok(()),
        bad => Err(Box::new(ConfigError(format!(
            "{bad} of {} rows were not imported; correct the rows reported above.",
            summary.rows
        )))),
    }
}
