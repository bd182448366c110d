//! Connections that are idle, slow, too many, or of an unsupported protocol.

use latchkey::{
    auth::server::{
        session::streams::{StreamPlace, Streams},
        token::session_id::SessionId,
    },
    server::{
        http::{assets::Assets, connections::Limits, router::router},
        serve::{self, Server},
    },
};
use std::{
    net::SocketAddr,
    os::unix::process::CommandExt,
    process::Command,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use uuid::Uuid;

use crate::{
    app::{ORIGIN, TestApp},
    browser::Browser,
    config_cli::{Place, SECRET},
    stream::Stream,
};

/// Longer than anything here may take; nothing waits for it to pass.
const PATIENCE: Duration = Duration::from_secs(20);
const IN_ALL: Limits = Limits { total: 6, by_address: 6, stall: Duration::from_secs(1) };

/// The same app behind another listener, with limits that a test can reach.
async fn listener(app: &TestApp, limits: Limits) -> Server {
    let assets = Assets::load(&app.state.leptos).unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    serve::start_with(router(app.state.clone(), assets), app.state.clone(), address, limits).unwrap()
}

async fn connect(address: SocketAddr, sent: &str) -> TcpStream {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(sent.as_bytes()).await.unwrap();
    socket
}

/// What comes until the server closes the connection; fails where it never does.
async fn until_closed(mut socket: TcpStream) -> String {
    let mut bytes = Vec::new();
    let read = timeout(PATIENCE, socket.read_to_end(&mut bytes)).await.expect("the connection stays open");
    // A reset is an end too.
    let _ = read;
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A request whose answer is read as far as its head, over a connection that stays open.
async fn ask(address: SocketAddr, path: &str) -> (TcpStream, String) {
    let mut socket = connect(address, &format!("GET {path} HTTP/1.1\r\nhost: latchkey.test\r\n\r\n")).await;
    let mut seen = String::new();
    let mut bytes = [0; 4096];
    while !seen.contains("\r\n\r\n") {
        let read = timeout(PATIENCE, socket.read(&mut bytes)).await.expect("no answer").unwrap_or(0);
        if read == 0 {
            break;
        }
        seen.push_str(&String::from_utf8_lossy(&bytes[..read]));
    }
    (socket, seen)
}

#[tokio::test]
async fn http_2_without_tls_is_closed_unanswered() {
    let app = TestApp::spawn().await;
    let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u{4}\0\0\0\0\0";
    let answer = until_closed(connect(app.address, preface).await).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer:?}");
}

#[tokio::test]
async fn idle_connections_make_room_for_new_ones() {
    let app = TestApp::spawn().await;
    let server = listener(&app, IN_ALL).await;
    let mut idle = Vec::new();
    for n in 0..30 {
        let (socket, answer) = ask(server.address, "/healthz").await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{n}: {answer:?}");
        idle.push(socket);
    }
    // The oldest were closed, the newest stand.
    until_closed(idle.remove(0)).await;
    let mut newest = idle.pop().unwrap();
    newest.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    assert!(until_closed(newest).await.contains("200 OK"));
}

#[tokio::test]
async fn one_address_leaves_room_for_others() {
    let app = TestApp::spawn().await;
    let limits = Limits { total: 100, by_address: 3, stall: Duration::from_secs(10) };
    let server = listener(&app, limits).await;
    let (mut first, _) = ask(server.address, "/healthz").await;
    for _ in 0..10 {
        ask(server.address, "/healthz").await;
    }
    assert_eq!(first.read(&mut [0; 16]).await.unwrap_or(0), 0, "its own oldest makes room");
}

#[tokio::test]
async fn health_answers_while_every_connection_is_busy() {
    let app = TestApp::spawn().await;
    let server = listener(&app, IN_ALL).await;
    let mut streams = Vec::new();
    for n in 0..IN_ALL.total {
        // A browser each: one session has fewer streams than that.
        let browser = app.signed_up(&format!("user{n}@example.test")).await;
        streams.push(Stream::open_at(server.address, &browser).await);
    }
    for path in ["/healthz", "/readyz"] {
        let began = Instant::now();
        let (_, answer) = ask(server.address, path).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer:?}");
        assert!(began.elapsed() < Duration::from_secs(1), "{path}: {:?}", began.elapsed());
    }
    let (_, answer) = ask(server.address, "/login").await;
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("retry-after: 2"), "{answer:?}");
    drop(streams.pop());
    let served = async { while !ask(server.address, "/login").await.1.starts_with("HTTP/1.1 200") {} };
    timeout(PATIENCE, served).await.expect("no page although there is room again");
}

