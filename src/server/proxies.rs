//! Finds the client's address behind trusted proxies. Used by `config` and `http::connection_table`.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use ipnet::IpNet;
use std::{
    net::{IpAddr, SocketAddr},
    sync::atomic::{AtomicBool, Ordering},
};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The shortest allowed prefixes. No private network is larger than 10.0.0.0/8 or fc00::/7.
const LEAST_PREFIX: u8 = 7;

/// Whether the warning about an untrusted proxy was logged.
static TOLD: AtomicBool = AtomicBool::new(false);

/// The networks whose `X-Forwarded-For` is trusted. Empty: none.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Parses networks (`10.0.0.0/8`, `fd00::/8`) and single addresses. Returns the first invalid one as the error. A
    /// network of all addresses is invalid: it would trust every header.
    pub fn parse(networks: &[String]) -> Result<Self, &str> {
        let parse = |text: &String| {
            text.parse::<IpNet>()
                .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
                .ok()
                .filter(|network| network.prefix_len() >= LEAST_PREFIX)
        };
        networks.iter().map(|text| parse(text).ok_or(text.as_str())).collect::<Result<_, _>>().map(Self)
    }

    /// Returns the client's address. `peer`: the other end of the connection.
    ///
    /// Each proxy appends the address of its peer to `X-Forwarded-For`. The list is read from the right while the
    /// current address is a trusted proxy. Entries further left are written by the client and ignored.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        if headers.contains_key(X_FORWARDED_FOR) && !self.trusts(client) && !TOLD.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                peer = %client,
                "X-Forwarded-For came from a peer that is not in server.trusted_proxies and was ignored: behind an unlisted proxy all clients share one rate limit. Logged once"
            );
        }
        let lines = headers.get_all(X_FORWARDED_FOR).iter().rev().map(HeaderValue::as_bytes);
        for entry in lines.flat_map(|line| line.rsplit(|byte| *byte == b',')) {
            if !self.trusts(client) {
                break;
            }
            match address(entry) {
                Some(address) => client = address,
                // An unreadable entry makes the proxy itself the client.
                None => return peer.to_canonical(),
            }
        }
        client
    }

    /// Whether the list is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `address` is a trusted proxy.
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// Parses an address with an optional port: some proxies add the client's port.
fn address(entry: &[u8]) -> Option<IpAddr> {
    let entry = std::str::from_utf8(entry).ok()?.trim();
    let address = entry.parse().or_else(|_| entry.parse::<SocketAddr>().map(|address| address.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use crate::server::proxies::*;

    fn client(trusted: &[&str], peer: &str, lines: &[&str]) -> String {
        let trusted: Vec<String> = trusted.iter().map(|text| (*text).to_owned()).collect();
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(X_FORWARDED_FOR, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        TrustedProxies::parse(&trusted).unwrap().client(peer.parse().unwrap(), &headers).to_string()
    }

    const INSIDE: [&str; 3] = ["10.0.0.0/8", "192.0.2.7", "fd00::/8"];

    #[test]
    fn the_first_address_from_the_right_that_is_not_ours_is_the_client() {
        for (peer, lines, expected) in [
            ("10.0.0.1", &["203.0.113.9"][..], "203.0.113.9"),
            ("10.0.0.1", &["203.0.113.9, 10.1.1.1, 10.2.2.2"], "203.0.113.9"),
            ("10.0.0.1", &["203.0.113.9", "10.1.1.1"], "203.0.113.9"),
            ("192.0.2.7", &[" 203.0.113.9 "], "203.0.113.9"),
            ("::ffff:10.0.0.1", &["::ffff:203.0.113.9"], "203.0.113.9"),
            ("fd00::1", &["2001:db8::9"], "2001:db8::9"),
            ("10.0.0.1", &["203.0.113.9:4711"], "203.0.113.9"),
            ("10.0.0.1", &["[2001:db8::9]:4711"], "2001:db8::9"),
            // Everybody on the way is ours: the one who began it.
            ("10.0.0.1", &["10.3.3.3, 10.1.1.1"], "10.3.3.3"),
            ("10.0.0.1", &[], "10.0.0.1"),
        ] {
            assert_eq!(client(&INSIDE, peer, lines), expected, "{peer} {lines:?}");
        }
    }

    #[test]
    fn what_a_client_wrote_itself_is_not_read() {
        for lines in [
            &["198.51.100.1, 203.0.113.9"][..],
            &["10.0.0.2, 203.0.113.9"],
            &["10.0.0.2", "203.0.113.9"],
            &["nonsense,, 203.0.113.9, 10.1.1.1"],
            &["\u{e9}\u{e9}", "203.0.113.9"],
        ] {
            assert_eq!(client(&INSIDE, "10.0.0.1", lines), "203.0.113.9", "{lines:?}");
        }
    }

    #[test]
    fn a_header_that_cannot_be_read_or_comes_from_a_stranger_says_nothing() {
        for lines in
            [&["unknown"][..], &[""], &["203.0.113.9,"], &["203.0.113.9 10.1.1.1"], &["203.0.113.9, _x, 10.1.1.1"]]
        {
            assert_eq!(client(&INSIDE, "10.0.0.1", lines), "10.0.0.1", "{lines:?}");
        }
        assert_eq!(client(&INSIDE, "203.0.113.1", &["198.51.100.1"]), "203.0.113.1");
        assert_eq!(client(&[], "10.0.0.1", &["198.51.100.1"]), "10.0.0.1");
    }

    #[test]
    fn what_is_no_network_is_named() {
        for bad in
            ["0.0.0.0/1", "128.0.0.0/1", "8000::/1", "10.0.0.0/33", "10.0.0.0/", "example.com", "", "0.0.0.0/0", "::/0"]
        {
            let networks = ["10.0.0.0/8".to_owned(), bad.to_owned()];
            assert_eq!(TrustedProxies::parse(&networks).unwrap_err(), bad);
        }
    }
}
