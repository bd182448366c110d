//! User input is always rendered as text, in pages and in the data for hydration, and profile fields grant no rights.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use latchkey::auth::model::Role;

use crate::{
    app::{PASSWORD, TestApp},
    browser::{Answer, Browser},
};

/// Each would run, or end what it stands in, if it were not written as text.
const PAYLOADS: [&str; 12] = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</SCRIPT ><svg onload=alert(1)>",
    "<!--<script>alert(1)",
    "]]><script>alert(1)",
    "\"><img src=x onerror=alert(1)>",
    "' onfocus=alert(1) autofocus='",
    "</textarea><script>alert(1)",
    "</title><script>alert(1)",
    "\\\"};alert(1);//</script>",
    "`${alert(1)}`</script>",
    "&lt;script&gt;&#60;b&#62;",
];

/// The tags of a page with the names of their attributes, as a browser reads them (HTML, 13.2.5, as far as a page without
/// mistakes needs it): all of them are the page's own.
fn skeleton(page: &Answer) -> Vec<String> {
    let mut tags = Vec::new();
    let mut rest = page.body.as_str();
    while let Some((_, after)) = rest.split_once('<') {
        rest = after;
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = comment.trim_start_matches(['-', '>']);
            continue;
        }
        let end = rest.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(rest.len());
        let mut tag = rest[..end].to_ascii_lowercase();
        let closes = tag.starts_with('/') || tag.starts_with('!');
        rest = &rest[end..];
        let name = tag.clone();
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
            if rest.is_empty() || rest.starts_with('>') {
                break;
            }
            let end = rest[1..].find(|c: char| c.is_whitespace() || "=>/".contains(c)).map_or(rest.len(), |at| at + 1);
            tag = format!("{tag} {}", &rest[..end]);
            rest = rest[end..].trim_start();
            if let Some(value) = rest.strip_prefix('=').map(str::trim_start) {
                rest = match value.chars().next() {
                    Some(quote @ ('"' | '\'')) => value[1..].split_once(quote).map_or("", |(_, rest)| rest),
                    _ => &value[value.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(value.len())..],
                };
            }
        }
        tags.push(tag);
        // What stands in these ends with their own closing tag alone.
        if !closes && ["script", "style", "title", "textarea"].contains(&name.as_str()) {
            let lower = rest.to_ascii_lowercase();
            rest = &rest[lower.find(&format!("</{name}")).unwrap_or(rest.len())..];
        }
    }
    tags.sort_unstable();
    tags
}

#[test]
fn the_reader_of_tags_sees_what_a_browser_would() {
    let read = |html: &str| skeleton(&Answer { status: 200, headers: Default::default(), body: html.into() });
    assert_eq!(read("<p class=\"a > b\" id='x'>&lt;b&gt;<!--<i>--></p>"), ["/p", "i", "p class id"]);
    assert_eq!(read("<script>if (a<b) x()</script><b onclick=x>"), ["/script", "b onclick", "script"]);
    assert_eq!(read("<script>\"</script><img src=x onerror=y>"), ["/script", "img src onerror", "script"]);
    assert_eq!(
        read("<textarea><b></textarea><input value='' autofocus>"),
        ["/textarea", "input value autofocus", "textarea"]
    );
}

async fn save(browser: &Browser, name: &str, bio: &str) {
    let answer = browser.api("profile/update", &[("display_name", name), ("bio", bio)]).await;
    assert_eq!(answer.status, 200, "{name:?}: {}", answer.body);
}

fn holds_no_live(payload: &str, page: &Answer, place: &str) {
    for part in ["<script>alert", "<svg onload", "<img src=x", "<!--<script"] {
        let around = page.body.find(part).map(|at| page.body.get(at.saturating_sub(100)..at + 60));
        assert_eq!(around, None, "{payload} is alive on {place}");
    }
}

#[tokio::test]
async fn names_and_texts_stay_text_on_every_page_that_shows_them() {
    let app = TestApp::spawn().await;
    let admin = app.logged_in_as(Role::Admin).await;
    // The plain text has the same fields filled, so that the pages have the same shape.
    save(&admin, "Plain", "Plain text.").await;
    let pages = ["/", "/profile", "/moderation", "/admin"];
    let mut plain = Vec::new();
    for path in pages {
        plain.push(skeleton(&admin.get(path).await));
    }
    for payload in PAYLOADS {
        save(&admin, payload, &format!("{payload}\n{payload}")).await;
        for (path, plain) in pages.iter().zip(&plain) {
            let page = admin.get(path).await;
            assert_eq!(page.status, 200);
            holds_no_live(payload, &page, path);
            assert_eq!(&skeleton(&page), plain, "{payload} changed the tags of {path}");
        }
        let shown = admin.get("/profile").await.body;
        assert!(shown.contains("alert(1)") || payload.starts_with('&'), "{payload} is shown at all");
        let kept = admin.api("profile/current", &[]).await.json();
        assert_eq!(kept["display_name"], payload, "kept as it was typed");
    }
}

