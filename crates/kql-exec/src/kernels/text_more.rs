//! Encodings, digests, and texts with a structure.

use arrow::datatypes::i256;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use palisade_kql::Type;
use serde_json::{Map, Value as Json, json};

use super::convert::{from_json, to_text};
use super::text::{array_texts, joined};
use super::{Call, RowFn, arg};
use crate::decimal;
use crate::value::V;

pub(super) fn lookup(name: &str) -> Option<RowFn> {
    Some(match name {
        "strcat_array" => |_, a| joined(array_texts(arg(a, 0)).iter().map(String::as_str), arg(a, 1).text()),
        "url_encode" => |_, a| V::string(url_encode(arg(a, 0).text(), true)),
        "url_encode_component" => |_, a| V::string(url_encode(arg(a, 0).text(), false)),
        "url_decode" => |_, a| V::string(url_decode(arg(a, 0).text())),
        "base64_encode_tostring" => |_, a| V::string(STANDARD.encode(arg(a, 0).text())),
        "base64_decode_tostring" => |_, a| {
            let decoded = STANDARD.decode(arg(a, 0).text()).ok().and_then(|b| String::from_utf8(b).ok());
            V::string(decoded.unwrap_or_default())
        },
        "base64_decode_toarray" => |_, a| match STANDARD.decode(arg(a, 0).text()) {
            Ok(bytes) => from_json(&json!(bytes)),
            Err(_) => V::Null,
        },
        "hash_sha256" => |_, a| V::string(digest::<sha2::Sha256>(arg(a, 0).text())),
        "hash_sha1" => |_, a| V::string(digest::<sha1::Sha1>(arg(a, 0).text())),
        "hash_md5" => |_, a| V::string(digest::<md5::Md5>(arg(a, 0).text())),
        "tohex" => |c, a| match arg(a, 0).int() {
            Some(n) => {
                let width = arg(a, 1).int().and_then(|w| usize::try_from(w).ok()).unwrap_or(0).min(64);
                let bits = if c.ty(0) == Type::Int { n & 0xFFFF_FFFF } else { n };
                V::string(format!("{bits:0width$x}"))
            }
            None => V::string(""),
        },
        "parse_path" => |_, a| parse_path(arg(a, 0).text()),
        "parse_url" => |_, a| parse_url(arg(a, 0).text()),
        "parse_urlquery" => {
            |_, a| from_json(&json!({ "Query Parameters": query_parameters(arg(a, 0).text()) }))
        }
        "parse_command_line" => |_, a| from_json(&json!(command_line(arg(a, 0).text()))),
        "parse_csv" => |_, a| from_json(&json!(csv_record(arg(a, 0).text()))),
        "parse_version" => |_, a| version(arg(a, 0).text()).map_or(V::Null, V::Dec),
        "make_string" | "unicode_codepoints_to_string" => make_string,
        "unicode_codepoints_from_string" | "to_utf8" => {
            |_, a| from_json(&json!(arg(a, 0).text().chars().map(u32::from).collect::<Vec<_>>()))
        }
        "format_bytes" => format_bytes,
        _ => return None,
    })
}

/// The digest in hex; of an empty text it is empty, as in the language.
fn digest<D: sha2::Digest>(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    D::digest(text.as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
}

fn url_encode(text: &str, plus: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' => out.push(char::from(byte)),
            b'~' if !plus => out.push('~'),
            b' ' if plus => out.push('+'),
            _ => out.push_str(&format!("%{byte:02x}")),
        }
    }
    out
}

fn url_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let pair = bytes.get(at + 1..at + 3).and_then(|p| std::str::from_utf8(p).ok());
        match (bytes[at], pair.and_then(|p| u8::from_str_radix(p, 16).ok())) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 3;
                continue;
            }
            (b'+', _) => out.push(b' '),
            (other, _) => out.push(other),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn parse_path(text: &str) -> V<'static> {
    let (scheme, rest) = match text.find("://") {
        Some(at) => (&text[..at], &text[at + 3..]),
        None => ("", text),
    };
    let bytes = rest.as_bytes();
    let drive = bytes.len() > 1 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':';
    let root = if drive { &rest[..2] } else { "" };
    // "file.exe:stream" has an alternate data stream.
    let body_start = if drive { 2 } else { 0 };
    let slash = rest.rfind(['\\', '/']);
    let directory = slash.map_or("", |at| &rest[..at]);
    let mut file = slash.map_or(&rest[body_start.min(rest.len())..], |at| &rest[at + 1..]);
    let mut stream = "";
    if let Some(at) = file.find(':') {
        stream = &file[at + 1..];
        file = &file[..at];
    }
    let extension = file.rfind('.').map_or("", |at| &file[at + 1..]);
    let directory_name = directory.rfind(['\\', '/']).map_or(directory, |at| &directory[at + 1..]);
    from_json(&json!({
        "Scheme": scheme, "RootPath": root, "DirectoryPath": directory, "DirectoryName": directory_name,
        "Filename": file, "Extension": extension, "AlternateDataStreamName": stream,
    }))
}

