//! What the last form post did, said once. A toast confirms; what needs explaining stands at the top of the page.

use super::{
    flash::{Notice, use_flash},
    icons::Icon,
    messages,
};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// Whether a form was sent and its answer is awaited.
#[derive(Clone, Copy)]
struct Waiting(RwSignal<bool>);

/// Provides what forms say while they wait. Called by `App`, once.
pub fn provide_waiting() {
    provide_context(Waiting(RwSignal::new(false)));
}

pub(super) fn use_waiting() -> RwSignal<bool> {
    use_context::<Waiting>().map_or_else(|| RwSignal::new(false), |waiting| waiting.0)
}

/// Whether a notice needs more than a nod.
fn explains(notice: Notice) -> bool {
    matches!(
        notice,
        Notice::SessionEnded
            | Notice::SessionCopied
            | Notice::AccessChanged
            | Notice::PasswordDropped
            | Notice::EmailChanged
            | Notice::Leaving { .. }
            | Notice::DraftKept
            | Notice::CookiesBlocked
    )
}

/// The notice of this page as a toast, until it is closed or another page comes; and to those who listen, that a form is
/// on its way.
#[component]
pub fn Toasts() -> impl IntoView {
    let toast = use_flash().notice.filter(|notice| !explains(*notice)).map(|notice| {
        let shown = until_next_page();
        move || {
            shown.get().then(|| {
                view! {
                    <div class="toast">
                        <Icon name="check" />
                        <p>{messages::notice(notice)}</p>
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
    let wait = move || waiting.get().then(|| view! { <span class="visually-hidden">"One moment"</span> });
    (toast, wait)
}

/// The notice of this page as an explanation above its content.
#[component]
pub fn Explanation() -> impl IntoView {
    use_flash().notice.filter(|notice| explains(*notice)).map(|notice| {
        let shown = until_next_page();
        move || {
            shown.get().then(|| {
                view! {
                    <div class="banner" role="status">
                        <Icon name="alert" />
                        <p>{messages::notice(notice)}</p>
                    </div>
                }
            })
        }
    })
}

/// Whether a notice of the first page is to be seen still.
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
