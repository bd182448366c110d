//! The binary itself: invalid configurations and their errors, commands, and shutdown.

use latchkey::server::{config::Config, db::Db};
use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    sync::{
        atomic::{AtomicU16, Ordering},
        mpsc::{Receiver, channel},
    },
};

use crate::{
    app::{PASSWORD, fresh_database},
    transport::{post_head, status_of},
};

pub const SECRET: &str = "f3b1c5a79d0e2846f3b1c5a79d0e2846f3b1c5a7";
const LEPTOS_TOML: &str = include_str!("../../Leptos.toml");
/// The environment of a developer's machine.
pub fn dev() -> [(String, String); 1] {
    [("LEPTOS_ENV".to_owned(), "DEV".to_owned())]
}

const CARGO_TOML: &str = include_str!("../../Cargo.toml");

/// The settings that PROD requires.
pub const PRODUCTION: [(&str, &str); 3] = [
    ("LEPTOS_ENV", "PROD"),
    ("LATCHKEY__AUTH__SECRET", SECRET),
    ("LATCHKEY__SERVER__PUBLIC_URL", "https://latchkey.test"),
];

/// A folder to run the binary in, with the shipped configuration and its own database.
pub struct Place {
    pub folder: PathBuf,
    pub database: String,
    /// The folder of an SQLite database.
    database_folder: Option<PathBuf>,
}

