//! `latchkey admin create`: creates the first account of an installation.

use std::io::{self, BufRead};

use super::setup;
use crate::{
    auth::{
        model::Role,
        server::flows::sign_up::{self, NewAccount},
    },
    error::AppError,
    server::{
        config::{Config, ConfigError},
        random,
    },
    ui::messages,
};

/// Creates an account with the role admin. Generates and prints its password unless `password_stdin`.
pub async fn create_admin(config: Config, email: &str, password_stdin: bool) -> Result<(), Box<dyn std::error::Error>> {
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

fn sentence(error: &AppError) -> ConfigError {
    match error {
        AppError::Invalid { fields } => {
            ConfigError(fields.iter().map(|e| messages::problem(&e.field, e.problem)).collect::<Vec<_>>().join(" "))
        }
        _ => ConfigError(messages::error_sentence(error)),
    }
}
