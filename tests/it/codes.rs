//! One-time codes: what each redeems, once, for how long and in which browser. Opening a link alone changes nothing.

use std::collections::BTreeSet;

use crate::{
    app::{PASSWORD, TestApp},
    inbox::{code, digits},
};
use latchkey::auth::model::Role;
use reqwest::Method;

const NEW: &str = "violet-anchor-seventeen";
const ADA: &str = "ada@example.test";

#[tokio::test]
async fn a_magic_link_logs_in_once_and_leads_on() {
    let app = TestApp::spawn().await;
    app.account(ADA, Role::User).await;
    let browser = app.browser();
    let asked = browser.submit("/magic", "auth/send_magic_link", &[("email", ADA), ("next", "/moderation")]).await;
    assert_eq!((asked.status, asked.header("location")), (303, "/confirm"));
    assert!(!browser.is_signed_in().await);
    let mail = app.mail(ADA, "login link", 1).await;
    let elsewhere = app.browser();
    let used = elsewhere.submit("/confirm", "auth/confirm", &[("code", &code(&mail))]).await;
    assert_eq!((used.status, used.header("location")), (303, "/moderation"));
    assert!(elsewhere.is_signed_in().await);
    let again = app.browser();
    assert_eq!(again.api("auth/confirm", &[("code", &code(&mail))]).await.status, 410);
    assert!(!again.is_signed_in().await);
    assert_eq!(browser.api("auth/confirm", &[("digits", &digits(&mail))]).await.status, 410, "digits and link are one");
}

#[tokio::test]
async fn digits_log_in_the_browser_that_asked_and_no_other() {
    let app = TestApp::spawn().await;
    app.account(ADA, Role::User).await;
    let (browser, thief) = (app.browser(), app.browser());
    browser.api("auth/send_magic_link", &[("email", ADA)]).await;
    let mail = app.mail(ADA, "login link", 1).await;
    assert_eq!(thief.api("auth/confirm", &[("digits", &digits(&mail))]).await.status, 410);
    // As people type them.
    let typed = format!(" {} {} ", &digits(&mail)[..3], &digits(&mail)[3..]);
    assert_eq!(browser.api("auth/confirm", &[("digits", &typed)]).await.status, 200);
    assert!(browser.is_signed_in().await);
}

#[tokio::test]
async fn after_five_tries_digits_open_nothing_and_the_link_still_does() {
    let app = TestApp::with(&[("LATCHKEY__THROTTLE__CLIENT_PER_MINUTE", "1000")]).await;
    app.account(ADA, Role::User).await;
    let browser = app.browser();
    browser.api("auth/send_magic_link", &[("email", ADA)]).await;
    let mail = app.mail(ADA, "login link", 1).await;
    let wrong = if digits(&mail) == "000000" { "000001" } else { "000000" };
    let form = [("digits", wrong)];
    let tries = futures_util::future::join_all((0..12).map(|_| browser.api("auth/confirm", &form))).await;
    assert_eq!(tries.iter().filter(|answer| answer.status == 422).count(), 5, "a burst gets no more than five");
    assert_eq!(browser.api("auth/confirm", &[("digits", &digits(&mail))]).await.status, 410);
    assert_eq!(browser.api("auth/confirm", &[("code", &code(&mail))]).await.status, 200);
}

#[tokio::test]
async fn what_are_no_digits_costs_no_try() {
    let app = TestApp::spawn().await;
    app.account(ADA, Role::User).await;
    let browser = app.browser();
    browser.api("auth/send_magic_link", &[("email", ADA)]).await;
    let mail = app.mail(ADA, "login link", 1).await;
    for typed in ["", "12345", "1234567", "12345a", "-12345", "12\u{b2}456"] {
        assert_eq!(browser.api("auth/confirm", &[("digits", typed)]).await.status, 422, "{typed}");
    }
    assert_eq!(browser.api("auth/confirm", &[("digits", &digits(&mail))]).await.status, 200);
}

