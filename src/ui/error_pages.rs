//! Error pages and banners, each with a next step. The guard uses `Forbidden`, the fallback route `NotFound`, and pages
//! whose data failed to load `Failure`. Callers set the HTTP status.

use super::{icons::Icon, messages};
use crate::{brand::AFTER_LOG_IN, error::AppError};
use leptos::prelude::*;
use leptos_meta::Title;

/// The page for 403: signed in, but without the required role.
#[component]
pub fn Forbidden() -> impl IntoView {
    view! {
        <ErrorPage
            code="403"
            title=messages::error_title(&AppError::Forbidden)
            sentence="You're logged in, but your role doesn't include this page. If you need access, ask an admin to change your role."
                .to_owned()
        >
            <a class="button" href=AFTER_LOG_IN>
                "Go to your profile"
            </a>
            <a class="button button--quiet" href="/">
                "Go to the start page"
            </a>
        </ErrorPage>
    }
}

/// The page for 404: no such route.
#[component]
pub fn NotFound() -> impl IntoView {
    view! {
        <ErrorPage
            code="404"
            title=messages::error_title(&AppError::NotFound)
            sentence="Check the address for typos, or go to the start page.".to_owned()
        >
            <a class="button" href="/">
                "Go to the start page"
            </a>
        </ErrorPage>
    }
}

/// The page for any other error.
#[component]
pub fn Failure(error: AppError) -> impl IntoView {
    view! {
        <ErrorPage code=code(&error) title=messages::error_title(&error) sentence=messages::error_sentence(&error)>
            // `external` for a full page load, which asks the server again.
            <a class="button" href="" rel="external">
                "Try again"
            </a>
            <a class="button button--quiet" href="/">
                "Go to the start page"
            </a>
        </ErrorPage>
    }
}

/// A banner in place of a part of a page that failed to load.
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

/// The layout of all error pages.
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

/// The HTTP status shown for `error`.
fn code(error: &AppError) -> &'static str {
    match error {
        AppError::InvalidCredentials | AppError::Unauthenticated => "401",
        AppError::Forbidden | AppError::ReauthenticationNeeded | AppError::CrossSite => "403",
        AppError::CodeExpired => "410",
        AppError::NotFound => "404",
        AppError::LastAdmin | AppError::OtherAccount | AppError::LimitReached { .. } => "409",
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
