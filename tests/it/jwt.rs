//! Forged, altered and misplaced tokens: each is refused with 401, both cookies are cleared, nothing is written, and
//! the server makes no outgoing request.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hkdf::Hkdf;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use latchkey::auth::{
    model::Role,
    server::token::{claims::AccessGrant, session_id::SessionId},
};
use serde_json::{Map, Value, json};
use sha2::Sha256;
use uuid::Uuid;

use crate::{
    app::TestApp,
    browser::{ACCESS, Browser, REFRESH},
    transport::{raw, status_of},
};

type Object = Map<String, Value>;

/// Somebody who holds the signing keys: what they sign is refused for what it says, never for its signature.
struct Forger {
    key: [u8; 32],
}

impl Forger {
    /// With the key of `access` or of `refresh` tokens.
    fn of(app: &TestApp, purpose: &str) -> Self {
        let secret = app.state.config.auth.secret.as_deref().unwrap();
        let mut key = [0; 32];
        Hkdf::<Sha256>::new(None, secret.as_bytes())
            .expand(format!("latchkey/{purpose} key").as_bytes(), &mut key)
            .unwrap();
        Self { key }
    }

    /// Signs these very bytes with HS256, whatever their header says.
    fn sign(&self, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let key = EncodingKey::from_secret(&self.key);
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
        format!("{message}.{signature}")
    }

    /// A token like `real`, edited.
    fn edited(&self, real: &str, edit: impl FnOnce(&mut Object, &mut Object)) -> String {
        let (mut header, mut claims) = opened(real);
        edit(&mut header, &mut claims);
        self.sign(&text(&header), &text(&claims))
    }
}

fn opened(token: &str) -> (Object, Object) {
    let mut parts = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap());
    let mut object = || serde_json::from_slice(&parts.next().unwrap()).unwrap();
    (object(), object())
}

fn text(object: &Object) -> String {
    serde_json::to_string(object).unwrap()
}

/// The two purposes: the cookie, the forger's word for it, the other cookie.
const PURPOSES: [(&str, &str, &str); 2] = [(ACCESS, "access", REFRESH), (REFRESH, "refresh", ACCESS)];

/// Everything that a refused token must leave as it was.
async fn written(app: &TestApp) -> [i64; 5] {
    [
        app.count("select count(*) from sessions").await,
        app.count("select max(generation) from sessions").await,
        app.count("select max(confirmed_generation) from sessions").await,
        app.count("select count(*) from sessions where revoked_at is not null").await,
        app.count("select count(*) from audit_events").await,
    ]
}

/// A browser that holds one cookie and no other.
fn holding(app: &TestApp, cookie: &str, value: &str) -> Browser {
    let browser = app.browser();
    browser.set_cookie(cookie, value);
    browser
}

async fn refuses(app: &TestApp, cookie: &str, token: &str, why: &str) {
    let before = written(app).await;
    let browser = holding(app, cookie, token);
    let page = browser.copy();

    let answer = browser.api("auth/current_user", &[]).await;
    assert_eq!(answer.status, 401, "{cookie}: {why}");
    assert_eq!(answer.json()["code"], "unauthenticated", "{cookie}: {why}");
    for name in [ACCESS, REFRESH] {
        let clears =
            answer.set_cookies().iter().any(|c| c.starts_with(&format!("{name}=;")) && c.contains("Max-Age=0"));
        assert!(clears, "{cookie}: {why} leaves {name}");
    }
    assert_eq!(page.get("/profile").await.status, 302, "{cookie}: {why}");
    assert_eq!(written(app).await, before, "{cookie}: {why} was written down");
}

#[tokio::test]
async fn the_forger_would_succeed_if_only_the_token_were_right() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    for (cookie, purpose, _) in PURPOSES {
        let same = Forger::of(&app, purpose).edited(&browser.cookie(cookie).unwrap(), |_, _| {});
        assert!(holding(&app, cookie, &same).is_signed_in().await, "{cookie}");
    }
}

