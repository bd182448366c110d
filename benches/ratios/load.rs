//! The load generator: keep-alive connections, each with one request under way. Every response is checked.

use std::{
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::sleep_until,
};

use crate::Result;

/// Bytes per read: enough for a page.
const ROOM: usize = 64 * 1024;

/// The client of one connection.
pub trait Client: Send + 'static {
    /// Returns the bytes of the next request.
    fn ask(&mut self) -> &[u8];
    /// Checks the response. An error ends the run, because wrong responses make the numbers meaningless.
    fn check(&mut self, answer: &Answer<'_>) -> Result<()>;
}

/// A response.
pub struct Answer<'a> {
    pub status: u16,
    pub body: &'a [u8],
    head: &'a str,
}

impl<'a> Answer<'a> {
    /// Returns the value of a cookie that the response sets.
    pub fn cookie(&self, name: &str) -> Option<&'a str> {
        headers(self.head).filter(|(header, _)| header.eq_ignore_ascii_case("set-cookie")).find_map(|(_, line)| {
            let (pair, _) = line.split_once(';')?;
            pair.strip_prefix(name)?.strip_prefix('=')
        })
    }

    /// Returns the status and the start of the body, for an error message.
    pub fn describe(&self) -> String {
        let body: String = String::from_utf8_lossy(self.body).chars().take(200).collect();
        format!("{} {body}", self.status)
    }
}

/// A connection with a buffer for one response.
pub struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
    body: Vec<u8>,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, read: Vec::with_capacity(ROOM), body: Vec::with_capacity(ROOM) })
    }

    /// Sends a request and reads the complete response.
    pub async fn exchange(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.read.clear();
        self.body.clear();
        let head_end = self.read_past(0, b"\r\n\r\n").await?;
        let head = std::str::from_utf8(&self.read[..head_end])?;
        let status = head.get(9..12).and_then(|digits| digits.parse().ok()).ok_or("not an HTTP/1.1 answer")?;
        match length(head)? {
            Some(length) => {
                self.read_until(head_end + length).await?;
                self.body.extend_from_slice(&self.read[head_end..head_end + length]);
            }
            None => self.read_chunks(head_end).await?,
        }
        Ok(Answer { status, body: &self.body, head: std::str::from_utf8(&self.read[..head_end])? })
    }

    /// Chunked encoding (RFC 9112, 7.1), without trailers.
    async fn read_chunks(&mut self, mut at: usize) -> Result<()> {
        loop {
            let data = self.read_past(at, b"\r\n").await?;
            let size = std::str::from_utf8(&self.read[at..data - 2])?;
            let size = usize::from_str_radix(size, 16)?;
            at = data + size + 2;
            self.read_until(at).await?;
            if size == 0 {
                return Ok(());
            }
            self.body.extend_from_slice(&self.read[data..data + size]);
        }
    }

    /// Reads until `mark`, searching from `from`, and returns its end. The compiler knows the length of `mark`, which
    /// matters: the load shares the cores with the server, and a page's head is long.
    async fn read_past<const LENGTH: usize>(&mut self, from: usize, mark: &[u8; LENGTH]) -> Result<usize> {
        loop {
            if let Some(at) = self.read[from..].windows(LENGTH).position(|bytes| bytes.first_chunk() == Some(mark)) {
                return Ok(from + at + LENGTH);
            }
            self.read_until(self.read.len() + 1).await?;
        }
    }

    async fn read_until(&mut self, length: usize) -> Result<()> {
        while self.read.len() < length {
            self.read.reserve(ROOM);
            if self.stream.read_buf(&mut self.read).await? == 0 {
                return Err("the server closed a connection".into());
            }
        }
        Ok(())
    }
}

fn headers(head: &str) -> impl Iterator<Item = (&str, &str)> {
    head.split("\r\n").filter_map(|line| line.split_once(": "))
}

/// Returns the body's length in bytes; `None` if it is chunked.
fn length(head: &str) -> Result<Option<usize>> {
    for (name, value) in headers(head) {
        if name.eq_ignore_ascii_case("content-length") {
            return Ok(Some(value.parse()?));
        }
        if name.eq_ignore_ascii_case("transfer-encoding") {
            return Ok(None);
        }
    }
    Ok(Some(0))
}

/// The duration and rate of a load.
#[derive(Clone, Copy)]
pub struct Plan {
    /// Warm-up, which is not counted.
    pub warm_up: Duration,
    pub window: Duration,
    /// Time between the starts of two requests on a connection; `None`: as soon as the response has arrived.
    pub every: Option<Duration>,
}

/// The result of a load.
pub struct Outcome<C> {
    /// The clients, with their state afterwards.
    pub clients: Vec<C>,
    /// Latencies of every response in the window, ascending.
    pub latencies: Vec<Duration>,
    /// Responses per second.
    pub rate: f64,
}

impl<C> Outcome<C> {
    /// Returns the latency in seconds at this quantile (0 to 1).
    pub fn percentile(&self, part: f64) -> f64 {
        let last = self.latencies.len().saturating_sub(1);
        let at = (part * self.latencies.len() as f64) as usize;
        self.latencies.get(at.min(last)).map_or(f64::NAN, Duration::as_secs_f64)
    }
}

/// Runs each client on its own connection until the plan ends.
pub async fn drive<C: Client>(address: SocketAddr, clients: Vec<C>, plan: Plan) -> Result<Outcome<C>> {
    let begin = Instant::now();
    let count = u32::try_from(clients.len())?;
    let mut tasks = JoinSet::new();
    for (place, client) in (0..count).zip(clients) {
        // Paced connections take turns instead of asking all at once.
        let first = begin + plan.every.unwrap_or_default() * place / count;
        tasks.spawn(work(address, client, plan, begin, first));
    }
    let mut outcome = Outcome { clients: Vec::new(), latencies: Vec::new(), rate: 0.0 };
    while let Some(done) = tasks.join_next().await {
        let (client, latencies) = done??;
        outcome.clients.push(client);
        outcome.latencies.extend(latencies);
    }
    if outcome.latencies.is_empty() {
        return Err("no answer came within the window".into());
    }
    outcome.latencies.sort_unstable();
    outcome.rate = outcome.latencies.len() as f64 / plan.window.as_secs_f64();
    Ok(outcome)
}

async fn work<C: Client>(
    address: SocketAddr,
    mut client: C,
    plan: Plan,
    begin: Instant,
    mut due: Instant,
) -> Result<(C, Vec<Duration>)> {
    let mut connection = Connection::open(address).await?;
    let counts_from = begin + plan.warm_up;
    let end = counts_from + plan.window;
    let mut latencies = Vec::new();
    loop {
        let mut asked = Instant::now();
        if let Some(every) = plan.every {
            if due > asked {
                sleep_until(due.into()).await;
                asked = Instant::now();
            } else {
                // The answer before was late: who would have asked at `due` has waited since.
                asked = due;
            }
            due += every;
        }
        if asked >= end {
            return Ok((client, latencies));
        }
        let answer = connection.exchange(client.ask()).await?;
        let answered = Instant::now();
        client.check(&answer)?;
        // Of paced requests all count that were due in time: the slowest must not be left out.
        if (plan.every.is_none() && counts_from <= answered && answered < end)
            || (plan.every.is_some() && counts_from <= asked)
        {
            latencies.push(answered - asked);
        }
    }
}
