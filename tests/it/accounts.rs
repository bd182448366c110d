//! Sign-up and log-in forms: duplicate addresses, unusual characters, length limits, races, one response for every
//! failed log-in, and what a form without JavaScript gets back.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use latchkey::{
    auth::{model::Role, server::users::email_address::EmailAddress},
    error::{Field, ValidationError},
    ui::messages,
};

use crate::{
    app::{PASSWORD, TestApp},
    browser::{ACCESS, Answer},
};

/// Room for as many attempts as a table has rows.
const ROOMY: [(&str, &str); 2] =
    [("LATCHKEY__THROTTLE__CLIENT_PER_MINUTE", "10000"), ("LATCHKEY__THROTTLE__ACCOUNT_PER_FIVE_MINUTES", "10000")];
const FLASH: &str = "latchkey_flash";

async fn sign_up(app: &TestApp, email: &str, password: &str, name: &str) -> Answer {
    app.browser().api("auth/sign_up", &[("email", email), ("password", password), ("display_name", name)]).await
}

/// What a refused form's answer says of a field.
fn problem(answer: &Answer, field: &str) -> String {
    let json = answer.json();
    let fields = json["fields"].as_array().cloned().unwrap_or_default();
    match fields.iter().find(|f| f["field"] == field).map(|f| f["problem"].clone()) {
        Some(serde_json::Value::String(word)) => word,
        Some(serde_json::Value::Object(object)) => object.keys().next().unwrap().clone(),
        _ => String::new(),
    }
}

#[tokio::test]
async fn all_twins_of_an_address_are_one_account() {
    let app = TestApp::with(&ROOMY).await;
    app.signed_up("Ada.Lovelace@Example.test").await;
    let twins = [
        "Ada.Lovelace@Example.test",
        "ada.lovelace@example.test",
        "ADA.LOVELACE@EXAMPLE.TEST",
        "  ada.lovelace@example.test \r\n",
        "\u{200b}ada.lovelace@example.test\u{feff}",
        "\u{202a}ada.lovelace@example.test\u{202c}",
        "ada.lovelace\u{ff20}example.test",
        "\u{ff41}\u{ff44}\u{ff41}.lovelace@example.test",
        "ada.lovelace@\u{ff45}xample.test",
        "ada.lovelace@example\u{3002}test",
        "ada.lovelace@ex\u{ad}ample.test",
    ];
    for twin in twins {
        let answer = sign_up(&app, twin, PASSWORD, "").await;
        assert_eq!((answer.status, problem(&answer, "email").as_str()), (422, "taken"), "{twin:?}");
        assert!(answer.set_cookies().is_empty(), "{twin:?}");
        app.browser().log_in(twin).await;
    }
    assert_eq!(app.count("select count(*) from users").await, 1);
}

#[tokio::test]
async fn two_sign_ups_of_one_address_at_once_make_one_account() {
    let app = TestApp::with(&ROOMY).await;
    for round in 0..5 {
        let (lower, upper) = (format!("ada{round}@example.test"), format!("ADA{round}@example.test"));
        let (one, other) = tokio::join!(sign_up(&app, &lower, PASSWORD, ""), sign_up(&app, &upper, PASSWORD, ""));
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 422], "{} {}", one.body, other.body);
    }
    assert_eq!(app.count("select count(*) from users").await, 5);
    assert_eq!(app.count("select count(*) from profiles").await, 5);
    assert_eq!(app.count("select count(*) from sessions").await, 5);
}

