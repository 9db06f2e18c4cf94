//! Hashes, encodings and compression.

use super::{A, D, DYNAMIC, Function, G, GUID, L, LONG, S, STRING, f, opt};

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
    opt(1, f("hash", &[A, L], LONG)),
    f("base64_encode_fromarray", &[D], STRING),
    f("base64_decode_toguid", &[S], GUID),
    f("base64_encode_fromguid", &[G], STRING),
    f("gzip_compress_to_base64_string", &[S], STRING),
    f("gzip_decompress_from_base64_string", &[S], STRING),
    f("zlib_compress_to_base64_string", &[S], STRING),
    f("zlib_decompress_from_base64_string", &[S], STRING),
    f("punycode_from_string", &[S], STRING),
    f("punycode_to_string", &[S], STRING),
    f("punycode_domain_from_string", &[S], STRING),
    f("punycode_domain_to_string", &[S], STRING),
];
