//! The MAC of the cookies that carry a form's outcome and its text. Used by `server::http::json_cookie`.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::key_ring::KeyRing;

impl KeyRing {
    /// Returns the MAC of the cookie `name` with this content, by the current secret.
    pub fn sign_cookie(&self, name: &str, content: &[u8]) -> Vec<u8> {
        self.forms.first().map(|key| mac(&key.key, name, content).finalize().into_bytes().to_vec()).unwrap_or_default()
    }

    /// Whether `found` is the MAC of the cookie, by the current or an older secret. Constant time.
    pub fn is_signed_cookie(&self, name: &str, content: &[u8], found: &[u8]) -> bool {
        self.forms.iter().any(|key| mac(&key.key, name, content).verify_slice(found).is_ok())
    }
}

fn mac(key: &[u8; 32], name: &str, content: &[u8]) -> Hmac<Sha256> {
    #[allow(clippy::expect_used)]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    // No name contains a zero byte, so no two pairs give the same input.
    mac.update(name.as_bytes());
    mac.update(&[0]);
    mac.update(content);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_ours_only_by_its_name_its_content_and_a_known_secret() {
        let keys = |secrets: &[&str]| KeyRing::new("https://latchkey.test".into(), secrets);
        let (old, new) = ("old-0123456789-abcdefghijklmnopqrstuvwxyz", "new-0123456789-abcdefghijklmnopqrstuvwxyz");
        let mac = keys(&[old]).sign_cookie("flash", b"{}");
        assert!(keys(&[new, old]).is_signed_cookie("flash", b"{}", &mac));
        assert!(!keys(&[new]).is_signed_cookie("flash", b"{}", &mac));
        for (name, content, mac) in
            [("draft", "{}", &mac[..]), ("flash", "[]", &mac), ("flash", "{}", &mac[..31]), ("flash", "{}", &[])]
        {
            assert!(!keys(&[old]).is_signed_cookie(name, content.as_bytes(), mac), "{name} {content}");
        }
    }
}
