//! The process dies, the disk is full, or the database is down: no answered change and no session is lost.
//! `LATCHKEY_FAULTS=long` (make faults) repeats each as often as docs/operations.md says.

use std::{
    io::{Read, Write},
    net::TcpStream,
    process::Command,
    time::{Duration, Instant},
};

use crate::{
    app::{ORIGIN, PASSWORD},
    browser::{Browser, REFRESH},
    config_cli::{Place, Running, SECRET},
    transport::{post_head, status_of},
};

/// Every refresh rotates, so that each death meets one.
const SETTINGS: [(&str, &str); 4] = [
    ("LATCHKEY__AUTH__SECRET", SECRET),
    ("LATCHKEY__SERVER__PUBLIC_URL", ORIGIN),
    ("LATCHKEY__THROTTLE__CLIENT_PER_MINUTE", "10000"),
    ("LATCHKEY__AUTH__ROTATION_MIN_AGE", "0s"),
];

/// How often: in every run of the tests, and in the long form.
pub fn times(usual: usize, long: usize) -> usize {
    match std::env::var("LATCHKEY_FAULTS").as_deref() {
        Ok("long") => long,
        Ok(other) => panic!("LATCHKEY_FAULTS is long or not set, not {other}"),
        Err(_) => usual,
    }
}

fn serve_with(place: &Place, more: &[(&str, &str)]) -> Running {
    place.serve(&[&SETTINGS, more].concat())
}

