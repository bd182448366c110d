//! Forms as browsers without JavaScript send them, with every input of the page: where they lead if headers, cookies or
//! the session are missing, and what happens to the typed text.

use latchkey::auth::model::Role;
use reqwest::Method;

use crate::{
    app::{ORIGIN, PASSWORD, TestApp},
    browser::{Answer, Browser},
};

const REFUSED: &str = "another account";
const KEPT: &str = "What you typed is back in the form.";
const NO_COOKIES: &str = "Your browser blocks cookies";

/// The form that posts to `function`, as the page holds it: the hidden inputs, by name.
fn hidden_inputs(page: &str, function: &str) -> Vec<(String, String)> {
    let form = page.split("<form ").find(|form| form.contains(&format!("action=\"/api/{function}\"")));
    let form = form.unwrap_or_else(|| panic!("no form for {function} in {page}")).split("</form>").next().unwrap();
    let attribute = |input: &str, name: &str| {
        let value = input.split(&format!("{name}=\"")).nth(1).and_then(|rest| rest.split('"').next());
        value.unwrap_or_default().replace("&amp;", "&")
    };
    let inputs = form.split("<input ").skip(1).map(|input| input.split('>').next().unwrap());
    let hidden = inputs.filter(|input| input.contains("type=\"hidden\""));
    hidden.map(|input| (attribute(input, "name"), attribute(input, "value"))).collect()
}

/// All that a browser says of itself besides what proves the origin.
const HEADERS: [(&str, &str); 8] = [
    ("accept", "text/html,application/xhtml+xml,*/*;q=0.8"),
    ("accept-language", "en"),
    ("user-agent", "Mozilla/5.0 Firefox/140.0"),
    ("sec-fetch-mode", "navigate"),
    ("sec-fetch-dest", "document"),
    ("sec-fetch-user", "?1"),
    ("upgrade-insecure-requests", "1"),
    ("referer", ""),
];

/// A visit to `page`, where the form for `function` is filled in and sent. Returns the page that the browser ends on, and
/// its address. `keeps` says which headers are left.
async fn filled_in(
    browser: &Browser,
    page: &str,
    function: &str,
    typed: &[(&str, &str)],
    keeps: impl Fn(&str) -> bool,
) -> (String, Answer) {
    let referer = format!("{ORIGIN}{page}");
    let headers = |path: &str| {
        let sent = HEADERS.into_iter().filter(|(name, _)| keeps(name));
        let mut headers: Vec<(&str, String)> = sent.map(|(name, value)| (name, value.to_owned())).collect();
        for (name, value) in &mut headers {
            if *name == "referer" {
                *value = if path == page { String::new() } else { referer.clone() };
            }
        }
        headers.retain(|(_, value)| !value.is_empty());
        headers
    };
    let get = async |path: &str| {
        let headers = headers(path);
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        browser.send(Method::GET, path, &headers, None).await
    };
    let shown = get(page).await;
    assert_eq!(shown.status, 200, "{page}");
    let answer = post(browser, &shown.body, function, typed, &headers("post")).await;
    assert_eq!(answer.status, 303, "{function}: {}", answer.body);
    let mut at = answer.header("location").to_owned();
    let mut answer = get(&at).await;
    while answer.status == 302 {
        at = answer.header("location").to_owned();
        answer = get(&at).await;
    }
    (at, answer)
}

