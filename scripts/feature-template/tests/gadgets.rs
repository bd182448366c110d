//! The gizmos of an account: what is valid, that each account has only its own, and how many it may have.

use latchkey::features::gadgets::model::{BODY_MAX_LENGTH, MAX_PER_ACCOUNT, TITLE_MAX_LENGTH};
use serde_json::Value;

use crate::{
    app::{TestApp, on_db},
    browser::Browser,
};

const ADA: &str = "ada@example.test";
const BOB: &str = "bob@example.test";

async fn create(browser: &Browser, title: &str) -> u16 {
    browser.api("gadgets/create", &[("title", title), ("body", "A text.")]).await.status
}

async fn list(browser: &Browser) -> Vec<Value> {
    let answer = browser.api("gadgets/list", &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json().as_array().unwrap().clone()
}

/// Adds a gizmo and returns its id.
async fn created(browser: &Browser, title: &str) -> String {
    assert_eq!(create(browser, title).await, 200);
    list(browser).await.iter().find(|one| one["title"] == title).unwrap()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_gadget_is_added_changed_and_deleted() {
    let app = TestApp::spawn().await;
    let owner = app.signed_up(ADA).await;
    assert!(list(&owner).await.is_empty());
    let id = created(&owner, "First").await;
    created(&owner, "Second").await;

    let form = [("id", &*id), ("title", " Changed "), ("body", "One line\r\nand <b>another</b>")];
    assert_eq!(owner.api("gadgets/update", &form).await.status, 200);
    let titles: Vec<_> = list(&owner).await.iter().map(|one| one["title"].clone()).collect();
    assert_eq!(titles, ["Changed", "Second"], "the latest changed first");
    let found = owner.api("gadgets/find", &[("id", &id)]).await.json();
    assert_eq!((&found["title"], &found["body"]), (&"Changed".into(), &"One line\nand <b>another</b>".into()));
    assert!(owner.get("/gadgets").await.body.contains("Changed"));
    let page = owner.get(&format!("/gadgets/{id}/edit")).await.body;
    assert!(page.contains("and &lt;b&gt;another&lt;/b&gt;</textarea>"), "{page}");

    assert_eq!(owner.api("gadgets/delete", &[("id", &id)]).await.status, 200);
    assert_eq!(list(&owner).await.len(), 1);
    for page in [format!("/gadgets/{id}/edit"), format!("/gadgets/{id}/delete")] {
        assert_eq!(owner.get(&page).await.status, 404, "{page}");
    }
}

#[tokio::test]
async fn a_gadget_of_another_account_is_not_found() {
    let app = TestApp::spawn().await;
    let (owner, other) = (app.signed_up(ADA).await, app.signed_up(BOB).await);
    let id = created(&owner, "Private title").await;

    assert!(list(&other).await.is_empty());
    for (function, form) in [
        ("gadgets/find", vec![("id", &*id)]),
        ("gadgets/update", vec![("id", &*id), ("title", "Stolen")]),
        ("gadgets/delete", vec![("id", &*id)]),
    ] {
        assert_eq!(other.api(function, &form).await.status, 404, "{function}");
        assert_eq!(app.browser().api(function, &form).await.status, 401, "{function}");
    }
    for page in [format!("/gadgets/{id}/edit"), format!("/gadgets/{id}/delete")] {
        let answer = other.get(&page).await;
        assert!(answer.status == 404 && !answer.body.contains("Private title"), "{page}");
        assert_eq!(app.browser().get(&page).await.status, 302, "{page}");
    }
    // The owner of a row is whoever is signed in, whatever the form says.
    let bob = app.user_id(BOB).await.to_string();
    owner.api("gadgets/create", &[("title", "Mine"), ("user_id", &bob)]).await;
    assert!(list(&other).await.is_empty());
    assert_eq!(list(&owner).await.len(), 2);
}

#[tokio::test]
async fn every_invalid_field_is_named_and_nothing_typed_is_lost() {
    let app = TestApp::spawn().await;
    let owner = app.signed_up(ADA).await;
    let (long_title, long_body) =
        ("t".repeat(TITLE_MAX_LENGTH as usize + 1), "b".repeat(BODY_MAX_LENGTH as usize + 1));
    for (title, body, fields) in [
        ("", "", vec!["title"]),
        ("  ", "A text.", vec!["title"]),
        ("one\nline", "", vec!["title"]),
        ("Fine", "a\u{202e}b", vec!["body"]),
        (&*long_title, &*long_body, vec!["title", "body"]),
    ] {
        let refused = owner.api("gadgets/create", &[("title", title), ("body", body)]).await;
        let json = refused.json();
        let named: Vec<_> = json["fields"].as_array().unwrap().iter().map(|one| one["field"].clone()).collect();
        assert_eq!((refused.status, named), (422, fields.iter().map(|&one| one.into()).collect()), "{title:?}");
    }
    assert!(list(&owner).await.is_empty());

    // The longest valid text survives a rejection: three bytes a character.
    let body = "\u{674e}".repeat(BODY_MAX_LENGTH as usize);
    let form = [("sent_from", "/gadgets/new"), ("title", ""), ("body", &*body)];
    let refused = owner.submit("/gadgets/new", "gadgets/create", &form).await;
    assert_eq!((refused.status, refused.header("location")), (303, "/gadgets/new"));
    let page = owner.get("/gadgets/new").await.body;
    assert!(page.contains(&body) && page.contains("Enter the title."), "{page}");

    let form = [("sent_from", "/gadgets/new"), ("title", "Fine"), ("body", &*body)];
    let added = owner.submit("/gadgets/new", "gadgets/create", &form).await;
    assert_eq!((added.status, added.header("location")), (303, "/gadgets"));
    assert!(owner.get("/gadgets").await.body.contains("Gizmo added."));
}

#[tokio::test]
async fn an_account_has_at_most_so_many_gadgets_even_if_they_are_added_at_once() {
    let app = TestApp::spawn().await;
    let owner = app.signed_up(ADA).await;
    created(&owner, "First").await;
    let user_id = app.user_id(ADA).await;
    let now = app.state.db.now().await.unwrap();
    on_db!(&app.state.db, |c| {
        for _ in 2..MAX_PER_ACCOUNT {
            let sql = "insert into gadgets (id, user_id, title, body, created_at, updated_at)
                       values ($1, $2, 'One of many', '', $3, $3)";
            sqlx::query(sql).bind(uuid::Uuid::now_v7()).bind(user_id).bind(now).execute(c).await.unwrap();
        }
    });
    let mut statuses: [u16; 3] =
        tokio::join!(create(&owner, "A"), create(&owner, "B"), create(&owner, "C")).into();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409]);
    assert_eq!(list(&owner).await.len(), MAX_PER_ACCOUNT as usize);
    let refused = owner.api("gadgets/create", &[("title", "One more")]).await;
    assert_eq!(refused.json()["code"], "limit_reached");
    assert_eq!(create(&app.signed_up(BOB).await, "Another account's").await, 200);
}

#[tokio::test]
async fn gadgets_are_deleted_with_their_account() {
    let app = TestApp::spawn().await;
    let owner = app.signed_up(ADA).await;
    created(&owner, "First").await;
    app.execute("delete from users").await;
    assert_eq!(app.count("select count(*) from gadgets").await, 0);
}
