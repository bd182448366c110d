//! What a page knows of its request, on both sides: the server reads it from the request and sends it along once, and the
//! browser takes it from the page. It is constant while a page lives, since log-in and log-out are page loads.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    auth::model::{Identity, Role},
    error::AppError,
    ui::{
        SignedInAs,
        flash::{Flash, SiteInfo},
    },
};

#[derive(Clone)]
struct SignedIn(Option<Identity>);

/// What comes with the page. One value instead of three: each is a script of its own in the page.
#[derive(Default, Serialize, Deserialize)]
struct Told {
    identity: Option<Identity>,
    flash: Flash,
    site: SiteInfo,
}

/// Provides the identity, the flash and the site's facts. The first line of `App`.
pub fn provide_request_state() {
    let told = SharedValue::new(server_side::told).into_inner();
    browser_side::follow_other_tabs(told.identity.as_ref());
    if let Some(who) = &told.identity {
        provide_context(SignedInAs { id: who.user_id.clone(), display_name: who.display_name.clone() });
    }
    provide_context(SignedIn(told.identity));
    provide_context(told.flash);
    provide_context(told.site);
}

/// The signed-in account, if any.
pub fn identity() -> Option<Identity> {
    use_context::<SignedIn>().and_then(|signed_in| signed_in.0)
}

/// The role of the signed-in account, if any.
pub fn role() -> Option<Role> {
    with_context(|signed_in: &SignedIn| signed_in.0.as_ref().map(|who| who.role)).flatten()
}

/// Sets the page's HTTP status; in the browser there is none to set.
pub fn set_status(status: u16) {
    server_side::set_status(status);
}

/// Turns a panic of `data` into an error. A resource runs in a task of its own, and a panic there would leave the page
/// waiting for what never comes. In the browser a panic ends the program.
pub async fn caught<T>(data: impl Future<Output = Result<T, AppError>>) -> Result<T, AppError> {
    server_side::caught(data).await
}

/// Tells the log that the caller's role does not reach a page; in the browser there is none to tell.
pub fn log_refusal() {
    server_side::log_refusal();
}

/// Leaves for the log-in page, which leads back here. Called in the browser when the server no longer knows the session.
pub fn session_ended() {
    browser_side::session_ended();
}

#[cfg(feature = "ssr")]
mod server_side {
    use super::*;
    use axum::http::StatusCode;
    use futures_util::FutureExt;
    use leptos_axum::ResponseOptions;
    use std::{panic::AssertUnwindSafe, time::Duration};

    use crate::{
        auth::server::{caller, log_denied},
        server::{db::error_mapping, http::extensions::extension, state::AppState},
    };

    pub fn told() -> Told {
        Told { identity: caller().map(|caller| caller.identity), flash: extension().unwrap_or_default(), site: site() }
    }

    fn site() -> SiteInfo {
        match use_context::<AppState>() {
            Some(state) => SiteInfo {
                demo: state.config.demo.seed,
                mailbox: state.mail.mailbox().is_some(),
                password_min_length: state.config.auth.password_min_length,
                sudo_ttl: seconds(state.config.auth.sudo_ttl),
                reuse_leeway: seconds(state.config.auth.reuse_leeway),
            },
            // Only while the list of routes is made, before any request.
            None => SiteInfo::default(),
        }
    }

    fn seconds(duration: Duration) -> u32 {
        u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
    }

    pub async fn caught<T>(data: impl Future<Output = Result<T, AppError>>) -> Result<T, AppError> {
        let outcome = AssertUnwindSafe(data).catch_unwind().await;
        outcome.unwrap_or_else(|panic| Err(error_mapping::panicked(&*panic)))
    }

    pub fn log_refusal() {
        if let Some(caller) = caller() {
            log_denied(&caller);
        }
    }

    pub fn set_status(status: u16) {
        if let (Some(options), Ok(status)) = (use_context::<ResponseOptions>(), StatusCode::from_u16(status)) {
            options.set_status(status);
        }
    }
}

/// In the browser the values come with the page; these stand in where the page has none.
#[cfg(not(feature = "ssr"))]
mod server_side {
    use super::*;

    pub fn told() -> Told {
        Told::default()
    }

    pub async fn caught<T>(data: impl Future<Output = Result<T, AppError>>) -> Result<T, AppError> {
        data.await
    }

    pub fn set_status(_: u16) {}

    pub fn log_refusal() {}
}

#[cfg(not(feature = "hydrate"))]
mod browser_side {
    use crate::auth::browser::identity::Identity;

    pub fn follow_other_tabs(_: Option<&Identity>) {}

    pub fn session_ended() {}
}

#[cfg(feature = "hydrate")]
mod browser_side {
    use crate::auth::browser::identity::Identity;
    use crate::{
        auth::{browser::tabs, model::log_in_path},
        ui::send_draft,
    };
    use leptos::prelude::location;

    pub fn follow_other_tabs(identity: Option<&Identity>) {
        tabs::follow(identity.map(|who| who.user_id.clone()).unwrap_or_default(), session_ended);
    }

    pub fn session_ended() {
        if send_draft() {
            return;
        }
        let here = location();
        let path = here.pathname().unwrap_or_default() + &here.search().unwrap_or_default();
        // A page load, so that whatever this tab still shows is gone. It fails only where the browser forbids leaving.
        let _ = here.assign(&log_in_path(&path));
    }
}