async fn signed_up(server: &Running, email: &str) -> Browser {
    let browser = Browser::new(server.address, ORIGIN.into());
    let answer = browser.api("auth/sign_up", &[("email", email), ("password", PASSWORD)]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    browser
}

/// Asks who is signed in, with nothing but the refresh token. Nothing where the answer never came.
async fn refreshes(browser: &Browser) -> Option<u16> {
    browser.forget_access();
    Some(browser.try_api("auth/current_user").await?.status)
}

#[tokio::test]
async fn a_death_at_any_point_of_a_refresh_leaves_one_pair_that_works() {
    let place = Place::new().await;
    let mut server = serve_with(&place, &[]);
    let mut browser = signed_up(&server, "ada@example.test").await;
    for _ in 0..times(2, 100) {
        for point in ["before the rotation", "after the rotation", "before the answer"] {
            drop(server);
            let mut dying = serve_with(&place, &[("LATCHKEY_FAULT", point)]);
            let before = browser.copy_at(dying.address);
            assert_eq!(refreshes(&before).await, None, "{point}: the answer never comes");
            assert!(!dying.child.wait().unwrap().success());

            server = serve_with(&place, &[]);
            browser = browser.copy_at(server.address);
            assert_eq!(refreshes(&browser).await, Some(200), "{point}");
            // And what this bought works on.
            assert_eq!(refreshes(&browser).await, Some(200), "{point}");
        }
    }
}

#[tokio::test]
async fn killed_again_and_again_under_load_it_loses_nothing_that_was_answered() {
    const BROWSERS: usize = 8;
    let place = Place::new().await;
    let mut server = serve_with(&place, &[]);
    let mut browsers = Vec::new();
    for n in 0..BROWSERS {
        browsers.push(signed_up(&server, &format!("ada{n}@example.test")).await);
    }
    let mut answered = 0;
    for round in 0..times(6, 1_000) {
        let load: Vec<_> = browsers
            .drain(..)
            .map(|browser| {
                let browser = browser.copy_at(server.address);
                tokio::spawn(async move {
                    let mut answered = 0;
                    while let Some(status) = refreshes(&browser).await {
                        assert_eq!(status, 200);
                        answered += 1;
                    }
                    (browser, answered)
                })
            })
            .collect();
        // In the middle of it, wherever that is this time.
        let mut busy = tokio::time::interval(Duration::from_millis(1));
        for _ in 0..(round * 37) % 200 + 20 {
            busy.tick().await;
        }
        server.child.kill().unwrap();
        server.child.wait().unwrap();
        for browser in load {
            let (browser, count) = browser.await.unwrap();
            answered += count;
            browsers.push(browser);
        }
        server = serve_with(&place, &[]);
        for (n, browser) in browsers.iter().enumerate() {
            let back = browser.copy_at(server.address);
            let status = refreshes(&back).await;
            assert_eq!(status, Some(200), "browser {n} after kill {round}");
            assert!(back.cookie(REFRESH).is_some());
        }
        browsers = browsers.iter().map(|browser| browser.copy_at(server.address)).collect();
    }
    assert!(answered > 0, "it was killed before it did anything");
    println!("{answered} refreshes answered between the kills, none lost");
}

#[tokio::test]
async fn requests_in_flight_are_answered_after_the_signal_to_stop() {
    let place = Place::new().await;
    let mut server = serve_with(&place, &[]);
    let body = |n: usize| format!("email=ada{n:02}%40example.test&password={PASSWORD}");
    let length = format!("content-length: {}\r\nexpect: 100-continue\r\n\r\n", body(0).len());
    let mut connections = Vec::new();
    for _ in 0..20 {
        let mut connection = TcpStream::connect(server.address).unwrap();
        connection.write_all(post_head("/api/auth/sign_up", &length).as_bytes()).unwrap();
        // The server asks for the body: the request is in flight.
        connection.read_exact(&mut [0; 25]).unwrap();
        connections.push(connection);
    }
    server.terminate();
    for (n, connection) in connections.iter_mut().enumerate() {
        connection.write_all(body(n).as_bytes()).unwrap();
    }
    for mut connection in connections {
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        assert_eq!(status_of(&answer), 200, "{answer}");
    }
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

#[tokio::test]
async fn clients_that_go_away_in_the_middle_take_nothing_with_them() {
    let place = Place::new().await;
    let server = serve_with(&place, &[]);
    let browser = signed_up(&server, "ada@example.test").await;
    for n in 0..times(40, 1_000) {
        browser.forget_access();
        let cookie = format!("{REFRESH}={}", browser.cookie(REFRESH).unwrap());
        let head = format!("GET /profile HTTP/1.1\r\nhost: x\r\naccept: text/html\r\ncookie: {cookie}\r\n\r\n");
        let mut gone = TcpStream::connect(server.address).unwrap();
        gone.write_all(head.as_bytes()).unwrap();
        // At once, or after a part of the answer.
        if n % 2 == 1 {
            let _ = gone.read(&mut [0; 10]).unwrap();
        }
        drop(gone);
        assert_eq!(refreshes(&browser).await, Some(200), "{n}");
    }
}

/// Starts the server in a mount namespace of its own, where `data` is a disk of two megabytes.
fn serve_on_a_small_disk(place: &Place) -> Running {
    // Whoever is not root may mount in a user namespace of their own.
    let user: &[&str] = if is_root() { &[] } else { &["--user", "--map-root-user"] };
    let command = format!("mount -t tmpfs -o size=2m tmpfs data && exec {} serve", env!("CARGO_BIN_EXE_latchkey"));
    std::fs::create_dir_all(place.folder.join("data")).unwrap();
    place.serve_by(
        Command::new("unshare").args(user).args(["--mount", "sh", "-c", &command]),
        &[&SETTINGS[..], &[("DATABASE_URL", "sqlite:data/small.db")]].concat(),
    )
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().unwrap().stdout == b"0\n"
}

#[tokio::test]
async fn a_full_disk_refuses_writes_serves_reads_and_recovers() {
    // PostgreSQL has its disk elsewhere; what it answers then (53100) is an outage to us, like any of class 53.
    let place = Place::new().await;
    let server = serve_on_a_small_disk(&place);
    let browser = signed_up(&server, "ada@example.test").await;
    assert_eq!(browser.get("/profile").await.status, 200);
    // The server's own view of its folder.
    let disk = format!("/proc/{}/root{}/data", server.child.id(), place.folder.display());
    let filler = format!("{disk}/filler");
    let mut file = std::fs::File::create(&filler).unwrap();
    while file.write_all(&[0; 512]).is_ok() {}

    // Until the write-ahead log's free pages are used up, some writes still fit.
    let began = Instant::now();
    let refused = loop {
        let answer = browser.api("profile/update", &[("display_name", "Ada"), ("bio", &"x".repeat(400))]).await;
        if answer.status != 200 {
            break answer;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "the disk never was full");
    };
    assert_eq!(refused.status, 503, "{}", refused.body);
    assert!(refused.set_cookies().is_empty());
    assert_eq!(browser.get("/profile").await.status, 200, "reads go on");
    let expired = browser.copy();
    assert_eq!(refreshes(&expired).await, Some(503));
    assert!(expired.cookie(REFRESH).is_some(), "and nobody is logged out");

    drop(file);
    std::fs::remove_file(&filler).unwrap();
    assert_eq!(refreshes(&expired).await, Some(200), "once there is room again, without a restart");
}
