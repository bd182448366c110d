//! An HTTP client for tests, with a cookie jar and an `Origin` header. It follows no redirects, and tests can read and
//! change every byte.

use reqwest::{Method, header::HeaderMap};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
};

use crate::app::{PASSWORD, TestApp};

pub const ACCESS: &str = "latchkey_access";
pub const REFRESH: &str = "latchkey_refresh";

pub struct Browser {
    http: reqwest::Client,
    address: SocketAddr,
    origin: String,
    jar: Arc<Mutex<BTreeMap<String, String>>>,
}

pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    /// Returns a header's value, or an empty string.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Returns all `Set-Cookie` headers.
    pub fn set_cookies(&self) -> Vec<String> {
        self.headers.get_all("set-cookie").iter().map(|v| v.to_str().unwrap().to_owned()).collect()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.body))
    }
}

impl Browser {
    pub fn new(address: SocketAddr, origin: String) -> Self {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { http, address, origin, jar: Arc::default() }
    }

    /// Returns another browser with the same cookies: a thief's, or a frozen tab.
    pub fn copy(&self) -> Self {
        let copy = Self::new(self.address, self.origin.clone());
        *copy.jar() = self.jar().clone();
        copy
    }

    /// Returns a copy of this browser that talks to another server.
    pub fn copy_at(&self, address: SocketAddr) -> Self {
        Self { address, ..self.copy() }
    }

    /// Returns this browser at another server. Both share one cookie jar, as browsers do for all ports of a host.
    pub fn visiting(&self, app: &TestApp) -> Self {
        Self { jar: self.jar.clone(), ..app.browser() }
    }

    pub fn cookie(&self, name: &str) -> Option<String> {
        self.jar().get(name).cloned()
    }

    pub fn set_cookie(&self, name: &str, value: impl Into<String>) {
        self.jar().insert(name.into(), value.into());
    }

    pub fn drop_cookie(&self, name: &str) {
        self.jar().remove(name);
    }

    /// Deletes the access cookie, as a browser does after its Max-Age.
    pub fn forget_access(&self) {
        self.drop_cookie(ACCESS);
    }

    /// Requests a page, like an address bar or a link.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[("accept", "text/html,application/xhtml+xml,*/*;q=0.8")], None).await
    }

    /// Calls a server function, like the hydrated app.
    pub async fn api(&self, function: &str, form: &[(&str, &str)]) -> Answer {
        let headers = [
            ("accept", "application/json"),
            ("content-type", "application/x-www-form-urlencoded"),
            ("origin", self.origin.as_str()),
            ("sec-fetch-site", "same-origin"),
        ];
        let body = serde_urlencoded::to_string(form).unwrap();
        self.send(Method::POST, &format!("/api/{function}"), &headers, Some(body)).await
    }

    /// Submits a plain form from the page at `page`, like a browser without JavaScript.
    pub async fn submit(&self, page: &str, function: &str, form: &[(&str, &str)]) -> Answer {
        let referer = format!("{}{page}", self.origin);
        let headers = [
            ("accept", "text/html,application/xhtml+xml,*/*;q=0.8"),
            ("content-type", "application/x-www-form-urlencoded"),
            ("origin", self.origin.as_str()),
            ("sec-fetch-site", "same-origin"),
            ("referer", referer.as_str()),
        ];
        let body = serde_urlencoded::to_string(form).unwrap();
        self.send(Method::POST, &format!("/api/{function}"), &headers, Some(body)).await
    }

    /// Logs in to an account with [`PASSWORD`].
    pub async fn log_in(&self, email: &str) {
        let answer = self.api("auth/log_in", &[("email", email), ("password", PASSWORD)]).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    /// Whether the server sees this browser as signed in.
    pub async fn is_signed_in(&self) -> bool {
        match self.api("auth/current_user", &[]).await.status {
            200 => true,
            401 => false,
            status => panic!("current_user answered {status}"),
        }
    }

    /// Sends any request with the jar's cookies, and keeps the cookies of the response.
    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Option<String>) -> Answer {
        self.try_send(method, path, headers, body).await.unwrap()
    }

    /// Calls a function of a server that may die meanwhile. Returns `None` then.
    pub async fn try_api(&self, function: &str) -> Option<Answer> {
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("origin", self.origin.as_str())];
        self.try_send(Method::POST, &format!("/api/{function}"), &headers, Some(String::new())).await.ok()
    }

    async fn try_send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> reqwest::Result<Answer> {
        let mut request = self.http.request(method, format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let cookies = self.jar().iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join("; ");
        if !cookies.is_empty() {
            request = request.header("cookie", cookies);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let answer = Answer { status, headers, body: response.text().await? };
        for line in answer.set_cookies() {
            let pair = line.split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            match line.contains("Max-Age=0") {
                true => self.drop_cookie(name),
                false => self.set_cookie(name, value),
            }
        }
        Ok(answer)
    }

    fn jar(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.jar.lock().unwrap()
    }
}
