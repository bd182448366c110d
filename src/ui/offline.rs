//! Being offline, as a state of its own: a note at the foot of the page, and forms that keep what was typed.

use super::icons::Icon;
use leptos::{ev, prelude::*};

#[derive(Clone, Copy)]
struct Offline(RwSignal<bool>);

/// Listens for the browser's word on the network. Called by `App`, once.
pub fn watch_network() {
    let offline = RwSignal::new(false);
    provide_context(Offline(offline));
    Effect::new(move |_| {
        window_event_listener(ev::offline, move |_| offline.set(true));
        window_event_listener(ev::online, move |_| offline.set(false));
    });
}

/// Whether the browser says that it has no network.
pub fn use_offline() -> RwSignal<bool> {
    use_context::<Offline>().map_or_else(|| RwSignal::new(false), |offline| offline.0)
}

/// The note, while it lasts.
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
