//! Builds an internet message (RFC 5322) from a rendered mail: headers, and HTML and text as alternatives.

use chrono::{DateTime, Utc};
use lettre::{
    Address, Message,
    message::{
        Body, Mailbox, MultiPart, SinglePart,
        header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue},
    },
};
use uuid::Uuid;

use super::layout::Rendered;

/// The longest line of a message, in octets without its line break (RFC 5322, 2.1.1).
const LINE: usize = 998;

/// Builds the message of one outbox row. The Message-ID and date come from the row, so a mail that is sent twice is
/// recognised as one. Returns an error for an address that is invalid in a message.
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
        // Asks automatic responders, such as holiday replies, not to answer (RFC 3834).
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".into()))
        .multipart(
            MultiPart::alternative()
                .singlepart(SinglePart::builder().header(ContentType::TEXT_PLAIN).body(plain(mail.text)?))
                .singlepart(SinglePart::html(mail.html)),
        )?)
}

/// Builds the text part. It keeps a long link on one line: quoted-printable would break it after 76 characters, and
/// some mail clients show the break.
fn plain(text: String) -> Result<Body, &'static str> {
    let seven_bit = text.bytes().all(|b| b == b'\n' || (b' '..=b'~').contains(&b));
    if seven_bit && text.lines().all(|line| line.len() <= LINE) {
        let bytes = text.replace('\n', "\r\n").into_bytes();
        return Ok(Body::dangerous_pre_encoded(bytes, ContentTransferEncoding::SevenBit));
    }
    Body::new_with_encoding(text, ContentTransferEncoding::Base64).map_err(|_| "a text that cannot be encoded")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::server::users::email_address::EmailAddress;
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
            let email = EmailAddress::parse(&input).unwrap();
            let message = written(email.as_str(), "Hello").unwrap();
            assert!(message.contains(&format!("\r\nTo: {}\r\n", email.as_str())), "{input}: {message}");
        }
        for address in
            ["", "ada", "ada@", "a\r\nBcc: eve@example.test", "ada@example.test>\r\nRCPT TO:<eve@example.test"]
        {
            assert!(written(address, "Hello").is_err(), "{address}");
        }
    }

    #[test]
    fn a_long_link_stands_whole_on_a_line_of_the_text_part() {
        let from: Mailbox = "Latchkey <no-reply@latchkey.test>".parse().unwrap();
        let link = format!("https://latchkey.test/confirm?code={}", "a".repeat(300));
        let raw = |text: String| {
            let mail = Rendered { subject: "Hello".into(), html: String::new(), text, link: None, digits: None };
            let made = message(Uuid::nil(), &from, "ada@example.test", DateTime::UNIX_EPOCH, mail).unwrap();
            String::from_utf8(made.formatted()).unwrap()
        };
        let plain = raw(format!("Log in:\n{link}\n\n-- \nLatchkey\n"));
        assert!(
            plain.contains("Content-Transfer-Encoding: 7bit") && plain.contains(&format!("\r\n{link}\r\n")),
            "{plain}"
        );
        for other in [format!("Zo\u{eb}:\n{link}\n"), format!("{}\n{link}\n", "a".repeat(999)), "a\0b\rc".into()] {
            let encoded = raw(other);
            let (text, _) = encoded.split_once("text/html").unwrap();
            assert!(text.contains("Content-Transfer-Encoding: base64") && text.lines().all(|line| line.len() <= LINE));
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
