//! Checks whether a password appeared in a known breach, with the range API of Have I Been Pwned: sends the first 5 of
//! the 40 hex digits of its SHA-1 and compares the returned suffixes here. Called by `policy` if
//! `auth.breach_check_url` is set.

use axum::http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use sha1::{Digest, Sha1};
use std::{error::Error, time::Duration};

use crate::server::metrics;

/// How long to wait for the service.
const TIMEOUT: Duration = Duration::from_millis(1500);
/// The maximum size of a response in bytes. The longest list has about 2,000 lines of 40 bytes.
const MAX_RESPONSE: usize = 1024 * 1024;
/// How many hex digits of the hash are sent.
const PREFIX: usize = 5;

/// A client of a breach service. Keeps its connections open.
pub struct Breaches {
    http: Client<HttpsConnector<HttpConnector>, Empty<&'static [u8]>>,
    url: String,
}

impl Breaches {
    /// `url` is the base URL, without the five digits, as validated by the configuration.
    pub fn new(url: &str) -> Self {
        // The same certificate authorities as for PostgreSQL over TLS.
        let connector = HttpsConnectorBuilder::new().with_webpki_roots().https_or_http().enable_http1().build();
        Self { http: Client::builder(TokioExecutor::new()).build(connector), url: url.trim_end_matches('/').to_owned() }
    }

    /// Returns whether the service knows `password`. If the service fails, logs that and returns `false`, so that
    /// people can still sign up.
    pub async fn contains(&self, password: &str) -> bool {
        let digits: String = Sha1::digest(password).iter().map(|byte| format!("{byte:02X}")).collect();
        let (prefix, suffix) = digits.split_at(PREFIX);
        let answer = tokio::time::timeout(TIMEOUT, self.suffixes(prefix)).await;
        let (outcome, found) = match answer.map_err(Into::into).flatten() {
            Ok(list) if lists(&list, suffix) => ("breached", true),
            Ok(_) => ("clear", false),
            Err(error) => {
                let error = with_causes(&*error);
                tracing::warn!(error, "the breach check got no answer: a new password was taken without it");
                ("unavailable", false)
            }
        };
        metrics::breach_check(outcome);
        found
    }

    async fn suffixes(&self, prefix: &str) -> Result<String, Box<dyn Error + Send + Sync>> {
        let request = Request::get(format!("{}/{prefix}", self.url))
            // Padding hides the length of the list from observers of the connection.
            .header("add-padding", "true")
            .header("user-agent", env!("CARGO_PKG_NAME"))
            .body(Empty::new())?;
        let answer = self.http.request(request).await?;
        if answer.status() != StatusCode::OK {
            return Err(format!("status {}", answer.status().as_u16()).into());
        }
        let body = Limited::new(answer.into_body(), MAX_RESPONSE).collect().await?.to_bytes();
        Ok(String::from_utf8(body.to_vec())?)
    }
}

/// Formats an error with its causes: the client's own message does not say whether it was the network or a certificate.
fn with_causes(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Returns whether `list`, lines of `SUFFIX:COUNT`, has `suffix`. A count of 0 is padding.
fn lists(list: &str, wanted: &str) -> bool {
    list.lines().filter_map(|line| line.trim().split_once(':')).any(|(suffix, count)| {
        suffix.eq_ignore_ascii_case(wanted) && count.trim().parse::<u64>().is_ok_and(|count| count > 0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_as_it_was_defined() {
        let kept = "1E4C9B93F3F0682250B6CF8331B7EE68FD8";
        for (list, found) in [
            (format!("0018A45C4D1DEF81644B54AB7F969B88D65:1\r\n{kept}:3861493\r\n"), true),
            (format!("{}:2", kept.to_lowercase()), true),
            (format!("{kept}:0\r\n"), false),
            (format!("{kept}\r\n"), false),
            (format!("{kept}F:3\r\n"), false),
            ("<html>:1".into(), false),
            (String::new(), false),
        ] {
            assert_eq!(lists(&list, kept), found, "{list}");
        }
    }

    #[tokio::test]
    async fn https_needs_no_choice_of_a_cryptography_provider() {
        // A second provider of cryptography among the dependencies would make this panic.
        drop(Breaches::new("https://localhost/range"));
    }
}
