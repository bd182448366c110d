//! A rendered letter as an internet message (RFC 5322): headers, and its two parts as alternatives.

use chrono::{DateTime, Utc};
use lettre::{
    Address, Message,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};
use uuid::Uuid;

use super::layout::Rendered;

/// The message of one row of the outbox. The id and the date are the row's, so that a mail which is sent twice is seen to
/// be one. An address that cannot stand in a message is an error.
pub fn message(
    id: Uuid,
    from: &Mailbox,
    to: &str,
    written_at: DateTime<Utc>,
    mail: Rendered,
) -> Result<Message, Box<dyn std::error::Error + Send + Sync>> {
    let to: Address = to.parse()?;
    Ok(Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(mail.subject)
        .date(written_at.into())
        .message_id(Some(format!("<{}@{}>", id.simple(), from.email.domain())))
        // Asks programs that answer by themselves, as in a holiday, not to (RFC 3834).
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".into()))
        .multipart(MultiPart::alternative_plain_html(mail.text, mail.html))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::server::credentials::Email;
    use proptest::prelude::*;

    fn written(to: &str, subject: &str) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
        let from = "Latchkey <no-reply@latchkey.test>".parse()?;
        let (html, text) = ("<p>é</p>".to_owned(), "é".to_owned());
        let mail = Rendered { subject: subject.into(), html, text, link: None, digits: None };
        let message = message(Uuid::nil(), &from, to, DateTime::UNIX_EPOCH, mail)?;
        Ok(String::from_utf8(message.formatted())?)
    }

    #[test]
    fn every_address_that_may_sign_up_can_be_written_to_or_is_an_error() {
        let label = "a".repeat(63);
        for input in [
            "ada@example.test".to_owned(),
            "!#$%&'*+-/=?^_`{|}~@example.test".into(),
            "a+tag.b@xn--bcher-kva.test".into(),
            "é.ü@bücher.test".into(),
            "李明@例え.jp".into(),
            "ⅷ@example.test".into(),
            "٣@example.test".into(),
            "ada@a.b.c.d.e.f.museum".into(),
            format!("{}@{label}.{label}.test", "a".repeat(64)),
            "ada@1.2.c0m".into(),
        ] {
            let email = Email::parse(&input).unwrap();
            let message = written(email.as_str(), "Hello").unwrap();
            assert!(message.contains(&format!("\r\nTo: {}\r\n", email.as_str())), "{input}: {message}");
        }
        for address in
            ["", "ada", "ada@", "a\r\nBcc: eve@example.test", "ada@example.test>\r\nRCPT TO:<eve@example.test"]
        {
            assert!(written(address, "Hello").is_err(), "{address}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_typed_makes_one_message_or_an_error(subject in ".*", to in ".{0,20}(@.{0,20})?", text in ".*") {
            let fixed = ["Subject", "To", "From", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"];
            let mail = |subject: &str| Rendered {
                subject: subject.into(),
                html: text.clone(),
                text: text.clone(),
                link: None,
                digits: None,
            };
            let from: Mailbox = "Latchkey <no-reply@latchkey.test>".parse().unwrap();
            let made = message(Uuid::nil(), &from, &to, DateTime::UNIX_EPOCH, mail(&subject));
            let fine = message(Uuid::nil(), &from, "ada@example.test", DateTime::UNIX_EPOCH, mail(&subject)).unwrap();
            for message in made.into_iter().chain([fine]) {
                prop_assert_eq!(message.envelope().to().len(), 1);
                let bytes = message.formatted();
                let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
                let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
                for line in head.split("\r\n").filter(|line| !line.starts_with([' ', '\t'])) {
                    prop_assert!(fixed.iter().any(|name| line.starts_with(&format!("{name}: "))), "{}", head);
                }
            }
        }
    }

    #[test]
    fn a_subject_never_makes_a_header() {
        let message = written("ada@example.test", "Hello\r\nBcc: eve@example.test\r\n\r\nbody").unwrap();
        let head = message.split("\r\n\r\n").next().unwrap();
        assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
    }
}
