//! Email from the outbox to a real SMTP server: one that accepts it, and ones that are down, slow, strict or present a
//! wrong certificate. No request waits for delivery, and each email is sent once.

use chrono::{DateTime, TimeDelta, Utc};
use latchkey::{
    auth::{model::Role, server::email_code::secret::CodeSeed},
    server::{
        config::Config,
        mail::{Action, Email},
    },
};
use serde_json::json;
use std::{collections::BTreeSet, os::unix::fs::PermissionsExt, time::Instant};
use tokio::time::timeout;

use crate::{
    app::{ORIGIN, PASSWORD, TestApp, on_db},
    browser::Answer,
    config_cli::{PRODUCTION, Place, SECRET, free_address},
    smtp::{Certificate, PATIENCE, SmtpServer},
};

const FROM: (&str, &str) = ("LATCHKEY__MAIL__FROM", "Latchkey <no-reply@mail.latchkey.test>");
const TO: &str = "ada@example.test";
const NONE: [(&str, &str); 1] = [("LATCHKEY__MAIL__TRANSPORT", "none")];

fn letter() -> Email {
    Email {
        subject: "Confirm your email address".into(),
        heading: "One step left".into(),
        paragraphs: vec!["Confirm that this address is yours.".into()],
        action: Some(Action { label: "Confirm address".into(), path: "/verify".into() }),
        code: Some(CodeSeed::random()),
        show_digits: true,
        footnote: None,
    }
}

/// The settings that lead to the server at `port`, and more.
fn smtp(port: u16, more: &[(&str, &str)]) -> Vec<(String, String)> {
    let port = port.to_string();
    let base = [
        ("LATCHKEY__MAIL__TRANSPORT", "smtp"),
        ("LATCHKEY__MAIL__SMTP_HOST", "127.0.0.1"),
        ("LATCHKEY__MAIL__SMTP_PORT", port.as_str()),
        ("LATCHKEY__MAIL__SMTP_TLS", "none"),
        FROM,
    ];
    base.iter().chain(more).map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

fn borrowed(settings: &[(String, String)]) -> Vec<(&str, &str)> {
    settings.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect()
}

async fn app(port: u16, more: &[(&str, &str)]) -> TestApp {
    TestApp::with(&borrowed(&smtp(port, more))).await
}

/// Writes a mail as a request does: in a transaction, and a wake-up after it.
async fn enqueue(app: &TestApp, to: &str, letter: &Email, not_after: Option<TimeDelta>) {
    let now = app.state.db.now().await.unwrap();
    let mut tx = app.state.db.begin().await.unwrap();
    app.state.mail.enqueue(&mut tx, to, letter, not_after.map(|life| now + life), now).await.unwrap();
    tx.commit().await.unwrap();
    app.state.mail.wake();
}

async fn waiting(app: &TestApp) -> i64 {
    app.count("select count(*) from outbox").await
}

async fn until<F: AsyncFn() -> bool>(what: &str, is_so: F) {
    let waited = async {
        while !is_so().await {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, waited).await.unwrap_or_else(|_| panic!("never: {what}"));
}

async fn until_empty(app: &TestApp) {
    until("the outbox is empty", async || waiting(app).await == 0).await;
}

/// Waits until each mail has been tried, that many times, and put back.
async fn until_put_back(app: &TestApp, tries: i64) {
    until("the mail is put back", async || {
        let rows: Vec<(i64, DateTime<Utc>)> =
            on_db!(&app.state.db, |c| sqlx::query_as("select attempts, next_attempt_at from outbox")
                .fetch_all(c)
                .await
                .unwrap());
        // Under its lease it would be two minutes away.
        !rows.is_empty() && rows.iter().all(|(n, next)| *n == tries && *next < Utc::now() + TimeDelta::seconds(100))
    })
    .await;
}

/// Makes every mail due, as if its wait or its lease had passed, by this node's wake-up.
async fn make_due(app: &TestApp) {
    let past = app.state.db.now().await.unwrap() - TimeDelta::seconds(1);
    on_db!(&app.state.db, |c| {
        sqlx::query("update outbox set next_attempt_at = $1").bind(past).execute(c).await.unwrap();
    });
    app.state.mail.wake();
}

fn header<'a>(mail: &'a str, name: &str) -> &'a str {
    let head = mail.split("\r\n\r\n").next().unwrap();
    let prefix = format!("{name}: ");
    let found: Vec<&str> = head.split("\r\n").filter_map(|line| line.strip_prefix(&prefix)).collect();
    assert_eq!(found.len(), 1, "{name} stands once in {head}");
    found[0]
}

