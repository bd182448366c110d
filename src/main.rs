//! The binary: parses the command line and runs the command.

use clap::{Parser, Subcommand};
use latchkey::{
    brand::SLUG,
    server::{
        cli::{
            create_admin::create_admin,
            import::{command::import_users, users::Format},
            rotate_key, setup, start,
        },
        config::{Config, ConfigError},
        ops::logging,
    },
};
use std::{
    io::{self, Write},
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
        Command::Serve => start::start(config).await,
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
