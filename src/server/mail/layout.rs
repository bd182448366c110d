//! The layout of all mails: HTML in the site's look, light and dark, and the same as plain text. It loads nothing from
//! the network, and every link begins with the configured public origin.
//!
//! Inline styles hold the colours of `style/tokens.css` in sRGB, because some mail clients support nothing else. Only
//! the dark theme needs classes.

use super::email::Email;
use crate::{auth::server::email_code::secret::Secrets, brand::NAME, server::csrf::Origin};

/// A rendered mail.
pub struct Rendered {
    pub subject: String,
    pub html: String,
    pub text: String,
    /// The target of its button.
    pub link: Option<String>,
    /// The digits to type, if it shows any.
    pub digits: Option<String>,
}

/// Renders a mail. `secrets`: the ones of its code seed.
pub fn render(email: &Email, secrets: Option<&Secrets>, origin: &Origin) -> Rendered {
    let link = email.action.as_ref().map(|action| link(origin, &action.path, secrets));
    let digits = secrets.filter(|_| email.show_digits).map(|secrets| secrets.digits.clone());
    Rendered {
        subject: line(&email.subject),
        html: html(email, link.as_deref(), digits.as_deref(), origin),
        text: text(email, link.as_deref(), digits.as_deref(), origin),
        link,
        digits,
    }
}

/// Builds a URL of this site, whatever `path` contains.
fn link(origin: &Origin, path: &str, secrets: Option<&Secrets>) -> String {
    let path: String = path.chars().filter(|c| c.is_ascii_graphic()).collect();
    let mut link = format!("{origin}/{}", path.trim_start_matches('/'));
    if let Some(secrets) = secrets {
        let joint = if link.contains('?') { '&' } else { '?' };
        link = format!("{link}{joint}code={}", secrets.link);
    }
    link
}