/// The text of a quoted-printable part.
fn decoded(mail: &str) -> String {
    mail.replace("=\r\n", "").replace("=3D", "=").replace("=3d", "=")
}

#[tokio::test]
async fn a_mail_arrives_as_html_and_text_with_its_headers() {
    let mut server = SmtpServer::plain().await;
    let app = app(server.port, &[]).await;
    let letter = letter();
    enqueue(&app, TO, &letter, Some(TimeDelta::hours(1))).await;
    let mail = server.mail().await;

    assert_eq!(header(&mail, "From"), "Latchkey <no-reply@mail.latchkey.test>");
    assert_eq!(header(&mail, "To"), TO);
    assert_eq!(header(&mail, "Subject"), "Confirm your email address");
    assert_eq!(header(&mail, "Auto-Submitted"), "auto-generated");
    assert!(
        DateTime::parse_from_rfc2822(header(&mail, "Date"))
            .is_ok_and(|at| (Utc::now() - at.to_utc()).num_minutes() < 1)
    );
    assert!(header(&mail, "Message-ID").ends_with("@mail.latchkey.test>"), "{mail}");
    assert!(header(&mail, "Content-Type").starts_with("multipart/alternative"));
    let (plain, html) = mail.split_once("text/html").unwrap();
    assert!(plain.contains("text/plain"), "programs show the last kind that they know");
    let secrets = app.state.keys.one_time_secrets(letter.code.as_ref().unwrap()).next().unwrap();
    let link = format!("{ORIGIN}/verify?code={}", secrets.link);
    assert!(plain.contains(&format!("\r\n{link}\r\n")), "whole, on a line of its own: {plain}");
    for part in [plain, &decoded(html)] {
        assert!(part.contains(&link) && part.contains(&secrets.digits), "{part}");
    }
    until_empty(&app).await;
}

#[tokio::test]
async fn a_subject_may_hold_anything_and_stays_one() {
    let mut server = SmtpServer::plain().await;
    let app = app(server.port, &[]).await;
    let hostile = "Grüße 🔑\r\nBcc: eve@example.test\r\n\r\n<script>alert(1)</script>";
    enqueue(&app, TO, &Email { subject: hostile.into(), heading: hostile.into(), ..letter() }, None).await;
    let event = server.next("arrived").await;
    let mail = event["raw"].as_str().unwrap();
    let head = mail.split("\r\n\r\n").next().unwrap();
    assert!(head.is_ascii() && head.contains("Subject: =?utf-8?b?"), "{head}");
    assert!(!head.contains("\r\nBcc") && event["to"] == json!([TO]), "{event}");
    assert!(!mail.split("text/html").nth(1).unwrap().contains("<script"));
}

#[tokio::test]
async fn what_is_rolled_back_sends_nothing_and_nothing_is_sent_to_nobody() {
    let mut server = SmtpServer::plain().await;
    let app = app(server.port, &[]).await;
    let now = app.state.db.now().await.unwrap();
    let mut tx = app.state.db.begin().await.unwrap();
    app.state.mail.enqueue(&mut tx, TO, &letter(), None, now).await.unwrap();
    drop(tx);
    let mut tx = app.state.db.begin().await.unwrap();
    app.state.mail.enqueue_if(&mut tx, None, &letter(), None, now).await.unwrap();
    tx.commit().await.unwrap();
    enqueue(&app, "bob@example.test", &letter(), None).await;
    assert_eq!(header(&server.mail().await, "To"), "bob@example.test");
    until_empty(&app).await;
    assert!(server.so_far().is_empty(), "one mail was all");
}