#[tokio::test]
async fn the_separators_of_scripts_do_not_get_into_a_text() {
    let app = TestApp::spawn().await;
    let user = app.signed_up("ada@example.test").await;
    for bio in ["a\u{2028}alert(1)", "a\u{2029}alert(1)", "a\0b", "a\u{202e}b", "a\u{1b}b", "\u{feff}a\u{200b}"] {
        let answer = user.api("profile/update", &[("display_name", "Ada"), ("bio", bio)]).await;
        assert_eq!(
            (answer.status, answer.json()["fields"][0]["problem"].as_str()),
            (422, Some("unprintable")),
            "{bio:?}"
        );
    }
    // Were they in the database all the same, they would still not stand bare in the page's scripts.
    app.execute("update profiles set bio = 'x\u{2028}y</script><script>alert(1)', display_name = '\u{2029}</script>z'")
        .await;
    for path in ["/", "/profile"] {
        let page = user.get(path).await;
        assert_eq!(page.status, 200);
        for script in page.body.split("<script").skip(1).map(|rest| rest.split("</script").next().unwrap()) {
            assert!(!script.contains('\u{2028}') && !script.contains('\u{2029}'), "{path}: {script}");
            assert!(!script.contains("<script>alert"), "{path}: {script}");
        }
        holds_no_live("the stored text", &page, path);
    }
}

#[tokio::test]
async fn what_was_typed_into_a_refused_form_comes_back_as_text() {
    let app = TestApp::with(&[("LATCHKEY__THROTTLE__CLIENT_PER_MINUTE", "1000")]).await;
    let (anonymous, user) = (app.browser(), app.signed_up("ada@example.test").await);
    let shape = async |browser: &Browser, page: &str, function: &str, text: &str| {
        let form =
            [("email", text), ("display_name", text), ("bio", &"x".repeat(501)), ("password", "short"), ("next", text)];
        assert_eq!(browser.submit(page, function, &form).await.status, 303);
        let page = browser.get(page).await;
        holds_no_live(text, &page, function);
        skeleton(&page)
    };
    for (browser, page, function) in [
        (&anonymous, "/login", "auth/log_in"),
        (&anonymous, "/signup", "auth/sign_up"),
        (&user, "/profile", "profile/update"),
    ] {
        // Refused like the payloads: none of them is an address.
        let plain = shape(browser, page, function, "plain text").await;
        for payload in PAYLOADS {
            assert_eq!(shape(browser, page, function, payload).await, plain, "{payload} on {page}");
        }
    }
}

#[tokio::test]
async fn an_address_bar_writes_nothing_but_text_into_a_page() {
    let app = TestApp::spawn().await;
    let anonymous = app.browser();
    let plain = skeleton(&anonymous.get("/login?next=/plain").await);
    for payload in PAYLOADS.map(|payload| payload.replace(' ', "/").replace('\\', "")) {
        let next = serde_urlencoded::to_string([("next", format!("/{payload}"))]).unwrap();
        let page = anonymous
            .get(&format!("/login?{next}&__err={payload}&error={payload}&{payload}=1").replace(' ', "+"))
            .await;
        assert_eq!(page.status, 200, "{payload}");
        assert_eq!(skeleton(&page), plain, "{payload}");
        holds_no_live(&payload, &page, "/login");
        let path: String = payload.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let page = anonymous.get(&format!("/{path}")).await;
        assert_eq!(page.status, 404, "{payload}");
        holds_no_live(&payload, &page, "the 404 page");
        let page = anonymous.get(&format!("/profile?{next}")).await;
        assert_eq!(page.status, 302);
        holds_no_live(&payload, &page, "the redirect");
    }
}

/// Plants a flash cookie in a new browser; the page that it then shows.
async fn plant(app: &TestApp, cookie: &str) -> Answer {
    let browser = app.browser();
    browser.set_cookie("latchkey_flash", cookie);
    let page = browser.get("/login").await;
    assert_eq!(page.status, 200, "{cookie}");
    assert_eq!(browser.cookie("latchkey_flash"), None, "it is forgotten: {cookie}");
    page
}

