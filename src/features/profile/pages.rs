//! `/profile`: the form that edits the public profile, and the account's facts.

use super::{
    api::current_profile,
    model::{self, ACCESS, Profile},
};
use crate::{
    auth::{Guarded, Loaded, VerifyReminder, model::DISPLAY_NAME_MAX_LENGTH},
    error::{Field, FieldError, ValidationError},
    ui::{
        Check, Fact, Form, FormErrors, PageHead, RoleBadge, Submit, TextArea, TextField, Values,
        flash::{Flash, use_flash},
        time::Ago,
    },
};
use leptos::prelude::*;
use leptos_router::{SsrMode, components::Route, path};

#[component(transparent)]
pub fn ProfileRoutes() -> impl leptos_router::MatchNestedRoutes + Clone {
    view! { <Route path=path!("/profile") view=ProfilePage ssr=SsrMode::Async /> }.into_inner()
}

#[component]
fn ProfilePage() -> impl IntoView {
    let flash = use_flash();
    view! {
        <Guarded access=ACCESS>
            <PageHead title="Profile" lead="Your public profile. Your email address is visible only to you and the moderators." />
            <VerifyReminder />
            <Loaded data=current_profile() view=move |profile| view! { <ProfileSettings profile flash /> } />
        </Guarded>
    }
}

#[component]
fn ProfileSettings(profile: Profile, flash: Flash) -> impl IntoView {
    let error = flash.error.clone();
    let value = move |field: Field, stored| if flash.typed.is_empty() { stored } else { flash.typed(&field) };
    let about = profile.about;
    let check: Check = Box::new(name_errors);
    view! {
        <section class="setting" aria-labelledby="public-title">
            <div class="setting-head">
                <h2 id="public-title">"Public profile"</h2>
                <p>"Your name and bio are shown to other people."</p>
            </div>
            <Form action="/api/profile/update" check error>
                <FormErrors />
                <TextField
                    field=Field::DISPLAY_NAME
                    label="Display name"
                    autocomplete="name"
                    required=true
                    max_length=DISPLAY_NAME_MAX_LENGTH
                    value=value(Field::DISPLAY_NAME, profile.display_name)
                />
                <TextArea
                    field=model::BIO
                    label="About you"
                    hint="Plain text only."
                    max_length=model::BIO_MAX_LENGTH
                    value=value(model::BIO, about.bio)
                />
                <Submit label="Save profile" />
            </Form>
        </section>
        <section class="setting" aria-labelledby="account-title">
            <div class="setting-head">
                <h2 id="account-title">"Account"</h2>
                <p>"Change your email or password in " <a href="/account">"your account"</a> "."</p>
            </div>
            <dl class="facts">
                <Fact term="Email">{profile.email}</Fact>
                <Fact term="Role">
                    <RoleBadge role=profile.role.as_str() />
                </Fact>
                <Fact term="Joined">
                    <Ago moment=profile.member_since />
                </Fact>
            </dl>
        </section>
    }
}

fn name_errors(values: &Values) -> Vec<FieldError> {
    if values.get(&Field::DISPLAY_NAME).trim().is_empty() {
        vec![FieldError { field: Field::DISPLAY_NAME, problem: ValidationError::Missing }]
    } else {
        Vec::new()
    }
}
