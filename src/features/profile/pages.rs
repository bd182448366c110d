//! `/profile`: what others see of an account, and the form that changes it.

use super::{
    api::current_profile,
    model::{ACCESS, BIO_MAX_LENGTH, Profile},
};
use crate::{
    auth::{Guarded, Loaded, VerifyReminder, model::DISPLAY_NAME_MAX_LENGTH},
    error::{Field, FieldError, Problem},
    ui::{
        Check, Fact, Form, FormErrors, PageHead, RoleBadge, Submit, TextArea, TextField, Values, control_name,
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
            <PageHead title="Profile" lead="Who you are here. The name and the text are for others; your address is for you and the moderators." />
            <VerifyReminder />
            <Loaded data=current_profile() view=move |profile| view! { <ProfileSettings profile flash /> } />
        </Guarded>
    }
}

#[component]
fn ProfileSettings(profile: Profile, flash: Flash) -> impl IntoView {
    let (name, bio) = if flash.typed.is_empty() {
        (profile.display_name, profile.bio)
    } else {
        (flash.typed(control_name(Field::DisplayName)), flash.typed(control_name(Field::Bio)))
    };
    let check: Check = Box::new(faults);
    view! {
        <section class="setting" aria-labelledby="public-title">
            <div class="setting-head">
                <h2 id="public-title">"What others see"</h2>
                <p>"Shown beside what you do here."</p>
            </div>
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

fn faults(values: &Values) -> Vec<FieldError> {
    if values.get(Field::DisplayName).trim().is_empty() {
        vec![FieldError { field: Field::DisplayName, problem: Problem::Missing }]
    } else {
        Vec::new()
    }
}
