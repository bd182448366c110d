//! The ring of the session card, as SVG. It turns by one tooth per generation; an arc inside shows the remaining time.

use leptos::prelude::*;

/// The number of teeth. The circle's `pathLength` below is twice that: a tooth and a gap each.
const TEETH: u32 = 24;

/// The ring. `left` is the remaining share of the time to the next rotation, in thousandths: formatting floats would
/// increase the download.
#[component]
pub fn Ring(generation: u32, #[prop(into)] left: Signal<u32>) -> impl IntoView {
    let gone = move || 1000_u32.saturating_sub(left.get()).to_string();
    view! {
        <div class="ring">
            <svg viewBox="-100 -100 200 200" aria-hidden="true" focusable="false">
                // An attribute, because the content security policy forbids inline styles.
                <g class="ring-wheel" transform=format!("rotate({})", angle(generation))>
                    <circle class="ring-teeth" r="86" pathLength="48"></circle>
                    <circle class="ring-body" r="78"></circle>
                </g>
                <path class="ring-pawl" d="M0 -84l7 -14h-14z"></path>
                <circle class="ring-track" r="54"></circle>
                <circle
                    class="ring-left"
                    r="54"
                    pathLength="1000"
                    transform="rotate(-90)"
                    stroke-dasharray="1000"
                    stroke-dashoffset=gone
                ></circle>
            </svg>
            <p class="ring-words">
                <span class="ring-label">"Generation"</span>
                <span class="ring-generation">{generation}</span>
            </p>
        </div>
    }
}

/// Returns the rotation of the ring in degrees. It grows with the generation, so that the ring never turns back.
fn angle(generation: u32) -> u64 {
    u64::from(generation) * u64::from(360 / TEETH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_generation_is_one_tooth_further() {
        assert_eq!(angle(0), 0);
        assert_eq!(angle(8) - angle(7), 15);
        assert_eq!(angle(TEETH), 360);
    }
}