#[tokio::test]
async fn a_peer_that_takes_no_byte_is_cut_off() {
    let app = TestApp::spawn().await;
    let server = listener(&app, IN_ALL).await;
    // More pages than any socket's buffers hold, none of them read.
    let request = "GET /login HTTP/1.1\r\nhost: latchkey.test\r\n\r\n";
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    let cut = async {
        // Writing fails once the server has closed: until then its own writes wait for us.
        loop {
            if socket.write_all(request.repeat(200).as_bytes()).await.is_err() {
                return;
            }
        }
    };
    timeout(PATIENCE, cut).await.expect("a peer that reads nothing keeps its connection");
}

#[tokio::test]
async fn a_session_has_four_event_streams_and_an_account_twenty() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    let mut first = Stream::open(&app, &browser).await;
    let mut kept = Vec::new();
    for _ in 0..4 {
        kept.push(Stream::open(&app, &browser).await);
    }
    first.until_the_end().await;
    assert!(!first.seen.contains("event: ended"), "the session goes on: {}", first.seen);
    // Twenty more sessions of the account, a stream each.
    let mut others = Vec::new();
    for _ in 0..17 {
        let other = app.browser();
        other.log_in("ada@example.test").await;
        others.push(Stream::open(&app, &other).await);
    }
    kept.remove(0).until_the_end().await;
    // The newest is told of the end.
    assert_eq!(browser.api("auth/log_out_everywhere", &[]).await.status, 200);
    others.pop().unwrap().until("event: ended").await;
}

#[tokio::test]
async fn a_new_event_stream_closes_an_older_one_only_where_a_session_has_four_open() {
    let (streams, account, session) = (Streams::default(), Uuid::now_v7(), SessionId::random().hash());
    let is_closed = async |place: &StreamPlace| futures_util::poll!(std::pin::pin!(place.is_needed())).is_ready();
    let first = streams.open(account, session);
    for _ in 0..10 {
        // A stream that ends gives its place back.
        drop([(); 3].map(|()| streams.open(account, session)));
        assert!(!is_closed(&first).await);
    }
    let others = [(); 3].map(|()| streams.open(account, session));
    assert!(!is_closed(&first).await, "four are open");
    let fifth = streams.open(account, session);
    assert!(is_closed(&first).await);
    for place in others.iter().chain([&fifth]) {
        assert!(!is_closed(place).await);
    }
}

#[tokio::test]
async fn a_stranger_with_a_full_table_of_descriptors_keeps_nobody_out() {
    let place = Place::new().await;
    let mut command = Command::new("bash");
    command.args(["-c", "ulimit -n 256 && exec \"$0\" serve", env!("CARGO_BIN_EXE_latchkey")]);
    command.process_group(0);
    let settings =
        [("LATCHKEY__AUTH__SECRET", SECRET), ("LATCHKEY__SERVER__PUBLIC_URL", ORIGIN), ("LEPTOS_ENV", "DEV")];
    let server = place.serve_by(&mut command, &settings);
    let mut idle = Vec::new();
    for _ in 0..400 {
        idle.push(connect(server.address, "GET / HTTP/1.1\r\nhost: latchkey.test\r\n").await);
    }
    let began = Instant::now();
    let (_, answer) = ask(server.address, "/healthz").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer:?}");
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    // The database still opens its files.
    let browser = Browser::new(server.address, ORIGIN.into());
    let form = [("email", "ada@example.test"), ("password", crate::app::PASSWORD)];
    assert_eq!(browser.api("auth/sign_up", &form).await.status, 200);
    drop(idle);
    assert_eq!(server.stop().0, Some(0));
}
