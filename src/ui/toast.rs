//! Shows the notice of the last form post once: as a toast, or
//! as a banner at the top of the page if it needs explanation.

use super::{flash::use_flash, icons::Icon};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// Whether a form was sent and its response is pending.
#[derive(Clone, Copy)]
struct Waiting(RwSignal<bool>);

/// Provides the pending state of forms. Called once, by `App`.
pub fn provide_waiting() {
    provide_context(Waiting(RwSignal::new(false)));
}

pub(super) fn use_waiting() -> RwSignal<bool> {
    use_context::<Waiting>().map_or_else(|| RwSignal::new(false), |waiting| waiting.0)
}

/// Shows the notice of this page as a toast until it is closed or the
/// page changes, and tells screen readers when a form is pending.
#[component]
pub fn Toasts() -> impl IntoView {
    let toast = use_flash().notice.filter(|notice| !notice.is_banner).map(|notice| {
        let shown = until_next_page();
        move || {
            shown.get().then(|| {
                view! {
                    <div class="toast">
                        <Icon name="check" />
                        <p>{notice.text.to_string()}</p>
                        <button
                            type="button"
                            class="toast-close needs-js"
                            aria-label="Close"
                            on:click=move |_| shown.set(false)
                        >
                            <Icon name="close" />
                        </button>
                    </div>
                }
            })
        }
    });
    let waiting = use_waiting();
    let wait = move || waiting.get().then(|| view! { <span class="visually-hidden">"Sending"</span> });
    (toast, wait)
}

/// Shows the notice of this page as a banner above its content.
#[component]
pub fn Explanation() -> impl IntoView {
    use_flash().notice.filter(|notice| notice.is_banner).map(|notice| {
        let shown = until_next_page();
        move || {
            shown.get().then(|| {
                view! {
                    <div class="banner" role="status">
                        <Icon name="alert" />
                        <p>{notice.text.to_string()}</p>
                    </div>
                }
            })
        }
    })
}

/// Returns a signal that is `true` until the first navigation.
fn until_next_page() -> RwSignal<bool> {
    let shown = RwSignal::new(true);
    let path = use_location().pathname;
    Effect::new(move |before: Option<()>| {
        path.track();
        if before.is_some() {
            shown.set(false);
        }
    });
    shown
}
