//! Keeps the tabs of a browser in sync. Each page load broadcasts who is signed in, and one tab listens to the server's
//! event stream for sessions that end elsewhere. Compiled only for the browser; started by `identity`.

use leptos::prelude::{location, set_timeout, window};
use std::{cell::Cell, rc::Rc, time::Duration};
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use web_sys::{
    BroadcastChannel, Event, EventSource, MessageEvent, PageTransitionEvent,
    js_sys::{Function, Promise},
};

use crate::ui::send_draft;

const CHANNEL: &str = "signed-in";
/// The event stream of `auth::server::session::events`.
const EVENTS: &str = "/api/auth/events";
/// The lock (Web Locks API) of the listening tab. One tab only, because HTTP/1.1 allows a browser six connections.
const LOCK: &str = "events";
/// How long to wait after the server refused the stream, because it is busy or restarting.
const RETRY: Duration = Duration::from_secs(30);

#[wasm_bindgen]
extern "C" {
    /// Missing in old browsers and on plain http except localhost: there, tabs notice the end with their next request.
    #[wasm_bindgen(catch, js_namespace = ["navigator", "locks"], js_name = request)]
    fn request_lock(name: &str, held: &Function) -> Result<Promise, JsValue>;
}

/// This tab.
#[derive(Clone)]
struct Tab {
    channel: BroadcastChannel,
    /// Whether this tab is navigating already. Nothing else may
    /// navigate then: the response to a form decides where to go.
    leaving: Rc<Cell<bool>>,
    /// Goes to the log-in page.
    session_ended: fn(),
}

/// Broadcasts that this tab was loaded as `user_id` (empty if anonymous), and listens to other tabs and to the server.
/// Calls `session_ended` when the session has ended; reloads when another account has logged in.
pub fn follow(user_id: String, session_ended: fn()) {
    reload_when_restored();
    let Ok(channel) = BroadcastChannel::new(CHANNEL) else {
        return;
    };
    let _ = channel.post_message(&JsValue::from_str(&user_id));
    if user_id.is_empty() {
        return;
    }
    let tab = Tab { channel, leaving: Rc::default(), session_ended };
    tab.watch_forms();
    let on_message = {
        let tab = tab.clone();
        Closure::<dyn Fn(MessageEvent)>::new(move |message: MessageEvent| {
            let now = message.data().as_string().unwrap_or_default();
            if now.is_empty() {
                tab.leave();
            } else if now != user_id && !tab.leaving.replace(true) && !send_draft() {
                let _ = location().reload();
            }
        })
    };
    tab.channel.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    // Leaked: it lives as long as the page.
    on_message.forget();
    tab.listen_when_elected();
}

impl Tab {
    /// Sets `leaving` when a form is sent. Listens on the window,
    /// so that handlers in the page can prevent the default first.
    fn watch_forms(&self) {
        let leaving = self.leaving.clone();
        let sent = Closure::<dyn Fn(Event)>::new(move |event: Event| {
            if !event.default_prevented() {
                leaving.set(true);
            }
        });
        let _ = window().add_event_listener_with_callback("submit", sent.as_ref().unchecked_ref());
        sent.forget();
    }

    /// Listens to the server as soon as no other tab does, until this page is closed.
    fn listen_when_elected(self) {
        let held = Closure::once_into_js(move || {
            self.listen();
            // Never resolves, so that the page keeps the lock.
            Promise::new(&mut |_, _| {})
        });
        let _ = request_lock(LOCK, held.unchecked_ref());
    }

    fn listen(self) {
        if self.leaving.get() {
            return;
        }
        let Ok(stream) = EventSource::new(EVENTS) else {
            return;
        };
        let ended = {
            let (stream, tab) = (stream.clone(), self.clone());
            Closure::<dyn Fn()>::new(move || {
                // Otherwise the browser would reconnect.
                stream.close();
                let _ = tab.channel.post_message(&JsValue::from_str(""));
                tab.leave();
            })
        };
        let _ = stream.add_event_listener_with_callback("ended", ended.as_ref().unchecked_ref());
        ended.forget();
        let failed = {
            let stream = stream.clone();
            Closure::<dyn Fn()>::new(move || {
                // The browser reconnects after a broken connection, but not after a refused one.
                if stream.ready_state() == EventSource::CLOSED {
                    let tab = self.clone();
                    set_timeout(move || tab.listen(), RETRY);
                }
            })
        };
        stream.set_onerror(Some(failed.as_ref().unchecked_ref()));
        failed.forget();
    }

    /// Goes to the log-in page, unless the tab is already navigating.
    fn leave(&self) {
        if !self.leaving.replace(true) {
            (self.session_ended)();
        }
    }
}

/// Reloads a page from the browser's back-forward cache: its session may have ended.
fn reload_when_restored() {
    let shown = Closure::<dyn Fn(PageTransitionEvent)>::new(|event: PageTransitionEvent| {
        if event.persisted() {
            let _ = location().reload();
        }
    });
    let _ = window().add_event_listener_with_callback("pageshow", shown.as_ref().unchecked_ref());
    shown.forget();
}
