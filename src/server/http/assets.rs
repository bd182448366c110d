//! The paths of the built stylesheet, script and wasm, whose names contain a content hash. Read once at the start, so
//! that no page reads the hash file. Created by `main`, used by `http::document`.

use leptos::config::LeptosOptions;
use std::{fs, io};

use crate::server::config::ConfigError;

/// Paths below the site's root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assets {
    pub css: String,
    pub js: String,
    pub wasm: String,
}

impl Assets {
    /// Reads the hashes from the file that the build leaves beside the program.
    pub fn load(options: &LeptosOptions) -> Result<Self, ConfigError> {
        if !options.hash_files {
            return Ok(Self::named(options, |_| None));
        }
        let read = || -> io::Result<String> {
            let program = std::env::current_exe()?;
            fs::read_to_string(program.with_file_name(&*options.hash_file))
        };
        let hashes = read().map_err(|error| {
            ConfigError(format!(
                "{} cannot be read beside the program ({error}): run 'make build', or set LEPTOS_HASH_FILES=false if the assets' names contain no hash.",
                options.hash_file
            ))
        })?;
        Ok(Self::named(options, |kind| {
            hashes.lines().find_map(|line| Some(line.strip_prefix(kind)?.strip_prefix(':')?.trim()))
        }))
    }

    fn named<'a>(options: &LeptosOptions, hash: impl Fn(&str) -> Option<&'a str>) -> Self {
        let path = |kind| {
            let hash = hash(kind).map(|hash| format!(".{hash}")).unwrap_or_default();
            format!("/{}/{}{hash}.{kind}", options.site_pkg_dir, options.output_name)
        };
        Self { css: path("css"), js: path("js"), wasm: path("wasm") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(hash_files: bool) -> LeptosOptions {
        LeptosOptions::builder().output_name("app").hash_files(hash_files).hash_file("no-such-file.txt".into()).build()
    }

    #[test]
    fn names_carry_the_hashes_that_there_are() {
        let hashes = [("css", "C0"), ("js", "J0"), ("wasm", "W0")];
        let assets = Assets::named(&options(true), |kind| hashes.iter().find(|(k, _)| *k == kind).map(|(_, h)| *h));
        assert_eq!(assets.css, "/pkg/app.C0.css");
        assert_eq!(assets.js, "/pkg/app.J0.js");
        assert_eq!(assets.wasm, "/pkg/app.W0.wasm");
        assert_eq!(Assets::load(&options(false)).unwrap().wasm, "/pkg/app.wasm");
    }

    #[test]
    fn a_build_without_its_hashes_is_refused_with_what_to_do() {
        let ConfigError(sentence) = Assets::load(&options(true)).unwrap_err();
        assert!(sentence.contains("no-such-file.txt") && sentence.contains("make build"), "{sentence}");
    }
}