#[tokio::test]
async fn a_server_that_is_down_costs_no_request_and_gets_the_mail_once_it_is_up() {
    let address = free_address();
    let app = app(address.port(), &[]).await;
    enqueue(&app, TO, &letter(), None).await;
    until_put_back(&app, 1).await;
    app.signed_up("bob@example.test").await;
    make_due(&app).await;
    until_put_back(&app, 2).await;

    let mut server = SmtpServer::start(json!({ "port": address.port() })).await;
    make_due(&app).await;
    assert_eq!(header(&server.mail().await, "To"), TO);
    until_empty(&app).await;
}

#[tokio::test]
async fn a_no_for_now_is_asked_again_and_a_no_for_good_is_taken() {
    // A sender that is refused for good says nothing of the mail.
    let refuse = json!([["mail", 550], ["data", 451], ["rcpt", 550]]);
    let mut server = SmtpServer::start(json!({ "refuse": refuse })).await;
    let app = app(server.port, &[]).await;
    enqueue(&app, TO, &letter(), None).await;
    for (tries, code) in [(1, 550), (2, 451)] {
        assert_eq!(server.next("refused").await["code"], code);
        until_put_back(&app, tries).await;
        make_due(&app).await;
    }
    assert_eq!(server.next("refused").await["code"], 550);
    until_empty(&app).await;
    enqueue(&app, "bob@example.test", &letter(), None).await;
    assert_eq!(header(&server.mail().await, "To"), "bob@example.test", "and the one given up never came");
}

#[tokio::test]
async fn a_slow_server_holds_up_neither_requests_nor_the_end() {
    let mut server = SmtpServer::start(json!({ "gate": true, "refuse": [["rcpt", 450]] })).await;
    let place = Place::new().await;
    let settings = smtp(
        server.port,
        &[("LATCHKEY__AUTH__SECRET", SECRET), ("LATCHKEY__SERVER__PUBLIC_URL", ORIGIN), ("RUST_LOG", "debug")],
    );
    let node = place.serve(&borrowed(&settings));
    let quiet = TestApp::on(&place.database, None, &[&NONE[..], &[("LATCHKEY__AUTH__SECRET", SECRET)]].concat()).await;
    let letter = letter();
    enqueue(&quiet, TO, &letter, None).await;
    server.next("refused").await;
    until_put_back(&quiet, 1).await;
    make_due(&quiet).await;
    server.next("waiting").await;

    let browser = crate::browser::Browser::new(node.address, ORIGIN.into());
    assert_eq!(browser.get("/login").await.status, 200);
    let ended = Instant::now();
    let (code, log) = node.stop();
    assert_eq!(code, Some(0), "{log}");
    assert!(ended.elapsed().as_secs() < 10, "{:?}", ended.elapsed());
    let secrets = quiet.state.keys.one_time_secrets(letter.code.as_ref().unwrap()).next().unwrap();
    for secret in [TO, &secrets.link, &secrets.digits, "canary"] {
        assert!(!log.contains(secret), "{secret} stands in the log: {log}");
    }
    assert!(log.contains("the mail server answered 450"), "{log}");

    // Broken off, it is not lost: after its lease another node sends it.
    assert_eq!(waiting(&quiet).await, 1);
    server.open_gate();
    let _second = place.serve(&borrowed(&settings));
    make_due(&quiet).await;
    server.mail().await;
    until_empty(&quiet).await;
}

