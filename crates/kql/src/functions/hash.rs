//! Hashes, encodings and compression.

use super::{DYNAMIC, Function, S, STRING, f};

/// The functions of this theme.
pub const HASH: &[Function] = &[
    f("url_encode", &[S], STRING),
    f("url_encode_component", &[S], STRING),
    f("url_decode", &[S], STRING),
    f("base64_encode_tostring", &[S], STRING),
    f("base64_decode_tostring", &[S], STRING),
    f("base64_decode_toarray", &[S], DYNAMIC),
    f("hash_sha256", &[S], STRING),
    f("hash_sha1", &[S], STRING),
    f("hash_md5", &[S], STRING),
];
