//! The identity, flash and settings of a page. The server reads them from the request
//! and serializes them into the page; the browser reads them from there. They never
//! change while a page is open, because log-in and log-out are page loads.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::json::JsonBytes;
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

/// The data serialized into the page. One struct, because each value needs its own `<script>`.
#[derive(Default, Serialize, Deserialize)]
struct PageContext {
    identity: Option<Identity>,
    flash: Flash,
    site: SiteInfo,
}

/// Provides the identity, the flash and the settings of the site. Called first in `App`.
pub fn provide_request_state() {
    let context = SharedValue::<_, JsonBytes>::new_with_encoding(server_side::page_context).into_inner();
    browser_side::follow_other_tabs(context.identity.as_ref());
    if let Some(user) = &context.identity {
        provide_context(SignedInAs { id: user.user_id.clone(), display_name: user.display_name.clone() });
    }
    provide_context(SignedIn(context.identity));
    provide_context(context.flash);
    provide_context(context.site);
}

/// Returns the identity of the caller, if signed in.
pub fn identity() -> Option<Identity> {
    use_context::<SignedIn>().and_then(|signed_in| signed_in.0)
}

/// Returns the role of the caller, if signed in.
pub fn role() -> Option<Role> {
    with_context(|signed_in: &SignedIn| signed_in.0.as_ref().map(|user| user.role)).flatten()
}

/// Sets the page's HTTP status. Does nothing in the browser.
pub fn set_status(status: u16) {
    server_side::set_status(status);
}

/// Turns a panic in `data` into an error. A resource runs in its own task, so a panic there would leave the page
/// waiting forever. In the browser a panic aborts the program.
pub async fn caught<T>(data: impl Future<Output = Result<T, AppError>>) -> Result<T, AppError> {
    server_side::caught(data).await
}

/// Logs that the caller lacks the role for a page. Does nothing in the browser.
pub fn log_access_denied() {
    server_side::log_access_denied();
}

/// Goes to the log-in page, which returns here afterwards. Called in the browser when the session has ended.
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

    pub fn page_context() -> PageContext {
        PageContext {
            identity: caller().map(|caller| caller.identity),
            flash: extension().unwrap_or_default(),
            site: site(),
        }
    }

    fn site() -> SiteInfo {
        match use_context::<AppState>() {
            Some(state) => SiteInfo {
                demo: state.config.demo.seed,
                mail: state.config.mail.enabled,
                mailbox: state.mail.mailbox().is_some(),
                password_min_length: state.config.auth.password_min_length,
                sudo_ttl: seconds(state.config.auth.sudo_ttl),
                reuse_leeway: seconds(state.config.auth.reuse_leeway),
            },
            // When the list of routes is generated, before any request.
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

    pub fn log_access_denied() {
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

/// The browser reads the values from the page. These are the defaults.
#[cfg(not(feature = "ssr"))]
mod server_side {
    use super::*;

    pub fn page_context() -> PageContext {
        PageContext::default()
    }

    pub async fn caught<T>(data: impl Future<Output = Result<T, AppError>>) -> Result<T, AppError> {
        data.await
    }

    pub fn set_status(_: u16) {}

    pub fn log_access_denied() {}
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
        tabs::follow(identity.map(|user| user.user_id.clone()).unwrap_or_default(), session_ended);
    }

    pub fn session_ended() {
        if send_draft() {
            return;
        }
        let here = location();
        let path = here.pathname().unwrap_or_default() + &here.search().unwrap_or_default();
        // A full page load, so that nothing of this page remains. It fails only if the browser blocks navigation.
        let _ = here.assign(&log_in_path(&path));
    }
}