#[tokio::test]
async fn a_death_after_the_server_took_the_mail_repeats_it_under_the_same_id() {
    let mut server = SmtpServer::plain().await;
    let place = Place::new().await;
    let settings = smtp(server.port, &[("LATCHKEY__AUTH__SECRET", SECRET), ("LATCHKEY__SERVER__PUBLIC_URL", ORIGIN)]);
    let fault = [borrowed(&settings), vec![("LATCHKEY_FAULT", "after a mail was handed over")]].concat();
    let mut dying = place.serve(&fault);
    let quiet = TestApp::on(&place.database, None, &[&NONE[..], &[("LATCHKEY__AUTH__SECRET", SECRET)]].concat()).await;
    enqueue(&quiet, TO, &letter(), None).await;
    let first = server.mail().await;
    dying.child.wait().unwrap();
    assert_eq!(waiting(&quiet).await, 1);

    let _node = place.serve(&borrowed(&settings));
    make_due(&quiet).await;
    let second = server.mail().await;
    for name in ["Message-ID", "Date"] {
        assert_eq!(header(&first, name), header(&second, name));
    }
    until_empty(&quiet).await;
}

#[tokio::test]
async fn two_nodes_send_each_mail_once() {
    let mut server = SmtpServer::plain().await;
    let app = app(server.port, &[]).await;
    let other = app.node(&borrowed(&smtp(server.port, &[]))).await;
    for n in 0..50 {
        enqueue(if n % 2 == 0 { &app } else { &other }, &format!("ada{n}@example.test"), &letter(), None).await;
        app.state.mail.wake();
        other.state.mail.wake();
    }
    let mut arrived = BTreeSet::new();
    for _ in 0..50 {
        let mail = server.mail().await;
        assert!(arrived.insert(header(&mail, "To").to_owned()), "{mail}");
    }
    until_empty(&app).await;
    assert!(!server.so_far().contains(&"arrived".to_owned()));
}

#[tokio::test]
async fn what_has_expired_is_not_sent() {
    let mut server = SmtpServer::plain().await;
    let app = app(server.port, &[]).await;
    for (to, life) in [("bob@example.test", 60), (TO, -1), ("eve@example.test", 60)] {
        enqueue(&app, to, &letter(), Some(TimeDelta::seconds(life))).await;
        until_empty(&app).await;
    }
    for to in ["bob@example.test", "eve@example.test"] {
        assert_eq!(header(&server.mail().await, "To"), to);
    }
}

#[tokio::test]
async fn what_never_leaves_is_given_up_after_three_days() {
    let address = free_address();
    let app = app(address.port(), &[]).await;
    enqueue(&app, TO, &letter(), None).await;
    until_put_back(&app, 1).await;
    let long_ago = app.state.db.now().await.unwrap() - TimeDelta::days(3);
    on_db!(&app.state.db, |c| {
        sqlx::query("update outbox set created_at = $1").bind(long_ago).execute(c).await.unwrap();
    });
    make_due(&app).await;
    until_empty(&app).await;
}

#[tokio::test]
async fn a_code_follows_from_the_secret_of_its_time_and_is_dropped_with_it() {
    let new = ("LATCHKEY__AUTH__SECRET", "next-9876543210-zyxwvutsrqponmlkjihgfedcba");
    let quiet = TestApp::with(&NONE).await;
    let old = quiet.state.config.auth.secret.clone().unwrap();
    let previous = format!("[\"{old}\"]");
    let mut server = SmtpServer::plain().await;
    let written = letter();
    enqueue(&quiet, TO, &written, None).await;
    let settings = smtp(server.port, &[new, ("LATCHKEY__AUTH__PREVIOUS_SECRETS", &previous)]);
    let _rotated = quiet.node(&borrowed(&settings)).await;
    let secrets = quiet.state.keys.one_time_secrets(written.code.as_ref().unwrap()).next().unwrap();
    assert!(decoded(&server.mail().await).contains(&secrets.link));
    until_empty(&quiet).await;

    // And with the secret gone, only what holds no code still leaves.
    let quiet = TestApp::with(&NONE).await;
    enqueue(&quiet, TO, &letter(), None).await;
    enqueue(&quiet, "bob@example.test", &Email { code: None, ..letter() }, None).await;
    let _rotated = quiet.node(&borrowed(&smtp(server.port, &[new]))).await;
    assert_eq!(header(&server.mail().await, "To"), "bob@example.test");
    until_empty(&quiet).await;
    assert!(server.so_far().is_empty());
}

