//! The style of notices: each sentence is read where it is written, also in features.

use proc_macro2::{TokenStream, TokenTree};

use crate::policy::sources;

/// The first string in `tokens`.
fn literal(tokens: TokenStream) -> Option<String> {
    tokens.into_iter().find_map(|tree| match tree {
        TokenTree::Group(group) => literal(group.stream()),
        TokenTree::Literal(literal) => {
            syn::parse_str::<syn::LitStr>(&literal.to_string()).ok().map(|text| text.value())
        }
        _ => None,
    })
}

/// The sentences of a file's notices: of `Notice::toast(..)` and `Notice::banner(..)`, and of `Notice { text: .. }` with the
/// `let text = ..` above it.
fn sentences(text: &str) -> Vec<String> {
    fn read(tokens: TokenStream, local: &mut Option<String>, found: &mut Vec<String>) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for (i, tree) in tokens.iter().enumerate() {
            let before: Vec<String> = tokens[i.saturating_sub(4)..i].iter().map(ToString::to_string).collect();
            let before: Vec<&str> = before.iter().map(String::as_str).collect();
            if before.ends_with(&["let", "text", "="]) {
                *local = literal(tokens[i..].iter().take_while(|tree| tree.to_string() != ";").cloned().collect());
            }
            let TokenTree::Group(group) = tree else {
                continue;
            };
            let is_call = matches!(before[..], ["Notice", ":", ":", "toast" | "banner"]);
            let is_made = before.ends_with(&["Notice"]) && group.to_string().contains("is_banner :");
            if is_call || is_made {
                let text = literal(group.stream()).or_else(|| local.take().filter(|_| is_made));
                found.push(text.expect("write the sentence of a notice in it, or in a `let text` above it"));
            }
            read(group.stream(), local, found);
        }
    }
    let mut found = Vec::new();
    read(text.parse().unwrap(), &mut None, &mut found);
    found
}

/// What is wrong with the style of a sentence.
fn fault(sentence: &str) -> Option<&'static str> {
    let lower = sentence.to_lowercase();
    let words = ["!", "oops", "invalid", "failed", "illegal", "your fault", "wrong", "must"];
    match () {
        () if !sentence.ends_with('.') => Some("no full stop"),
        () if !sentence.starts_with(char::is_uppercase) => Some("no capital"),
        () if words.iter().any(|word| lower.contains(word)) => Some("it shouts or blames"),
        () => None,
    }
}

#[test]
fn every_notice_is_a_calm_sentence() {
    let mut count = 0;
    for (file, text) in sources().iter().filter(|(file, _)| file.ends_with(".rs") && file != "ui/flash.rs") {
        for sentence in sentences(text) {
            assert_eq!(fault(&sentence), None, "src/{file}: {sentence}");
            count += 1;
        }
    }
    assert!(count >= 22, "{count} notices were found");
}

#[test]
fn the_reader_of_notices_finds_each_way_to_write_one() {
    let text = r#"
        const A: Notice = Notice::toast("One.");
        fn f() {
            see_other("/", Some(Notice::banner("Two.")));
            let text = format!("Three {}.", 3);
            g(Notice { text: text.into(), is_banner: false });
            g(Notice { text: "Four.".into(), is_banner: false });
        }
    "#;
    assert_eq!(sentences(text), ["One.", "Two.", "Three {}.", "Four."]);
    assert_eq!(
        ["Saved", "saved.", "Saved!", "You must log in.", "Saved."].map(fault).map(|f| f.is_some()),
        [true, true, true, true, false]
    );
}