/// Sends the form for `function` as it stands in `page`.
async fn post(
    browser: &Browser,
    page: &str,
    function: &str,
    typed: &[(&str, &str)],
    headers: &[(&str, String)],
) -> Answer {
    let mut fields = hidden_inputs(page, function);
    fields.extend(typed.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let mut headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    headers.extend([
        ("content-type", "application/x-www-form-urlencoded"),
        ("origin", ORIGIN),
        ("sec-fetch-site", "same-origin"),
    ]);
    let body = serde_urlencoded::to_string(fields).unwrap();
    browser.send(Method::POST, &format!("/api/{function}"), &headers, Some(body)).await
}

/// The headers of a browser that goes to a page.
fn navigating() -> Vec<(&'static str, String)> {
    let sent = HEADERS.into_iter().filter(|(_, value)| !value.is_empty());
    sent.map(|(name, value)| (name, value.to_owned())).collect()
}

/// The form of the profile, as the browser's page shows it, sent with another name.
async fn edit(browser: &Browser, page: &str, more: &[(&str, &str)]) -> Answer {
    let typed = [&[("display_name", "Grace <H>"), ("bio", "Half a page, not saved yet.")], more].concat();
    post(browser, page, "profile/update", &typed, &navigating()).await
}

#[tokio::test]
async fn whatever_is_stripped_a_refused_form_comes_back_on_its_own_page() {
    let app = TestApp::spawn().await;
    let user = app.logged_in_as(Role::User).await;
    let anonymous = app.browser();
    let forms: [(&Browser, &str, &str, &[(&str, &str)], &str, &str); 5] = [
        (
            &anonymous,
            "/login?next=/admin%3Fpage=2",
            "auth/log_in",
            &[("email", "ada@example.test"), ("password", "x")],
            "That email and password",
            "ada@example.test",
        ),
        (
            &anonymous,
            "/signup?next=/admin",
            "auth/sign_up",
            &[("email", "ada"), ("password", PASSWORD), ("display_name", "Ada L")],
            "Enter an email address like",
            "Ada L",
        ),
        (&anonymous, "/forgot", "auth/forgot_password", &[("email", "ada")], "Enter an email address like", "\"ada\""),
        (&user, "/profile", "profile/update", &[("display_name", ""), ("bio", "Words.")], "Enter the", "Words."),
        (
            &user,
            "/account/email",
            "account/change_email",
            &[("email", "nobody")],
            "Enter an email address like",
            "\"nobody\"",
        ),
    ];
    for (browser, page, function, typed, sentence, kept) in forms {
        let mut stripped: Vec<Vec<&str>> = HEADERS.iter().map(|(name, _)| vec![*name]).collect();
        stripped.push(Vec::new());
        stripped.push(HEADERS.iter().map(|(name, _)| *name).collect());
        for stripped in stripped {
            // Each round has a budget of its own.
            app.execute("delete from throttles").await;
            let (at, answer) = filled_in(browser, page, function, typed, |name| !stripped.contains(&name)).await;
            assert_eq!((at.as_str(), answer.status), (page, 200), "{function} without {stripped:?}");
            assert!(answer.body.contains(sentence), "{function} without {stripped:?}: {}", answer.body);
            assert!(answer.body.contains(kept), "{function} without {stripped:?}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn a_page_made_for_one_account_changes_nothing_for_another() {
    let app = TestApp::spawn().await;
    let browser = app.logged_in_as(Role::User).await;
    app.account("grace@example.test", Role::Admin).await;
    let pages = [
        ("/profile", "profile/update"),
        ("/account/email", "account/change_email"),
        ("/account/leave", "account/leave"),
        ("/account/password", "account/change_password"),
        ("/account/devices", "auth/log_out_everywhere"),
        ("/profile", "auth/log_out"),
    ];
    let mut made = Vec::new();
    for (page, function) in pages {
        made.push((page, function, browser.get(page).await.body));
    }
    let export = browser.get("/account/data").await.body;
    browser.log_in("grace@example.test").await;
    let before = app.dump().await;
    let typed = [
        ("display_name", "Somebody"),
        ("bio", "Typed on the wrong page."),
        ("email", "typed@example.test"),
        ("old_password", PASSWORD),
        ("password", "another long and strange one"),
    ];
    for (page, function, body) in &made {
        let answer = post(&browser, body, function, &typed, &navigating()).await;
        assert_eq!((answer.status, answer.header("location")), (303, *page), "{function}: {}", answer.body);
        let shown = browser.get(page).await;
        assert!(shown.body.contains("logged in as") && shown.body.contains("grace"), "{function}: {}", shown.body);
        if *function == "profile/update" {
            assert!(shown.body.contains("Somebody") && shown.body.contains("Typed on the wrong page."));
        }
    }
    let answer = post(&browser, &export, "account/export", &[], &navigating()).await;
    assert_eq!(answer.status, 303, "no copy of somebody else's data");
    assert!(browser.is_signed_in().await);
    assert_eq!(app.dump().await, before, "nothing was written");
    // A program that names the account gets the error itself.
    let answer = browser.api("profile/update", &[("display_name", "X"), ("sent_as", "somebody")]).await;
    assert_eq!((answer.status, answer.json()["code"].as_str()), (409, Some("other_account")));
    assert!(!answer.body.contains(REFUSED));
}

#[tokio::test]
async fn what_was_typed_while_the_session_ended_is_back_after_the_log_in_of_the_same_account() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    let page = browser.get("/profile").await.body;
    browser.copy().api("auth/log_out_everywhere", &[]).await;

    let answer = edit(&browser, &page, &[]).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/login?next=/profile"));
    browser.log_in("ada@example.test").await;
    let elsewhere = browser.get("/account").await;
    assert!(!elsewhere.body.contains(KEPT), "it belongs to its own page");
    let shown = browser.get("/profile").await;
    assert!(shown.body.contains(KEPT) && shown.body.contains("Half a page, not saved yet."), "{}", shown.body);
    assert!(shown.body.contains("Grace &lt;H&gt;"), "{}", shown.body);
    assert!(!app.dump().await.contains("Half a page"), "shown, not saved");
    let again = browser.get("/profile").await;
    assert!(!again.body.contains(KEPT) && !again.body.contains("Half a page"), "once");
}

#[tokio::test]
async fn the_log_in_page_says_why_a_form_led_there() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    let page = browser.get("/profile").await.body;
    let admin = app.logged_in_as(Role::Admin).await;
    let id = app.user_id("ada@example.test").await.to_string();
    admin.api("admin/set_role", &[("user_id", &id), ("role", "moderator")]).await;
    // The first form has an ended session, the second none.
    for reason in ["Your role has changed", "Your session has ended"] {
        let answer = edit(&browser, &page, &[]).await;
        assert_eq!((answer.status, answer.header("location")), (303, "/login?next=/profile"), "{reason}");
        let shown = browser.get("/login?next=/profile").await;
        assert!(shown.body.contains(reason), "{reason}: {}", shown.body);
    }
}

#[tokio::test]
async fn nobody_else_sees_what_was_typed_while_the_session_ended() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    app.account("grace@example.test", Role::User).await;
    let page = browser.get("/profile").await.body;
    browser.copy().api("auth/log_out_everywhere", &[]).await;
    edit(&browser, &page, &[]).await;

    browser.log_in("grace@example.test").await;
    assert!(!browser.get("/profile").await.body.contains("Half a page"));
    // Not even later, by its owner: it is gone.
    browser.log_in("ada@example.test").await;
    assert!(!browser.get("/profile").await.body.contains("Half a page"));
}

#[tokio::test]
async fn a_draft_is_kept_and_never_acted_on() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    let page = browser.get("/profile").await.body;
    let before = app.dump().await;
    // The tab was told that its session is over, and by now the same account is signed in again.
    let answer = edit(&browser, &page, &[("draft", "")]).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/profile"));
    let shown = browser.get("/profile").await;
    assert!(shown.body.contains(KEPT) && shown.body.contains("Half a page, not saved yet."), "{}", shown.body);
    assert_eq!(app.dump().await, before);

    let page = browser.get("/profile").await.body;
    browser.api("auth/log_out", &[]).await;
    let answer = edit(&browser, &page, &[("draft", "")]).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/login?next=/profile"));
    browser.log_in("ada@example.test").await;
    assert!(browser.get("/profile").await.body.contains("Half a page, not saved yet."));
}