fn query_parameters(text: &str) -> Json {
    let mut bag = Map::new();
    for pair in text.trim_start_matches('?').split('&').filter(|p| !p.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        bag.insert(key.to_owned(), Json::String(value.to_owned()));
    }
    Json::Object(bag)
}

fn parse_url(text: &str) -> V<'static> {
    let Some((scheme, rest)) = text.split_once("://") else { return V::Null };
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let slash = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(slash);
    let (user_info, host_port) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (user, password) = user_info.split_once(':').unwrap_or((user_info, ""));
    let (host, port) = match host_port.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => (host, port),
        _ => (host_port, ""),
    };
    from_json(&json!({
        "Scheme": scheme, "Host": host, "Port": port, "Path": path, "Username": user, "Password": password,
        "Query Parameters": query_parameters(query), "Fragment": fragment,
    }))
}

/// Words of a Windows command line: quotes group, `\"` is a quote.
fn command_line(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let (mut quoted, mut begun) = (false, false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if chars.peek() == Some(&'"') => {
                word.push('"');
                chars.next();
                begun = true;
            }
            '"' => {
                quoted = !quoted;
                begun = true;
            }
            c if c.is_whitespace() && !quoted => {
                if begun {
                    words.push(std::mem::take(&mut word));
                }
                begun = false;
            }
            c => {
                word.push(c);
                begun = true;
            }
        }
    }
    if begun {
        words.push(word);
    }
    words
}

/// The first record of a CSV text.
fn csv_record(text: &str) -> Vec<String> {
    let mut fields = Vec::new();
    let mut field = String::new();
    let mut quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                field.push('"');
                chars.next();
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(std::mem::take(&mut field)),
            '\n' | '\r' if !quoted => break,
            c => field.push(c),
        }
    }
    fields.push(field);
    fields
}

/// `1.2.3.4` as one comparable number: eight digits for each part.
fn version(text: &str) -> Option<i256> {
    let mut digits = String::new();
    let parts: Vec<&str> = text.trim().split('.').collect();
    if parts.len() > 4 {
        return None;
    }
    for at in 0..4 {
        let part = parts.get(at).copied().unwrap_or("0");
        if part.is_empty() || part.len() > 8 || !part.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        digits.push_str(&format!("{part:0>8}"));
    }
    decimal::parse(&digits)
}

fn make_string(call: &Call<'_>, a: &[V<'_>]) -> V<'static> {
    let mut out = String::new();
    for (at, value) in a.iter().enumerate() {
        let numbers: Vec<i64> = match (value, call.ty(at)) {
            (V::Str(_), Type::Dynamic) => array_texts(value).iter().filter_map(|t| t.parse().ok()).collect(),
            (V::Int(n), _) => vec![*n],
            _ => Vec::new(),
        };
        out.extend(numbers.into_iter().filter_map(|n| u32::try_from(n).ok().and_then(char::from_u32)));
    }
    V::string(out)
}

fn format_bytes(call: &Call<'_>, a: &[V<'_>]) -> V<'static> {
    const UNITS: [&str; 7] = ["Bytes", "KB", "MB", "GB", "TB", "PB", "EB"];
    let Some(mut n) = arg(a, 0).real() else { return V::string("") };
    let precision = arg(a, 1).int().and_then(|p| usize::try_from(p).ok()).unwrap_or(0).min(15);
    let wanted = UNITS.iter().position(|u| *u == arg(a, 2).text());
    let mut unit = 0;
    while wanted.map_or(n.abs() >= 1024.0, |w| unit < w) && unit < 6 {
        n /= 1024.0;
        unit += 1;
    }
    let scale = 10f64.powi(i32::try_from(precision).unwrap_or(0));
    let rounded = (n * scale).round() / scale;
    let text =
        if rounded.fract() == 0.0 { format!("{rounded:.0}") } else { to_text(&V::Real(rounded), Type::Real) };
    let _ = call;
    V::string(format!("{text} {}", UNITS[unit]))
}