#[tokio::test]
async fn a_planted_flash_shows_nothing() {
    let app = TestApp::spawn().await;
    let json = |json: &str| URL_SAFE_NO_PAD.encode(json);
    for garbage in
        ["x", "%%%", "e30", ".", "e30.", &json("null"), &json("[1"), &json(&"[".repeat(2000)), &"A".repeat(15_000)]
    {
        plant(&app, garbage).await;
    }
    let planted = json(r#"{"notice":{"text":"planted","is_banner":true},"typed":[["email","planted"]]}"#);
    for mac in ["", ".", ".AAAA", &format!(".{}", json(&"x".repeat(32)))] {
        let page = plant(&app, &format!("{planted}{mac}")).await;
        assert!(!page.body.contains("planted"), "{mac}");
    }
    // The MAC of another content.
    let browser = app.browser();
    browser.submit("/login", "auth/log_in", &[("email", "ada"), ("password", "x")]).await;
    let ours = browser.cookie("latchkey_flash").unwrap();
    assert!(plant(&app, &ours).await.body.contains("Enter an email address like"));
    let page = plant(&app, &format!("{planted}.{}", ours.split('.').nth(1).unwrap())).await;
    assert!(!page.body.contains("planted"));
}

#[tokio::test]
async fn a_flash_of_ours_shows_typed_markup_as_text() {
    let app = TestApp::spawn().await;
    let typed = r#""><script>alert(1)</script>"#;
    let browser = app.browser();
    browser.submit("/login", "auth/log_in", &[("email", typed), ("password", "x")]).await;
    let page = browser.get("/login").await;
    assert!(page.body.contains("alert(1)"), "it is shown as text");
    holds_no_live(typed, &page, "/login");
}

#[tokio::test]
async fn no_input_is_ever_a_part_of_a_query() {
    let roomy =
        [("LATCHKEY__THROTTLE__CLIENT_PER_MINUTE", "1000"), ("LATCHKEY__THROTTLE__ACCOUNT_PER_FIVE_MINUTES", "1000")];
    let app = TestApp::with(&roomy).await;
    let admin = app.logged_in_as(Role::Admin).await;
    let user = app.signed_up("ada@example.test").await;
    for text in
        ["' or '1'='1", "'; drop table users; --", "$1", "?1", "\\'; --", "%' escape '", "1; attach database 'x' as y"]
    {
        for email in
            [format!("{text}@example.test"), format!("ada@example.test{text}"), "'or'1'='1'@example.test".into()]
        {
            let answer = app.browser().api("auth/log_in", &[("email", &email), ("password", text)]).await;
            assert!(matches!(answer.status, 401 | 422), "{email}: {}", answer.status);
        }
        save(&user, text, text).await;
        let profile = user.api("profile/current", &[]).await.json();
        assert_eq!((profile["display_name"].as_str(), profile["bio"].as_str()), (Some(text), Some(text)));
        for form in [[("user_id", text), ("role", "user")], [("user_id", "0"), ("role", text)]] {
            assert_eq!(admin.api("admin/set_role", &form).await.status, 422, "{form:?}");
        }
    }
    assert_eq!(app.count("select count(*) from users").await, 2);
    assert_eq!(app.count("select count(*) from users where role = 'admin'").await, 1);
}

#[tokio::test]
async fn a_form_smuggles_in_neither_role_nor_state_nor_anybody_elses_id() {
    let app = TestApp::with(&[("LATCHKEY__THROTTLE__CLIENT_PER_MINUTE", "1000")]).await;
    let bob = app.signed_up("bob@example.test").await;
    let bob_id = app.user_id("bob@example.test").await.to_string();
    let extras = [
        ("role", "admin"),
        ("user[role]", "admin"),
        ("display_name[role]", "admin"),
        ("caller[identity][role]", "admin"),
        ("identity[role]", "admin"),
        ("user_id", &bob_id),
        ("id", &bob_id),
        ("profile[user_id]", &bob_id),
        ("state", "disabled"),
        ("email", "eve@example.test"),
        ("authz_epoch", "99"),
        ("email_verified", "true"),
        ("__proto__[role]", "admin"),
    ];
    for (nth, extra) in extras.into_iter().enumerate() {
        let email = format!("user{nth}@example.test");
        let browser = app.browser();
        let form = [("email", email.as_str()), ("password", PASSWORD), ("display_name", "Ada"), extra];
        let made = browser.api("auth/sign_up", &form).await;
        if made.status != 200 {
            assert!(matches!(made.status, 400 | 422), "{extra:?}: {}", made.status);
            continue;
        }
        let edited = browser.api("profile/update", &[("display_name", "Changed"), ("bio", ""), extra]).await;
        assert!(matches!(edited.status, 200 | 400 | 422), "{extra:?}: {}", edited.status);
        let me = browser.api("auth/current_user", &[]).await.json();
        assert_eq!((me["role"].as_str(), me["email"].as_str()), (Some("user"), Some(email.as_str())), "{extra:?}");
    }
    let bob = bob.api("auth/current_user", &[]).await.json();
    assert_eq!((bob["display_name"].as_str(), bob["role"].as_str()), (Some("Test Person"), Some("user")));
    assert_eq!(
        app.count("select count(*) from users where role <> 'user' or state <> 'active' or authz_epoch <> 0").await,
        0
    );
}

#[tokio::test]
async fn a_field_that_is_sent_twice_is_refused_whichever_value_comes_first() {
    let roomy =
        [("LATCHKEY__THROTTLE__CLIENT_PER_MINUTE", "1000"), ("LATCHKEY__THROTTLE__ACCOUNT_PER_FIVE_MINUTES", "1000")];
    let app = TestApp::with(&roomy).await;
    let (admin, user) = (app.logged_in_as(Role::Admin).await, app.signed_up("ada@example.test").await);
    app.signed_up("bob@example.test").await;
    let ids = [app.user_id("ada@example.test").await.to_string(), app.user_id("bob@example.test").await.to_string()];
    let anonymous = app.browser();
    let account = [("email", "ada@example.test"), ("password", PASSWORD)];
    let new = [("email", "eve@example.test"), ("password", "violet-anchor-seventeen"), ("display_name", "Eve")];
    let texts = [("display_name", "Changed"), ("bio", "Changed")];
    let passwords = [("old_password", PASSWORD), ("password", "violet-anchor-seventeen")];
    let role = [("user_id", ids[0].as_str()), ("role", "moderator")];
    let cases: [(&Browser, &str, &[(&str, &str)], &[(&str, &str)]); 6] = [
        (&anonymous, "auth/log_in", &account, &[("email", "bob@example.test"), ("password", "wrong"), ("next", "/a")]),
        (
            &anonymous,
            "auth/sign_up",
            &new,
            &[("email", "eva@example.test"), ("password", PASSWORD), ("display_name", "Eva"), ("next", "/a")],
        ),
        (&user, "profile/update", &texts, &[("display_name", "Other"), ("bio", "Other")]),
        (&user, "account/change_password", &passwords, &[("old_password", "wrong"), ("password", "amber-quiet-nine")]),
        (&user, "account/change_email", &[("email", "new@example.test")], &[("email", "other@example.test")]),
        (&admin, "admin/set_role", &role, &[("user_id", ids[1].as_str()), ("role", "admin")]),
    ];
    for (browser, function, form, others) in cases {
        for other in others {
            let mut whole = form.to_vec();
            if !form.iter().any(|(name, _)| *name == other.0) {
                whole.push((other.0, "/b"));
            }
            for twice in [[&[*other][..], &whole].concat(), [&whole[..], &[*other]].concat()] {
                let answer = browser.api(function, &twice).await;
                assert_eq!(answer.status, 400, "{function}, {}: {}", other.0, answer.body);
                let page = browser.submit("/", function, &twice).await;
                assert_eq!((page.status, page.header("location")), (303, "/"), "{function}, {}", other.0);
            }
        }
    }
    assert_eq!(app.count("select count(*) from users").await, 3);
    assert_eq!(app.count("select count(*) from users where role <> 'user'").await, 1);
    assert_eq!(app.count("select count(*) from profiles where display_name <> 'Test Person' or bio <> ''").await, 0);
    app.outbox_is_empty().await;
    assert!(app.mails("new@example.test", "").is_empty() && app.mails("other@example.test", "").is_empty());
    assert!(!anonymous.is_signed_in().await);
    app.browser().log_in("ada@example.test").await;
    // Of a page's query one value counts, and the check sees that very one.
    for (query, values) in [("next=/one&next=/two", ["/one", "/two"]), ("next=/one&next=//evil.test", ["/one", ""])] {
        let page = anonymous.get(&format!("/login?{query}")).await.body;
        let tags = page.split("name=\"next\"").skip(1).map(|rest| rest.split('>').next().unwrap());
        let shown: Vec<&str> =
            tags.map(|tag| tag.split("value=\"").nth(1).map_or("", |v| v.split('"').next().unwrap())).collect();
        assert!(shown.len() <= 1 && shown.iter().all(|value| values.contains(value)), "{query}: {shown:?}");
    }
}