#[tokio::test]
async fn a_header_that_is_not_exactly_ours_is_refused() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    let edits: &[(&str, Value)] = &[
        ("alg", json!("none")),
        ("alg", json!("NoNe")),
        ("alg", json!("")),
        ("alg", json!("hs256")),
        ("alg", json!("HS384")),
        ("alg", json!("HS512")),
        ("alg", json!("RS256")),
        ("alg", json!("EdDSA")),
        ("alg", json!(null)),
        ("alg", json!(["HS256"])),
        ("typ", json!("JWT")),
        ("typ", json!("")),
        ("typ", json!("AT+JWT")),
        ("typ", json!("application/at+jwt")),
        ("kid", json!("retired")),
        ("kid", json!("")),
        ("kid", json!(0)),
        ("kid", json!("../../../../dev/null")),
        ("kid", json!("x' or '1'='1")),
        ("crit", json!(["exp"])),
        ("crit", json!(["http://example.test/unknown"])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("cty", json!("JWT")),
        ("x5t", json!("AAAA")),
        ("jwk", json!({"kty": "oct", "k": "AAAA"})),
    ];
    for (cookie, purpose, other) in PURPOSES {
        let real = browser.cookie(cookie).unwrap();
        let forger = Forger::of(&app, purpose);
        for (name, value) in edits {
            let token = forger.edited(&real, |header, _| {
                header.insert((*name).into(), value.clone());
            });
            refuses(&app, cookie, &token, &format!("{name} = {value}")).await;
        }
        for name in ["alg", "typ", "kid"] {
            let token = forger.edited(&real, |header, _| {
                header.remove(name);
            });
            refuses(&app, cookie, &token, &format!("no {name}")).await;
        }
        let (others, _) = opened(&browser.cookie(other).unwrap());
        for name in ["typ", "kid"] {
            let token = forger.edited(&real, |header, _| {
                header.insert(name.into(), others[name].clone());
            });
            refuses(&app, cookie, &token, &format!("the {name} of the other purpose")).await;
        }
        // The signature is right for what the header says, and still not for what this site takes.
        let (header, claims) = opened(&real);
        for alg in [Algorithm::HS384, Algorithm::HS512] {
            let header = Header {
                typ: header["typ"].as_str().map(str::to_owned),
                kid: header["kid"].as_str().map(str::to_owned),
                ..Header::new(alg)
            };
            let token = jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(&forger.key)).unwrap();
            refuses(&app, cookie, &token, &format!("signed with {alg:?}")).await;
        }
    }
}

#[tokio::test]
async fn claims_that_are_missing_or_of_another_type_or_for_somebody_else_are_refused() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    let now = chrono::Utc::now().timestamp();
    let wrong: &[(&str, Value)] = &[
        ("exp", json!((now + 3600).to_string())),
        ("exp", json!((now + 3600) as f64 + 0.5)),
        ("exp", json!(-1)),
        ("exp", json!(null)),
        ("exp", json!(now - 6)),
        ("exp", json!([now + 3600])),
        ("nbf", json!(now + 3600)),
        ("nbf", json!("tomorrow")),
        ("iss", json!("http://evil.test")),
        ("iss", json!(7)),
        ("iss", json!(["http://latchkey.test"])),
        ("iss", json!(null)),
        ("aud", json!("latchkey/other")),
        ("aud", json!(7)),
        ("aud", json!(null)),
        ("aud", json!({})),
        ("sub", json!(7)),
        ("sub", json!("not an id")),
        ("sub", json!(uuid::Uuid::now_v7())),
        ("sid", json!(7)),
        ("sid", json!("AAAA")),
        ("sid", json!(URL_SAFE_NO_PAD.encode([7; 32]))),
        ("gen", json!("1")),
        ("gen", json!(-1)),
        ("gen", json!(1.5)),
        ("gen", json!(4_294_967_296_u64)),
        ("jti", json!(7)),
        ("jti", json!(null)),
        ("admin", json!(true)),
    ];
    for (cookie, purpose, other) in PURPOSES {
        let real = browser.cookie(cookie).unwrap();
        let forger = Forger::of(&app, purpose);
        for (name, value) in wrong {
            let token = forger.edited(&real, |_, claims| {
                claims.insert((*name).into(), value.clone());
            });
            refuses(&app, cookie, &token, &format!("{name} = {value}")).await;
        }
        let (_, claims) = opened(&real);
        for name in claims.keys() {
            let token = forger.edited(&real, |_, claims| {
                claims.remove(name);
            });
            refuses(&app, cookie, &token, &format!("no {name}")).await;
        }
        let audience = opened(&browser.cookie(other).unwrap()).1["aud"].clone();
        for audience in [audience, json!([claims["aud"]])] {
            let token = forger.edited(&real, |_, claims| {
                claims.insert("aud".into(), audience.clone());
            });
            refuses(&app, cookie, &token, &format!("aud = {audience}")).await;
        }
    }
}