#[tokio::test]
async fn the_right_digits_open_however_they_are_typed() {
    let app = TestApp::with(&[("LATCHKEY__THROTTLE__CLIENT_PER_MINUTE", "1000")]).await;
    let script = |zero: u32, digits: &str| -> String {
        digits.bytes().map(|b| char::from_u32(zero + u32::from(b - b'0')).unwrap()).collect()
    };
    let ways: [&dyn Fn(&str) -> String; 6] = [
        &|digits| script(0xff10, digits),
        &|digits| script(0x660, digits),
        &|digits| format!("{}\u{202f}{}.", &digits[..3], &digits[3..]),
        &|digits| format!("{}-{}", &digits[..3], &digits[3..]),
        &|digits| format!("\u{200b}{digits}\u{feff}\r\n"),
        &|digits| format!("Your code: {digits}"),
    ];
    for (nth, way) in ways.iter().enumerate() {
        let email = format!("user{nth}@example.test");
        app.account(&email, Role::User).await;
        let browser = app.browser();
        browser.api("auth/send_magic_link", &[("email", &email)]).await;
        let typed = way(&digits(&*app.mail(&email, "login link", 1).await));
        let page = browser.get("/confirm").await.body;
        let (before, after) = page.split_once("name=\"digits\"").unwrap();
        let tag = format!("{}{}", before.rsplit_once('<').unwrap().1, after.split_once('>').unwrap().0);
        assert!(tag.contains("inputmode=\"numeric\"") && tag.contains("autocomplete=\"one-time-code\""), "{tag}");
        assert!(!tag.contains("maxlength") && !tag.contains("pattern"), "{tag}");
        assert_eq!(browser.api("auth/confirm", &[("digits", &typed)]).await.status, 200, "{typed:?}");
    }
}

#[tokio::test]
async fn a_link_works_with_what_was_copied_along_with_it() {
    let app = TestApp::with(&[("LATCHKEY__THROTTLE__CLIENT_PER_MINUTE", "1000")]).await;
    let around =
        [("", "."), ("", " "), ("", ","), ("", ")"), ("", ">"), ("", "\u{200b}"), ("<", ">."), (" ", "\u{201d}")];
    for (nth, (before, after)) in around.into_iter().enumerate() {
        let email = format!("user{nth}@example.test");
        app.account(&email, Role::User).await;
        app.browser().api("auth/send_magic_link", &[("email", &email)]).await;
        let secret = code(&*app.mail(&email, "login link", 1).await);
        let copied = format!("{before}{secret}{after}");
        let browser = app.browser();
        let page = browser.get(&format!("/confirm?code={}", percent(&copied))).await;
        assert!(page.body.contains(&email), "{copied:?}");
        assert_eq!(browser.api("auth/confirm", &[("code", &copied)]).await.status, 200, "{copied:?}");
    }
    let answer = app.browser().api("auth/confirm", &[("code", "nothing-like-a-code.")]).await;
    assert_eq!(answer.status, 410);
}

/// Text as the value of a query parameter.
fn percent(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

#[tokio::test]
async fn of_many_at_once_one_uses_a_code() {
    let app = TestApp::spawn().await;
    app.account(ADA, Role::User).await;
    app.browser().api("auth/forgot_password", &[("email", ADA)]).await;
    let secret = code(&*app.mail(ADA, "new password", 1).await);
    let browsers: Vec<_> = (0..6).map(|_| app.browser()).collect();
    let form = [("code", secret.as_str()), ("password", NEW)];
    let answers =
        futures_util::future::join_all(browsers.iter().map(|browser| browser.api("auth/confirm", &form))).await;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [200, 410].contains(status)), "{statuses:?}");
    assert_eq!(app.count("select count(*) from sessions where revoked_at is null").await, 1);
}

#[tokio::test]
async fn opening_a_link_uses_nothing_up() {
    let app = TestApp::spawn().await;
    app.account(ADA, Role::User).await;
    app.browser().api("auth/send_magic_link", &[("email", ADA)]).await;
    let secret = code(&*app.mail(ADA, "login link", 1).await);
    let path = format!("/confirm?code={secret}");
    let scanner = app.browser();
    for _ in 0..3 {
        let page = scanner.get(&path).await;
        assert_eq!(page.status, 200);
        assert!(page.body.contains("This logs you in") && page.set_cookies().is_empty());
        assert!(page.header("cache-control").contains("no-store"), "{}", page.header("cache-control"));
        assert_eq!(scanner.send(Method::HEAD, &path, &[("accept", "text/html")], None).await.status, 200);
        assert_eq!(scanner.api("auth/mailed_code", &[("code", &secret)]).await.json()["purpose"], "log_in");
    }
    assert_eq!(app.browser().api("auth/confirm", &[("code", &secret)]).await.status, 200);
    assert!(scanner.get(&path).await.body.contains("This link has expired"));
}

