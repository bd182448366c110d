//! Ready-made markup, for what no visitor wrote and nothing changes while the page stands: the server copies it, where an
//! element of a view costs it a dozen allocations. Whatever a visitor wrote belongs into a view, which escapes it unasked.

/// One element, with all that is in it, from its markup.
pub use leptos::tachys::html::InertElement;

/// Text as the content of an element, or as the value of an attribute in double quotes.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_leave_its_element_or_its_quotes() {
        assert_eq!(escape("</textarea><script>&amp;"), "&lt;/textarea&gt;&lt;script&gt;&amp;amp;");
        assert_eq!(escape(r#"" onclick="alert(1)"#), "&quot; onclick=&quot;alert(1)");
    }
}