#[tokio::test]
async fn keys_that_stand_twice_are_refused() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    for (cookie, purpose, _) in PURPOSES {
        let (header, claims) = opened(&browser.cookie(cookie).unwrap());
        let forger = Forger::of(&app, purpose);
        let twice = |object: &Object, name: &str| {
            let text = text(object);
            format!("{},\"{name}\":{}}}", text.strip_suffix('}').unwrap(), object[name])
        };
        for name in header.keys() {
            let token = forger.sign(&twice(&header, name), &text(&claims));
            refuses(&app, cookie, &token, &format!("{name} twice in the header")).await;
        }
        for name in claims.keys() {
            let token = forger.sign(&text(&header), &twice(&claims, name));
            refuses(&app, cookie, &token, &format!("{name} twice in the claims")).await;
        }
    }
}

#[tokio::test]
async fn a_token_that_was_touched_anywhere_is_refused() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    for (cookie, ..) in PURPOSES {
        let real = browser.cookie(cookie).unwrap();
        let [header, claims, signature] = real.split('.').collect::<Vec<_>>()[..] else { panic!("three parts") };
        let whole = [
            format!("{header}.{claims}."),
            format!("{header}.{claims}"),
            format!("{header}..{signature}"),
            format!(".{claims}.{signature}"),
            format!("{real}."),
            format!("{real}.{signature}"),
            format!("{real}="),
            format!("Bearer {real}"),
            format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode([0; 32])),
            signature.to_owned(),
            "..".to_owned(),
            "a.b.c".to_owned(),
            "null".to_owned(),
            ".".repeat(10_000),
            "A".repeat(10_000),
        ];
        for token in &whole {
            refuses(&app, cookie, token, &format!("{:.60}", token)).await;
        }
        // Every 11th character, and the last of each part, whose spare bits a lax decoder would ignore.
        let ends = [header.len() - 1, header.len() + claims.len(), real.len() - 1];
        for at in (0..real.len()).step_by(11).chain(ends) {
            if real.as_bytes()[at] == b'.' {
                continue;
            }
            let mut bent = real.clone().into_bytes();
            bent[at] = if bent[at] == b'A' { b'B' } else { bent[at] ^ 1 };
            let bent = String::from_utf8(bent).unwrap().replace([';', ',', '"', '\\', ' '], "_");
            refuses(&app, cookie, &bent, &format!("character {at}")).await;
        }
    }
}

#[tokio::test]
async fn a_token_of_one_purpose_is_worth_nothing_for_the_other() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    for (cookie, _, other) in PURPOSES {
        refuses(&app, cookie, &browser.cookie(other).unwrap(), "swapped").await;
        let twice = holding(&app, cookie, &browser.cookie(other).unwrap());
        twice.set_cookie(other, browser.cookie(other).unwrap());
        assert!(!twice.is_signed_in().await, "{other} as both");
    }
    assert!(browser.is_signed_in().await, "the true pair is as good as before");
}

#[tokio::test]
async fn a_pair_that_was_altered_or_put_together_logs_out_however_often_the_true_one_was_seen() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    let other = app.signed_up("bob@example.test").await;
    let real = browser.cookie(REFRESH).unwrap();
    let bent = format!("{}{}", &real[..real.len() - 4], if real.ends_with("AAAA") { "BBBB" } else { "AAAA" });
    assert!(browser.is_signed_in().await && browser.is_signed_in().await);
    let before = written(&app).await;
    let altered = browser.copy();
    altered.set_cookie(REFRESH, bent.clone());
    assert_eq!(altered.api("auth/refresh", &[]).await.status, 401);
    refuses(&app, REFRESH, &bent, "used once the access token is gone").await;
    // Altered, of another session, of another purpose, or nothing like a token: never a pair of ours.
    for wrong in
        [bent, other.cookie(REFRESH).unwrap(), browser.cookie(ACCESS).unwrap(), "garbage".into(), "a.b.c".into()]
    {
        let paired = browser.copy();
        paired.set_cookie(REFRESH, wrong.clone());
        assert!(!paired.is_signed_in().await, "{wrong}");
        assert_eq!((paired.cookie(ACCESS), paired.cookie(REFRESH)), (None, None), "{wrong}");
    }
    assert_eq!(written(&app).await, before);
    assert!(browser.is_signed_in().await);
}

