//! Prepares a start: opens the database, reads or creates the signing secret, and creates the demo accounts. Called by
//! `main`.

use std::{
    error::Error,
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use crate::{
    auth::{
        model::Role,
        server::{
            flows::sign_up::{self, NewAccount},
            users,
        },
    },
    error::AppError,
    server::{
        config::{Config, ConfigError},
        db::Db,
        files, random,
        state::AppState,
    },
};

/// Where DEV stores its secrets, one per line, newest first, so that a restart logs no one out.
pub const DEV_SECRET: &str = "data/dev-secret";

/// The demo accounts. The landing page offers them if `demo.seed` is set.
pub const DEMO_ACCOUNTS: [(&str, &str, Role); 3] = [
    ("user@demo.test", "Uma User", Role::User),
    ("moderator@demo.test", "Mo Moderator", Role::Moderator),
    ("admin@demo.test", "Ada Admin", Role::Admin),
];
/// The password of every demo account.
pub const DEMO_PASSWORD: &str = "correct-horse-battery";

/// Opens and migrates the database, and creates the application state.
pub async fn open(mut config: Config) -> Result<AppState, Box<dyn Error>> {
    let secret = signing_secret(&mut config)?;
    let db = open_database(&config).await?;
    db.migrate().await?;
    Ok(AppState::new(config, db, &secret)?)
}

/// Opens a database that must already be migrated. For commands that change nothing.
pub async fn open_as_it_is(config: &Config) -> Result<Db, Box<dyn Error>> {
    let db = open_database(config).await?;
    if !db.is_migrated().await {
        return Err(Box::new(ConfigError(
            "The database schema is not up to date: run 'latchkey migrate' first.".into(),
        )));
    }
    Ok(db)
}

async fn open_database(config: &Config) -> Result<Db, ConfigError> {
    Db::open(&config.database).await.map_err(|error| {
        ConfigError(format!(
            "The database cannot be opened ({error}): check DATABASE_URL, and that the database server is running."
        ))
    })
}

/// Returns the configured secret. In DEV only, reads or creates the secrets file (mode 0600), whose older secrets still
/// verify.
pub fn signing_secret(config: &mut Config) -> io::Result<String> {
    if let Some(secret) = &config.auth.secret {
        return Ok(secret.clone());
    }
    let secrets = dev_secrets(Path::new(DEV_SECRET))?;
    let mut lines = secrets.lines().map(str::to_owned);
    let newest = lines.next().unwrap_or_default();
    config.auth.previous_secrets.extend(lines);
    Ok(newest)
}

fn dev_secrets(path: &Path) -> io::Result<String> {
    files::keep_to_owner(path)?;
    match fs::read_to_string(path) {
        Ok(secrets) if secrets.lines().next().is_some_and(|newest| newest.len() >= 32) => return Ok(secrets),
        Ok(_) => fs::remove_file(path)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let secret = random::secret_text();
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(secret.as_bytes())?;
    Ok(secret)
}

/// Creates the missing demo accounts.
pub async fn seed_demo(state: &AppState) -> Result<(), AppError> {
    let now = state.db.now().await?;
    for (email, name, role) in DEMO_ACCOUNTS {
        let account = NewAccount::parse(email, DEMO_PASSWORD.into(), name, 8)?;
        if users::store::find_user(&state.db, &account.email).await?.is_some() {
            continue;
        }
        sign_up::create(state, account, role, now).await?;
    }
    Ok(())
}
