//! A diagram of how a request is authenticated.

use leptos::prelude::*;

#[component]
pub fn Journey() -> impl IntoView {
    view! {
        <section class="band" aria-labelledby="journey-title">
            <div class="band-head">
                <h2 id="journey-title">"How a request is authenticated"</h2>
                <p>"Pages, server functions and plain forms all go through these steps before anything is rendered."</p>
            </div>
            <div class="journey">
                <svg class="journey-map" viewBox="0 0 360 440" role="img" aria-labelledby="journey-map-title">
                    <title id="journey-map-title">
                        "A request sends its cookies. With a valid access token it passes. With an expired access token and the current refresh token, the tokens are rotated and it passes. With an old refresh token, the session ends and the visitor is sent to the login page. A request that passes reaches the guard, then the page."
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
                    <text class="map-text map-text--small" x="180" y="224">"rotated"</text>
                    <rect class="map-box map-box--end" x="246" y="176" width="108" height="64" rx="8"></rect>
                    <text class="map-text" x="300" y="203">"refresh"</text>
                    <text class="map-text map-text--small" x="300" y="224">"reused"</text>
                    <rect class="map-box map-box--key" x="130" y="266" width="100" height="50" rx="8"></rect>
                    <text class="map-text" x="180" y="296">"guard"</text>
                    <rect class="map-box" x="119" y="346" width="122" height="64" rx="8"></rect>
                    <text class="map-text" x="180" y="373">"page"</text>
                    <text class="map-text map-text--small" x="180" y="394">"and cookies"</text>
                    <rect class="map-box map-box--end" x="252" y="346" width="102" height="64" rx="8"></rect>
                    <text class="map-text" x="303" y="373">"login"</text>
                    <text class="map-text map-text--small" x="303" y="394">"session ended"</text>
                </svg>
                <ol class="journey-steps">
                    <li>
                        <h3>"Access token: valid"</h3>
                        <p>
                            "A short-lived signed token. It is checked against the session, so a changed role or a logout on another device applies from the next request."
                        </p>
                    </li>
                    <li>
                        <h3>"Refresh token: rotated"</h3>
                        <p>
                            "When the access token has expired, the refresh token gets a new pair in the same request. A compare-and-swap makes sure that parallel requests rotate it only once, and all of them succeed."
                        </p>
                    </li>
                    <li>
                        <h3>"Refresh token: reused"</h3>
                        <p>
                            "A refresh token works until the next one has been used. If it is used after that, someone may have copied it, and the session is revoked. A lost response doesn't log anyone out."
                        </p>
                    </li>
                    <li>
                        <h3>"The guard: one rule per page"</h3>
                        <p>
                            "The route, the link and the server functions share it. Nothing protected leaves the server without it."
                        </p>
                    </li>
                </ol>
            </div>
        </section>
    }
}