#[tokio::test]
async fn tls_is_spoken_to_the_server_that_its_certificate_proves_and_to_no_other() {
    let (right, wrong, other) = (Certificate::new(), Certificate::new(), Certificate::naming("DNS:other.test"));
    for kind in ["tls", "starttls"] {
        let orders =
            |cert: &Certificate| json!({ "tls": kind, "key": cert.file("key.pem"), "cert": cert.file("cert.pem") });
        let tls = ("LATCHKEY__MAIL__SMTP_TLS", kind);
        let ca = right.file("cert.pem");
        let mut server = SmtpServer::start(orders(&right)).await;
        let node = app(server.port, &[tls, ("LATCHKEY__MAIL__SMTP_CA_FILE", &ca)]).await;
        enqueue(&node, TO, &letter(), None).await;
        assert_eq!(server.next("arrived").await["secure"], true, "{kind}");
        until_empty(&node).await;

        // A certificate of nobody we know; one of a known authority for another name; and no authority of ours.
        let names_another = other.file("cert.pem");
        for (cert, ca) in [(&wrong, Some(&ca)), (&other, Some(&names_another)), (&right, None)] {
            let mut server = SmtpServer::start(orders(cert)).await;
            let more: Vec<_> = ca.map(|ca| ("LATCHKEY__MAIL__SMTP_CA_FILE", ca.as_str())).into_iter().collect();
            let node = app(server.port, &[&[tls], &more[..]].concat()).await;
            enqueue(&node, TO, &letter(), None).await;
            until_put_back(&node, 1).await;
            assert!(!server.so_far().contains(&"arrived".to_owned()), "{kind}");
        }
    }
    // Somebody in the middle who takes STARTTLS out of the offer gets nothing to read.
    let mut server = SmtpServer::plain().await;
    let node = app(server.port, &[("LATCHKEY__MAIL__SMTP_TLS", "starttls")]).await;
    enqueue(&node, TO, &letter(), None).await;
    until_put_back(&node, 1).await;
    assert!(!server.so_far().contains(&"arrived".to_owned()));
}

#[tokio::test]
async fn a_password_opens_the_server_and_a_wrong_one_loses_no_mail() {
    let mut server = SmtpServer::start(json!({ "user": "latchkey", "pass": "0123456" })).await;
    let user = ("LATCHKEY__MAIL__SMTP_USERNAME", "latchkey");
    let locked_out = app(server.port, &[user, ("LATCHKEY__MAIL__SMTP_PASSWORD", "654321")]).await;
    enqueue(&locked_out, TO, &letter(), None).await;
    server.next("kept out").await;
    until_put_back(&locked_out, 1).await;
    let nameless = app(server.port, &[]).await;
    enqueue(&nameless, TO, &letter(), None).await;
    until_put_back(&nameless, 1).await;

    let known = app(server.port, &[user, ("LATCHKEY__MAIL__SMTP_PASSWORD", "0123456")]).await;
    enqueue(&known, TO, &letter(), None).await;
    server.mail().await;
    until_empty(&known).await;
}

