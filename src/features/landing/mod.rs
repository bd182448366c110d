//! `/`: the landing page. Delete this folder if your app has its own start page.

mod compare;
mod demo;
mod journey;
mod pages;
mod tour;

pub use pages::LandingRoutes;
