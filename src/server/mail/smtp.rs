//! Sends a mail to an SMTP server (RFC 5321), and distinguishes a rejected mail from other failures.
//!
//! It sends each command itself, because only the command shows the difference: a wrong password or a rejected sender
//! gets the same codes as an unknown recipient, but only the last concerns the mail.

use lettre::{
    Message,
    message::Mailbox,
    transport::smtp::{
        Error,
        authentication::DEFAULT_MECHANISMS,
        client::AsyncSmtpConnection,
        commands::{Data, Mail, Rcpt},
        extension::{ClientId, Extension, MailBodyParameter, MailParameter},
    },
};
use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};
use tokio::{sync::Mutex, time::timeout};

use super::failure::Failure;
use crate::server::config::mail::{self as config, Tls};

/// Time limit for connecting, until the server accepts mails.
const CONNECTING: Duration = Duration::from_secs(10);
/// Time limit for sending one mail, including the connection.
const SENDING: Duration = Duration::from_secs(30);
/// Time limit for QUIT.
const LEAVING: Duration = Duration::from_secs(2);

/// An SMTP server, and its connection while there are mails.
pub struct Smtp {
    server: config::Smtp,
    hello: ClientId,
    open: Mutex<Option<AsyncSmtpConnection>>,
    /// Whether the server offered no SMTPUTF8 (RFC 6531) at the last connection.
    ascii_only: AtomicBool,
}

impl Smtp {
    /// Creates a transport without a connection. `from`: its domain is sent in EHLO.
    pub fn new(server: config::Smtp, from: &Mailbox) -> Self {
        let hello = ClientId::Domain(from.email.domain().to_owned());
        Self { server, hello, open: Mutex::new(None), ascii_only: AtomicBool::new(false) }
    }

    /// Sends a mail. Returns once the server has accepted it.
    pub async fn send(&self, message: &Message) -> Result<(), Failure> {
        match timeout(SENDING, self.hand_over(message)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Failure::Later(format!("the mail server took longer than {} s", SENDING.as_secs()))),
        }
    }

    /// Whether the server is known to reject addresses with non-ASCII characters. `false` before the first connection.
    pub fn is_ascii_only(&self) -> bool {
        self.ascii_only.load(Ordering::Relaxed)
    }

    /// Sends QUIT, if a connection is open.
    pub async fn hang_up(&self) {
        if let Some(mut connection) = self.open.lock().await.take() {
            // The result does not matter.
            let _ = timeout(LEAVING, connection.quit()).await;
        }
    }

    async fn hand_over(&self, message: &Message) -> Result<(), Failure> {
        // Taken, not borrowed: after a failure or cancellation the connection's state is unknown.
        let mut open = self.open.lock().await;
        let mut connection = match open.take() {
            Some(connection) => connection,
            None => match timeout(CONNECTING, self.connect()).await {
                Ok(connected) => connected.map_err(|error| Failure::Later(reason(&error)))?,
                Err(_) => return Err(Failure::Later("the mail server did not become ready".into())),
            },
        };
        converse(&mut connection, message).await?;
        *open = Some(connection);
        Ok(())
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let server = (self.server.host.as_str(), self.server.port);
        let wrapper = match &self.server.tls {
            Tls::Wrapper(parameters) => Some(parameters.clone()),
            Tls::Required(_) | Tls::None => None,
        };
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(server, Some(CONNECTING), &self.hello, wrapper, None).await?;
        if let Tls::Required(parameters) = &self.server.tls {
            connection.starttls(parameters.clone(), &self.hello).await?;
        }
        if let Some(credentials) = &self.server.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        let ascii_only = !connection.server_info().supports_feature(Extension::SmtpUtfEight);
        self.ascii_only.store(ascii_only, Ordering::Relaxed);
        Ok(connection)
    }
}

/// Sends the commands of one mail.
async fn converse(connection: &mut AsyncSmtpConnection, message: &Message) -> Result<(), Failure> {
    let (envelope, bytes) = (message.envelope(), message.formatted());
    let server = connection.server_info();
    let mut parameters = Vec::new();
    if envelope.to().iter().any(|to| !AsRef::<str>::as_ref(to).is_ascii()) {
        if !server.supports_feature(Extension::SmtpUtfEight) {
            return Err(Failure::Never("the mail server does not support international addresses".into()));
        }
        parameters.push(MailParameter::SmtpUtfEight);
    }
    if !bytes.is_ascii() && server.supports_feature(Extension::EightBitMime) {
        parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    let later = |error: Error| Failure::Later(reason(&error));
    connection.command(Mail::new(envelope.from().cloned(), parameters)).await.map_err(later)?;
    for to in envelope.to() {
        connection.command(Rcpt::new(to.clone(), Vec::new())).await.map_err(refused)?;
    }
    connection.command(Data).await.map_err(refused)?;
    connection.message(&bytes).await.map_err(refused)?;
    Ok(())
}

/// Maps a rejection of the mail: permanent for a 5xx code (RFC 5321, 4.2.1), otherwise temporary.
fn refused(error: Error) -> Failure {
    if error.is_permanent() { Failure::Never(reason(&error)) } else { Failure::Later(reason(&error)) }
}

/// Returns the reason for the log. A server's reply often repeats the address, so only its code is logged.
fn reason(error: &Error) -> String {
    match error.status() {
        Some(code) => format!("the mail server answered {code}"),
        None => error.to_string(),
    }
}
