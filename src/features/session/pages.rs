//! The live session card: the visitor's own session as a toothed ring that turns by one tooth with each rotation. The
//! landing page shows it; visitors without a session see an example.

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
        time::{Ago, lasting},
    },
};
use leptos::{either::Either, ev, prelude::*, task::spawn_local};
use std::time::Duration;

/// The card: live for a signed-in visitor, an example for anybody else.
#[component]
pub fn SessionCard() -> impl IntoView {
    match use_identity() {
        Some(_) => Either::Left(view! { <OwnSession /> }),
        None => Either::Right(view! { <Example /> }),
    }
}

#[component]
fn OwnSession() -> impl IntoView {
    // The session as it is since the page was loaded, once it was asked about again.
    let newer = RwSignal::new(None);
    let show = move |session: SessionView| {
        move || match newer.get().unwrap_or_else(|| Ok(session.clone())) {
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
                <RefreshNow newer />
                <Replay />
            </div>
        </section>
    }
}

#[component]
fn Live(session: SessionView) -> impl IntoView {
    let left = countdown(session.access_expires_in_seconds);
    let next = move || match left.get() {
        0 => "with your next request".to_owned(),
        seconds => format!("in {}", lasting(seconds)),
    };
    let whole = session.access_expires_in_seconds.saturating_add(session.rotated_at.seconds_ago);
    let confirmed = if session.confirmed { "yes, by a later request" } else { "not yet" };
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

/// What the card looks like in use, for visitors without a session.
#[component]
fn Example() -> impl IntoView {
    view! {
        <section class="session-card session-card--example" aria-labelledby="session-title">
            <header class="session-head">
                <h2 id="session-title">"A session at work"</h2>
                <span class="tag">"example"</span>
            </header>
            <Ring generation=7 left=680_u32 />
            <dl class="facts facts--tight">
                <Fact term="Next rotation">"in 3 min 24 s"</Fact>
                <Fact term="Last request">{decision(LastDecision::Rotated)}</Fact>
                <Fact term="Rotated">"1 minute ago"</Fact>
                <Fact term="Ends">"in 30 days"</Fact>
            </dl>
            <p class="session-note">"Log in, and this shows your own."</p>
        </section>
    }
}

/// Buys a new pair ahead of time. A plain form without JavaScript; in place with it, so that the ring can be seen turning.
#[component]
fn RefreshNow(newer: RwSignal<Option<Result<SessionView, AppError>>>) -> impl IntoView {
    let refused = RwSignal::new(false);
    let on_submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        spawn_local(async move {
            match refresh().await {
                Ok(()) => {
                    refused.set(false);
                    // A failure is told in the card's place: by now the session is not as it was.
                    let session = current_session().await;
                    if matches!(session, Err(AppError::Unauthenticated)) {
                        session_ended();
                    }
                    newer.set(Some(session));
                }
                Err(AppError::Unauthenticated) => session_ended(),
                Err(_) => refused.set(true),
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
                {move || refused.get().then_some("That didn't get through. Your session is as it was.")}
            </p>
        </form>
    }
}

/// In the demo: presents the refresh token before the current one, as somebody would who had copied it.
#[component]
fn Replay() -> impl IntoView {
    use_site().demo.then(|| {
        view! {
            <Form action="/api/demo/replay" class="session-replay">
                <Submit label="Replay an old token" class="button button--quiet button--small" />
            </Form>
            <p class="session-note">
                "Within 10 s of a rotation it counts as one of your own tabs. Later, it ends the session for everybody who holds it."
            </p>
        }
    })
}

/// The seconds that are left, counting down in the browser.
fn countdown(from: u32) -> RwSignal<u32> {
    let left = RwSignal::new(from);
    // Effects run in the browser only, once the page stands.
    Effect::new(move |_| {
        let tick = move || left.update(|left| *left = left.saturating_sub(1));
        if let Ok(handle) = set_interval_with_handle(tick, Duration::from_secs(1)) {
            on_cleanup(move || handle.clear());
        }
    });
    left
}

/// `part` of `whole` in thousandths.
fn thousandths(part: u32, whole: u32) -> u32 {
    part.saturating_mul(1000).checked_div(whole).unwrap_or(0)
}

/// What the last request's tokens were worth, in words.
fn decision(decision: LastDecision) -> &'static str {
    match decision {
        LastDecision::AccessAccepted => "access token accepted",
        LastDecision::Rotated => "new pair, one tooth on",
        LastDecision::Kept => "just rotated: same pair kept",
        LastDecision::Resent => "lost answer: pair sent again",
        LastDecision::AccessOnly => "parallel tab: access token only",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_of_nothing_is_nothing() {
        assert_eq!(thousandths(0, 0), 0);
        assert_eq!(thousandths(300, 300), 1000);
        assert_eq!(thousandths(75, 300), 250);
    }
}
