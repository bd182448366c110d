//! The DEV mailbox: the latest mails, in this process's memory. Shown by the feature `mailbox`.

use chrono::{DateTime, Utc};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use uuid::Uuid;

/// Maximum number of kept mails. The oldest is dropped.
const KEPT: usize = 200;

/// A mail as it would have been sent.
pub struct KeptMail {
    pub id: Uuid,
    pub to: String,
    pub subject: String,
    pub html: String,
    pub text: String,
    pub link: Option<String>,
    pub digits: Option<String>,
    pub at: DateTime<Utc>,
}

/// The mails, newest first.
#[derive(Default)]
pub struct Mailbox(Mutex<VecDeque<Arc<KeptMail>>>);

impl Mailbox {
    /// Returns all kept mails, newest first.
    pub fn newest(&self) -> Vec<Arc<KeptMail>> {
        self.mails().iter().cloned().collect()
    }

    /// Returns the mail with that id, if it is kept.
    pub fn find(&self, id: Uuid) -> Option<Arc<KeptMail>> {
        self.mails().iter().find(|mail| mail.id == id).cloned()
    }

    /// Keeps a mail and drops the oldest one above the limit.
    pub(super) fn keep(&self, mail: KeptMail) {
        let mut mails = self.mails();
        mails.push_front(Arc::new(mail));
        mails.truncate(KEPT);
    }

    fn mails(&self) -> MutexGuard<'_, VecDeque<Arc<KeptMail>>> {
        // Each change is atomic, so a poisoned lock is safe to use.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_stand_first_and_the_oldest_make_room() {
        let mailbox = Mailbox::default();
        let ids: Vec<Uuid> = (0..KEPT + 1).map(|_| Uuid::now_v7()).collect();
        for id in &ids {
            let (to, at) = ("ada@example.test".to_owned(), Utc::now());
            let (subject, html, text) = (String::new(), String::new(), String::new());
            mailbox.keep(KeptMail { id: *id, to, subject, html, text, link: None, digits: None, at });
        }
        let kept = mailbox.newest();
        assert_eq!((kept.len(), kept[0].id), (KEPT, ids[KEPT]));
        assert!(mailbox.find(ids[0]).is_none() && mailbox.find(ids[1]).is_some());
    }
}
