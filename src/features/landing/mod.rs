//! The page at `/`: what this is, shown rather than told. Delete the folder for an app with a start page of its own.

mod compare;
mod demo;
mod journey;
mod pages;
mod tour;

pub use pages::LandingRoutes;