impl Place {
    pub async fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("latchkey-place-{}", uuid::Uuid::now_v7().simple()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("Leptos.toml"), LEPTOS_TOML).unwrap();
        let (database, database_folder) = fresh_database().await;
        Self { folder, database, database_folder }
    }

    /// Returns the command with these settings only, without this process's environment.
    pub fn command(&self, arguments: &[&str], settings: &[(&str, &str)]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey"));
        self.prepare(command.args(arguments), settings);
        command
    }

    fn prepare(&self, command: &mut Command, settings: &[(&str, &str)]) {
        command
            .env_clear()
            .env("LEPTOS_ENV", "DEV")
            .env("DATABASE_URL", &self.database)
            .env("LEPTOS_HASH_FILES", "false")
            .envs(settings.iter().copied())
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
    }

    pub fn run(&self, arguments: &[&str], settings: &[(&str, &str)]) -> Output {
        self.command(arguments, settings).output().unwrap()
    }

    pub fn run_with_input(&self, arguments: &[&str], settings: &[(&str, &str)], input: &str) -> Output {
        let mut child = self.command(arguments, settings).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    /// Starts the server and waits until it answers.
    pub fn serve(&self, settings: &[(&str, &str)]) -> Running {
        self.serve_by(Command::new(env!("CARGO_BIN_EXE_latchkey")).arg("serve"), settings)
    }

    /// Starts the server by a command that becomes the server.
    pub fn serve_by(&self, command: &mut Command, settings: &[(&str, &str)]) -> Running {
        let address = free_address();
        let site = address.to_string();
        self.prepare(command, &[settings, &[("LEPTOS_SITE_ADDR", &site)]].concat());
        let mut child = command.spawn().unwrap();
        let out = lines(child.stdout.take().unwrap());
        let err = lines(child.stderr.take().unwrap());
        let Ok(greeting) = out.recv() else {
            panic!("it did not start: {}", err.iter().collect::<String>());
        };
        Running { address, child, greeting, out, err }
    }

    /// Opens the database directly, not through the server.
    pub async fn db(&self) -> Db {
        let environment =
            [("LEPTOS_ENV".to_owned(), "DEV".to_owned()), ("DATABASE_URL".to_owned(), self.database.clone())];
        Db::open(&Config::parse("", environment).unwrap().database).await.unwrap()
    }

    /// Returns the number of rows of a table.
    pub async fn users(&self) -> i64 {
        let count = "select count(*) from users";
        match &self.db().await {
            Db::Sqlite(db) => sqlx::query_scalar(count).fetch_one(&db.read).await.unwrap(),
            Db::Postgres(pool) => sqlx::query_scalar(count).fetch_one(pool).await.unwrap(),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        for folder in [Some(&self.folder), self.database_folder.as_ref()].into_iter().flatten() {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

/// A server in its own process. Killed when dropped.
pub struct Running {
    pub address: SocketAddr,
    pub child: Child,
    greeting: String,
    out: Receiver<String>,
    err: Receiver<String>,
}

/// Reads the lines of a pipe continuously, because a full pipe would block the process.
fn lines(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (send, receive) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines() {
            let _ = send.send(line.unwrap() + "\n");
        }
    });
    receive
}

impl Running {
    pub fn terminate(&self) {
        let status = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Stops the server like a service manager. Returns its exit code and all its output.
    pub fn stop(mut self) -> (Option<i32>, String) {
        self.terminate();
        let rest: String = self.out.iter().chain(self.err.iter()).collect();
        (self.child.wait().unwrap().code(), format!("{}{rest}", self.greeting))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns a free address, below the ports that the system assigns by itself.
pub fn free_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 8_000).unwrap();
    loop {
        let port = 10_000 + (first + NEXT.fetch_add(1, Ordering::Relaxed)) % 9_000;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Checks that a command failed with a one-line error that contains `words`.
pub fn refuses(output: &Output, words: &[&str], case: &str) {
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(!output.status.success(), "{case}: {out}");
    assert_eq!(out, "", "{case}");
    let sentence = err.strip_suffix('\n').unwrap_or(&err);
    assert!(
        sentence.starts_with("latchkey: ") && sentence.ends_with('.') && !sentence.contains('\n'),
        "{case}: {err:?}"
    );
    for word in words {
        assert!(sentence.contains(word), "{case}: {word:?} is missing in {err:?}");
    }
    assert!(!sentence.contains("panick"), "{case}: {err}");
}

#[tokio::test]
async fn a_configuration_that_does_not_hold_together_stops_every_command() {
    let place = Place::new().await;
    let table: [(&str, &[(&str, &str)], &[&str]); 21] = [
        ("no secret", &[PRODUCTION[0], PRODUCTION[2]], &["auth.secret", "LATCHKEY__AUTH__SECRET"]),
        ("a short secret", &[("LATCHKEY__AUTH__SECRET", "short")], &["auth.secret", "32"]),
        ("a dull secret", &[("LATCHKEY__AUTH__SECRET", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")], &["auth.secret"]),
        ("a weak old secret", &[("LATCHKEY__AUTH__PREVIOUS_SECRETS", "[\"short\"]")], &["auth.previous_secrets"]),
        ("plain http", &[("LATCHKEY__SERVER__PUBLIC_URL", "http://latchkey.test")], &["server.public_url", "https://"]),
        ("no public URL", &PRODUCTION[..2], &["server.public_url", "https://"]),
        ("a URL with a path", &[("LATCHKEY__SERVER__PUBLIC_URL", "https://latchkey.test/app")], &["server.public_url"]),
        (
            "a bad network",
            &[("LATCHKEY__SERVER__TRUSTED_PROXIES", "[\"10.0.0.0/33\"]")],
            &["server.trusted_proxies", "10.0.0.0/33", "10.0.0.0/8"],
        ),
        ("proxies everywhere", &[("LATCHKEY__SERVER__TRUSTED_PROXIES", "[\"0.0.0.0/0\"]")], &["trusted_proxies"]),
        ("demo accounts", &[("LATCHKEY__DEMO__SEED", "true")], &["demo.seed", "PROD"]),
        ("a mailbox for everybody", &[("LATCHKEY__MAIL__TRANSPORT", "mailbox")], &["mail.transport", "PROD"]),
        ("an unknown key", &[("LATCHKEY__AUTH__ACESS_TTL", "5m")], &["acess_ttl", "LATCHKEY__SECTION__KEY"]),
        ("an unknown section", &[("LATCHKEY__AUHT__ACCESS_TTL", "5m")], &["auht"]),
        ("no section", &[("LATCHKEY__ACCESS_TTL", "5m")], &["LATCHKEY__ACCESS_TTL", "LATCHKEY__SECTION__KEY"]),
        ("a bad duration", &[("LATCHKEY__AUTH__ACCESS_TTL", "soon")], &["soon", "5m"]),
        ("a number for a duration", &[("LATCHKEY__AUTH__ACCESS_TTL", "5")], &["access_ttl"]),
        ("times out of order", &[("LATCHKEY__AUTH__IDLE_TTL", "31d")], &["auth.idle_ttl", "auth.refresh_ttl"]),
        ("a cheap hash", &[("LATCHKEY__AUTH__ARGON2_MEMORY_KIB", "1024")], &["argon2", "19456"]),
        ("an unknown environment", &[("LEPTOS_ENV", "STAGING")], &["LEPTOS_ENV", "DEV", "PROD"]),
        (
            "one connection",
            &[("DATABASE_URL", "postgres://localhost/x"), ("LATCHKEY__DATABASE__MAX_CONNECTIONS", "1")],
            &["database.max_connections", "2"],
        ),
        ("an unknown engine", &[("DATABASE_URL", "mysql://localhost/x")], &["DATABASE_URL", "sqlite:", "postgres://"]),
    ];
    for (case, settings, words) in table {
        // Two of the cases are of what is missing.
        let whole = if case.starts_with("no ") && case != "no section" {
            settings.to_vec()
        } else {
            [&PRODUCTION, settings].concat()
        };
        refuses(&place.run(&["config", "check"], &whole), words, case);
        refuses(&place.run(&[], &whole), words, case);
    }
    for command in [&["migrate"][..], &["serve"], &["admin", "create", "--email", "ada@example.test"]] {
        let whole = [&PRODUCTION[..], &[("LATCHKEY__DEMO__SEED", "true")]].concat();
        refuses(&place.run(command, &whole), &["demo.seed"], &command.join(" "));
    }
    assert!(!place.folder.join("data").exists(), "nothing was made on the way");
}

#[tokio::test]
async fn a_configuration_file_that_is_missing_or_broken_is_named() {
    let place = Place::new().await;
    refuses(&place.run(&["--config", "other.toml", "config", "check"], &[]), &["other.toml", "--config"], "no file");
    for (broken, words) in [
        ("[auth\n", &["Leptos.toml"][..]),
        ("[auth]\nacess_ttl = '5m'\n", &["acess_ttl"]),
        ("[auht]\n", &["auht"]),
        ("[auth]\naccess_ttl = 5\n", &["access_ttl"]),
        ("surprise = 1\n", &["surprise"]),
    ] {
        std::fs::write(place.folder.join("Leptos.toml"), broken).unwrap();
        refuses(&place.run(&["config", "check"], &[]), words, broken);
    }
}

#[tokio::test]
async fn a_configuration_that_holds_together_says_so() {
    let place = Place::new().await;
    let check = place.run(&["config", "check"], &PRODUCTION);
    assert!(check.status.success(), "{}", text(&check.stderr));
    assert!(text(&check.stdout).contains("https://latchkey.test"));
    assert!(!text(&check.stdout).contains(SECRET));
    assert!(place.run(&["config", "check"], &[]).status.success(), "DEV needs nothing");
    assert!(!place.folder.join("data").exists(), "a check makes no secret");
}

#[tokio::test]
async fn a_database_file_is_for_its_owner_alone() {
    let place = Place::new().await;
    assert!(place.run(&["migrate"], &[("DATABASE_URL", "sqlite:data/own.db")]).status.success());
    assert_eq!(std::fs::metadata(place.folder.join("data/own.db")).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn development_makes_a_secret_for_its_owners_eyes_and_keeps_it() {
    let place = Place::new().await;
    assert!(place.run(&["migrate"], &[]).status.success());
    let file = place.folder.join("data/dev-secret");
    let secret = std::fs::read_to_string(&file).unwrap();
    assert!(secret.len() >= 32);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let again = place.run(&["migrate"], &[]);
    assert!(again.status.success());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), secret, "a restart logs nobody out");
    assert!(!text(&again.stdout).contains(&secret) && !text(&again.stderr).contains(&secret));
    // Half a secret, as an interrupted start would leave it, is made anew.
    std::fs::write(&file, "half").unwrap();
    assert!(place.run(&["migrate"], &[]).status.success());
    let anew = std::fs::read_to_string(&file).unwrap();
    assert!(anew.len() >= 32 && anew != secret);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    let other = Place::new().await;
    assert!(other.run(&["migrate"], &PRODUCTION).status.success());
    assert!(!other.folder.join("data/dev-secret").exists(), "PROD makes none");
}

#[tokio::test]
async fn a_fresh_production_database_has_no_account() {
    let place = Place::new().await;
    let migrated = place.run(&["migrate"], &PRODUCTION);
    assert!(migrated.status.success(), "{}", text(&migrated.stderr));
    assert_eq!(text(&migrated.stdout), "The database is up to date.\n");
    assert_eq!(place.users().await, 0);
    assert!(place.run(&["migrate"], &PRODUCTION).status.success(), "a second time changes nothing");
    let server = place.serve(&PRODUCTION);
    let (code, _) = server.stop();
    assert_eq!(code, Some(0));
    assert_eq!(place.users().await, 0, "serving makes none either");
}

#[tokio::test]
async fn the_demo_has_its_three_accounts_once() {
    let place = Place::new().await;
    for _ in 0..2 {
        let server = place.serve(&[("LATCHKEY__DEMO__SEED", "true")]);
        let (code, output) = server.stop();
        assert_eq!(code, Some(0));
        for email in ["user@demo.test", "moderator@demo.test", "admin@demo.test"] {
            assert!(output.contains(email), "{output}");
        }
        assert_eq!(place.users().await, 3);
    }
}

#[tokio::test]
async fn the_first_admin_comes_from_the_command_line() {
    let place = Place::new().await;
    let create = ["admin", "create", "--email", "Root@example.test"];
    let made = place.run(&create, &PRODUCTION);
    assert!(made.status.success(), "{}", text(&made.stderr));
    let out = text(&made.stdout);
    let password = out.split("Password, shown this once: ").nth(1).unwrap().trim();
    assert!(password.len() >= 43, "{password}");
    assert_eq!(out.matches(password).count(), 1);
    assert!(!text(&made.stderr).contains(password));

    let again = place.run(&create, &PRODUCTION);
    refuses(&again, &["has an account already"], "a duplicate");
    let twin = place.run(&["admin", "create", "--email", "ROOT@EXAMPLE.TEST"], &PRODUCTION);
    refuses(&twin, &["has an account already"], "its twin");
    assert_eq!(place.users().await, 1);

    // The password opens the door that it was made for.
    let server = place.serve(&PRODUCTION);
    let browser = crate::browser::Browser::new(server.address, "https://latchkey.test".into());
    let answer = browser.api("auth/log_in", &[("email", "root@example.test"), ("password", password)]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(browser.get("/admin").await.status, 200);
    let (code, output) = server.stop();
    assert_eq!(code, Some(0));
    assert!(!output.contains(password));
}

#[tokio::test]
async fn an_admins_password_can_come_from_standard_input() {
    let place = Place::new().await;
    let create = |email| vec!["admin", "create", "--email", email, "--password-stdin"];
    for (email, input) in
        [("a@example.test", PASSWORD.to_owned()), ("b@example.test", format!("{PASSWORD}\r\nnext line"))]
    {
        let made = place.run_with_input(&create(email), &PRODUCTION, &input);
        assert!(made.status.success(), "{}", text(&made.stderr));
        assert!(!text(&made.stdout).contains(PASSWORD) && !text(&made.stderr).contains(PASSWORD));
    }
    for (email, input, words) in [
        ("c@example.test", "short\n", &["12"][..]),
        ("c@example.test", "", &["password"]),
        ("nobody", "tidal-copper-lantern\n", &["email"]),
    ] {
        refuses(&place.run_with_input(&create(email), &PRODUCTION, input), words, input);
    }
    assert_eq!(place.users().await, 2);
    let server = place.serve(&PRODUCTION);
    for email in ["a@example.test", "b@example.test"] {
        let browser = crate::browser::Browser::new(server.address, "https://latchkey.test".into());
        browser.log_in(email).await;
    }
}

#[tokio::test]
async fn a_database_that_cannot_be_opened_is_said_in_a_sentence() {
    let place = Place::new().await;
    for url in ["sqlite:Leptos.toml/x.db", "postgres://nobody:canary-password@127.0.0.1:9/none"] {
        let settings = [&PRODUCTION[..], &[("DATABASE_URL", url)]].concat();
        let output = place.run(&["migrate"], &settings);
        refuses(&output, &["DATABASE_URL"], url);
        assert!(!text(&output.stderr).contains("canary"), "{}", text(&output.stderr));
    }
}

#[tokio::test]
async fn an_address_that_is_taken_is_said_in_a_sentence() {
    let place = Place::new().await;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let settings = [&PRODUCTION[..], &[("LEPTOS_SITE_ADDR", &address)]].concat();
    refuses(&place.run(&["serve"], &settings), &["LEPTOS_SITE_ADDR", &address], "a taken address");
    let free = free_address().to_string();
    let metrics = ("LATCHKEY__SERVER__METRICS_ADDR", address.as_str());
    let settings = [&PRODUCTION[..], &[("LEPTOS_SITE_ADDR", &free), metrics]].concat();
    refuses(&place.run(&["serve"], &settings), &[metrics.0, &address], "a taken address for the metrics");
}

#[tokio::test]
async fn a_stopping_server_finishes_what_it_has_begun_and_takes_nothing_new() {
    let place = Place::new().await;
    let mut server =
        place.serve(&[("LATCHKEY__SERVER__PUBLIC_URL", crate::app::ORIGIN), ("RUST_LOG", "latchkey=info")]);
    let body = format!("email=ada%40example.test&password={PASSWORD}");
    let length = format!("content-length: {}\r\nexpect: 100-continue\r\n\r\n", body.len());
    let mut connection = TcpStream::connect(server.address).unwrap();
    connection.write_all(post_head("/api/auth/sign_up", &length).as_bytes()).unwrap();
    // The server asks for the body: the request is in flight.
    let mut begun = [0; 25];
    connection.read_exact(&mut begun).unwrap();
    assert_eq!(&begun, b"HTTP/1.1 100 Continue\r\n\r\n");

    server.terminate();
    while !server.err.recv().expect("it ended with a request in flight").contains("stopping") {}
    connection.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();

    assert_eq!(status_of(&answer), 200, "{answer}");
    assert!(answer.contains("latchkey_refresh="), "{answer}");
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
    assert!(TcpStream::connect(server.address).is_err());
    assert_eq!(place.users().await, 1, "what was answered is kept");
}

#[tokio::test]
async fn a_stopping_server_does_not_wait_for_ever() {
    let place = Place::new().await;
    let server = place.serve(&[("LATCHKEY__SERVER__SHUTDOWN_DEADLINE", "1s")]);
    let mut connection = TcpStream::connect(server.address).unwrap();
    let head = format!(
        "POST /api/auth/log_in HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         origin: http://{}\r\ncontent-length: 10\r\nexpect: 100-continue\r\n\r\n",
        server.address
    );
    connection.write_all(head.as_bytes()).unwrap();
    connection.read_exact(&mut [0; 25]).unwrap();
    let since = std::time::Instant::now();
    let (code, _) = server.stop();
    assert_eq!(code, Some(0));
    assert!(since.elapsed() < std::time::Duration::from_secs(10), "{:?}", since.elapsed());
}

/// Returns a file's `[section] key = value` lines, including commented ones.
fn keys_with_commented_ones(text: &str) -> String {
    let is_key = |line: &str| {
        line.split_once(" = ")
            .is_some_and(|(key, _)| key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'))
    };
    let uncommented = text.lines().map(|line| match line.strip_prefix("# ") {
        Some(rest) if is_key(rest) => rest,
        _ => line,
    });
    uncommented.collect::<Vec<_>>().join("\n")
}

#[test]
fn every_key_of_the_file_that_ships_is_known_commented_out_or_not() {
    let text = keys_with_commented_ones(LEPTOS_TOML);
    for key in ["\npublic_url = ", "\nsecret = ", "\naccess_ttl = ", "\nmetrics_addr = "] {
        assert!(text.contains(key), "{key}");
    }
    Config::parse(&text, dev()).unwrap();
    let misspelt = text.replace("\npublic_url", "\npublik_url");
    assert!(Config::parse(&misspelt, dev()).unwrap_err().to_string().contains("publik_url"));
}

#[test]
fn the_file_that_ships_lists_every_key() {
    let shipped: toml::Table = toml::from_str(&keys_with_commented_ones(LEPTOS_TOML)).unwrap();
    for section in ["server", "database", "auth", "throttle", "mail", "demo", "leptos"] {
        // The parser's error lists the section's keys.
        let error = Config::parse(&format!("[{section}]\nunknown = 1"), dev()).unwrap_err().to_string();
        let listed = error.split_once("expected ").and_then(|(_, rest)| rest.split_once(" in `"));
        let (keys, _) = listed.unwrap_or_else(|| panic!("{error}"));
        let keys: Vec<&str> = keys.split('`').skip(1).step_by(2).collect();
        assert!(!keys.is_empty(), "{error}");
        for key in keys {
            assert!(shipped[section].get(key).is_some(), "Leptos.toml lacks {section}.{key}");
        }
    }
}

#[test]
fn the_file_that_ships_says_what_holds_without_it() {
    // So that a key taken out of the file keeps its value, and the file is never wrong about a default.
    let (shipped, bare) = (Config::parse(LEPTOS_TOML, dev()).unwrap(), Config::parse("", dev()).unwrap());
    assert_eq!(
        format!("{:?}", (&shipped.server, &shipped.throttle, &shipped.mail, &shipped.demo, &shipped.leptos)),
        format!("{:?}", (&bare.server, &bare.throttle, &bare.mail, &bare.demo, &bare.leptos))
    );
    let times = |c: &Config| {
        let a = &c.auth;
        (a.access_ttl, a.refresh_ttl, a.idle_ttl, a.rotation_min_age, a.reuse_leeway)
    };
    let rest = |c: &Config| {
        let a = &c.auth;
        (
            a.password_min_length,
            a.breach_check_url.clone(),
            a.sign_up,
            a.argon2_memory_kib,
            a.argon2_passes,
            a.argon2_lanes,
            c.database.url.clone(),
            c.database.max_connections,
        )
    };
    assert_eq!(times(&shipped), times(&bare));
    assert_eq!(rest(&shipped), rest(&bare));
    assert!(shipped.auth.secret.is_none() && shipped.auth.previous_secrets.is_empty(), "no secret ships");
}

#[test]
fn the_build_and_the_running_server_agree_on_the_leptos_options() {
    let run: toml::Table = toml::from_str(LEPTOS_TOML).unwrap();
    let build: toml::Table = toml::from_str(CARGO_TOML).unwrap();
    let run: BTreeMap<String, toml::Value> =
        run["leptos"].as_table().unwrap().iter().map(|(key, value)| (key.replace('_', "-"), value.clone())).collect();
    let build = build["package"]["metadata"]["leptos"].as_table().unwrap();
    // The binary is for production unless told otherwise; a build is a developer's.
    assert_eq!((run["env"].as_str(), build["env"].as_str()), (Some("PROD"), Some("DEV")));
    for (key, value) in run.iter().filter(|(key, _)| *key != "env") {
        assert_eq!(build.get(key), Some(value), "{key}");
    }
    // Those that both sides read.
    let shared =
        ["output-name", "site-root", "site-pkg-dir", "site-addr", "reload-port", "env", "hash-files", "hash-file-name"];
    let keys: BTreeSet<&str> = run.keys().map(String::as_str).collect();
    assert_eq!(keys, shared.into());
}

#[test]
fn a_configuration_in_a_log_line_shows_no_secret() {
    let settings = [
        ("LEPTOS_ENV", "DEV"),
        ("LATCHKEY__AUTH__SECRET", SECRET),
        ("DATABASE_URL", "postgres://latchkey:canary-password@db/latchkey"),
    ];
    let config = Config::parse(LEPTOS_TOML, settings.map(|(k, v)| (k.to_owned(), v.to_owned()))).unwrap();
    let shown = format!("{config:?} {config:#?}");
    assert!(!shown.contains(SECRET) && !shown.contains("canary"), "{shown}");
    assert!(shown.contains("public_origin"), "it shows something");
}
