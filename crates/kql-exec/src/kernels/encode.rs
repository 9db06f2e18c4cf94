//! Hashes, binary encodings, compression, and names in Punycode.

use std::io::{Read, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::{GzDecoder, ZlibDecoder};
use flate2::write::ZlibEncoder;
use idna::punycode;
use palisade_kql::Type;
use palisade_kql::time::MIN_DATETIME;
use serde_json::Value as Json;
use twox_hash::XxHash64;

use super::convert::{convert, dynamic_text, json_of_text};
use super::text::MAX_TEXT;
use super::{Call, RowFn, arg};
use crate::value::V;

pub(super) fn lookup(name: &str) -> Option<RowFn> {
    Some(match name {
        "hash" => hash,
        "base64_encode_fromarray" => |_, a| match json_of_text(arg(a, 0).text()) {
            Json::Array(items) => {
                let byte = |i: &Json| {
                    i.as_i64().and_then(|n| {
                        u8::try_from(n).or_else(|_| i8::try_from(n).map(i8::cast_unsigned)).ok()
                    })
                };
                let bytes: Option<Vec<u8>> = items.iter().map(byte).collect();
                V::string(bytes.map(|b| STANDARD.encode(b)).unwrap_or_default())
            }
            _ => V::string(""),
        },
        "base64_encode_fromguid" => |_, a| {
            let parsed = uuid::Uuid::parse_str(arg(a, 0).text()).ok();
            V::string(parsed.map(|g| STANDARD.encode(g.to_bytes_le())).unwrap_or_default())
        },
        "base64_decode_toguid" => |_, a| {
            let bytes = STANDARD.decode(arg(a, 0).text()).ok().and_then(|b| <[u8; 16]>::try_from(b).ok());
            bytes.map_or(V::Null, |b| V::string(uuid::Uuid::from_bytes_le(b).to_string()))
        },
        "gzip_compress_to_base64_string" => |_, a| {
            // No time and an unknown system, so that equal texts give equal bytes.
            let header = flate2::GzBuilder::new().operating_system(255);
            let mut encoder = header.write(Vec::new(), Compression::default());
            let done = encoder.write_all(arg(a, 0).text().as_bytes()).and_then(|()| encoder.finish());
            V::string(done.map(|b| STANDARD.encode(b)).unwrap_or_default())
        },
        "zlib_compress_to_base64_string" => |_, a| {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
            let done = encoder.write_all(arg(a, 0).text().as_bytes()).and_then(|()| encoder.finish());
            V::string(done.map(|b| STANDARD.encode(b)).unwrap_or_default())
        },
        "gzip_decompress_from_base64_string" => |_, a| V::string(unpack(a, GzDecoder::new)),
        "zlib_decompress_from_base64_string" => |_, a| V::string(unpack(a, ZlibDecoder::new)),
        "punycode_from_string" => |_, a| V::string(encode_name(arg(a, 0).text()).unwrap_or_default()),
        "punycode_to_string" => |_, a| {
            let text = arg(a, 0).text();
            let decoded = (text.len() <= MAX_NAME).then(|| punycode::decode_to_string(text)).flatten();
            V::string(decoded.unwrap_or_default())
        },
        "punycode_domain_from_string" => |_, a| {
            let labels = arg(a, 0).text().split(LABEL_ENDS).map(|label| {
                if label.is_ascii() {
                    Some(label.to_owned())
                } else {
                    encode_name(label).map(|e| format!("xn--{e}"))
                }
            });
            V::string(labels.collect::<Option<Vec<_>>>().map(|l| l.join(".")).unwrap_or_default())
        },
        "punycode_domain_to_string" => |_, a| {
            let labels = arg(a, 0).text().split('.').map(|label| match label.strip_prefix("xn--") {
                Some(encoded) if encoded.len() <= MAX_NAME => punycode::decode_to_string(encoded),
                _ => Some(label.to_owned()),
            });
            V::string(labels.collect::<Option<Vec<_>>>().map(|l| l.join(".")).unwrap_or_default())
        },
        _ => return None,
    })
}

/// What ends a label of a domain name (RFC 3490, 3.1).
const LABEL_ENDS: [char; 4] = ['.', '\u{3002}', '\u{ff0e}', '\u{ff61}'];

/// Longest name in bytes: the encoding takes time that grows with the square.
const MAX_NAME: usize = 1024;

fn encode_name(text: &str) -> Option<String> {
    if text.len() > MAX_NAME {
        return None;
    }
    // An encoding without a basic part ends in a delimiter only when it was all basic.
    punycode::encode_str(text)
}

/// The text in compressed bytes; "" when they are none, or when it is longer than a text may be.
fn unpack<R: Read>(a: &[V<'_>], decoder: impl FnOnce(std::io::Cursor<Vec<u8>>) -> R) -> String {
    let Ok(bytes) = STANDARD.decode(arg(a, 0).text()) else { return String::new() };
    let mut out = Vec::new();
    let limit = u64::try_from(MAX_TEXT).unwrap_or(u64::MAX);
    match decoder(std::io::Cursor::new(bytes)).take(limit + 1).read_to_end(&mut out) {
        Ok(_) if out.len() <= MAX_TEXT => String::from_utf8(out).unwrap_or_default(),
        _ => String::new(),
    }
}

/// xxHash64 of a value as the language lays it out: texts in UTF-8, numbers in little-endian bytes.
pub(crate) fn hash_of(value: &V<'_>, ty: Type) -> Option<i64> {
    let ticks = |at: i64| at.wrapping_sub(MIN_DATETIME).wrapping_mul(10);
    let hashed = match (value, ty) {
        (V::Null, _) => return None,
        (V::Bool(b), _) => XxHash64::oneshot(0, &[u8::from(*b)]),
        (V::Int(n), Type::Int) => XxHash64::oneshot(0, &i32::try_from(*n).unwrap_or(0).to_le_bytes()),
        (V::Int(at), Type::Datetime) => XxHash64::oneshot(0, &ticks(*at).to_le_bytes()),
        (V::Int(n), _) => XxHash64::oneshot(0, &n.to_le_bytes()),
        (V::Real(n), _) => XxHash64::oneshot(0, &n.to_le_bytes()),
        (V::Dec(n), _) => XxHash64::oneshot(0, crate::decimal::text(*n).as_bytes()),
        (V::Str(s), Type::Guid) => match uuid::Uuid::parse_str(s) {
            Ok(guid) => XxHash64::oneshot(0, &guid.to_bytes_le()),
            Err(_) => XxHash64::oneshot(0, s.as_bytes()),
        },
        (V::Str(s), Type::Dynamic) => XxHash64::oneshot(0, dynamic_text(s).as_bytes()),
        (V::Str(s), _) => XxHash64::oneshot(0, s.as_bytes()),
    };
    Some(hashed.cast_signed())
}

fn hash(call: &Call<'_>, a: &[V<'_>]) -> V<'static> {
    let Some(hashed) = hash_of(arg(a, 0), call.ty(0)) else { return V::Null };
    if a.len() < 2 {
        return V::Int(hashed);
    }
    match convert(arg(a, 1), call.ty(1), Type::Long).int() {
        Some(modulo) if modulo > 0 => V::Int(hashed.rem_euclid(modulo)),
        _ => V::Null,
    }
}
