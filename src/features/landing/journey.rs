//! How a request travels, drawn: one way in, three outcomes.

use leptos::prelude::*;

#[component]
pub fn Journey() -> impl IntoView {
    view! {
        <section class="band" aria-labelledby="journey-title">
            <div class="band-head">
                <h2 id="journey-title">"How a request travels"</h2>
                <p>"Pages, server functions and plain forms all take this way, before anything is rendered."</p>
            </div>
            <div class="journey">
                <svg class="journey-map" viewBox="0 0 360 440" role="img" aria-labelledby="journey-map-title">
                    <title id="journey-map-title">
                        "A request brings its cookies. A valid access token goes straight on; an expired one with the current refresh token turns the session by one tooth and goes on; an old refresh token ends the session and leads to the log-in. What goes on meets the guard, and then the page."
                    </title>
                    <path class="map-line" d="M180 54v28M180 130v44M180 152h-120v22M180 152h120v22M60 240v32q0 20 20 20h44M180 240v24M180 316v28"></path>
                    <path class="map-line map-line--end" d="M300 240v104"></path>
                    <path class="map-tip" d="M176 76l4 8l4 -8zM56 168l4 8l4 -8zM176 168l4 8l4 -8zM296 168l4 8l4 -8zM120 288l8 4l-8 4zM176 258l4 8l4 -8zM176 338l4 8l4 -8z"></path>
                    <path class="map-tip map-tip--end" d="M296 338l4 8l4 -8z"></path>
                    <rect class="map-box" x="112" y="8" width="136" height="46" rx="8"></rect>
                    <text class="map-text" x="180" y="36">"request"</text>
                    <rect class="map-box map-box--key" x="112" y="84" width="136" height="46" rx="8"></rect>
                    <text class="map-text" x="180" y="112">"identify"</text>
                    <rect class="map-box" x="6" y="176" width="108" height="64" rx="8"></rect>
                    <text class="map-text" x="60" y="203">"access"</text>
                    <text class="map-text map-text--small" x="60" y="224">"still valid"</text>
                    <rect class="map-box map-box--turn" x="126" y="176" width="108" height="64" rx="8"></rect>
                    <text class="map-text" x="180" y="203">"refresh"</text>
                    <text class="map-text map-text--small" x="180" y="224">"one tooth on"</text>
                    <rect class="map-box map-box--end" x="246" y="176" width="108" height="64" rx="8"></rect>
                    <text class="map-text" x="300" y="203">"refresh"</text>
                    <text class="map-text map-text--small" x="300" y="224">"an old one"</text>
                    <rect class="map-box map-box--key" x="130" y="266" width="100" height="50" rx="8"></rect>
                    <text class="map-text" x="180" y="296">"guard"</text>
                    <rect class="map-box" x="119" y="346" width="122" height="64" rx="8"></rect>
                    <text class="map-text" x="180" y="373">"page"</text>
                    <text class="map-text map-text--small" x="180" y="394">"and cookies"</text>
                    <rect class="map-box map-box--end" x="252" y="346" width="102" height="64" rx="8"></rect>
                    <text class="map-text" x="303" y="373">"log-in"</text>
                    <text class="map-text map-text--small" x="303" y="394">"session over"</text>
                </svg>
                <ol class="journey-steps">
                    <li>
                        <h3>"The short token carries the day"</h3>
                        <p>
                            "Five minutes long, signed, checked against the session's state, so a changed role or a log-out elsewhere counts on the next request."
                        </p>
                    </li>
                    <li>
                        <h3>"The long one turns the ring"</h3>
                        <p>
                            "When the short one has run out, the refresh token buys a new pair in the same request. One compare-and-swap decides, so twenty parallel requests turn it by one tooth and all get their answer."
                        </p>
                    </li>
                    <li>
                        <h3>"An old one ends it"</h3>
                        <p>
                            "A refresh token works until its successor has been used. Presented after that, it is a copy: the session is revoked for whoever holds it. A lost response is told apart from a theft, and logs nobody out."
                        </p>
                    </li>
                    <li>
                        <h3>"The guard has one value a page"</h3>
                        <p>
                            "Route, link and server function share it. No protected byte leaves the server before it has said yes."
                        </p>
                    </li>
                </ol>
            </div>
        </section>
    }
}
