//! The live session card of the landing page: the visitor's session as a ring that turns with each rotation. Anonymous
//! visitors see an example.

use super::{
    api::current_session,
    model::{LastDecision, SessionView},
};
use crate::{
    auth::{Loaded, api::refresh, session_ended, use_identity},
    error::AppError,
    ui::{
        Fact, FailureNote, Form, Ring, Sent, Submit,
        flash::use_site,
        time::{Ago, duration, lasting},
    },
};
use leptos::{either::Either, ev, prelude::*, task::spawn_local};
use std::time::Duration;

/// The card: live for a signed-in user, an example for anonymous visitors.
#[component]
pub fn SessionCard() -> impl IntoView {
    match use_identity() {
        Some(_) => Either::Left(view! { <OwnSession /> }),
        None => Either::Right(view! { <Example /> }),
    }
}

#[component]
fn OwnSession() -> impl IntoView {
    // The session after a refresh in place; `None` until then.
    let refreshed = RwSignal::new(None);
    let show = move |session: SessionView| {
        move || match refreshed.get().unwrap_or_else(|| Ok(session.clone())) {
            Ok(session) => Either::Left(view! { <Live session /> }),
            Err(error) => Either::Right(view! { <FailureNote error /> }),
        }
    };
    view! {
        <section class="session-card" aria-labelledby="session-title">
            <header class="session-head">
                <h2 id="session-title">"Your session"</h2>
                <span class="tag tag--live">"live"</span>
            </header>
            <Loaded data=current_session() view=show rows=6 />
            <div class="session-actions">
                <RefreshNow refreshed />
                <Replay />
            </div>
        </section>
    }
}

#[component]
fn Live(session: SessionView) -> impl IntoView {
    let left = countdown(session.access_expires_in_seconds);
    let next = move || match left.get() {
        0 => "on your next request".to_owned(),
        seconds => format!("in {}", lasting(seconds)),
    };
    let whole = session.access_expires_in_seconds.saturating_add(session.rotated_at.seconds_ago);
    let confirmed = if session.confirmed { "Yes" } else { "Not yet" };
    view! {
        <Ring generation=session.generation left=Signal::derive(move || thousandths(left.get(), whole)) />
        <dl class="facts facts--tight">
            <Fact term="Next rotation">{next}</Fact>
            <Fact term="Last request">{decision(session.last_decision)}</Fact>
            <Fact term="Rotated">
                <Ago moment=session.rotated_at />
            </Fact>
            <Fact term="Confirmed">{confirmed}</Fact>
            <Fact term="Logged in">
                <Ago moment=session.started_at />
            </Fact>
            <Fact term="Ends">{format!("in {}", lasting(session.ends_at_seconds))}</Fact>
        </dl>
    }
}

/// An example of the card for anonymous visitors.
#[component]
fn Example() -> impl IntoView {
    view! {
        <section class="session-card session-card--example" aria-labelledby="session-title">
            <header class="session-head">
                <h2 id="session-title">"An active session"</h2>
                <span class="tag">"example"</span>
            </header>
            <Ring generation=7 left=680_u32 />
            <dl class="facts facts--tight">
                <Fact term="Next rotation">"in 3 min 24 s"</Fact>
                <Fact term="Last request">{decision(LastDecision::Rotated)}</Fact>
                <Fact term="Rotated">"1 minute ago"</Fact>
                <Fact term="Ends">"in 30 days"</Fact>
            </dl>
            <p class="session-note">"Log in to see your own session here."</p>
        </section>
    }
}

/// The button that rotates the tokens now. With JavaScript it
/// updates the card in place, so that the ring visibly turns.
#[component]
fn RefreshNow(refreshed: RwSignal<Option<Result<SessionView, AppError>>>) -> impl IntoView {
    let failed = RwSignal::new(false);
    let on_submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        spawn_local(async move {
            match refresh().await {
                Ok(()) => {
                    failed.set(false);
                    // Show an error in place of the card: its data is out of date.
                    let session = current_session().await;
                    if matches!(session, Err(AppError::Unauthenticated)) {
                        session_ended();
                    }
                    refreshed.set(Some(session));
                }
                Err(AppError::Unauthenticated) => session_ended(),
                Err(_) => failed.set(true),
            }
        });
    };
    view! {
        <form method="post" action="/api/auth/refresh" on:submit=on_submit>
            <Sent />
            <button type="submit" class="button button--small">
                "Refresh now"
            </button>
            <p class="session-note" role="status">
                {move || failed.get().then_some("The refresh didn't work. Your session is unchanged.")}
            </p>
        </form>
    }
}

/// In the demo, a button that reuses the previous refresh token, as a thief would.
#[component]
fn Replay() -> impl IntoView {
    use_site().demo.then(|| {
        view! {
            <Form action="/api/demo/replay" class="session-replay">
                <Submit label="Reuse an old token" class="button button--quiet button--small" />
            </Form>
            <p class="session-note">
                {format!(
                    "Within {} of a rotation, this counts as a request from another tab. After that, it ends the session.",
                    duration(use_site().reuse_leeway),
                )}
            </p>
        }
    })
}

/// Counts down from `from` seconds, in the browser.
fn countdown(from: u32) -> RwSignal<u32> {
    let left = RwSignal::new(from);
    // Effects run only in the browser, after hydration.
    Effect::new(move |_| {
        let tick = move || left.update(|left| *left = left.saturating_sub(1));
        if let Ok(handle) = set_interval_with_handle(tick, Duration::from_secs(1)) {
            on_cleanup(move || handle.clear());
        }
    });
    left
}

/// Returns `part` of `whole` in thousandths.
fn thousandths(part: u32, whole: u32) -> u32 {
    part.saturating_mul(1000).checked_div(whole).unwrap_or(0)
}

/// Describes what the last request did with its tokens.
fn decision(decision: LastDecision) -> &'static str {
    match decision {
        LastDecision::AccessAccepted => "access token accepted",
        LastDecision::Rotated => "tokens rotated",
        LastDecision::Kept => "just rotated: new access token only",
        LastDecision::Resent => "lost response: same pair sent again",
        LastDecision::AccessOnly => "parallel request: new access token only",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousandths_of_zero_are_zero() {
        assert_eq!(thousandths(0, 0), 0);
        assert_eq!(thousandths(300, 300), 1000);
        assert_eq!(thousandths(75, 300), 250);
    }
}