/// Returns one line of text: line breaks and control characters, which could forge a header, become spaces.
fn line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Escapes text for an element's content or an attribute's value.
fn escape(text: &str) -> String {
    line(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

fn text(email: &Email, link: Option<&str>, digits: Option<&str>, origin: &Origin) -> String {
    let mut parts = vec![line(&email.heading)];
    parts.extend(email.paragraphs.iter().map(|paragraph| line(paragraph)));
    if let (Some(action), Some(link)) = (&email.action, link) {
        parts.push(format!("{}:\n{link}", line(&action.label)));
    }
    if let Some(digits) = digits {
        parts.push(format!("{}\n{digits}", digits_lead(link.is_some())));
    }
    if let Some(footnote) = &email.footnote {
        parts.push(line(footnote));
    }
    parts.push(format!("-- \n{NAME}, {origin}"));
    parts.join("\n\n") + "\n"
}

fn html(email: &Email, link: Option<&str>, digits: Option<&str>, origin: &Origin) -> String {
    let heading = escape(&email.heading);
    let preheader = email.paragraphs.first().map(|first| escape(first)).unwrap_or_default();
    let paragraphs: String = email
        .paragraphs
        .iter()
        .map(|paragraph| format!("<p style=\"margin:0 0 16px\">{}</p>\n", escape(paragraph)))
        .collect();
    let (mut button, mut written_out) = (String::new(), String::new());
    if let (Some(action), Some(link)) = (&email.action, link) {
        let (label, link) = (escape(&action.label), escape(link));
        button = format!(
            "<p style=\"margin:24px 0\"><a class=\"button\" href=\"{link}\" style=\"display:inline-block;padding:12px 22px;border-radius:10px;background:#006361;color:#f7fdfd;font-weight:600;text-decoration:none\">{label}</a></p>\n"
        );
        written_out = format!(
            "<p class=\"muted\" style=\"margin:0 0 16px;color:#435153;font-size:14px;line-height:20px\">If the button does nothing, open this address:<br><a class=\"link\" href=\"{link}\" style=\"color:#006361;word-break:break-all\">{link}</a></p>\n"
        );
    }
    let lead = digits_lead(link.is_some());
    let digits = digits.map(|digits| digits_block(lead, digits)).unwrap_or_default();
    let footnote = email.footnote.as_ref().map(|note| {
        format!(
            "<p class=\"muted\" style=\"margin:0;color:#435153;font-size:14px;line-height:20px\">{}</p>\n",
            escape(note)
        )
    });
    let footnote = footnote.unwrap_or_default();
    let site = escape(&origin.to_string());
    format!(
        "<!doctype html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<meta name=\"color-scheme\" content=\"light dark\">
<meta name=\"supported-color-schemes\" content=\"light dark\">
<title>{title}</title>
<style>
{DARK}
</style>
</head>
<body class=\"paper\" style=\"margin:0;padding:0;background:#f7f6f1\">
<div style=\"display:none;max-height:0;overflow:hidden\">{preheader}</div>
<div class=\"paper ink\" role=\"article\" style=\"padding:32px 20px;background:#f7f6f1;color:#142122;font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif;font-size:16px;line-height:25px\">
<div style=\"max-width:520px;margin:0 auto\">
<p style=\"margin:0 0 28px;font-size:18px;line-height:24px;font-weight:650;letter-spacing:-0.01em\"><span class=\"mark\" style=\"display:inline-block;width:9px;height:9px;margin-right:9px;border:3px solid #c8942d;border-radius:50%;vertical-align:-1px\"></span>{NAME}</p>
<h1 style=\"margin:0 0 16px;font-size:24px;line-height:30px;font-weight:650;letter-spacing:-0.015em;text-wrap:balance\">{heading}</h1>
{paragraphs}{button}{digits}{written_out}<div class=\"rule\" style=\"margin:28px 0 20px;border-top:1px solid #d7d5cd;font-size:0;line-height:0\">&nbsp;</div>
{footnote}<p style=\"margin:12px 0 0;font-size:14px;line-height:20px\"><span class=\"muted\" style=\"color:#435153\">Sent by {NAME}, <a class=\"muted\" href=\"{site}/\" style=\"color:#435153\">{site}</a></span></p>
</div>
</div>
</body>
</html>
",
        title = escape(&email.subject),
    )
}

/// Digits work only in the browser that requested them, so the mail says so.
fn digits_lead(after_a_button: bool) -> &'static str {
    match after_a_button {
        true => "Or type this code on the page where you asked for it:",
        false => "Type this code on the page where you asked for it:",
    }
}

fn digits_block(lead: &str, digits: &str) -> String {
    format!(
        "<p class=\"muted\" style=\"margin:0 0 6px;color:#435153;font-size:14px;line-height:20px\">{lead}</p>
<p class=\"digits\" style=\"margin:0 0 24px;padding:14px 11px 14px 18px;display:inline-block;border-radius:10px;background:#eeede6;color:#142122;font-family:ui-monospace,'SF Mono','Cascadia Mono','Roboto Mono',Menlo,Consolas,monospace;font-size:30px;line-height:36px;font-weight:600;letter-spacing:0.22em\">{digits}</p>\n"
    )
}

/// The dark theme, which overrides the inline styles.
const DARK: &str = ":root{color-scheme:light dark;supported-color-schemes:light dark}
@media (prefers-color-scheme:dark){
.paper{background:#0c1415!important}
.ink{color:#eeede7!important}
.muted{color:#aeb8b6!important}
.link{color:#64cec1!important}
.button{background:#64cec1!important;color:#051717!important}
.digits{background:#131d1e!important;color:#eeede7!important}
.rule{border-color:#2c3637!important}
.mark{border-color:#d7a94f!important}
}";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        auth::server::{email_code::secret::CodeSeed, token::key_ring::KeyRing},
        server::mail::Action,
    };

    fn email() -> Email {
        Email {
            subject: "Confirm your address".into(),
            heading: "One step left".into(),
            paragraphs: vec!["Hello Ada.".into(), "Confirm that this address is yours.".into()],
            action: Some(Action { label: "Confirm address".into(), path: "/verify".into() }),
            code: Some(CodeSeed::random()),
            show_digits: true,
            footnote: Some("If that wasn't you, ignore this mail.".into()),
        }
    }

    fn rendered(email: &Email) -> Rendered {
        let origin = Origin::parse("https://latchkey.test:8443").unwrap();
        let keys = KeyRing::new(origin.to_string(), &["0123456789-abcdefghijklmnopqrstuvwxyz"]);
        let secrets = email.code.as_ref().and_then(|seed| keys.one_time_secrets(seed).next());
        render(email, secrets.as_ref(), &origin)
    }

    #[test]
    fn both_parts_say_the_same_and_carry_the_link_and_the_digits() {
        let mail = rendered(&email());
        let (link, digits) = (mail.link.unwrap(), mail.digits.unwrap());
        assert!(link.starts_with("https://latchkey.test:8443/verify?code=") && digits.len() == 6);
        for part in [&mail.text, &mail.html] {
            for words in ["One step left", "Hello Ada.", "Confirm address", &link, &digits] {
                assert!(part.contains(words), "{words}: {part}");
            }
        }
        assert!(mail.text.contains("If that wasn't you") && mail.html.contains("If that wasn&#39;t you"));
    }

    #[test]
    fn without_a_code_or_an_action_there_is_none() {
        let mail = rendered(&Email { code: None, ..email() });
        assert_eq!((mail.link.as_deref(), mail.digits), (Some("https://latchkey.test:8443/verify"), None));
        let mail = rendered(&Email { action: None, show_digits: false, footnote: None, ..email() });
        assert!(mail.link.is_none() && mail.digits.is_none() && !mail.html.contains("class=\"button\""));
    }

    #[test]
    fn whatever_a_path_says_the_link_stays_on_this_site() {
        for path in ["//evil.test", "https://evil.test", "@evil.test", ".evil.test", "\\\\evil.test", "/a\r\n\"b", ""] {
            let action = Some(Action { label: "Go".into(), path: path.into() });
            let link = rendered(&Email { action, ..email() }).link.unwrap();
            assert!(link.starts_with("https://latchkey.test:8443/") && !link.contains(char::is_whitespace), "{link}");
        }
        let action = Some(Action { label: "Go".into(), path: "/verify?next=/a".into() });
        assert!(rendered(&Email { action, ..email() }).link.unwrap().contains("/verify?next=/a&code="));
    }

    #[test]
    fn text_stays_text() {
        let hostile = "</p><script>alert(1)</script>\"'&amp;\r\nBcc: eve@example.test";
        let mail = rendered(&Email {
            subject: hostile.into(),
            heading: hostile.into(),
            paragraphs: vec![hostile.into()],
            action: Some(Action { label: hostile.into(), path: format!("/x\"><b>{hostile}") }),
            footnote: Some(hostile.into()),
            ..email()
        });
        assert!(!mail.html.contains("<script") && !mail.html.contains("<b>") && !mail.html.contains("\"'"));
        assert_eq!(mail.html.matches("&lt;script&gt;").count(), 9, "{}", mail.html);
        assert!(mail.html.contains("&amp;amp;"));
        assert!(!mail.subject.contains(['\r', '\n']) && !mail.text.contains("\nBcc"));
    }

    #[test]
    fn nothing_is_loaded_from_anywhere_and_every_address_is_ours() {
        let mail = rendered(&email());
        for tag in ["<img", "<link", "<script", "<iframe", "<object", "url(", "@import", "src=", "srcset", "@font-face"]
        {
            assert!(!mail.html.contains(tag), "{tag}");
        }
        for part in [&mail.html, &mail.text] {
            for address in part.split("http").skip(1) {
                assert!(address.starts_with("s://latchkey.test:8443"), "{address}");
            }
        }
    }
}
