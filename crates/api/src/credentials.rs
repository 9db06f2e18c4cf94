//! Who calls: a bearer token, or the session cookie together with the header that no foreign page
//! can send.

use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use palisade_state::{Principal, SignedIn};
use palisade_types::TimeMicros;

use crate::error::ApiError;
use crate::state::Api;

/// The session cookie.
pub(crate) const COOKIE: &str = "palisade_session";
/// By which a browser is known at its next sign-in.
const CLIENT_COOKIE: &str = "palisade_client";
/// How long a browser keeps it: as long as the state store does, seconds.
const CLIENT_AGE: i64 = 180 * 86_400;
/// The only place that it is sent to.
const CLIENT_PATH: &str = "/api/v1/session";
/// The header that a call which changes something and uses the cookie must carry.
pub(crate) const CSRF_HEADER: &str = "x-palisade-csrf";

/// Longest cookie value or token that is looked at, bytes.
const MAX_SECRET: usize = 512;

/// Finds out who calls.
pub(crate) async fn authenticate(parts: &Parts, api: &Api) -> Result<Principal, ApiError> {
    let now = TimeMicros::now();
    if let Some(value) = parts.headers.get(header::AUTHORIZATION) {
        let token = bearer(value).ok_or_else(|| ApiError {
            status: http::StatusCode::UNAUTHORIZED,
            ..ApiError::bad("token_invalid", "the token is not valid")
        })?;
        return Ok(api.config.state.authenticate_token(token, now).await?);
    }
    let cookie = session_cookie(&parts.headers).ok_or_else(ApiError::unauthenticated)?;
    Ok(api.config.state.authenticate_session(cookie, now).await?)
}

/// Refuses a call that may change something, uses the cookie, and lacks the header.
pub(crate) fn check_csrf(parts: &Parts) -> Result<(), ApiError> {
    let safe = matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
    let by_cookie =
        !parts.headers.contains_key(header::AUTHORIZATION) && session_cookie(&parts.headers).is_some();
    let marked = parts.headers.get(CSRF_HEADER).is_some_and(|v| v == "1");
    if safe || !by_cookie || marked {
        return Ok(());
    }
    let message = "a call with the session cookie that changes something needs the header X-Palisade-Csrf: 1";
    Err(ApiError { code: "csrf_header_required".to_owned(), ..ApiError::forbidden(message) })
}

fn bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    let fits = scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && token.len() <= MAX_SECRET;
    fits.then_some(token)
}

fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    cookie_of(headers, COOKIE)
}

/// The secret by which a browser says that its user has signed in from it before.
pub(crate) fn client_cookie(headers: &HeaderMap) -> Option<&str> {
    cookie_of(headers, CLIENT_COOKIE)
}

fn cookie_of<'h>(headers: &'h HeaderMap, wanted: &str) -> Option<&'h str> {
    let pairs =
        headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(';'));
    let mut values = pairs.filter_map(|pair| pair.trim().split_once('=')).filter(|(name, _)| *name == wanted);
    values.next().map(|(_, value)| value).filter(|v| !v.is_empty() && v.len() <= MAX_SECRET)
}

/// The headers that set the session cookie and, for a browser that was not known, the other one.
pub(crate) fn set_cookies(api: &Api, signed_in: &SignedIn, now: TimeMicros) -> HeaderMap {
    let age = (signed_in.expires_at.0.saturating_sub(now.0) / 1_000_000).max(0);
    let mut headers = HeaderMap::new();
    headers.append(header::SET_COOKIE, cookie(api, (COOKIE, &signed_in.token), "/", age));
    if let Some(client) = &signed_in.client {
        headers.append(header::SET_COOKIE, cookie(api, (CLIENT_COOKIE, client), CLIENT_PATH, CLIENT_AGE));
    }
    headers
}

/// The header that takes the session cookie away.
pub(crate) fn clear_cookie(api: &Api) -> HeaderValue {
    cookie(api, (COOKIE, ""), "/", 0)
}

fn cookie(api: &Api, (name, value): (&str, &str), path: &str, age: i64) -> HeaderValue {
    let secure = if api.config.secure_cookies { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path={path}; Max-Age={age}; HttpOnly; SameSite=Strict{secure}");
    HeaderValue::try_from(text).expect("our secrets are plain ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; palisade_session=xyz"));
        assert_eq!(session_cookie(&headers), Some("xyz"));
        headers.insert(header::COOKIE, HeaderValue::from_static("palisade_session="));
        assert_eq!(session_cookie(&headers), None);
    }

    #[test]
    fn only_a_bearer_is_a_token() {
        assert_eq!(bearer(&HeaderValue::from_static("bearer pal_1")), Some("pal_1"));
        assert_eq!(bearer(&HeaderValue::from_static("Basic pal_1")), None);
        assert_eq!(bearer(&HeaderValue::from_static("pal_1")), None);
    }
}
