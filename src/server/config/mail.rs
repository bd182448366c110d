//! The section `[mail]`: its keys as written, their defaults, and the validated transport.

use lettre::{
    message::Mailbox,
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, CertificateStore, TlsParameters},
    },
};
use serde::Deserialize;
use std::{
    fmt,
    net::IpAddr,
    path::{Path, PathBuf},
};

use super::error::ConfigError;
use crate::brand::NAME;

/// The section as written in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Section {
    pub enabled: bool,
    pub transport: Option<Kind>,
    pub from: Option<String>,
    pub folder: PathBuf,
    pub smtp_host: Option<String>,
    pub smtp_port: Option<u16>,
    pub smtp_tls: Encryption,
    pub smtp_username: Option<String>,
    pub smtp_password: Option<String>,
    pub smtp_ca_file: Option<PathBuf>,
}

impl Default for Section {
    fn default() -> Self {
        Self {
            enabled: true,
            transport: None,
            from: None,
            folder: "data/mail".into(),
            smtp_host: None,
            smtp_port: None,
            smtp_tls: Encryption::Tls,
            smtp_username: None,
            smtp_password: None,
            smtp_ca_file: None,
        }
    }
}

/// The values of `mail.transport`.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    None,
    Mailbox,
    File,
    Smtp,
}

/// The values of `mail.smtp_tls`.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encryption {
    Tls,
    Starttls,
    None,
}

/// The sender and the transport of mails.
#[derive(Clone, Debug)]
pub struct Mail {
    /// `false`: no mail is written, and nothing that needs one is offered.
    pub enabled: bool,
    pub from: Mailbox,
    pub transport: Transport,
}

/// How mails are sent.
#[derive(Clone, Debug)]
pub enum Transport {
    /// Not at all: mails wait in the outbox.
    None,
    /// To this process's memory, for /dev/mailbox.
    Mailbox,
    /// To one file per mail in this folder.
    File(PathBuf),
    Smtp(Smtp),
}

/// An SMTP server and its connection settings.
#[derive(Clone)]
pub struct Smtp {
    pub host: String,
    pub port: u16,
    pub tls: Tls,
    pub credentials: Option<Credentials>,
}

/// How the connection to the SMTP server is encrypted.
#[derive(Clone)]
pub enum Tls {
    /// TLS from the first byte (RFC 8314).
    Wrapper(TlsParameters),
    /// STARTTLS, which the server must offer (RFC 3207).
    Required(TlsParameters),
    None,
}

// It contains a password, which a logged configuration must not show.
impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smtp").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

impl Section {
    /// Validates the section. `dev`: allow the mailbox and unencrypted SMTP.
    pub fn validate(self, dev: bool) -> Result<Mail, ConfigError> {
        let enabled = self.enabled;
        let from: Mailbox =
            self.from.clone().unwrap_or(format!("{NAME} <no-reply@localhost>")).parse().map_err(|_| {
                ConfigError(format!("mail.from is not an address: write it as \"{NAME} <no-reply@your.domain>\"."))
            })?;
        if !enabled {
            return Ok(Mail { enabled, from, transport: Transport::None });
        }
        let transport = match self.transport.unwrap_or(if dev { Kind::Mailbox } else { Kind::None }) {
            Kind::None => Transport::None,
            Kind::Mailbox if !dev => {
                return refuse(
                    "mail.transport = \"mailbox\" shows every mail to anyone with access to the page: it cannot be set in PROD. Set LATCHKEY__MAIL__TRANSPORT to smtp, file or none.",
                );
            }
            Kind::Mailbox => Transport::Mailbox,
            Kind::File => Transport::File(self.folder),
            Kind::Smtp => Transport::Smtp(self.smtp(dev)?),
        };
        Ok(Mail { enabled, from, transport })
    }

    fn smtp(self, dev: bool) -> Result<Smtp, ConfigError> {
        let (Some(host), Some(_)) = (self.smtp_host, self.from) else {
            return refuse(
                "mail.transport = \"smtp\" needs a server and a sender address: set LATCHKEY__MAIL__SMTP_HOST and LATCHKEY__MAIL__FROM.",
            );
        };
        let credentials = match (self.smtp_username, self.smtp_password) {
            (Some(name), Some(password)) => Some(Credentials::new(name, password)),
            (None, None) => None,
            _ => {
                return refuse(
                    "mail.smtp_username and mail.smtp_password must be set together: set both, or neither if the server needs no authentication.",
                );
            }
        };
        let tls = || parameters(&host, self.smtp_ca_file.as_deref());
        let (tls, port) = match self.smtp_tls {
            Encryption::Tls => (Tls::Wrapper(tls()?), 465),
            Encryption::Starttls => (Tls::Required(tls()?), 587),
            Encryption::None if dev || is_loopback(&host) => (Tls::None, 25),
            Encryption::None => {
                return refuse(
                    "mail.smtp_tls = \"none\" sends mails and their links unencrypted: PROD allows it only for a server on this machine. Set LATCHKEY__MAIL__SMTP_TLS to tls or starttls.",
                );
            }
        };
        Ok(Smtp { port: self.smtp_port.unwrap_or(port), host, tls, credentials })
    }
}

fn refuse<T>(sentence: &str) -> Result<T, ConfigError> {
    Err(ConfigError(sentence.into()))
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Builds TLS parameters. The certificate must name `host` and come from a public authority or, if a file is set, from
/// an authority in it.
fn parameters(host: &str, authorities: Option<&Path>) -> Result<TlsParameters, ConfigError> {
    let unusable = |why: &dyn fmt::Display| {
        ConfigError(format!(
            "mail.smtp_ca_file contains no usable certificate ({why}): name a PEM file with the certificate of the authority."
        ))
    };
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(file) = authorities {
        let pem = std::fs::read(file).map_err(|error| unusable(&error))?;
        // The parser accepts a file without certificates as an empty list.
        if !pem.windows(27).any(|line| line == b"-----BEGIN CERTIFICATE-----") {
            return Err(unusable(&"no certificate found"));
        }
        let certificate = Certificate::from_pem(&pem).map_err(|error| unusable(&error))?;
        builder = builder.certificate_store(CertificateStore::None).add_root_certificate(certificate);
    }
    builder.build().map_err(|error| unusable(&error))
}