#[tokio::test]
async fn addresses_that_are_none_are_refused() {
    let app = TestApp::with(&ROOMY).await;
    let (long, domain) = ("a".repeat(65), "b".repeat(250));
    let bad = [
        ("", "missing"),
        ("   ", "missing"),
        ("ada", "malformed"),
        ("@example.test", "malformed"),
        ("ada@", "malformed"),
        ("ada@example", "malformed"),
        ("ada@@example.test", "malformed"),
        ("ada@exam ple.test", "malformed"),
        ("a da@example.test", "malformed"),
        (".ada@example.test", "malformed"),
        ("ada..b@example.test", "malformed"),
        ("ada@.example.test", "malformed"),
        ("ada@127.0.0.1", "malformed"),
        ("ada@[127.0.0.1]", "malformed"),
        ("\"ada\"@example.test", "malformed"),
        ("ada@example.test\r\nbcc: eve@example.test", "unprintable"),
        ("ada\0@example.test", "unprintable"),
        ("ada@example.test\0", "unprintable"),
        ("ada\u{202e}@example.test", "unprintable"),
        ("ada\u{200b}@example.test", "unprintable"),
        ("ada@sub_domain.example.test", "malformed"),
        ("<script>@example.test", "malformed"),
        ("ada@example.test,eve@example.test", "malformed"),
        (&format!("{long}@example.test"), "too_long"),
        (&format!("ada@{domain}.test"), "malformed"),
        (&format!("{}@example.test", "a".repeat(2000)), "too_long"),
    ];
    for (email, expected) in bad {
        let answer = sign_up(&app, email, PASSWORD, "Ada").await;
        assert_eq!((answer.status, problem(&answer, "email").as_str()), (422, expected), "{email:?}");
        let answer = app.browser().api("auth/log_in", &[("email", email), ("password", PASSWORD)]).await;
        assert_eq!(answer.status, 422, "log-in as {email:?}");
    }
    assert_eq!(app.count("select count(*) from users").await, 0);
    assert_eq!(app.count("select count(*) from throttles").await, 0, "what is not parsed is not counted");
    // The longest local part that mail allows, and letters beyond ASCII.
    for email in [
        format!("{}@example.test", "a".repeat(64)),
        "zo\u{eb}@ex\u{e4}mple.test".into(),
        "o'neil+tag@example.test".into(),
    ] {
        assert_eq!(sign_up(&app, &email, PASSWORD, "").await.status, 200, "{email}");
    }
}

#[test]
fn an_address_has_at_most_254_octets_and_64_of_them_before_the_at() {
    let domain = |octets: usize| {
        let labels = (0..octets - ".test".len()).map(|n| if n % 63 == 62 { '.' } else { 'b' });
        labels.collect::<String>() + ".test"
    };
    for (local, octets, fits) in [(64, 189, true), (64, 190, false), (65, 20, false), (1, 252, true), (1, 253, false)] {
        let parsed = EmailAddress::parse(&format!("{}@{}", "a".repeat(local), domain(octets)));
        let expected = if fits { None } else { Some(ValidationError::TooLong { max: 254 }) };
        assert_eq!(parsed.err(), expected, "{local} and {octets}");
    }
    // Longer input is not parsed.
    for (octets, problem) in [(1000, ValidationError::Malformed), (1001, ValidationError::TooLong { max: 254 })] {
        assert_eq!(EmailAddress::parse(&"a".repeat(octets)).err(), Some(problem), "{octets}");
    }
}

#[tokio::test]
async fn names_that_deceive_are_refused_and_names_of_people_are_not() {
    let app = TestApp::with(&ROOMY).await;
    let browser = app.signed_up("ada@example.test").await;
    let table = [
        ("Ada Lovelace", ""),
        ("\u{c1}d\u{e1} \u{5d0}\u{5d3}\u{5d4} \u{963f}\u{9054} O'Neil-Smith, Jr.", ""),
        ("Ada \u{1f469}\u{200d}\u{1f680} \u{1f1ec}\u{1f1e7}", ""),
        ("Robert'); drop table users;--", ""),
        ("{{7*7}} ${7*7} %s %n", ""),
        (&"a".repeat(50), ""),
        (&"\u{1f600}".repeat(50), ""),
        (&"a".repeat(51), "too_long"),
        (&"a".repeat(20_000), "too_long"),
        ("  ", "missing"),
        ("Ada\r\nSet-Cookie: x=1", "unprintable"),
        ("Ada\nLovelace", "unprintable"),
        ("Ada\tLovelace", "unprintable"),
        ("Ada\0", "unprintable"),
        ("Ada\u{1b}[31m", "unprintable"),
        ("A\u{85}da", "unprintable"),
        ("\u{202e}adA", "unprintable"),
        ("\u{2066}Ada\u{2069}", "unprintable"),
        ("A\u{200b}da", "unprintable"),
        ("A\u{200d}da", "unprintable"),
        ("A\u{feff}da", "unprintable"),
        ("A\u{ad}da", "unprintable"),
        ("A\u{2028}da", "unprintable"),
        ("A\u{2029}da", "unprintable"),
    ];
    for (nth, (name, expected)) in table.into_iter().enumerate() {
        let edit = browser.api("profile/update", &[("display_name", name), ("bio", "")]).await;
        let made = sign_up(&app, &format!("user{nth}@example.test"), PASSWORD, name).await;
        let status = if expected.is_empty() { 200 } else { 422 };
        assert_eq!((edit.status, problem(&edit, "display_name").as_str()), (status, expected), "{name:?}");
        if expected.is_empty() {
            let shown = browser.api("profile/current", &[]).await.json()["display_name"].clone();
            assert_eq!(shown, name, "kept as it was typed");
        }
        // An empty name at sign-up becomes the address's local part.
        let status = if expected == "missing" { 200 } else { status };
        assert_eq!(made.status, status, "{name:?} at sign-up");
    }
}

