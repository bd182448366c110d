//! Tabs of one browser share its cookies, so that each page load tells the others who is signed in now. Compiled for the
//! browser only; `context` starts it.

use leptos::prelude::{location, window};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{BroadcastChannel, MessageEvent, PageTransitionEvent};

use super::context::session_ended;

const CHANNEL: &str = "latchkey-signed-in";

/// Tells other tabs that this one was loaded as `user_id` (empty: nobody), and follows what they tell: where the session
/// ended this tab goes to log in, where another account took over it loads anew.
pub fn follow(user_id: String) {
    reload_when_restored();
    let Ok(channel) = BroadcastChannel::new(CHANNEL) else {
        return;
    };
    let _ = channel.post_message(&JsValue::from_str(&user_id));
    let heard = Closure::<dyn Fn(MessageEvent)>::new(move |message: MessageEvent| {
        let now = message.data().as_string().unwrap_or_default();
        if user_id.is_empty() || now == user_id {
            return;
        }
        match now.is_empty() {
            true => session_ended(),
            false => {
                let _ = location().reload();
            }
        }
    });
    channel.set_onmessage(Some(heard.as_ref().unchecked_ref()));
    // Both live as long as the page.
    heard.forget();
    std::mem::forget(channel);
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