#[tokio::test]
async fn the_newest_code_makes_the_older_ones_void() {
    let app = TestApp::spawn().await;
    app.account(ADA, Role::User).await;
    let (first, second) = (app.browser(), app.browser());
    first.api("auth/send_magic_link", &[("email", ADA)]).await;
    let old = app.mail(ADA, "login link", 1).await;
    second.api("auth/send_magic_link", &[("email", "ADA@example.test")]).await;
    let new = app.mail(ADA, "login link", 2).await;
    assert_eq!(first.api("auth/confirm", &[("code", &code(&old))]).await.status, 410);
    assert_eq!(first.api("auth/confirm", &[("digits", &digits(&old))]).await.status, 410);
    assert_eq!(second.api("auth/confirm", &[("digits", &digits(&new))]).await.status, 200);
}

#[tokio::test]
async fn a_code_of_another_purpose_stays() {
    let app = TestApp::spawn().await;
    app.account(ADA, Role::User).await;
    app.browser().api("auth/send_magic_link", &[("email", ADA)]).await;
    let way_in = code(&*app.mail(ADA, "login link", 1).await);
    app.browser().api("auth/forgot_password", &[("email", ADA)]).await;
    app.mail(ADA, "new password", 1).await;
    assert_eq!(app.browser().api("auth/confirm", &[("code", &way_in)]).await.status, 200);
}

#[tokio::test]
async fn a_code_expires() {
    let app = TestApp::spawn().await;
    app.account(ADA, Role::User).await;
    let browser = app.browser();
    browser.api("auth/send_magic_link", &[("email", ADA)]).await;
    let mail = app.mail(ADA, "login link", 1).await;
    // 20 minutes and a second later.
    app.age_codes(20 * 60 + 1).await;
    assert_eq!(browser.api("auth/confirm", &[("code", &code(&mail))]).await.status, 410);
    assert_eq!(browser.api("auth/confirm", &[("digits", &digits(&mail))]).await.status, 410);
    assert!(!browser.is_signed_in().await);
}

#[tokio::test]
async fn a_code_counts_until_it_expires() {
    let app = TestApp::spawn().await;
    app.account(ADA, Role::User).await;
    let browser = app.browser();
    browser.api("auth/send_magic_link", &[("email", ADA)]).await;
    let mail = app.mail(ADA, "login link", 1).await;
    app.age_codes(19 * 60).await;
    assert_eq!(browser.api("auth/confirm", &[("code", &code(&mail))]).await.status, 200);
}

#[tokio::test]
async fn a_new_password_makes_every_code_void() {
    let app = TestApp::spawn().await;
    let owner = app.signed_up(ADA).await;
    app.browser().api("auth/send_magic_link", &[("email", ADA)]).await;
    let way_in = code(&*app.mail(ADA, "login link", 1).await);
    app.browser().api("auth/forgot_password", &[("email", ADA)]).await;
    let recovery = code(&*app.mail(ADA, "new password", 1).await);
    let form = [("old_password", PASSWORD), ("password", NEW)];
    assert_eq!(owner.api("account/change_password", &form).await.status, 200);
    assert_eq!(app.browser().api("auth/confirm", &[("code", &way_in)]).await.status, 410);
    assert_eq!(app.browser().api("auth/confirm", &[("code", &recovery), ("password", PASSWORD)]).await.status, 410);
}

#[tokio::test]
async fn what_the_database_holds_opens_nothing() {
    let app = TestApp::spawn().await;
    app.account(ADA, Role::User).await;
    app.browser().api("auth/send_magic_link", &[("email", ADA)]).await;
    let mail = app.mail(ADA, "login link", 1).await;
    let secret = code(&mail);
    let dump = app.dump().await;
    assert!(dump.contains(ADA) && dump.len() > 300, "{dump}");
    assert!(!dump.contains(&secret), "the secret stands in the database");
    let hex: String = base64_bytes(&secret).iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(!dump.to_lowercase().contains(&hex), "its bytes stand in the database");
}