#[tokio::test]
async fn a_draft_of_a_signed_in_caller_saves_nothing() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    let page = browser.get("/profile").await.body;
    assert_eq!(edit(&browser, &page, &[("draft", "")]).await.status, 303);
    assert_eq!(app.count("select count(*) from profiles where display_name = 'Test Person' and bio = ''").await, 1);
}

#[tokio::test]
async fn a_browser_that_keeps_no_cookies_is_told_so() {
    let app = TestApp::spawn().await;
    app.account("ada@example.test", Role::User).await;
    for (page, function) in
        [("/login", "auth/log_in"), ("/signup", "auth/sign_up"), ("/forgot", "auth/forgot_password")]
    {
        for password in [PASSWORD, "not the password at all"] {
            // A browser for each request: none of them knows what the one before was given.
            let typed = [("email", "ada@example.test"), ("password", password)];
            let shown = app.browser().get(page).await;
            assert!(!shown.body.contains(NO_COOKIES), "{page}: nothing is known at first");
            let referer = [("accept", HEADERS[0].1.to_owned()), ("referer", format!("{ORIGIN}{page}"))];
            let answer = post(&app.browser(), &shown.body, function, &typed, &referer).await;
            assert_eq!(answer.status, 303, "{}", answer.body);
            let headers: Vec<_> = referer.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let mut answer = app.browser().send(Method::GET, answer.header("location"), &headers, None).await;
            while answer.status == 302 {
                answer = app.browser().send(Method::GET, answer.header("location"), &headers, None).await;
            }
            assert!(answer.body.contains(NO_COOKIES), "{page}, {password}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn a_browser_that_keeps_cookies_is_never_told_otherwise() {
    let app = TestApp::spawn().await;
    app.account("ada@example.test", Role::User).await;
    let browser = app.browser();
    let from = [("accept", HEADERS[0].1), ("referer", &format!("{ORIGIN}/login"))];
    for _ in 0..2 {
        let typed = [("email", "ada@example.test"), ("password", "not the password at all")];
        let page = browser.get("/login").await.body;
        post(&browser, &page, "auth/log_in", &typed, &navigating()).await;
        // The page with the error, the same loaded again, and a link that leads elsewhere.
        for path in ["/login", "/login", "/signup", "/"] {
            let shown = browser.send(Method::GET, path, &from, None).await;
            assert!(!shown.body.contains(NO_COOKIES), "{path}");
        }
    }
}
