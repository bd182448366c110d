//! Reads a browser's stream of server-sent events byte by byte.

use latchkey::auth::server::session::events::PATH;
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::{
    app::TestApp,
    browser::{ACCESS, Browser, REFRESH},
};

/// Longer than any step takes. A test never waits for it to pass.
const PATIENCE: Duration = Duration::from_secs(10);

/// A browser's open stream, read as it arrives.
pub struct Stream {
    socket: TcpStream,
    pub seen: String,
}

impl Stream {
    /// Opens the stream and waits for the first keep-alive.
    pub async fn open(app: &TestApp, browser: &Browser) -> Self {
        let mut stream = Self::ask(app, browser).await;
        stream.until(": open").await;
        stream
    }

    /// Opens the stream at another listener.
    pub async fn open_at(address: SocketAddr, browser: &Browser) -> Self {
        let mut stream = Self::ask_at(address, browser).await;
        stream.until(": open").await;
        stream
    }

    pub async fn ask(app: &TestApp, browser: &Browser) -> Self {
        Self::ask_at(app.address, browser).await
    }

    async fn ask_at(address: SocketAddr, browser: &Browser) -> Self {
        let mut socket = TcpStream::connect(address).await.unwrap();
        let cookies = [ACCESS, REFRESH]
            .into_iter()
            .filter_map(|name| Some(format!("{name}={}", browser.cookie(name)?)))
            .collect::<Vec<_>>()
            .join("; ");
        let request = format!("GET {PATH} HTTP/1.1\r\nhost: latchkey.test\r\ncookie: {cookies}\r\n\r\n");
        socket.write_all(request.as_bytes()).await.unwrap();
        Self { socket, seen: String::new() }
    }

    /// Reads until `words` arrive, or fails.
    pub async fn until(&mut self, words: &str) {
        while !self.seen.contains(words) {
            assert!(self.more().await, "the stream ended: {}", self.seen);
        }
    }

    /// Reads until the server ends the response (its last chunk is empty).
    pub async fn until_the_end(&mut self) {
        while !self.seen.ends_with("\r\n0\r\n\r\n") && self.more().await {}
    }

    async fn more(&mut self) -> bool {
        let mut bytes = [0; 4096];
        let read = timeout(PATIENCE, self.socket.read(&mut bytes)).await;
        let read = read.unwrap_or_else(|_| panic!("nothing more came after: {}", self.seen)).unwrap();
        self.seen.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
        read > 0
    }
}
