//! Sends mails by the configured transport: to memory, to files, to an SMTP server, or not at all.

use lettre::{Message, message::Mailbox as Sender};
use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Mutex,
};
use tokio::{sync::Notify, task::JoinHandle};
use uuid::Uuid;

use super::{
    failure::Failure,
    mailbox::{KeptMail, Mailbox},
    smtp::Smtp,
};
use crate::server::config::mail as config;

/// The mail part of the application state.
pub struct Mail {
    /// `mail.enabled`.
    pub(super) enabled: bool,
    pub(super) from: Sender,
    pub(super) transport: Transport,
    /// The id of the key that derives the secrets of new mails.
    pub(super) kid: String,
    pub(super) woken: Notify,
    /// The task of `worker`, if it runs.
    pub(super) task: Mutex<Option<JoinHandle<()>>>,
}

pub(super) enum Transport {
    None,
    Mailbox(Mailbox),
    File(PathBuf),
    Smtp(Box<Smtp>),
}

impl Mail {
    /// `kid`: the id of the key that derives the secrets of new mails.
    pub fn new(config: &config::Mail, kid: &str) -> Self {
        let transport = match &config.transport {
            config::Transport::None => Transport::None,
            config::Transport::Mailbox => Transport::Mailbox(Mailbox::default()),
            config::Transport::File(folder) => Transport::File(folder.clone()),
            config::Transport::Smtp(server) => Transport::Smtp(Box::new(Smtp::new(server.clone(), &config.from))),
        };
        Self {
            enabled: config.enabled,
            from: config.from.clone(),
            transport,
            kid: kid.to_owned(),
            woken: Notify::new(),
            task: Mutex::new(None),
        }
    }

    /// Wakes the worker, which otherwise polls once a second. Call it after the commit.
    pub fn wake(&self) {
        self.woken.notify_one();
    }

    /// Whether no transport is configured, so mails stay in the outbox.
    pub(super) fn keeps_all(&self) -> bool {
        matches!(self.transport, Transport::None)
    }

    /// Returns the mailbox, if it is the transport.
    pub fn mailbox(&self) -> Option<&Mailbox> {
        match &self.transport {
            Transport::Mailbox(mailbox) => Some(mailbox),
            _ => None,
        }
    }

    /// Whether a mail can reach `address`, as far as is known.
    pub fn reaches(&self, address: &str) -> bool {
        match &self.transport {
            Transport::Smtp(smtp) => address.is_ascii() || !smtp.is_ascii_only(),
            Transport::None | Transport::Mailbox(_) | Transport::File(_) => true,
        }
    }

    /// Sends a mail. `kept`: what the mailbox stores of it.
    pub(super) async fn deliver(&self, message: Message, kept: KeptMail) -> Result<(), Failure> {
        match &self.transport {
            Transport::None => Err(Failure::Later("mail.transport is none".into())),
            Transport::Mailbox(mailbox) => {
                mailbox.keep(kept);
                Ok(())
            }
            Transport::File(folder) => {
                let (folder, id) = (folder.clone(), kept.id);
                let written = tokio::task::spawn_blocking(move || write(&folder, id, &message.formatted())).await;
                match written {
                    Ok(Ok(())) => Ok(()),
                    Ok(Err(error)) => Err(Failure::Later(format!("the mail's file cannot be written ({error})"))),
                    Err(_) => Err(Failure::Later("the mail's file was not written".into())),
                }
            }
            Transport::Smtp(smtp) => smtp.send(&message).await,
        }
    }

    /// Closes the connection while there are no mails.
    pub(super) async fn rest(&self) {
        if let Transport::Smtp(smtp) = &self.transport {
            smtp.hang_up().await;
        }
    }
}

/// Writes one file per mail, readable by its owner only. A retry overwrites the file.
fn write(folder: &Path, id: Uuid, message: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let path = folder.join(format!("{id}.eml"));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(message)
}
