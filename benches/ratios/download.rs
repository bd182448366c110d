//! G11: what a browser downloads on its first visit of `/login`.

use std::{collections::BTreeSet, fs, io};

use crate::{Result, clients::Pages, measure::page, server::Server};

/// The folder with the site of the release build.
const SITE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/site");

/// Sizes in KB (1,000 bytes), compressed with brotli unless they are raw.
pub struct Download {
    pub wasm: f64,
    pub raw_wasm: f64,
    pub styles: f64,
}

impl Download {
    /// Adds up the files that the page names, as the build compressed them.
    pub async fn measure(server: &Server) -> Result<Self> {
        let page = String::from_utf8(page(server, &[Pages::open("/login")]).await?)?;
        let files: BTreeSet<&str> = page.split(['"', '\'']).filter(|text| text.starts_with("/pkg/")).collect();
        let size = |kind: &str, compression: &str| {
            let files = files.iter().filter(|file| file.ends_with(kind));
            let sizes = files.map(|file| Ok(fs::metadata(format!("{SITE}{file}{compression}"))?.len()));
            sizes.sum::<io::Result<u64>>().map(|bytes| bytes as f64 / 1e3)
        };
        Ok(Self { wasm: size(".wasm", ".br")?, raw_wasm: size(".wasm", "")?, styles: size(".css", ".br")? })
    }
}
