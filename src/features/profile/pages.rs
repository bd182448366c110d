//! `/profile`: what others see of an account, and the form that changes it.

use super::{
    api::current_profile,
    model::{ACCESS, BIO_MAX_LENGTH, Profile},
};
use crate::{
    auth::{Guarded, Loaded, mailed::VerifyReminder, model::DISPLAY_NAME_MAX_LENGTH},
    error::{Field, FieldError, Problem},
    ui::{
        Check, Form, FormErrors, InertElement, Markup, PageHead, SettingHead, Submit, TextArea, TextField, Values,
        control_name, fact,
        flash::{Flash, use_flash},
        markup, role_badge, setting_head,
        time::ago_markup,
    },
};
use leptos::prelude::*;
use leptos_router::{SsrMode, components::Route, path};

const ELSEWHERE: Markup = Markup::literal(r#"Change your email or password in <a href="/account">your account</a>."#);

#[component(transparent)]
pub fn ProfileRoutes() -> impl leptos_router::MatchNestedRoutes + Clone {
    view! { <Route path=path!("/profile") view=ProfilePage ssr=SsrMode::Async /> }.into_inner()
}

#[component]
fn ProfilePage() -> impl IntoView {
    view! {
        <Guarded access=ACCESS>
            <ProfileView />
        </Guarded>
    }
}

#[component]
fn ProfileView() -> impl IntoView {
    // Read here, while it still is this page's: `show` may run after the first page stands.
    provide_context(use_flash());
    view! {
        <PageHead title="Profile" lead="Who you are here. The name and the text are for others; your address is for you and the moderators." />
        <VerifyReminder />
        <Loaded data=current_profile() view=show />
    }
}

fn show(profile: Profile) -> AnyView {
    let flash = use_context::<Flash>().unwrap_or_default();
    let (name, bio) = if flash.typed.is_empty() {
        (profile.display_name.clone(), profile.bio.clone())
    } else {
        (flash.typed(control_name(Field::DisplayName)), flash.typed(control_name(Field::Bio)))
    };
    let check: Check = Box::new(faults);
    let account = markup!(
        r#"<section class="setting" aria-labelledby="account-title">{head}<dl class="facts">{email}{role}{joined}</dl></section>"#,
        head = setting_head("account-title", "Account", ELSEWHERE),
        email = fact("Email", profile.email),
        role = fact("Role", role_badge(profile.role.as_str())),
        joined = fact("Joined", ago_markup(profile.member_since)),
    );
    view! {
        <section class="setting" aria-labelledby="public-title">
            <SettingHead id="public-title" title="What others see" note="Shown beside what you do here." />
            <Form action="/api/profile/update" check error=flash.error>
                <FormErrors />
                <TextField
                    field=Field::DisplayName
                    label="Display name"
                    autocomplete="name"
                    required=true
                    max_length=DISPLAY_NAME_MAX_LENGTH
                    value=name
                />
                <TextArea
                    field=Field::Bio
                    label="About you"
                    hint="A few plain sentences. Links and formatting stay text."
                    max_length=BIO_MAX_LENGTH
                    value=bio
                />
                <Submit label="Save profile" />
            </Form>
        </section>
        {InertElement::new(account)}
    }
    .into_any()
}

fn faults(values: &Values) -> Vec<FieldError> {
    if values.get(Field::DisplayName).trim().is_empty() {
        vec![FieldError { field: Field::DisplayName, problem: Problem::Missing }]
    } else {
        Vec::new()
    }
}
