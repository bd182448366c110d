//! Whether a password became public in a breach of some other site, by the range API that Have I Been Pwned defined: the
//! first 5 of the 40 hex digits of its SHA-1 go out, all suffixes that begin so come back, and the comparison is made
//! here. Called by `quality`, where `auth.breach_check_url` is set.

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

/// How long somebody who signs up waits for the service at most.
const PATIENCE: Duration = Duration::from_millis(1500);
/// Far more than the longest list, which has some 2,000 lines of about 40 bytes.
const LONGEST: usize = 1024 * 1024;
/// How much of the hash is told.
const TOLD: usize = 5;

/// A service that knows breached passwords. It keeps its connections open for the next question.
pub struct Breaches {
    http: Client<HttpsConnector<HttpConnector>, Empty<&'static [u8]>>,
    url: String,
}

impl Breaches {
    /// `url` as the configuration judged it: what comes before `/` and the five digits.
    pub fn new(url: &str) -> Self {
        // The certificate authorities that PostgreSQL over TLS is checked against too.
        let connector = HttpsConnectorBuilder::new().with_webpki_roots().https_or_http().enable_http1().build();
        Self { http: Client::builder(TokioExecutor::new()).build(connector), url: url.trim_end_matches('/').to_owned() }
    }

    /// Whether the service knows `password`. One that does not answer in time must not keep people from signing up: then
    /// the answer is no, with a line in the log.
    pub async fn know(&self, password: &str) -> bool {
        let digits: String = Sha1::digest(password).iter().map(|byte| format!("{byte:02X}")).collect();
        let (told, kept) = digits.split_at(TOLD);
        let answer = tokio::time::timeout(PATIENCE, self.suffixes(told)).await;
        let (outcome, found) = match answer.map_err(Into::into).flatten() {
            Ok(list) if lists(&list, kept) => ("breached", true),
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

    async fn suffixes(&self, told: &str) -> Result<String, Box<dyn Error + Send + Sync>> {
        let request = Request::get(format!("{}/{told}", self.url))
            // Made-up lines hide from whoever watches the line how long the true list is.
            .header("add-padding", "true")
            .header("user-agent", env!("CARGO_PKG_NAME"))
            .body(Empty::new())?;
        let answer = self.http.request(request).await?;
        if answer.status() != StatusCode::OK {
            return Err(format!("status {}", answer.status().as_u16()).into());
        }
        let body = Limited::new(answer.into_body(), LONGEST).collect().await?.to_bytes();
        Ok(String::from_utf8(body.to_vec())?)
    }
}

/// An error and what caused it: the client's own words leave out whether it was the network or a certificate.
fn with_causes(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Whether `list`, lines of `SUFFIX:COUNT`, has `kept`. A count of 0 is padding.
fn lists(list: &str, kept: &str) -> bool {
    list.lines().filter_map(|line| line.trim().split_once(':')).any(|(suffix, count)| {
        suffix.eq_ignore_ascii_case(kept) && count.trim().parse::<u64>().is_ok_and(|count| count > 0)
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
    async fn https_is_spoken_without_asking_which_cryptography_is_meant() {
        // A second provider of cryptography among the dependencies would make this panic.
        drop(Breaches::new("https://localhost/range"));
    }
}
