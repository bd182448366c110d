//! Tabs of one browser share its cookies, so that each page load tells the others who is signed in now; and one of them
//! listens to the server, which tells of a session that ended elsewhere. Compiled for the browser only; `context` starts it.

use leptos::prelude::{location, set_timeout, window};
use std::{cell::Cell, rc::Rc, time::Duration};
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use web_sys::{
    BroadcastChannel, Event, EventSource, MessageEvent, PageTransitionEvent,
    js_sys::{Function, Promise},
};

use crate::ui::send_draft;

const CHANNEL: &str = "signed-in";
/// Where the server tells: `auth::server::session::events`.
const EVENTS: &str = "/api/auth/events";
/// The lock (Web Locks API) of the one tab that listens. HTTP/1.1 has six connections a browser, and a stream takes one.
const LOCK: &str = "events";
/// Until the next attempt after the server refused the stream: it is busy, or being replaced.
const RETRY: Duration = Duration::from_secs(30);

#[wasm_bindgen]
extern "C" {
    /// Absent on plain http outside of localhost, and in old browsers: then tabs learn of an end with their next request.
    #[wasm_bindgen(catch, js_namespace = ["navigator", "locks"], js_name = request)]
    fn request_lock(name: &str, held: &Function) -> Result<Promise, JsValue>;
}

/// One page's view of the others.
#[derive(Clone)]
struct Tab {
    channel: BroadcastChannel,
    /// Set once this tab is on its way to another page. A form's answer decides where that is: nothing may overtake it.
    leaving: Rc<Cell<bool>>,
    /// Leads to the log-in.
    session_ended: fn(),
}

/// Tells other tabs that this one was loaded as `user_id` (empty: nobody), and follows what they and the server tell:
/// where the session ended this tab goes to log in by `session_ended`, where another account took over it loads anew.
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
    tab.notice_forms();
    let heard = {
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
    tab.channel.set_onmessage(Some(heard.as_ref().unchecked_ref()));
    // Lives as long as the page.
    heard.forget();
    tab.listen_in_turn();
}

impl Tab {
    /// On the window, so that whatever handles the event in the page has had its say.
    fn notice_forms(&self) {
        let leaving = self.leaving.clone();
        let sent = Closure::<dyn Fn(Event)>::new(move |event: Event| {
            if !event.default_prevented() {
                leaving.set(true);
            }
        });
        let _ = window().add_event_listener_with_callback("submit", sent.as_ref().unchecked_ref());
        sent.forget();
    }

    /// Listens to the server once no other tab does, until this page is gone.
    fn listen_in_turn(self) {
        let held = Closure::once_into_js(move || {
            self.listen();
            // Never settled: the lock is held as long as the page lives.
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
                // Or the browser would come back to be told again.
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
                // A broken connection is taken up again by the browser; a refused one is not.
                if stream.ready_state() == EventSource::CLOSED {
                    let tab = self.clone();
                    set_timeout(move || tab.listen(), RETRY);
                }
            })
        };
        stream.set_onerror(Some(failed.as_ref().unchecked_ref()));
        failed.forget();
    }

    /// Goes to log in, unless the tab is on its way somewhere.
    fn leave(&self) {
        if !self.leaving.replace(true) {
            (self.session_ended)();
        }
    }
}

/// A page out of the browser's back-forward cache may show a session that has ended since.
fn reload_when_restored() {
    let shown = Closure::<dyn Fn(PageTransitionEvent)>::new(|event: PageTransitionEvent| {
        if event.persisted() {
            let _ = location().reload();
        }
    });
    let _ = window().add_event_listener_with_callback("pageshow", shown.as_ref().unchecked_ref());
    shown.forget();
}