#[tokio::test]
async fn an_expired_token_is_refused_without_leeway_to_speak_of() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    for (cookie, purpose, _) in PURPOSES {
        let real = browser.cookie(cookie).unwrap();
        let expires_in = |seconds: i64| {
            Forger::of(&app, purpose).edited(&real, |_, claims| {
                claims.insert("exp".into(), json!(chrono::Utc::now().timestamp() + seconds));
            })
        };
        refuses(&app, cookie, &expires_in(-6), "expired 6 s ago").await;
        assert!(holding(&app, cookie, &expires_in(60)).is_signed_in().await, "{cookie} has a minute left");
    }
}

#[tokio::test]
async fn the_signing_key_alone_makes_no_refresh_token() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    let real = browser.cookie(REFRESH).unwrap();
    let forger = Forger::of(&app, "refresh");
    // A generation that the forger would like to have, without the session's own secret to prove it.
    for generation in [0, 2, 3, u32::MAX] {
        let token = forger.edited(&real, |_, claims| {
            claims.insert("gen".into(), json!(generation));
        });
        refuses(&app, REFRESH, &token, &format!("generation {generation}")).await;
    }
    let token = forger.edited(&real, |_, claims| {
        claims.insert("jti".into(), json!(URL_SAFE_NO_PAD.encode([0; 32])));
    });
    refuses(&app, REFRESH, &token, "another jti").await;
    assert!(browser.is_signed_in().await);
}

#[tokio::test]
async fn the_role_is_the_databases_whatever_the_token_says() {
    let app = TestApp::spawn().await;
    let user = app.logged_in_as(Role::User).await;
    let real = user.cookie(ACCESS).unwrap();
    let forger = Forger::of(&app, "access");
    let promoted = forger.edited(&real, |_, claims| {
        claims.insert("role".into(), json!("admin"));
    });
    let browser = holding(&app, ACCESS, &promoted);
    assert_eq!(browser.get("/admin").await.status, 403);
    assert_eq!(browser.api("admin/accounts", &[]).await.status, 403);
    for epoch in [-1, 1, i64::MAX] {
        let token = forger.edited(&real, |_, claims| {
            claims.insert("epoch".into(), json!(epoch));
        });
        refuses(&app, ACCESS, &token, &format!("epoch {epoch}")).await;
    }
}

#[tokio::test]
async fn a_token_that_names_its_own_key_is_refused_and_nobody_is_called() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    let elsewhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let url = format!("http://{}/keys.json", elsewhere.local_addr().unwrap());
    for (cookie, purpose, _) in PURPOSES {
        let real = browser.cookie(cookie).unwrap();
        for name in ["jku", "x5u", "kid"] {
            let token = Forger::of(&app, purpose).edited(&real, |header, _| {
                header.insert(name.into(), json!(url));
            });
            refuses(&app, cookie, &token, name).await;
        }
        let token = Forger::of(&app, purpose).edited(&real, |_, claims| {
            claims.insert("iss".into(), json!(url));
        });
        refuses(&app, cookie, &token, "iss").await;
    }
    let called = elsewhere.accept().map(|_| ());
    assert_eq!(called.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[tokio::test]
async fn a_token_of_a_megabyte_is_turned_away_at_the_door() {
    let app = TestApp::spawn().await;
    let head = format!(
        "GET /profile HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncookie: {ACCESS}={}\r\n\r\n",
        "A".repeat(1024 * 1024)
    );
    assert_eq!(status_of(&raw(app.address, head).await), 431);
    assert_eq!(app.browser().get("/").await.status, 200);
}

#[tokio::test]
async fn a_token_is_accepted_up_to_4096_bytes() {
    let app = TestApp::spawn().await;
    let session_id = SessionId::random();
    let lengths: Vec<usize> = (2500..2900)
        .map(|length| {
            let grant = AccessGrant {
                user_id: Uuid::now_v7(),
                session_id,
                generation: 1,
                role: &"r".repeat(length),
                epoch: 0,
                aal: 1,
                auth_time: 0,
                issued_at: 0,
                expires_at: u64::from(u32::MAX),
            };
            let token = app.state.keys.sign_access(&grant).unwrap();
            assert_eq!(app.state.keys.verify_access(&token).is_ok(), token.len() <= 4096, "{}", token.len());
            token.len()
        })
        .collect();
    assert!(lengths.contains(&4096) && lengths.iter().any(|length| *length > 4097), "{lengths:?}");
}
