//! Reads emails as their recipient does: waits for them in the DEV mailbox of the server under test.

use latchkey::server::mail::KeptMail;
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;

use crate::app::TestApp;

/// How long to wait for a mail on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

impl TestApp {
    /// Returns the newest mail to `to` whose subject contains `subject`, once there are `count` of them.
    pub async fn mail(&self, to: &str, subject: &str, count: usize) -> Arc<KeptMail> {
        let arrives = async {
            loop {
                let mut found = self.mails(to, subject);
                assert!(found.len() <= count, "{} mails to {to} about {subject}", found.len());
                if found.len() == count {
                    return found.swap_remove(0);
                }
                look_again().await;
            }
        };
        timeout(PATIENCE, arrives).await.unwrap_or_else(|_| panic!("no mail to {to} about {subject}"))
    }

    /// Returns all mails to `to` whose subject contains `subject`, newest first.
    pub fn mails(&self, to: &str, subject: &str) -> Vec<Arc<KeptMail>> {
        let all = self.state.mail.mailbox().unwrap().newest();
        all.into_iter().filter(|mail| mail.to == to && mail.subject.contains(subject)).collect()
    }

    /// Waits until the outbox is empty. A mail that is not in the mailbox then was never sent.
    pub async fn outbox_is_empty(&self) {
        let emptied = async {
            while self.count("select count(*) from outbox").await > 0 {
                look_again().await;
            }
        };
        timeout(PATIENCE, emptied).await.unwrap();
    }
}

/// Returns the secret of a mail's link.
pub fn code(mail: &KeptMail) -> String {
    mail.link.as_ref().unwrap().split_once("?code=").unwrap().1.to_owned()
}

/// Returns the six digits of a mail.
pub fn digits(mail: &KeptMail) -> String {
    mail.digits.clone().unwrap()
}

/// Poll every few milliseconds, which leaves the CPU to the server.
async fn look_again() {
    tokio::time::sleep(Duration::from_millis(5)).await;
}
