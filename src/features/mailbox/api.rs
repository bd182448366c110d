//! The server functions of the mailbox. Open to anonymous visitors, who need an email to log in; they exist only in
//! development and return 404 elsewhere.

use leptos::prelude::*;

use super::model::{MailShown, MailSummary};
use crate::error::AppError;
#[cfg(feature = "ssr")]
use {
    crate::{
        auth::server::state,
        server::{mail::KeptMail, relative_time::moment},
    },
    chrono::{DateTime, Utc},
};

/// Returns the emails, newest first.
#[server(ListMails, endpoint = "mailbox/list")]
pub async fn mails() -> Result<Vec<MailSummary>, AppError> {
    let state = state()?;
    let mailbox = state.mail.mailbox().ok_or(AppError::NotFound)?;
    let now = state.db.now().await?;
    Ok(mailbox.newest().iter().map(|mail| summary(mail, now)).collect())
}

/// Returns one email; 404 if it is not in the mailbox.
#[server(ShowMail, endpoint = "mailbox/show")]
pub async fn mail(#[server(default)] id: String) -> Result<MailShown, AppError> {
    let state = state()?;
    let mailbox = state.mail.mailbox().ok_or(AppError::NotFound)?;
    let mail = id.parse().ok().and_then(|id| mailbox.find(id)).ok_or(AppError::NotFound)?;
    let now = state.db.now().await?;
    Ok(MailShown {
        summary: summary(&mail, now),
        text: mail.text.clone(),
        link: mail.link.clone(),
        digits: mail.digits.clone(),
    })
}

#[cfg(feature = "ssr")]
fn summary(mail: &KeptMail, now: DateTime<Utc>) -> MailSummary {
    MailSummary {
        id: mail.id.to_string(),
        to: mail.to.clone(),
        subject: mail.subject.clone(),
        at: moment(mail.at, now),
    }
}