#[tokio::test]
async fn an_international_address_is_written_to_where_the_server_can_and_dropped_where_not() {
    let mut server = SmtpServer::plain().await;
    let able = app(server.port, &[]).await;
    enqueue(&able, "李明@xn--fsqu00a.test", &letter(), None).await;
    assert!(server.mail().await.contains("\r\nTo: 李明@xn--fsqu00a.test\r\n"));
    until_empty(&able).await;

    let mut server = SmtpServer::start(json!({ "ascii": true })).await;
    let unable = app(server.port, &[]).await;
    for to in ["é@example.test", "no address at all", "bob@example.test"] {
        enqueue(&unable, to, &letter(), None).await;
    }
    assert_eq!(header(&server.mail().await, "To"), "bob@example.test");
    until_empty(&unable).await;
    assert!(server.so_far().is_empty());
}

const VERIFIED: (&str, &str) = ("LATCHKEY__AUTH__SIGN_UP", "verified");

#[tokio::test]
async fn an_address_that_the_mail_server_cannot_take_is_refused_where_it_is_given() {
    let mut server = SmtpServer::start(json!({ "ascii": true })).await;
    let app = app(server.port, &[VERIFIED]).await;
    let sign_up = async |email: &str| {
        let form = [("email", email), ("password", PASSWORD)];
        app.browser().api("auth/sign_up", &form).await
    };
    // Nobody knows yet what the server can do.
    assert_eq!(sign_up("\u{e9}va@example.test").await.status, 200);
    until_empty(&app).await;
    let refused = |answer: &Answer| {
        answer.status == 422 && answer.json()["fields"] == json!([{ "field": "email", "problem": "undeliverable" }])
    };
    for email in ["\u{e9}va@example.test", "\u{674e}\u{660e}@xn--fsqu00a.test", "ad\u{430}@example.test"] {
        assert!(refused(&sign_up(email).await), "{email}");
    }
    let mails = waiting(&app).await;
    for email in ["\u{ff41}da@example.test", "ada@b\u{fc}cher.test"] {
        assert_eq!(sign_up(email).await.status, 200, "{email} is written in ASCII");
    }
    assert_eq!(mails, 0);

    let form = [("email", "\u{e9}va@example.test"), ("password", PASSWORD)];
    let browser = app.browser();
    let back = browser.submit("/signup", "auth/sign_up", &form).await;
    assert_eq!((back.status, back.header("location")), (303, "/signup"));
    let page = browser.get("/signup").await.body;
    assert!(page.contains("plain letters") && page.contains("\u{e9}va@example.test"), "a sentence, and what was typed");

    app.account("bob@example.test", Role::User).await;
    let owner = app.browser();
    owner.log_in("bob@example.test").await;
    assert!(refused(&owner.api("account/change_email", &form[..1]).await));
    // An account from before, at an address that was never verified: its own owner may be told.
    app.execute("update users set email = 'b\u{f3}b@example.test', email_verified_at = null").await;
    assert!(refused(&owner.api("auth/send_verification", &[]).await));
    for page in ["/profile", "/account"] {
        let back = owner.submit(page, "auth/send_verification", &[]).await;
        assert_eq!((back.status, back.header("location")), (303, page));
        assert!(owner.get(page).await.body.contains("plain letters"), "{page} says so");
    }
    for function in ["auth/forgot_password", "auth/send_magic_link"] {
        assert_eq!(app.browser().api(function, &form[..1]).await.status, 200, "{function} tells nothing");
    }

    // The next connection may find another server there.
    let port = server.port;
    until_empty(&app).await;
    drop(server);
    server = SmtpServer::start(json!({ "port": port })).await;
    enqueue(&app, TO, &letter(), None).await;
    server.mail().await;
    until_empty(&app).await;
    assert_eq!(sign_up("\u{e9}va@example.test").await.status, 200);
    assert_eq!(header(&server.mail().await, "To"), "\u{e9}va@example.test");
}

