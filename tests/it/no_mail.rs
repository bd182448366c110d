//! `mail.enabled = false`: the site works without mail, offers nothing that needs one, and writes none.

use latchkey::auth::server::emails::templates;

use crate::{
    app::{PASSWORD, TestApp},
    config_cli::{PRODUCTION, Place},
};

const OFF: (&str, &str) = ("LATCHKEY__MAIL__ENABLED", "false");
const ADA: &str = "ada@example.test";

#[tokio::test]
async fn a_site_without_mail_offers_nothing_that_needs_one() {
    let app = TestApp::with(&[OFF, ("LATCHKEY__SERVER__PUBLIC_URL", crate::app::ORIGIN)]).await;
    let owner = app.signed_up(ADA).await;
    assert!(owner.is_signed_in().await, "a sign-up logs in at once");
    let anonymous = app.browser();
    for (browser, path) in [(&anonymous, "/forgot"), (&anonymous, "/magic"), (&owner, "/account/email")] {
        assert_eq!(browser.get(path).await.status, 404, "{path}");
    }
    let functions = ["auth/forgot_password", "auth/send_magic_link", "auth/send_verification", "account/change_email"];
    for function in functions {
        let answer = owner.api(function, &[("email", "eve@example.test")]).await;
        assert_eq!(answer.status, 404, "{function}: {}", answer.body);
    }
    for (browser, path) in [
        (&anonymous, "/login"),
        (&anonymous, "/signup"),
        (&owner, "/profile"),
        (&owner, "/account"),
        (&owner, "/account/password"),
    ] {
        let page = browser.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        for offer in ["/forgot", "/magic", "/account/email", "send_verification", "send_magic_link", "We email you"] {
            assert!(!page.body.contains(offer), "{path} offers {offer}");
        }
    }
    app.age_log_ins(60 * 60).await;
    let step_up = owner.get("/account/data").await.body;
    assert!(step_up.contains("auth/step_up") && !step_up.contains("send_magic_link"), "{step_up}");
}

#[tokio::test]
async fn a_site_without_mail_writes_none() {
    let app = TestApp::with(&[OFF]).await;
    let owner = app.signed_up(ADA).await;
    app.execute("update users set email_verified_at = created_at").await;
    let form = [("old_password", PASSWORD), ("password", "violet-anchor-seventeen")];
    assert_eq!(owner.api("account/change_password", &form).await.status, 200);
    let elsewhere = app.browser();
    let form = [("email", ADA), ("password", "violet-anchor-seventeen")];
    assert_eq!(elsewhere.api("auth/log_in", &form).await.status, 200);
    assert_eq!(owner.api("account/leave", &[("email", ADA)]).await.status, 200);
    app.browser().api("auth/forgot_password", &[("email", ADA)]).await;
    assert_eq!(app.count("select count(*) from outbox").await, 0);
    assert_eq!(app.count("select count(*) from one_time_codes").await, 0);
    // The same with mail writes alerts.
    let app = TestApp::spawn().await;
    let owner = app.signed_up(ADA).await;
    app.execute("update users set email_verified_at = created_at").await;
    let form = [("old_password", PASSWORD), ("password", "violet-anchor-seventeen")];
    assert_eq!(owner.api("account/change_password", &form).await.status, 200);
    app.mail(ADA, "Your password was changed", 1).await;
}

#[tokio::test]
async fn an_email_that_a_feature_writes_is_sent_with_the_change_that_it_reports() {
    for (settings, is_sent) in [(&[][..], true), (&[OFF][..], false)] {
        let app = TestApp::with(settings).await;
        let now = app.state.db.now().await.unwrap();
        let email =
            templates::notice("Your note was shared", vec!["Bob can read it.".into()], Some(("Notes", "/notes")));
        let mut tx = app.state.db.begin().await.unwrap();
        app.state.mail.enqueue(&mut tx, ADA, &email, None, now).await.unwrap();
        app.state.mail.commit_and_wake(tx).await.unwrap();
        if is_sent {
            app.mail(ADA, "Your note was shared", 1).await;
        } else {
            assert_eq!(app.count("select count(*) from outbox").await, 0);
        }
    }
}

#[tokio::test]
async fn production_may_be_without_mail_if_sign_ups_are_open() {
    let place = Place::new().await;
    for (sign_up, code, sentence) in [("open", 0, ""), ("verified", 1, "needs mail")] {
        let settings = [&PRODUCTION[..], &[OFF, ("LATCHKEY__AUTH__SIGN_UP", sign_up)]].concat();
        let output = place.run(&["config", "check"], &settings);
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{sign_up}: {said}");
        assert!(said.contains(sentence), "{sign_up}: {said}");
    }
}
