//! Offline state: a note at the bottom of the page, and forms that are not sent.

use super::icons::Icon;
use leptos::{ev, prelude::*};

#[derive(Clone, Copy)]
struct Offline(RwSignal<bool>);

/// Listens for the browser's online and offline events. Called once, by `App`.
pub fn watch_network() {
    let offline = RwSignal::new(false);
    provide_context(Offline(offline));
    Effect::new(move |_| {
        window_event_listener(ev::offline, move |_| offline.set(true));
        window_event_listener(ev::online, move |_| offline.set(false));
    });
}

/// Returns a signal that is `true` while the browser is offline.
pub fn use_offline() -> RwSignal<bool> {
    use_context::<Offline>().map_or_else(|| RwSignal::new(false), |offline| offline.0)
}

/// A note, shown while the browser is offline.
#[component]
pub fn OfflineNote() -> impl IntoView {
    let offline = use_offline();
    move || {
        offline.get().then(|| {
            view! {
                <p class="offline">
                    <Icon name="offline" />
                    "You're offline. Forms can be sent once you're back online."
                </p>
            }
        })
    }
}