#[tokio::test]
async fn passwords_are_taken_as_they_are_within_their_lengths() {
    let app = TestApp::with(&ROOMY).await;
    let table = [
        ("", "missing"),
        ("eleven-char", "too_short"),
        ("\u{1f600}\u{1f600}\u{1f600}", "too_short"),
        (&"x".repeat(1025), "too_long"),
        (&"x".repeat(60_000), "too_long"),
        ("twelve-chars", ""),
        ("  spaces at both ends  ", ""),
        ("no upper case no digit", ""),
        (
            "\u{1f511}\u{1f40e}\u{1f4a1}\u{1f9f2}\u{1f3b2}\u{1f9ff}\u{1f300}\u{1f4ce}\u{1f33b}\u{1f9f5}\u{1f6f6}\u{1f3ba}",
            "",
        ),
        ("nul\0inside-it-is-fine", ""),
        (&"tidal copper lantern ".repeat(60)[..1024], ""),
    ];
    for (nth, (password, expected)) in table.into_iter().enumerate() {
        let email = format!("user{nth}@example.test");
        let answer = sign_up(&app, &email, password, "").await;
        let status = if expected.is_empty() { 200 } else { 422 };
        assert_eq!((answer.status, problem(&answer, "password").as_str()), (status, expected), "{password:.20?}");
        if !expected.is_empty() {
            continue;
        }
        let log_in = async |password: &str| {
            app.browser().api("auth/log_in", &[("email", &email), ("password", password)]).await.status
        };
        assert_eq!(log_in(password).await, 200, "{password:.20?}");
        // Neither trimmed nor cut nor folded.
        for other in [format!("{password} "), password.to_uppercase(), password.chars().skip(1).collect()] {
            if other != password && !other.is_empty() {
                assert_eq!(log_in(&other).await, 401, "{other:.20?} for {password:.20?}");
            }
        }
    }
}

#[tokio::test]
async fn passwords_that_differ_only_after_a_long_way_differ() {
    let app = TestApp::with(&ROOMY).await;
    for length in [64, 72, 128, 1024] {
        let email = format!("user{length}@example.test");
        let right = &"tidal copper lantern, weaving otters, ".repeat(30)[..length];
        let wrong = format!("{}!", &right[..length - 1]);
        assert_eq!(sign_up(&app, &email, right, "").await.status, 200);
        let browser = app.browser();
        assert_eq!(
            browser.api("auth/log_in", &[("email", &email), ("password", &wrong)]).await.status,
            401,
            "{length}"
        );
        assert_eq!(browser.api("auth/log_in", &[("email", &email), ("password", right)]).await.status, 200, "{length}");
    }
}

