//! The task that sends the mails in the outbox; each node runs one. Each mail is claimed by one node for a lease.
//!
//! Delivery is at least once: if a node dies after the mail server accepted a mail and before its row is deleted, the
//! mail is sent again after the lease. Both copies have the same `Message-ID`, so most mailboxes show one.

use chrono::{DateTime, TimeDelta, Utc};
use std::{
    sync::{MutexGuard, PoisonError},
    time::Duration,
};
use tokio::task::JoinHandle;

use super::{
    email::Email,
    failure::Failure,
    layout::render,
    mailbox::KeptMail,
    message::message,
    outbox::{self, Claimed},
    transport::Mail,
};
use crate::{
    error::AppError,
    server::{fail_point, metrics, state::AppState},
};

/// How often a node looks for mails of other nodes and for due retries.
const POLL: Duration = Duration::from_secs(1);
/// Delays after each failure, in seconds. The last one repeats.
const WAITS: [i64; 5] = [5, 30, 2 * 60, 10 * 60, 60 * 60];
/// Mails older than this are given up.
const PATIENCE: TimeDelta = TimeDelta::days(3);
/// Time given to a mail that is being sent when the server stops. A mail that is cut off may be sent twice.
const LAST_MAIL: Duration = Duration::from_secs(5);

/// The outcome of a claimed mail.
enum Fate {
    Sent,
    /// There is nothing to send, or no longer.
    Void(&'static str),
    GivenUp(String),
    Again(String),
}

/// Starts the task that sends mails until the server stops, unless no transport is configured. Called by `serve`.
pub fn start(state: &AppState) {
    if !state.mail.keeps_all() {
        *state.mail.task() = Some(tokio::spawn(work(state.clone())));
    }
}

/// Logs that mails are written but not sent, if no transport is configured. Called at the start.
pub fn warn_if_kept(state: &AppState) {
    if state.mail.enabled && state.mail.keeps_all() {
        tracing::warn!(
            "no mail is sent: mail.transport is none, so mails wait in the outbox. Set LATCHKEY__MAIL__TRANSPORT=smtp, with LATCHKEY__MAIL__SMTP_HOST and LATCHKEY__MAIL__FROM"
        );
    }
}

/// Waits for a mail that is being sent while the server stops. Called by `serve`.
pub async fn finish(state: &AppState) {
    let task = state.mail.task().take();
    if let Some(mut task) = task
        && tokio::time::timeout(LAST_MAIL, &mut task).await.is_err()
    {
        task.abort();
    }
}

impl Mail {
    fn task(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        // Each change is atomic, so a poisoned lock is safe to use.
        self.task.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn work(state: AppState) {
    let mut draining = state.draining.subscribe();
    while !*draining.borrow_and_update() {
        // `From` has logged the cause.
        if matches!(step(&state).await.map_err(AppError::from), Ok(true)) {
            continue;
        }
        state.mail.rest().await;
        tokio::select! {
            _ = draining.changed() => {}
            () = state.mail.woken.notified() => {}
            () = tokio::time::sleep(POLL) => {}
        }
    }
}

/// Claims one mail and sends it. Returns `false` if none was due.
async fn step(state: &AppState) -> sqlx::Result<bool> {
    let now = state.db.now().await?;
    let Some(mail) = outbox::claim(&state.db, now).await? else {
        return Ok(false);
    };
    let (id, attempts) = (mail.id, mail.attempts);
    let fate = attempt(state, &mail, now).await;
    fail_point::point("after a mail was handed over");
    // Sending took time, so read the clock again.
    let now = state.db.now().await?;
    match fate {
        Fate::Again(why) if now - mail.created_at < PATIENCE => {
            metrics::mail("failed");
            let wait = wait(attempts);
            tracing::warn!(%id, attempts, why, wait_s = wait.num_seconds(), "a mail was not delivered, and will be tried again");
            outbox::postpone(&state.db, &mail, now + wait).await?;
        }
        Fate::Again(why) | Fate::GivenUp(why) => {
            metrics::mail("given_up");
            tracing::warn!(%id, attempts, why, "a mail was given up");
            outbox::remove(&state.db, &mail).await?;
        }
        Fate::Sent => {
            metrics::mail("sent");
            tracing::info!(%id, attempts, "a mail was sent");
            outbox::remove(&state.db, &mail).await?;
        }
        Fate::Void(why) => {
            tracing::debug!(%id, why, "a mail was not needed");
            outbox::remove(&state.db, &mail).await?;
        }
    }
    Ok(true)
}

async fn attempt(state: &AppState, mail: &Claimed, now: DateTime<Utc>) -> Fate {
    let Some(to) = mail.recipient.clone() else {
        return Fate::Void("it has no recipient");
    };
    if mail.not_after.is_some_and(|not_after| not_after <= now) {
        metrics::mail("expired");
        return Fate::Void("it has expired");
    }
    let Ok(email) = serde_json::from_str::<Email>(&mail.letter) else {
        return Fate::GivenUp("its content cannot be read".into());
    };
    let secrets = match &email.code {
        Some(seed) => match state.keys.one_time_secrets_of(&mail.kid, seed) {
            Some(secrets) => Some(secrets),
            // Any other key would derive a code that does not match.
            None => return Fate::GivenUp("the secret of its code is no longer configured".into()),
        },
        None => None,
    };
    let rendered = render(&email, secrets.as_ref(), &state.config.public_origin);
    let kept = KeptMail {
        id: mail.id,
        to: to.clone(),
        subject: rendered.subject.clone(),
        html: rendered.html.clone(),
        text: rendered.text.clone(),
        link: rendered.link.clone(),
        digits: rendered.digits.clone(),
        at: mail.created_at,
    };
    // The error contains the address, so it is not logged.
    let Ok(message) = message(mail.id, &state.mail.from, &to, mail.created_at, rendered) else {
        return Fate::GivenUp("its address is not valid in a message".into());
    };
    match state.mail.deliver(message, kept).await {
        Ok(()) => Fate::Sent,
        Err(Failure::Later(why)) => Fate::Again(why),
        Err(Failure::Never(why)) => Fate::GivenUp(why),
    }
}

/// Returns the delay after that many attempts.
fn wait(attempts: i64) -> TimeDelta {
    let longest = WAITS.len() - 1;
    let which = usize::try_from(attempts - 1).unwrap_or(0).min(longest);
    TimeDelta::seconds(WAITS[which])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_an_hour() {
        let waits: Vec<i64> = [1, 2, 3, 4, 5, 6, 1_000].map(|n| wait(n).num_seconds()).into();
        assert_eq!(waits, [5, 30, 120, 600, 3_600, 3_600, 3_600]);
    }
}
