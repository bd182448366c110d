//! /dev/mailbox is visible to developers in DEV only.

use latchkey::{
    auth::server::email_code::secret::CodeSeed,
    server::mail::{Action, Email},
};
use tokio::time::timeout;

use crate::{
    app::{ORIGIN, TestApp},
    browser::Browser,
    config_cli::SECRET,
    smtp::PATIENCE,
};

const NAME: &str = "<script>alert(1)</script>";

/// Sends a mail to the box; its id there.
async fn mail(app: &TestApp) -> String {
    let letter = Email {
        subject: format!("Confirm your email address, {NAME}"),
        heading: "One step left".into(),
        paragraphs: vec![format!("Hello {NAME}.")],
        action: Some(Action { label: "Confirm address".into(), path: "/verify".into() }),
        code: Some(CodeSeed::random()),
        show_digits: true,
        footnote: None,
    };
    let now = app.state.db.now().await.unwrap();
    let mut tx = app.state.db.begin().await.unwrap();
    app.state.mail.enqueue(&mut tx, "ada@example.test", &letter, None, now).await.unwrap();
    tx.commit().await.unwrap();
    app.state.mail.wake();
    let arrived = async {
        loop {
            if let Some(mail) = app.state.mail.mailbox().unwrap().newest().first() {
                return mail.id.to_string();
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, arrived).await.expect("the mail did not arrive")
}

#[tokio::test]
async fn a_mail_in_its_frame_takes_no_words_from_the_page_they_are_for() {
    let app = TestApp::spawn().await;
    let browser = app.browser();
    browser.submit("/login", "auth/log_in", &[("email", "ada@example.test"), ("password", "not-this-one")]).await;
    let frame = [("accept", "text/html"), ("sec-fetch-dest", "iframe")];
    browser.send(reqwest::Method::GET, "/dev/mailbox", &frame, None).await;
    let page = [("accept", "text/html"), ("sec-fetch-dest", "document")];
    let page = browser.send(reqwest::Method::GET, "/login", &page, None).await.body;
    assert!(page.contains("That email and password don't match."), "{page}");
}

#[tokio::test]
async fn a_mail_stands_in_the_list_and_on_a_page_with_its_link_its_code_and_its_text() {
    let app = TestApp::spawn().await;
    let anybody = app.browser();
    assert!(anybody.get("/dev/mailbox").await.body.contains("No emails yet"));
    assert!(anybody.get("/").await.body.contains("href=\"/dev/mailbox\""));
    let id = mail(&app).await;

    let list = anybody.get("/dev/mailbox").await;
    assert_eq!(list.status, 200);
    assert!(
        list.body.contains("ada@example.test") && list.body.contains(&format!("/dev/mailbox/{id}")),
        "{}",
        list.body
    );
    assert!(list.body.contains("just now"));

    let page = anybody.get(&format!("/dev/mailbox/{id}")).await;
    assert_eq!(page.status, 200);
    let kept = app.state.mail.mailbox().unwrap().find(id.parse().unwrap()).unwrap();
    let (link, digits) = (kept.link.clone().unwrap(), kept.digits.clone().unwrap());
    assert!(link.starts_with(&format!("{ORIGIN}/verify?code=")));
    for words in [&format!("href=\"{link}\""), &digits, "Text version", &format!("src=\"/dev/mailbox/{id}/html\"")] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    assert!(page.header("content-security-policy").contains("frame-src 'self';"));
    for body in [list.body, page.body] {
        assert!(!body.contains(NAME), "{body}");
    }
}

#[tokio::test]
async fn a_mail_as_it_looks_may_do_nothing_and_be_framed_by_us_alone() {
    let app = TestApp::spawn().await;
    let id = mail(&app).await;
    let raw = app.browser().get(&format!("/dev/mailbox/{id}/html")).await;
    assert_eq!((raw.status, raw.header("content-type")), (200, "text/html; charset=utf-8"));
    assert_eq!(
        raw.header("content-security-policy"),
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"
    );
    assert_eq!(raw.headers.get_all("content-security-policy").iter().count(), 1);
    for (name, value) in [
        ("x-frame-options", "SAMEORIGIN"),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "private, no-store"),
    ] {
        assert_eq!(raw.header(name), value);
    }
    assert!(raw.body.contains("<h1") && !raw.body.contains(NAME), "{}", raw.body);
}

#[tokio::test]
async fn where_mails_leave_there_is_no_mailbox() {
    let production = [
        ("LEPTOS_ENV", "PROD"),
        ("LATCHKEY__SERVER__PUBLIC_URL", "https://latchkey.test"),
        ("LATCHKEY__AUTH__SECRET", SECRET),
    ];
    for settings in [&[("LATCHKEY__MAIL__TRANSPORT", "none")][..], &production] {
        let app = TestApp::with(settings).await;
        let anybody = Browser::new(app.address, app.state.config.public_origin.to_string());
        let id = uuid::Uuid::now_v7();
        for path in ["/dev/mailbox", &format!("/dev/mailbox/{id}"), &format!("/dev/mailbox/{id}/html")] {
            let answer = anybody.get(path).await;
            assert_eq!(answer.status, 404, "{path}");
            assert_eq!(answer.header("x-frame-options"), "DENY");
            assert!(!answer.header("content-security-policy").contains("frame-src"));
        }
        for function in ["mailbox/list", "mailbox/show"] {
            assert_eq!(anybody.api(function, &[("id", &id.to_string())]).await.status, 404);
        }
        assert!(!anybody.get("/").await.body.contains("/dev/mailbox"));
    }
}

#[tokio::test]
async fn an_id_that_is_none_is_not_found() {
    let app = TestApp::spawn().await;
    for id in ["x", "%00", "00000000-0000-0000-0000-000000000000"] {
        for path in [format!("/dev/mailbox/{id}"), format!("/dev/mailbox/{id}/html")] {
            assert_eq!(app.browser().get(&path).await.status, 404, "{path}");
        }
        assert_eq!(app.browser().api("mailbox/show", &[("id", id)]).await.status, 404);
    }
}
