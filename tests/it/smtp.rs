//! Runs tests/smtp/server.mjs, a real SMTP server in its own process.

use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};
use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::timeout,
};

/// Longer than any step takes. A test never waits for it to pass.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Killed when dropped.
pub struct SmtpServer {
    child: Child,
    pub port: u16,
    events: UnboundedReceiver<Value>,
}

impl SmtpServer {
    pub async fn start(orders: Value) -> Self {
        let root = env!("CARGO_MANIFEST_DIR");
        assert!(
            PathBuf::from(root).join("end2end/node_modules/smtp-server").exists(),
            "the mail server is not installed: run scripts/setup test"
        );
        let mut child = Command::new("node")
            .arg(format!("{root}/tests/smtp/server.mjs"))
            .arg(orders.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node runs the mail server of these tests");
        let (send, events) = unbounded_channel();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let _ = send.send(serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}")));
            }
        });
        let mut server = Self { child, port: 0, events };
        server.port = u16::try_from(server.next("listening").await["port"].as_u64().unwrap()).unwrap();
        server
    }

    pub async fn plain() -> Self {
        Self::start(json!({})).await
    }

    /// Waits for the next event of that kind and skips others.
    pub async fn next(&mut self, kind: &str) -> Value {
        let awaited = async {
            loop {
                let event = self.events.recv().await.expect("the mail server has ended");
                if event["event"] == kind {
                    return event;
                }
            }
        };
        timeout(PATIENCE, awaited).await.unwrap_or_else(|_| panic!("{kind} did not happen"))
    }

    /// Returns the next mail, with its header lines unfolded.
    pub async fn mail(&mut self) -> String {
        self.next("arrived").await["raw"].as_str().unwrap().replace("\r\n ", " ")
    }

    /// Returns the kinds of events received so far and not waited for.
    pub fn so_far(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.events.try_recv().ok()).map(|e| e["event"].as_str().unwrap().to_owned()).collect()
    }

    /// Lets the server answer, if a gate was configured.
    pub fn open_gate(&mut self) {
        self.child.stdin.as_mut().unwrap().write_all(b"open\n").unwrap();
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns a self-signed certificate for 127.0.0.1, and its key.
pub struct Certificate(PathBuf);

impl Certificate {
    pub fn new() -> Self {
        Self::naming("IP:127.0.0.1")
    }

    pub fn naming(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("latchkey-mail-{}", uuid::Uuid::now_v7().simple()));
        std::fs::create_dir_all(&folder).unwrap();
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
            .args(["-subj", "/CN=mail", "-addext", &format!("subjectAltName={name}")])
            .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout", "key.pem", "-out", "cert.pem"])
            .current_dir(&folder)
            .output()
            .expect("openssl makes certificates for these tests");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Self(folder)
    }

    pub fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Certificate {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
