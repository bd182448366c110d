//! The binary: parses the command line and runs the command.

use clap::{Parser, Subcommand};
use latchkey::{
    auth::{
        model::Role,
        server::flows::sign_up::{self, NewAccount},
    },
    brand::SLUG,
    error::AppError,
    server::{
        cli::{
            greeting,
            import::users::{self, Format},
            rotate_key, setup,
        },
        config::{Config, ConfigError},
        http::assets::Assets,
        ops::{health, logging},
        random, serve,
    },
    ui::messages,
};
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

// Rendering a page makes thousands of small allocations on several threads, for which the system's allocator contends on
// its locks.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Printed after the file's name once its secret is rotated.
const NEW_SECRET: &str = " has a new secret: restart the server to use it. With several nodes, follow docs/operations.md, \
                          or sessions may end.";

/// Accounts, sessions and roles for a Leptos app
#[derive(Parser)]
#[command(version)]
struct Cli {
    /// Path of the configuration file
    #[arg(long, default_value = "Leptos.toml", global = true)]
    config: PathBuf,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Migrate the database and start the server (default)
    Serve,
    /// Migrate the database and exit
    Migrate,
    /// Manage administrators
    #[command(subcommand)]
    Admin(Admin),
    /// Import data from another system
    #[command(subcommand)]
    Import(Import),
    /// Manage signing keys
    #[command(subcommand)]
    Key(Key),
    /// Check the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
}

#[derive(Subcommand)]
enum Admin {
    /// Create an account with the role admin
    Create {
        /// Email address of the account
        #[arg(long)]
        email: String,
        /// Read the password from standard input instead of generating and printing one
        #[arg(long)]
        password_stdin: bool,
    },
}

#[derive(Subcommand)]
enum Import {
    /// Import accounts from a CSV or JSON Lines file with the columns email, password_hash, display_name, role,
    /// created_at, email_verified_at
    Users {
        /// Path of a .csv or .jsonl file, or - for standard input
        file: PathBuf,
        /// Format of the file, if its name does not show it
        #[arg(long)]
        format: Option<Format>,
        /// Check every row and change nothing
        #[arg(long)]
        dry_run: bool,
        /// Accept roles above user from the file
        #[arg(long)]
        allow_roles: bool,
    },
}

#[derive(Subcommand)]
enum Key {
    /// Replace the signing secret; the previous one still verifies what it signed
    Rotate {
        /// Environment file of the server, with NAME=value lines
        #[arg(long, value_name = "PATH")]
        env_file: Option<PathBuf>,
        /// Print the lines to set, including the secrets, instead of changing a file
        #[arg(long, conflicts_with = "env_file")]
        print: bool,
    },
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Validate the configuration without starting the server
    Check,
}