fn base64_bytes(text: &str) -> Vec<u8> {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

#[tokio::test]
async fn garbage_is_no_code() {
    let app = TestApp::spawn().await;
    for garbage in ["x", "../../etc/passwd", "' or 1=1 --", "\0", &"A".repeat(43), &"A".repeat(5000)] {
        assert_eq!(app.browser().api("auth/confirm", &[("code", garbage)]).await.status, 410, "{garbage:?}");
        assert_eq!(app.browser().api("auth/mailed_code", &[("code", garbage)]).await.json(), serde_json::Value::Null);
    }
    let browser = app.browser();
    browser.set_cookie("latchkey_asked", "garbage");
    assert_eq!(browser.api("auth/confirm", &[("digits", "123456")]).await.status, 410);
    assert_eq!(browser.get("/confirm").await.status, 200);
}

#[tokio::test]
async fn nobody_learns_which_addresses_have_accounts() {
    let app = TestApp::with(&[("LATCHKEY__THROTTLE__CLIENT_PER_MINUTE", "1000")]).await;
    app.account(ADA, Role::User).await;
    for function in ["auth/send_magic_link", "auth/forgot_password"] {
        let mut seen = BTreeSet::new();
        for email in [ADA, "nobody@example.test"] {
            let browser = app.browser();
            let mut answers = Vec::new();
            for form in [true, false] {
                let answer = match form {
                    true => browser.submit("/magic", function, &[("email", email)]).await,
                    false => browser.api(function, &[("email", email)]).await,
                };
                answers.push((answer.status, answer.header("location").to_owned(), answer.body));
            }
            let page = browser.get("/confirm").await.body.replace(email, "ADDRESS");
            answers.push((
                0,
                String::new(),
                page.split("<main").nth(1).unwrap().split("</main").next().unwrap().into(),
            ));
            for digits in ["000000", "000000", "000000", "000000", "000000", "000000"] {
                let answer = browser.api("auth/confirm", &[("digits", digits), ("password", NEW)]).await;
                answers.push((answer.status, String::new(), answer.body));
            }
            seen.insert(format!("{answers:?}"));
        }
        assert_eq!(seen.len(), 1, "{function}: {seen:#?}");
    }
    app.outbox_is_empty().await;
    assert!(app.mails("nobody@example.test", "").is_empty());
}

#[tokio::test]
async fn an_address_gets_five_ways_in_for_as_long_as_one_of_them_counts_whether_or_not_it_has_an_account() {
    let app = TestApp::with(&[("LATCHKEY__THROTTLE__CLIENT_PER_MINUTE", "1000")]).await;
    app.account(ADA, Role::User).await;
    for email in [ADA, "nobody@example.test"] {
        let mut statuses = Vec::new();
        for n in 0..7 {
            let function = if n % 2 == 0 { "auth/send_magic_link" } else { "auth/forgot_password" };
            statuses.push(app.browser().api(function, &[("email", email)]).await.status);
        }
        assert_eq!(statuses, [200, 200, 200, 200, 200, 429, 429], "{email}");
    }
    let refused = app.browser().api("auth/send_magic_link", &[("email", ADA)]).await;
    assert!(
        (1..=1201).contains(&refused.header("retry-after").parse::<u32>().unwrap()),
        "no longer than a code counts"
    );
}

#[tokio::test]
async fn mails_of_another_kind_do_not_use_up_the_ways_in() {
    let app =
        TestApp::with(&[("LATCHKEY__THROTTLE__CLIENT_PER_MINUTE", "1000"), ("LATCHKEY__AUTH__SIGN_UP", "verified")])
            .await;
    for email in [ADA, "nobody@example.test"] {
        if email == ADA {
            app.account(ADA, Role::User).await;
        }
        let mut statuses = Vec::new();
        for _ in 0..6 {
            let form = [("email", email), ("password", PASSWORD), ("display_name", "Somebody")];
            statuses.push(app.browser().api("auth/sign_up", &form).await.status);
        }
        assert_eq!(statuses, [200, 200, 200, 200, 200, 429], "{email}");
        assert_eq!(app.browser().api("auth/send_magic_link", &[("email", email)]).await.status, 200, "{email}");
    }
}

#[tokio::test]
async fn a_client_confirms_ten_times_a_minute() {
    let app = TestApp::spawn().await;
    let mut statuses = Vec::new();
    for _ in 0..12 {
        statuses.push(app.browser().api("auth/confirm", &[("code", "nothing-like-a-code")]).await.status);
    }
    assert_eq!(statuses, [vec![410; 10], vec![429; 2]].concat());
}

#[tokio::test]
async fn ten_wrong_digits_a_day_leave_an_address_its_links() {
    let app = TestApp::with(&[("LATCHKEY__THROTTLE__CLIENT_PER_MINUTE", "1000")]).await;
    app.account(ADA, Role::User).await;
    let mut statuses = Vec::new();
    for _ in 0..3 {
        let browser = app.browser();
        browser.api("auth/send_magic_link", &[("email", ADA)]).await;
        for _ in 0..4 {
            // One in a million tries of this test is right.
            statuses.push(browser.api("auth/confirm", &[("digits", "000000")]).await.status);
        }
    }
    assert_eq!(statuses, [vec![422; 10], vec![429; 2]].concat());
    let secret = code(&*app.mail(ADA, "login link", 3).await);
    assert_eq!(app.browser().api("auth/confirm", &[("code", &secret)]).await.status, 200);
}

#[tokio::test]
async fn right_digits_cost_no_try_whatever_the_new_password_is_worth() {
    let app = TestApp::with(&[("LATCHKEY__THROTTLE__CLIENT_PER_MINUTE", "1000")]).await;
    app.account(ADA, Role::User).await;
    let browser = app.browser();
    browser.api("auth/forgot_password", &[("email", ADA)]).await;
    let typed = digits(&*app.mail(ADA, "Choose a new password", 1).await);
    // The last of them is the account's own name, which a mail's form does not show.
    for weak in ["short", "123456789012", "passwordpassword", "leavemealone", "aaaaaaaaaaaa", "testpersontest"] {
        let answer = browser.api("auth/confirm", &[("digits", &typed), ("password", weak)]).await;
        assert_eq!((answer.status, answer.json()["fields"][0]["field"].as_str()), (422, Some("password")), "{weak}");
    }
    assert_eq!(browser.api("auth/confirm", &[("digits", &typed), ("password", NEW)]).await.status, 200);
}

#[tokio::test]
async fn of_codes_that_are_asked_for_at_once_one_counts() {
    let app = TestApp::spawn().await;
    app.account(ADA, Role::User).await;
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..5 {
        let browser = app.browser();
        requests.spawn(async move { browser.api("auth/send_magic_link", &[("email", ADA)]).await.status });
    }
    assert_eq!(requests.join_all().await, [200; 5]);
    assert_eq!(app.count("select count(*) from one_time_codes").await, 5);
    assert_eq!(app.count("select count(*) from one_time_codes where spent_at is null").await, 1);
}

#[tokio::test]
async fn a_client_gets_ten_mails_a_minute_sent() {
    let app = TestApp::spawn().await;
    let browser = app.browser();
    let mut statuses = Vec::new();
    for n in 0..12 {
        let email = format!("user{n}@example.test");
        statuses.push(browser.api("auth/send_magic_link", &[("email", &email)]).await.status);
    }
    assert_eq!(statuses, [vec![200; 10], vec![429; 2]].concat());
}

#[tokio::test]
async fn a_disabled_account_gets_no_way_in() {
    let app = TestApp::spawn().await;
    app.account(ADA, Role::User).await;
    app.browser().api("auth/send_magic_link", &[("email", ADA)]).await;
    let secret = code(&*app.mail(ADA, "login link", 1).await);
    app.execute("update users set state = 'disabled'").await;
    assert_eq!(app.browser().api("auth/confirm", &[("code", &secret)]).await.status, 410);
    app.browser().api("auth/send_magic_link", &[("email", ADA)]).await;
    app.outbox_is_empty().await;
    assert_eq!(app.mails(ADA, "login link").len(), 1);
}

#[tokio::test]
async fn an_expired_code_is_deleted() {
    let app = TestApp::spawn().await;
    app.account(ADA, Role::User).await;
    assert_eq!(app.browser().api("auth/send_magic_link", &[("email", ADA)]).await.status, 200);
    let now = app.state.db.now().await.unwrap();
    for (minutes, forgotten) in [(0, 0), (21, 1)] {
        let at = now + chrono::TimeDelta::minutes(minutes);
        assert_eq!(
            latchkey::auth::server::email_code::store::forget_codes(&app.state.db, at).await.unwrap(),
            forgotten
        );
    }
    assert_eq!(app.count("select count(*) from one_time_codes").await, 0);
}

#[test]
fn a_zero_that_follows_the_nine_of_another_script_is_a_zero() {
    // The mathematical digits follow one another: bold, double-struck, and so on.
    let digits = latchkey::auth::server::users::input::six_digits("\u{1d7d8}1\u{1d7d7}345");
    assert_eq!(digits.as_deref(), Ok("019345"));
}

#[tokio::test]
async fn wrong_digits_are_said_beside_their_field() {
    let app = TestApp::spawn().await;
    let browser = app.browser();
    browser.submit("/magic", "auth/send_magic_link", &[("email", ADA)]).await;
    browser.submit("/confirm", "auth/confirm", &[("digits", "000000")]).await;
    let page = browser.get("/confirm").await.body;
    let (_, field) = page.split_once("id=\"digits-error\"").unwrap();
    let (said, _) = field.split_once("</p>").unwrap();
    // As html: the apostrophe is escaped or not.
    assert!(said.contains("the code from our latest email"), "{said}");
}
