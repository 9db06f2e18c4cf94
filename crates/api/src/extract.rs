//! Bounded readers of what callers send: bodies, query strings, identifiers in paths.

use std::fmt::Display;
use std::str::FromStr;

use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::error::ApiError;
use crate::state::Api;

/// Largest accepted body, bytes.
pub(crate) const MAX_BODY: usize = 1 << 20;
/// Deepest accepted nesting of a JSON body; ours are flat.
const MAX_DEPTH: usize = 16;

/// A JSON body of a known shape.
pub(crate) struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Api> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, api: &Api) -> Result<Self, ApiError> {
        let kind =
            request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let essence = kind.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            let message = "the body must be application/json";
            return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message));
        }
        let bytes =
            Bytes::from_request(request, api).await.map_err(|rejection| match rejection.status() {
                StatusCode::PAYLOAD_TOO_LARGE => {
                    let message = format!("the body is larger than {MAX_BODY} bytes");
                    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message)
                }
                _ => ApiError::bad("invalid_body", "the body could not be read"),
            })?;
        if depth(&bytes) > MAX_DEPTH {
            return Err(ApiError::bad(
                "invalid_body",
                format!("the body nests deeper than {MAX_DEPTH} levels"),
            ));
        }
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(|error| ApiError::bad("invalid_body", error.to_string()))
    }
}

/// A JSON body of a known shape, or none at all: its default then.
pub(crate) struct MaybeBody<T>(pub T);

impl<T: DeserializeOwned + Default> FromRequest<Api> for MaybeBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, api: &Api) -> Result<Self, ApiError> {
        let headers = request.headers();
        let empty = headers.get(header::CONTENT_LENGTH).is_none_or(|length| length == "0");
        if empty && !headers.contains_key(header::CONTENT_TYPE) {
            return Ok(Self(T::default()));
        }
        Body::from_request(request, api).await.map(|Body(body)| Self(body))
    }
}

/// The deepest nesting of brackets outside strings; what is no JSON the parser refuses later.
fn depth(bytes: &[u8]) -> usize {
    let (mut now, mut most) = (0usize, 0);
    let (mut text, mut escaped) = (false, false);
    for byte in bytes {
        match (text, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (true, b'"') => text = false,
            (true, _) => {}
            (false, b'"') => text = true,
            (false, b'[' | b'{') => {
                now += 1;
                most = most.max(now);
            }
            (false, b']' | b'}') => now = now.saturating_sub(1),
            _ => {}
        }
    }
    most
}

/// A query string of a known shape.
pub(crate) struct Params<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<Api> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _api: &Api) -> Result<Self, ApiError> {
        let read = Query::<T>::try_from_uri(&parts.uri);
        read.map(|Query(params)| Self(params)).map_err(|error| ApiError::invalid(error.body_text()))
    }
}

/// The one identifier in a path.
pub(crate) struct Id<T>(pub T);

impl<T: FromStr<Err: Display>> FromRequestParts<Api> for Id<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let Path(text) = Path::<String>::from_request_parts(parts, api)
            .await
            .map_err(|_| ApiError::invalid("the identifier in the path is malformed"))?;
        text.parse()
            .map(Self)
            .map_err(|error| ApiError::invalid(format!("the identifier in the path: {error}")))
    }
}

/// The two identifiers in a path, in their order.
pub(crate) struct Ids<T, U>(pub T, pub U);

impl<T: FromStr<Err: Display>, U: FromStr<Err: Display>> FromRequestParts<Api> for Ids<T, U> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let Path((first, second)) = Path::<(String, String)>::from_request_parts(parts, api)
            .await
            .map_err(|_| ApiError::invalid("the identifiers in the path are malformed"))?;
        let refuse = |error: &dyn Display| ApiError::invalid(format!("an identifier in the path: {error}"));
        Ok(Self(first.parse().map_err(|e| refuse(&e))?, second.parse().map_err(|e| refuse(&e))?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_brackets_outside_strings() {
        assert_eq!(depth(br#"{"a":[1,{"b":"[[[["}]}"#), 3);
        assert_eq!(depth(br#""\"[""#), 0);
        assert_eq!(depth(&[b'['; 100]), 100);
    }
}
