//! Links: base64url, without padding, of the canonical document.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{MAX_QUERY_BYTES, QueryCode, QueryError};

pub(super) fn write(json: &str) -> String {
    URL_SAFE_NO_PAD.encode(json)
}

pub(super) fn read(link: &str) -> Result<Vec<u8>, QueryError> {
    if link.len() > MAX_QUERY_BYTES / 3 * 4 + 4 {
        return Err(QueryError::new(QueryCode::TooLong, "the link is too long"));
    }
    URL_SAFE_NO_PAD
        .decode(link)
        .map_err(|_| QueryError::new(QueryCode::BadLink, "this is no link to a query"))
}
