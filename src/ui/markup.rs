//! Ready-made markup, for what nothing changes while the page stands: the server copies it, where an element of a view
//! costs it a dozen allocations. Text becomes markup by being escaped, whoever wrote it; only what stands in this
//! program's own source is taken as it is.

use std::{borrow::Cow, fmt};

/// One element of a page, with all that is in it, from its markup.
pub use leptos::tachys::html::InertElement;

/// A piece of HTML: what [`markup!`] makes, or text, escaped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Markup(Cow<'static, str>);

impl Markup {
    /// Markup that stands in the source.
    pub const fn literal(markup: &'static str) -> Self {
        Self(Cow::Borrowed(markup))
    }

    /// For [`markup!`] alone: pieces that are markup already.
    pub(crate) fn joined(markup: String) -> Self {
        Self(Cow::Owned(markup))
    }
}

/// Markup with places that are filled in by name: `markup!("<p>{lead}</p>", lead = lead)`. Text is escaped for the content
/// of an element and for an attribute's value in double quotes; [`Markup`] goes in as it is. A place that no value is
/// given for does not compile, so nothing gets past that.
macro_rules! markup {
    ($markup:expr $(, $place:ident = $value:expr)* $(,)?) => {
        $crate::ui::markup::Markup::joined(
            format!(concat!($markup), $($place = $crate::ui::markup::Place::shown(&$value)),*)
        )
    };
}

pub(crate) use markup;

/// What may fill a place of [`markup!`].
pub trait Place {
    fn shown(&self) -> impl fmt::Display;
}

impl Place for Markup {
    fn shown(&self) -> impl fmt::Display {
        self
    }
}

impl Place for &str {
    fn shown(&self) -> impl fmt::Display {
        Escaped(self)
    }
}

impl Place for String {
    fn shown(&self) -> impl fmt::Display {
        Escaped(self)
    }
}

struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some(at) = rest.bytes().position(|byte| matches!(byte, b'&' | b'<' | b'>' | b'"')) {
            let (plain, special) = rest.split_at(at);
            f.write_str(plain)?;
            f.write_str(match special.as_bytes() {
                [b'&', ..] => "&amp;",
                [b'<', ..] => "&lt;",
                [b'>', ..] => "&gt;",
                _ => "&quot;",
            })?;
            rest = &special[1..];
        }
        f.write_str(rest)
    }
}

impl fmt::Display for Markup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for Markup {
    fn from(text: &str) -> Self {
        Self::joined(Escaped(text).to_string())
    }
}

impl From<String> for Markup {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

/// One after another.
impl FromIterator<Self> for Markup {
    fn from_iter<I: IntoIterator<Item = Self>>(pieces: I) -> Self {
        Self::joined(pieces.into_iter().map(|piece| piece.0).collect())
    }
}

impl From<Markup> for Cow<'static, str> {
    fn from(markup: Markup) -> Self {
        markup.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_leave_its_element_or_its_quotes() {
        let cases = [
            ("</textarea><script>&amp;", "&lt;/textarea&gt;&lt;script&gt;&amp;amp;"),
            (r#"" onclick="alert(1)"#, "&quot; onclick=&quot;alert(1)"),
            ("Zoë says 5 > 4", "Zoë says 5 &gt; 4"),
            ("plain", "plain"),
        ];
        for (text, escaped) in cases {
            assert_eq!(Markup::from(text).to_string(), escaped);
            assert_eq!(markup!("<p>{text}</p>", text = text).to_string(), format!("<p>{escaped}</p>"));
        }
    }

    #[test]
    fn markup_within_markup_is_not_escaped_again() {
        let name = markup!("<b>{name}</b>", name = "<Ada>");
        let line = markup!(
            r#"<p title="{title}">{name}{icon}</p>"#,
            title = r#"""#,
            name = name,
            icon = Markup::literal("<i></i>")
        );
        assert_eq!(line.to_string(), r#"<p title="&quot;"><b>&lt;Ada&gt;</b><i></i></p>"#);
    }
}