#[tokio::test]
async fn a_password_of_a_megabyte_is_refused_before_anything_is_counted_or_hashed() {
    let app = TestApp::spawn().await;
    let huge = "x".repeat(1024 * 1024);
    for function in ["auth/sign_up", "auth/log_in", "auth/password_strength"] {
        let answer = app.browser().api(function, &[("email", "ada@example.test"), ("password", &huge)]).await;
        assert_eq!((answer.status, answer.body.as_str()), (413, r#"{"code":"too_large"}"#), "{function}");
    }
    assert_eq!(app.count("select count(*) from throttles").await, 0);
    assert_eq!(app.count("select count(*) from users").await, 0);
}

#[tokio::test]
async fn every_failed_log_in_gets_the_same_answer() {
    let app = TestApp::with(&ROOMY).await;
    for email in ["known@example.test", "disabled@example.test", "imported@example.test", "broken@example.test"] {
        app.account(email, Role::User).await;
    }
    app.execute("update users set state = 'disabled' where email_key = 'disabled@example.test'").await;
    app.execute("update users set password_hash = null where email_key = 'imported@example.test'").await;
    app.execute("update users set password_hash = 'not a hash' where email_key = 'broken@example.test'").await;
    let cases = [
        ("unknown@example.test", PASSWORD),
        ("known@example.test", "tidal-copper-lanterN"),
        ("disabled@example.test", PASSWORD),
        ("disabled@example.test", "another-password"),
        ("imported@example.test", PASSWORD),
        ("imported@example.test", "null"),
        ("broken@example.test", PASSWORD),
        ("broken@example.test", "not a hash"),
    ];
    let mut seen = std::collections::BTreeSet::new();
    for (email, password) in cases {
        let browser = app.browser();
        let answer = browser.api("auth/log_in", &[("email", email), ("password", password)]).await;
        assert_eq!(answer.status, 401, "{email}");
        assert_eq!(browser.cookie(ACCESS), None);
        let mut names: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
        names.sort_unstable();
        seen.insert((answer.body, names));

        let form = browser.submit("/login", "auth/log_in", &[("email", email), ("password", password)]).await;
        assert_eq!((form.status, form.header("location")), (303, "/login"), "{email}");
        let page = browser.get("/login").await.body;
        assert!(page.contains("That email and password don"), "{email}");
    }
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!(app.count("select count(*) from sessions").await, 0);
}

#[tokio::test]
async fn a_refused_form_comes_back_with_its_errors_and_what_was_typed_but_the_password() {
    let app = TestApp::spawn().await;
    let browser = app.browser();
    let secret = "k9-hunter2";
    let form = [("display_name", "Ada <b>"), ("email", "ada@nowhere"), ("password", secret), ("next", "/admin")];
    let answer = browser.submit("/signup?next=/admin", "auth/sign_up", &form).await;
    assert_eq!((answer.status, answer.header("location"), answer.body.as_str()), (303, "/signup?next=/admin", ""));
    let flash = browser.cookie(FLASH).unwrap();
    let json = URL_SAFE_NO_PAD.decode(flash.split('.').next().unwrap()).unwrap();
    let flash = String::from_utf8(json).unwrap();
    assert!(flash.contains("ada@nowhere") && flash.contains("too_short"), "{flash}");
    assert!(!flash.contains(secret), "{flash}");

    let page = browser.get("/signup?next=/admin").await;
    assert_eq!(page.status, 200);
    for field in [(Field::EMAIL, ValidationError::Malformed), (Field::PASSWORD, ValidationError::TooShort { min: 12 })]
    {
        let sentence = messages::problem(&field.0, field.1);
        assert!(page.body.contains(&sentence), "{sentence}");
    }
    assert_eq!(page.body.matches("aria-invalid=\"true\"").count(), 2, "the two fields, and no third");
    assert!(page.body.contains("value=\"ada@nowhere\""));
    assert!(page.body.contains("value=\"Ada &lt;b&gt;\"") || page.body.contains("value=\"Ada &lt;b>\""));
    assert!(page.body.contains("name=\"next\" value=\"/admin\""));
    assert!(!page.body.contains(secret));

    // Told once.
    assert_eq!(browser.cookie(FLASH), None);
    let again = browser.get("/signup").await.body;
    assert!(!again.contains("ada@nowhere") && !again.contains("aria-invalid=\"true\""));
}

#[tokio::test]
async fn no_failure_of_a_form_keeps_its_password() {
    let app = TestApp::with(&[("LATCHKEY__THROTTLE__CLIENT_PER_MINUTE", "2")]).await;
    app.account("ada@example.test", Role::User).await;
    let secret = "wrong-canary-password";
    let mut outcomes = std::collections::BTreeSet::new();
    let browser = app.browser();
    for (page, function, email) in [
        ("/login", "auth/log_in", "ada@example.test"),
        ("/login", "auth/log_in", "malformed"),
        ("/signup", "auth/sign_up", "ada@example.test"),
        ("/login", "auth/log_in", "eve@example.test"),
        ("/login", "auth/log_in", "bob@example.test"),
    ] {
        let form = [("email", email), ("password", secret), ("Password", secret), ("x", secret)];
        assert_eq!(browser.submit(page, function, &form).await.status, 303);
        let flash = browser.cookie(FLASH).unwrap();
        let json = URL_SAFE_NO_PAD.decode(flash.split('.').next().unwrap()).unwrap();
        let flash = String::from_utf8(json).unwrap();
        assert!(!flash.contains("canary"), "{flash}");
        let shown = browser.get(page).await.body;
        assert!(!shown.contains(secret) && shown.contains(email), "{email}");
        let flash: serde_json::Value = serde_json::from_str(&flash).unwrap();
        outcomes.insert(flash["error"]["code"].as_str().unwrap().to_owned());
    }
    assert_eq!(outcomes, ["invalid", "invalid_credentials", "throttled"].map(str::to_owned).into());
}

#[tokio::test]
async fn a_form_that_succeeds_without_javascript_leads_on_with_a_notice() {
    let app = TestApp::spawn().await;
    let browser = app.browser();
    let form = [("email", "ada@example.test"), ("password", PASSWORD), ("display_name", ""), ("next", "")];
    let answer = browser.submit("/signup", "auth/sign_up", &form).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/profile"));
    let page = browser.get("/profile").await;
    assert!(page.body.contains("Welcome. Your account is ready.") && page.body.contains("ada@example.test"));
    let again = browser.get("/profile").await;
    assert!(!again.body.contains("Welcome. Your account is ready."));

    let saved =
        browser.submit("/profile", "profile/update", &[("display_name", "Ada L."), ("bio", "One.\r\nTwo.")]).await;
    assert_eq!((saved.status, saved.header("location")), (303, "/profile"));
    let page = browser.get("/profile").await.body;
    assert!(page.contains("Profile saved.") && page.contains("Ada L.") && page.contains("One.\nTwo."));
}

#[tokio::test]
async fn a_form_longer_than_a_cookie_still_learns_its_error() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    let answer =
        browser.submit("/profile", "profile/update", &[("display_name", "Ada"), ("bio", &"x".repeat(20_000))]).await;
    assert_eq!(answer.status, 303);
    assert!(answer.set_cookies().iter().all(|line| line.len() <= 4096));
    let page = browser.get("/profile").await;
    assert!(page.body.contains(&messages::problem(&Field::named("bio"), ValidationError::TooLong { max: 500 })));
}

#[tokio::test]
async fn a_hash_of_weaker_parameters_is_replaced_at_the_next_log_in() {
    let app = TestApp::spawn().await;
    app.signed_up("ada@example.test").await;
    let stronger = app.node(&[("LATCHKEY__AUTH__ARGON2_MEMORY_KIB", "20000")]).await;
    let upgraded = "select count(*) from users where password_hash like '%m=20000%'";
    let wrong = [("email", "ada@example.test"), ("password", "not-this-one-at-all")];
    assert_eq!(stronger.browser().api("auth/log_in", &wrong).await.status, 401);
    assert_eq!(app.count(upgraded).await, 0);
    stronger.browser().log_in("ada@example.test").await;
    assert_eq!(app.count(upgraded).await, 1);
    stronger.browser().log_in("ada@example.test").await;
}

#[tokio::test]
async fn the_name_beside_a_new_password_is_one_that_password_managers_read() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    let mut pages = vec![browser.get("/account/password").await.body];
    let asking = app.browser();
    asking.api("auth/forgot_password", &[("email", "ada@example.test")]).await;
    pages.push(asking.get("/confirm").await.body);
    app.age_log_ins(3600).await;
    pages.push(browser.get("/account/data").await.body);
    for page in pages {
        let (before, after) = page.split_once("name=\"username\"").unwrap();
        let tag = format!("{}{}", before.rsplit_once('<').unwrap().1, after.split_once('>').unwrap().0);
        assert!(tag.contains("type=\"text\"") && tag.contains("autocomplete=\"username\""), "{tag}");
        assert!(tag.contains("ada@example.test") && tag.contains(" readonly") && tag.contains(" hidden"), "{tag}");
    }
}
