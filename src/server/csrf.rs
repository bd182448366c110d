//! Parses web origins (RFC 6454) and checks that a request comes from this site. Used by `config` and `http::security`.

use axum::http::{HeaderMap, Uri, header};

/// A scheme, a host and a port, in lower case and without the default port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    scheme: String,
    host: String,
    port: Option<u16>,
}

impl Origin {
    /// Parses `http(s)://host[:port]`, with or without a closing slash; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let uri: Uri = text.strip_suffix('/').unwrap_or(text).parse().ok()?;
        let scheme = uri.scheme_str()?.to_ascii_lowercase();
        let default = match scheme.as_str() {
            "http" => 80,
            "https" => 443,
            _ => return None,
        };
        let authority = uri.authority()?;
        if authority.as_str().contains('@') || !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return None;
        }
        Some(Self {
            scheme,
            host: authority.host().to_ascii_lowercase(),
            port: authority.port_u16().filter(|port| *port != default),
        })
    }

    /// The host without the port.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, unless it is the scheme's default.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// Whether browsers reach this origin over TLS.
    pub fn is_https(&self) -> bool {
        self.scheme == "https"
    }

    /// Checks that a state-changing request was sent by a page of this origin. It reads `Sec-Fetch-Site` (W3C Fetch
    /// Metadata) and `Origin`; each that is present must match. Every current browser sends one of them, so a request
    /// with neither is accepted only without cookies.
    ///
    /// `dev`: treats all loopback names as the same host if scheme and port match.
    pub fn sent(&self, headers: &HeaderMap, dev: bool) -> bool {
        let site = headers.get("sec-fetch-site").map(|v| v.as_bytes());
        let origin = headers.get(header::ORIGIN);
        if site.is_some_and(|site| site != b"same-origin") {
            return false;
        }
        match origin {
            // A page without a referrer sends `Origin: null`. `Sec-Fetch-Site`, checked above, still says that it is ours.
            Some(value) if value == "null" => site.is_some(),
            Some(value) => value
                .to_str()
                .ok()
                .and_then(Self::parse)
                .is_some_and(|other| other == *self || (dev && self.is_same_loopback(&other))),
            None => site.is_some() || !headers.contains_key(header::COOKIE),
        }
    }

    fn is_same_loopback(&self, other: &Self) -> bool {
        let loopback = |host: &str| matches!(host, "localhost" | "127.0.0.1" | "[::1]");
        loopback(&self.host) && loopback(&other.host) && self.scheme == other.scheme && self.port == other.port
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)?;
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::server::csrf::*;
    use axum::http::HeaderValue;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn only_what_a_page_of_this_origin_sends_is_taken() {
        let ours = Origin::parse("https://app.example.test").unwrap();
        for (expected, request) in [
            (true, vec![("origin", "https://app.example.test"), ("sec-fetch-site", "same-origin")]),
            (true, vec![("origin", "https://app.example.test")]),
            (true, vec![("origin", "https://APP.example.test:443")]),
            (true, vec![("sec-fetch-site", "same-origin"), ("cookie", "a=b")]),
            (true, vec![]),
            (false, vec![("cookie", "a=b")]),
            (false, vec![("origin", "https://app.example.test"), ("sec-fetch-site", "cross-site")]),
            (false, vec![("sec-fetch-site", "same-site")]),
            (false, vec![("sec-fetch-site", "none")]),
            (false, vec![("origin", "null")]),
            (true, vec![("origin", "null"), ("sec-fetch-site", "same-origin")]),
            (false, vec![("origin", "null"), ("sec-fetch-site", "cross-site")]),
            (false, vec![("origin", "null"), ("cookie", "a=b")]),
            (false, vec![("origin", "NULL"), ("sec-fetch-site", "same-origin")]),
            (false, vec![("origin", "https://evil.test")]),
            (false, vec![("origin", "http://app.example.test")]),
            (false, vec![("origin", "https://app.example.test:8443")]),
            (false, vec![("origin", "https://app.example.test.evil.test")]),
            (false, vec![("origin", "https://www.app.example.test")]),
            (false, vec![("origin", "https://user@app.example.test")]),
            (false, vec![("origin", "")]),
        ] {
            assert_eq!(ours.sent(&headers(&request), false), expected, "{request:?}");
        }
    }

    #[test]
    fn loopback_names_are_one_in_dev_only() {
        let ours = Origin::parse("http://127.0.0.1:3000").unwrap();
        let request = headers(&[("origin", "http://localhost:3000")]);
        assert!(ours.sent(&request, true));
        assert!(!ours.sent(&request, false));
        assert!(!ours.sent(&headers(&[("origin", "http://localhost:3001")]), true));
        assert!(!ours.sent(&headers(&[("origin", "http://evil.test:3000")]), true));
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        for text in ["https://example.test/path", "https://example.test?x", "ftp://example.test", "example.test", ""] {
            assert_eq!(Origin::parse(text), None, "{text}");
        }
        assert_eq!(Origin::parse("HTTPS://Example.test:443/").unwrap().to_string(), "https://example.test");
        assert_eq!(Origin::parse("http://127.0.0.1:3000").unwrap().to_string(), "http://127.0.0.1:3000");
    }
}
