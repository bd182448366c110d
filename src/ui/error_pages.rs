//! Pages and notes for what could not be shown. Calm, and with a next step. `Forbidden` is used by the guard, `NotFound`
//! by the route table's fallback, `Failure` by pages whose data did not come. The HTTP status is set by their callers.

use super::{icons::Icon, messages};
use crate::error::AppError;
use leptos::prelude::*;
use leptos_meta::Title;

/// 403: signed in, but the role does not reach.
#[component]
pub fn Forbidden() -> impl IntoView {
    view! {
        <ErrorPage
            code="403"
            title=messages::error_title(&AppError::Forbidden)
            sentence="You're logged in, but your role doesn't open this one. Nothing is broken. If you need it, ask an admin to change your role."
                .to_owned()
        >
            <a class="button" href="/profile">
                "Go to your profile"
            </a>
            <a class="button button--quiet" href="/">
                "Go to the start page"
            </a>
        </ErrorPage>
    }
}

/// 404: no route of that name.
#[component]
pub fn NotFound() -> impl IntoView {
    view! {
        <ErrorPage
            code="404"
            title=messages::error_title(&AppError::NotFound)
            sentence="The address may be mistyped, or the page has moved. Nothing was lost.".to_owned()
        >
            <a class="button" href="/">
                "Go to the start page"
            </a>
        </ErrorPage>
    }
}

/// Any other failure, as a page of its own.
#[component]
pub fn Failure(error: AppError) -> impl IntoView {
    view! {
        <ErrorPage code=code(&error) title=messages::error_title(&error) sentence=messages::error_sentence(&error)>
            // A full load on purpose: it asks the server again.
            <a class="button" href="" rel="external">
                "Try again"
            </a>
            <a class="button button--quiet" href="/">
                "Go to the start page"
            </a>
        </ErrorPage>
    }
}

/// A failure in place of one part of a page that otherwise stands.
#[component]
pub fn FailureNote(error: AppError) -> impl IntoView {
    view! {
        <div class="banner banner--danger" role="alert">
            <Icon name="alert" />
            <div>
                <p class="banner-title">{messages::error_title(&error)}</p>
                <p>{messages::error_sentence(&error)}</p>
                <p>
                    <a href="" rel="external">
                        "Try again"
                    </a>
                </p>
            </div>
        </div>
    }
}

/// What all error pages look like.
#[component]
fn ErrorPage(code: &'static str, title: &'static str, sentence: String, children: Children) -> impl IntoView {
    view! {
        <Title text=title />
        <section class="error-page" aria-labelledby="error-title">
            <p class="error-code" aria-hidden="true">
                {code}
            </p>
            <h1 id="error-title">{title}</h1>
            <p class="lead">{sentence}</p>
            <div class="actions">{children()}</div>
        </section>
    }
}

/// The status that people know that failure by.
fn code(error: &AppError) -> &'static str {
    match error {
        AppError::InvalidCredentials | AppError::Unauthenticated => "401",
        AppError::Forbidden | AppError::ReauthenticationNeeded | AppError::CrossSite => "403",
        AppError::CodeExpired => "410",
        AppError::NotFound => "404",
        AppError::LastAdmin | AppError::OtherAccount => "409",
        AppError::TooLarge => "413",
        AppError::TooManyCookies => "431",
        AppError::Invalid { .. } => "422",
        AppError::Malformed => "400",
        AppError::Throttled { .. } => "429",
        AppError::Unavailable | AppError::Busy | AppError::Conflict => "503",
        AppError::Internal => "500",
        AppError::Offline => "Offline",
    }
}
