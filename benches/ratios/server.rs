//! The servers under load, as separate processes that stop when dropped.

use std::{
    fs::{self, File},
    io,
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::{
    Result,
    clients::Pages,
    load::{Client, Connection},
};

/// The public URL's host. It does not resolve.
pub const PUBLIC_URL: &str = "https://latchkey.test";
/// Time limit for a start, far above the slowest.
const START_LIMIT: Duration = Duration::from_secs(20);
/// Interval of polling, for conditions without an event.
const LOOK: Duration = Duration::from_millis(1);
/// A process that used no CPU time for this long is idle.
const IDLE: Duration = Duration::from_millis(200);

/// The app's settings, by environment variable: a production start, except for limits that would end a measurement.
pub fn settings(database: &str, address: SocketAddr, secret: &str) -> Vec<(String, String)> {
    let settings: [(&str, &str); 10] = [
        ("LEPTOS_ENV", "PROD"),
        ("LEPTOS_SITE_ADDR", &address.to_string()),
        ("LATCHKEY__SERVER__PUBLIC_URL", PUBLIC_URL),
        ("LATCHKEY__AUTH__SECRET", secret),
        ("DATABASE_URL", database),
        // All load comes from one address, and the same account fails hundreds of times.
        ("LATCHKEY__THROTTLE__CLIENT_PER_MINUTE", "1000000000"),
        ("LATCHKEY__THROTTLE__ACCOUNT_PER_FIVE_MINUTES", "1000000000"),
        ("LATCHKEY__THROTTLE__MAILS_PER_HOUR", "1000000000"),
        // Pages are to be answered by their access token for the whole run ...
        ("LATCHKEY__AUTH__ACCESS_TTL", "1h"),
        // ... and refreshes to rotate each time.
        ("LATCHKEY__AUTH__ROTATION_MIN_AGE", "0s"),
    ];
    settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

/// Returns a free address of this machine.
pub fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}

/// A running server.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
    /// Time from the start to the first page.
    pub started_in: Duration,
}

impl Server {
    /// Starts `program` and waits for its first page. Its log goes to a file in `folder`, as in production, because
    /// writing it is part of the work.
    pub async fn start(
        program: &Path,
        arguments: &[&str],
        environment: Vec<(String, String)>,
        address: SocketAddr,
        folder: &Path,
    ) -> Result<Self> {
        let log = folder.join("server.log");
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .envs(environment)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?);
        let begin = Instant::now();
        let child = command.spawn().map_err(|error| format!("{}: {error}", program.display()))?;
        let mut server = Self { child, address, started_in: Duration::ZERO };
        let mut connection = loop {
            match Connection::open(address).await {
                Ok(connection) => break connection,
                Err(_) if server.child.try_wait()?.is_some() || begin.elapsed() > START_LIMIT => {
                    return Err(format!("{} did not start: {}", program.display(), fs::read_to_string(log)?).into());
                }
                Err(_) => tokio::time::sleep(LOOK).await,
            }
        };
        let mut visitor = Pages::open("/");
        let answer = connection.exchange(visitor.ask()).await?;
        visitor.check(&answer)?;
        server.started_in = begin.elapsed();
        Ok(server)
    }

    /// Returns the current resident memory in MB (10^6 bytes).
    pub fn memory(&self) -> Result<f64> {
        self.status("VmRSS:")
    }

    /// Returns the peak resident memory in MB.
    pub fn peak_memory(&self) -> Result<f64> {
        self.status("VmHWM:")
    }

    /// Reads a line of proc(5)'s `status`, which is in KiB.
    fn status(&self, name: &str) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name)).ok_or("no memory in /proc")?;
        let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kib * 1024.0 / 1e6)
    }

    /// Waits until the server is idle.
    pub async fn idle(&self) -> Result<()> {
        let mut before = self.processor_time()?;
        loop {
            tokio::time::sleep(IDLE).await;
            let now = self.processor_time()?;
            if now == before {
                return Ok(());
            }
            before = now;
        }
    }

    /// Returns clock ticks in user and kernel mode: fields 14 and 15 of proc(5)'s `stat`, counted after the name in
    /// brackets.
    fn processor_time(&self) -> Result<u64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let (_, fields) = stat.rsplit_once(')').ok_or("no process in /proc")?;
        let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
        Ok(ticks.sum::<std::result::Result<u64, _>>()?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
