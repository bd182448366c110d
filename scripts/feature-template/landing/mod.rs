//! `/`: the start page.

mod pages;

pub use pages::LandingRoutes;
