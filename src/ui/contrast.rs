//! Tests the contrast of the colours in `style/tokens.css` (WCAG 2.2), in both themes.

/// Body text (1.4.6, level AAA).
const BODY: f64 = 7.0;
/// Other text (1.4.3, level AA).
const TEXT: f64 = 4.5;
/// Edges of controls and meaningful graphics (1.4.11).
const SHAPE: f64 = 3.0;

const PAIRS: &[(&str, &[&str], f64)] = &[
    ("ink", &["paper", "surface", "sunken", "accent-soft", "brass-soft", "danger-soft", "success-soft"], BODY),
    ("muted", &["paper", "surface"], BODY),
    ("muted", &["sunken"], TEXT),
    ("accent", &["paper", "surface", "sunken", "accent-soft"], TEXT),
    ("accent-strong", &["paper", "surface", "sunken", "accent-soft"], TEXT),
    ("on-accent", &["accent", "accent-strong"], TEXT),
    ("brass-ink", &["paper", "surface", "sunken", "brass-soft"], TEXT),
    ("danger", &["paper", "surface", "danger-soft"], TEXT),
    ("success", &["paper", "surface", "success-soft"], TEXT),
    ("edge", &["paper", "surface"], SHAPE),
];

#[derive(Clone, Copy)]
enum Theme {
    Light,
    Dark,
}

#[test]
fn every_pair_of_colours_meets_its_contrast() {
    let mut short = Vec::new();
    for (front, grounds, least) in PAIRS {
        for ground in *grounds {
            for (theme, name) in [(Theme::Light, "light"), (Theme::Dark, "dark")] {
                let ratio = contrast(luminance(token(front, theme)), luminance(token(ground, theme)));
                if ratio < *least {
                    short.push(format!("{front} on {ground}, {name}: {ratio:.2} of {least}"));
                }
            }
        }
    }
    assert!(short.is_empty(), "{}", short.join("\n"));
}

#[test]
fn the_arithmetic_agrees_with_known_values() {
    assert!((contrast(luminance([1.0, 0.0, 0.0]), luminance([0.0, 0.0, 0.0])) - 21.0).abs() < 0.01);
    // sRGB #767676, the lightest grey with level AA on white.
    let grey = luminance([0.5659, 0.0, 0.0]);
    assert!((contrast(grey, 1.0) - 4.54).abs() < 0.05);
}

/// Parses lightness, chroma and hue of `--name: light-dark(oklch(l c h), oklch(l c h));`.
fn token(name: &str, theme: Theme) -> [f64; 3] {
    let css = include_str!("../../style/tokens.css");
    let start = format!("--{name}: light-dark(");
    let value =
        css.lines().find_map(|line| line.trim().strip_prefix(&start)).unwrap_or_else(|| panic!("no colour --{name}"));
    let mut colours = value.split("oklch(").skip(1).map(|rest| {
        let numbers = rest.split(')').next().unwrap();
        let numbers: Vec<f64> = numbers.split_whitespace().map(|n| n.parse().unwrap()).collect();
        [numbers[0], numbers[1], numbers[2]]
    });
    let light = colours.next().unwrap();
    match theme {
        Theme::Light => light,
        Theme::Dark => colours.next().unwrap(),
    }
}

/// Returns the relative luminance of an OKLCH colour, clamped to sRGB (matrices of CSS Color 4, 10.8).
fn luminance([lightness, chroma, hue]: [f64; 3]) -> f64 {
    let (a, b) = (chroma * hue.to_radians().cos(), chroma * hue.to_radians().sin());
    let l = (lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
    let m = (lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
    let s = (lightness - 0.089_484_177_5 * a - 1.291_485_548 * b).powi(3);
    let red = 4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s;
    let green = -1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s;
    let blue = -0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701 * s;
    0.2126 * red.clamp(0.0, 1.0) + 0.7152 * green.clamp(0.0, 1.0) + 0.0722 * blue.clamp(0.0, 1.0)
}

fn contrast(one: f64, other: f64) -> f64 {
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}