#[tokio::main]
async fn main() -> ExitCode {
    if let Err(error) = run(Cli::parse()).await {
        let _ = writeln!(io::stderr(), "{SLUG}: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

async fn run(cli: Cli) -> Result<(), Box<dyn std::error::Error>> {
    // Runs without the configuration, because the server's environment may not be set here.
    if let Some(Command::Key(Key::Rotate { env_file: Some(path), .. })) = &cli.command {
        rotate_key::rotate_env_file(path)?;
        println!("{}{NEW_SECRET}", path.display());
        return Ok(());
    }
    let config = Config::load(&cli.config)?;
    logging::init(config.server.log_format);
    logging::log_panics();
    match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => serve(config).await,
        Command::Migrate => {
            setup::open(config).await?;
            println!("The database is up to date.");
            Ok(())
        }
        Command::Admin(Admin::Create { email, password_stdin }) => create_admin(config, &email, password_stdin).await,
        Command::Import(Import::Users { file, format, dry_run, allow_roles }) => {
            import_users(config, &file, format, dry_run, allow_roles).await
        }
        Command::Key(Key::Rotate { print, .. }) => rotate_key(config, print),
        Command::Config(ConfigCommand::Check) => {
            println!("The configuration is valid. Public URL: {}.", config.public_origin);
            Ok(())
        }
    }
}

async fn serve(config: Config) -> Result<(), Box<dyn std::error::Error>> {
    let address = config.leptos.site_addr;
    let state = setup::open(config).await?;
    if state.config.demo.seed {
        setup::seed_demo(&state).await?;
    }
    let assets = Assets::load(&state.leptos)?;
    let server = serve::start(state.clone(), assets, address).map_err(|error| {
        ConfigError(format!("Cannot listen on {address} ({error}): set LEPTOS_SITE_ADDR to a free address."))
    })?;
    if let Some(address) = state.config.server.metrics_addr {
        health::serve_metrics(state.clone(), address).map_err(|error| {
            ConfigError(format!(
                "Cannot listen on {address} ({error}): set LATCHKEY__SERVER__METRICS_ADDR to a free address."
            ))
        })?;
    }
    if !state.config.is_dev() && address.ip().is_loopback() && state.config.trusted_proxies.is_empty() {
        tracing::warn!(
            "behind a proxy on this machine all clients share one rate limit: set LATCHKEY__SERVER__TRUSTED_PROXIES=127.0.0.1"
        );
    }
    if state.config.mail.enabled && state.mail.keeps_all() {
        tracing::warn!(
            "no mail is sent: mail.transport is none, so mails wait in the outbox. Set LATCHKEY__MAIL__TRANSPORT=smtp, with LATCHKEY__MAIL__SMTP_HOST and LATCHKEY__MAIL__FROM"
        );
    }
    // Before the greeting, because its reader may stop the server at once.
    let stopped = serve::stop_signal()?;
    greeting::print(&state);
    stopped.await;
    tracing::info!("stopping: waiting for the requests in flight");
    server.stop().await?;
    tracing::info!("stopped");
    Ok(())
}

fn rotate_key(mut config: Config, print: bool) -> Result<(), Box<dyn std::error::Error>> {
    if config.auth.secret.is_some() {
        if !print {
            return Err(Box::new(ConfigError(
                "auth.secret is set in the environment, which this command cannot change: name the file that sets it with --env-file, or print the new lines with --print.".into(),
            )));
        }
        print!("{}", rotate_key::new_lines(&config.auth));
        return Ok(());
    }
    // Creates the file if it is missing.
    setup::signing_secret(&mut config)?;
    rotate_key::rotate_secrets_file(Path::new(setup::DEV_SECRET))?;
    println!("{}{NEW_SECRET}", setup::DEV_SECRET);
    Ok(())
}

async fn create_admin(config: Config, email: &str, password_stdin: bool) -> Result<(), Box<dyn std::error::Error>> {
    let min = config.auth.password_min_length;
    let state = setup::open(config).await?;
    let password = if password_stdin {
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line)?;
        line.trim_end_matches(['\r', '\n']).to_owned()
    } else {
        random::secret_text()
    };
    let account = NewAccount::parse(email, password.clone(), "", min).map_err(|error| sentence(&error))?;
    account.check(&state).await.map_err(|error| sentence(&error))?;
    let now = state.db.now().await?;
    if !sign_up::create(&state, account, Role::Admin, now).await.map_err(|error| sentence(&error))? {
        return Err(Box::new(ConfigError(format!(
            "{email} has an account already: change its role at /admin as an admin."
        ))));
    }
    println!("Created the admin {email}.");
    if !password_stdin {
        println!("Password, shown this once: {password}");
    }
    state.db.close().await;
    Ok(())
}

async fn import_users(
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
    let summary = users::users(&db, input, &users::Options { format, dry_run, allow_roles }, &mut io::stderr()).await?;
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

fn sentence(error: &AppError) -> ConfigError {
    match error {
        AppError::Invalid { fields } => {
            ConfigError(fields.iter().map(|e| messages::problem(&e.field, e.problem)).collect::<Vec<_>>().join(" "))
        }
        _ => ConfigError(messages::error_sentence(error)),
    }
}