#[tokio::test]
async fn a_mail_can_be_a_file_for_its_owners_eyes() {
    let folder = std::env::temp_dir().join(format!("latchkey-mails-{}", uuid::Uuid::now_v7().simple()));
    let settings = [("LATCHKEY__MAIL__TRANSPORT", "file"), ("LATCHKEY__MAIL__FOLDER", folder.to_str().unwrap()), FROM];
    let app = TestApp::with(&settings).await;
    enqueue(&app, TO, &letter(), None).await;
    until_empty(&app).await;
    let [file] = &std::fs::read_dir(&folder).unwrap().map(|f| f.unwrap().path()).collect::<Vec<_>>()[..] else {
        panic!("one file");
    };
    assert!(file.extension().is_some_and(|e| e == "eml"));
    assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(header(&std::fs::read_to_string(file).unwrap(), "To"), TO);
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn production_without_a_transport_says_so_and_keeps_its_mails() {
    let place = Place::new().await;
    let node = place.serve(&PRODUCTION);
    let (code, log) = node.stop();
    assert_eq!(code, Some(0));
    assert!(log.contains("LATCHKEY__MAIL__TRANSPORT=smtp") && log.contains("WARN"), "{log}");
    let development = Place::new().await;
    let (_, log) = development.serve(&[]).stop();
    assert!(!log.contains("LATCHKEY__MAIL__TRANSPORT") && log.contains("/dev/mailbox"), "{log}");
}

#[test]
fn a_mail_section_that_does_not_hold_together_is_refused_with_what_to_do() {
    let parse = |settings: &[(&str, &str)]| {
        let settings = settings.iter().map(|(k, v)| (format!("LATCHKEY__MAIL__{k}"), (*v).to_owned()));
        let production = PRODUCTION.map(|(k, v)| (k.to_owned(), v.to_owned()));
        Config::parse("", production.into_iter().chain(settings))
    };
    let smtp = [("TRANSPORT", "smtp"), ("SMTP_HOST", "mail.test"), ("FROM", "a@mail.test")];
    let with = |more: &[(&'static str, &'static str)]| [&smtp[..], more].concat();
    let no_password = with(&[("SMTP_USERNAME", "ada")]);
    let no_name = with(&[("SMTP_PASSWORD", "canary")]);
    let in_the_clear = with(&[("SMTP_TLS", "none")]);
    let no_file = with(&[("SMTP_CA_FILE", "/nowhere.pem")]);
    let no_certificate = with(&[("SMTP_CA_FILE", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))]);
    for (settings, words) in [
        (&[("TRANSPORT", "mailbox")][..], &["mail.transport", "PROD", "smtp"][..]),
        (&[("TRANSPORT", "pigeon")], &["pigeon"]),
        (&smtp[..2], &["LATCHKEY__MAIL__FROM"]),
        (&[smtp[0], smtp[2]], &["LATCHKEY__MAIL__SMTP_HOST"]),
        (&[("FROM", "nobody")], &["mail.from", "no-reply@"]),
        (&no_password, &["smtp_username", "smtp_password"]),
        (&no_name, &["smtp_username", "smtp_password"]),
        (&in_the_clear, &["smtp_tls", "starttls"]),
        (&no_file, &["smtp_ca_file", "PEM"]),
        (&no_certificate, &["smtp_ca_file", "PEM"]),
    ] {
        let sentence = parse(settings).unwrap_err().to_string();
        assert!(sentence.ends_with('.') && !sentence.contains("canary"), "{sentence}");
        for word in words {
            assert!(sentence.contains(word), "{word}: {sentence}");
        }
    }
    let user = [("SMTP_USERNAME", "12345"), ("SMTP_PASSWORD", "canary-9876543")];
    let fine = parse(&[&smtp[..], &user].concat()).unwrap();
    assert!(!format!("{fine:?}").contains("canary"));
    let nearby = [("TRANSPORT", "smtp"), ("FROM", "a@mail.test"), ("SMTP_TLS", "none"), ("SMTP_HOST", "127.0.0.1")];
    assert!(parse(&nearby).is_ok(), "to this machine itself mails may go in the clear");
}
