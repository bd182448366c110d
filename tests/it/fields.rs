//! The fields of all forms: a refused form gets back what was typed, and never a secret.

use std::collections::BTreeSet;

use latchkey::{
    auth::model::Role,
    server::http::form_post::{SECRETS, is_kept},
};

use crate::{access::PAGES, app::TestApp, browser::Browser};

const TYPED: &str = "kept, as typed";

/// An input, a select or a textarea of a form, with what it holds.
#[derive(Clone, Debug)]
struct Control {
    name: String,
    kind: String,
    value: String,
}

/// The forms of a page that post to a server function, with their controls.
fn forms(page: &str) -> Vec<(String, Vec<Control>)> {
    let attribute = |tag: &str, name: &str| {
        let value = tag.split(&format!(" {name}=\"")).nth(1).and_then(|rest| rest.split('"').next());
        value.unwrap_or_default().replace("&amp;", "&")
    };
    let control = |from: &str, kind: &str| {
        let (tag, rest) = from.split_once('>').unwrap();
        let tag = format!(" {tag}");
        let is_hidden = tag.contains(" hidden") || attribute(&tag, "type") == "hidden";
        let kind = match kind {
            "input" if is_hidden => "hidden".into(),
            "input" => attribute(&tag, "type"),
            kind => kind.into(),
        };
        let value = match kind.as_str() {
            "textarea" => rest.split("</textarea>").next().unwrap().trim_start_matches('\n').to_owned(),
            _ => attribute(&tag, "value"),
        };
        Control { name: attribute(&tag, "name"), kind, value }
    };
    let forms = page.split("<form ").skip(1).map(|form| form.split("</form>").next().unwrap());
    let forms = forms.filter_map(|form| Some((form.split_once("action=\"/api/")?.1.split_once('"')?.0, form)));
    forms
        .map(|(function, form)| {
            let controls = [("<input ", "input"), ("<textarea ", "textarea"), ("<select ", "select")]
                .into_iter()
                .flat_map(|(tag, kind)| form.split(tag).skip(1).map(move |from| control(from, kind)));
            (function.to_owned(), controls.filter(|control| !control.name.is_empty()).collect())
        })
        .collect()
}

/// Sends the form with [`TYPED`] in each text field, so that it is refused, or kept as a draft where somebody is signed in.
/// Returns what the page then holds.
async fn refused(browser: &Browser, path: &str, function: &str, controls: &[Control], is_draft: bool) -> Vec<Control> {
    let mut form: Vec<(&str, &str)> = controls
        .iter()
        .map(|control| match control.kind.as_str() {
            "hidden" => (control.name.as_str(), control.value.as_str()),
            "password" => (control.name.as_str(), "a secret"),
            _ => (control.name.as_str(), TYPED),
        })
        .collect();
    if is_draft {
        form.push(("draft", ""));
    }
    let answer = browser.submit(path, function, &form).await;
    assert_eq!((answer.status, answer.header("location")), (303, path), "{function}: the form comes back");
    let page = browser.get(path).await.body;
    assert!(!page.contains("a secret"), "{path}");
    forms(&page).into_iter().find(|(other, _)| other == function).unwrap().1
}

#[tokio::test]
async fn every_text_field_comes_back_and_no_secret_does() {
    let app = TestApp::spawn().await;
    let (anonymous, admin) = (app.browser(), app.logged_in_as(Role::Admin).await);
    let mut kept = BTreeSet::new();
    for (path, _) in PAGES {
        for (browser, is_draft) in [(&anonymous, false), (&admin, true)] {
            let page = browser.get(path).await;
            if page.status != 200 {
                continue;
            }
            for (function, controls) in forms(&page.body) {
                for control in &controls {
                    let (name, is_secret) = (control.name.as_str(), SECRETS.contains(&control.name.as_str()));
                    match control.kind.as_str() {
                        "password" => assert!(is_secret, "{path}: {name} is no secret in form_post.rs"),
                        "hidden" => assert!(!is_kept(name) || name == "email", "{path}: nobody types {name}"),
                        "text" | "email" | "textarea" => assert!(is_kept(name) || is_secret, "{path}: {name} is lost"),
                        _ => {}
                    }
                }
                let texts: Vec<&Control> = controls.iter().filter(|control| is_text(control)).collect();
                if texts.is_empty() {
                    continue;
                }
                app.execute("delete from throttles").await;
                let shown = refused(browser, path, &function, &controls, is_draft).await;
                for text in texts {
                    let back = shown.iter().find(|control| control.name == text.name).unwrap();
                    assert_eq!(back.value, TYPED, "{path}: the page does not show what was typed into {}", text.name);
                    kept.insert(text.name.clone());
                }
            }
        }
    }
    for name in ["email", "display_name", "bio"] {
        assert!(kept.contains(name), "{name}: {kept:?}");
    }
}

#[tokio::test]
async fn every_field_of_the_profile_is_in_its_form_and_is_saved() {
    let app = TestApp::spawn().await;
    let owner = app.signed_up("ada@example.test").await;
    let page = owner.get("/profile").await.body;
    let controls = forms(&page).into_iter().find(|(function, _)| function == "profile/update").unwrap().1;
    let typed = |control: &Control| match is_text(control) {
        true => (control.name.clone(), format!("my {}", control.name)),
        false => (control.name.clone(), control.value.clone()),
    };
    let form: Vec<(String, String)> = controls.iter().map(typed).collect();
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(owner.submit("/profile", "profile/update", &form).await.status, 303);
    let profile = owner.api("profile/current", &[]).await.json();
    for (name, value) in profile.as_object().unwrap() {
        if !["email", "role", "member_since"].contains(&name.as_str()) {
            assert_eq!(value, &format!("my {name}"), "{name} has no input, or its edit is not saved");
        }
    }
}

/// Whether it is a field for text that a refused form gets back.
fn is_text(control: &Control) -> bool {
    matches!(control.kind.as_str(), "text" | "email" | "textarea") && !SECRETS.contains(&control.name.as_str())
}
