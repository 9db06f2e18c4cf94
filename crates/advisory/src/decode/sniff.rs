//! Which format a document has, by what it begins with.

use super::Format;

/// How much of a document is looked at, bytes.
const HEAD: usize = 1 << 20;

impl Format {
    /// Recognises a document, which is not compressed, by its content; by its name only where the content
    /// could be several things.
    pub fn recognise(name: &str, bytes: &[u8]) -> Option<Self> {
        let head = &bytes[..bytes.len().min(HEAD)];
        let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
        match head.first()? {
            b'{' => object(head),
            // `[02 Nov 2023] DSA-…` against a list of records.
            b'[' if debian_head(head) => Some(Self::DebianAdvisories),
            b'[' => object(head[1..].trim_ascii_start()).filter(|f| *f == Self::Osv),
            b'<' => xml(head),
            _ => text(name, head),
        }
    }
}

fn debian_head(head: &[u8]) -> bool {
    let line = head.split(|b| *b == b'\n').next().unwrap_or_default();
    let rest = line.iter().position(|b| *b == b']').map_or(&b""[..], |at| &line[at + 1..]);
    ["DSA-", "DLA-", "DTSA-", "ELA-"].iter().any(|p| rest.trim_ascii_start().starts_with(p.as_bytes()))
}

fn object(head: &[u8]) -> Option<Format> {
    let keys = top_keys(head);
    let has = |key: &str| keys.iter().any(|(k, _)| k == key);
    let any = |list: &[&str]| list.iter().any(|k| has(k));
    Some(match () {
        () if has("cveMetadata") => Format::Cve5,
        () if has("catalogVersion") => Format::Kev,
        () if has("document") => Format::Csaf,
        () if has("statements") && any(&["@context", "metadata"]) => Format::OpenVex,
        () if any(&["resultsPerPage", "totalResults"]) && any(&["format", "vulnerabilities"]) => Format::Nvd,
        () if any(&["apkurl", "urlprefix", "distroversion"]) => Format::Secdb,
        () if has("result") && any(&["schema_version", "last_modified", "generated_at"]) => Format::EndOfLife,
        () if has("id") && any(&["affected", "modified", "published", "schema_version"]) => Format::Osv,
        () if has("cves") => Format::UbuntuCves,
        () if has("notices") => Format::UbuntuNotices,
        () => match keys.first() {
            Some((key, b'[')) if key.starts_with("CVE-") => Format::ExploitMap,
            // A package whose first key is a vulnerability.
            Some((_, b'{'))
                if first_inner_key(head).is_some_and(|k| k.starts_with("CVE-") || k.starts_with("TEMP-")) =>
            {
                Format::DebianTracker
            }
            _ => return None,
        },
    })
}

fn xml(head: &[u8]) -> Option<Format> {
    let text = String::from_utf8_lossy(&head[..head.len().min(64 * 1024)]).into_owned();
    let mut rest = text.as_str();
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if rest.starts_with("!--") {
            rest = &rest[rest.find("-->")?..];
            continue;
        }
        if rest.starts_with(['?', '!']) {
            continue;
        }
        let end = rest.find([' ', '\t', '\r', '\n', '>', '/']).unwrap_or(rest.len());
        return match rest[..end].rsplit(':').next()? {
            "updates" => Some(Format::UpdateInfo),
            "oval_definitions" => Some(Format::Oval),
            _ => None,
        };
    }
    None
}

fn text(name: &str, head: &[u8]) -> Option<Format> {
    let end = head.iter().position(|b| *b == b'\n').unwrap_or(head.len()).min(2000);
    let first = String::from_utf8_lossy(&head[..end]);
    let base = name.rsplit('/').next().unwrap_or_default();
    Some(match () {
        () if first.starts_with("#model_version") || first.starts_with("cve,epss") => Format::Epss,
        () if first.starts_with("id,file,description") => Format::ExploitDb,
        () if first.starts_with("version,codename,series") => Format::DistroInfo,
        () if first.starts_with("CVE-") && !first.contains(',') => Format::DebianCves,
        () if base.starts_with("security-support-ended") || base.starts_with("security-support-limited") => {
            Format::SupportEnded
        }
        () => return None,
    })
}

/// The first keys of an object, each with the first byte of its value. What nests is skipped.
fn top_keys(head: &[u8]) -> Vec<(String, u8)> {
    let mut out = Vec::new();
    let mut scan = Scan { bytes: head, at: 0 };
    if scan.next_byte() != Some(b'{') {
        return out;
    }
    while out.len() < 64 {
        let Some(key) = scan.key() else { break };
        let Some(first) = scan.peek() else { break };
        out.push((key, first));
        if !scan.skip_value() || scan.next_byte() != Some(b',') {
            break;
        }
    }
    out
}

fn first_inner_key(head: &[u8]) -> Option<String> {
    let mut scan = Scan { bytes: head, at: 0 };
    (scan.next_byte()? == b'{').then_some(())?;
    scan.key()?;
    (scan.next_byte()? == b'{').then_some(())?;
    scan.key()
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Scan<'_> {
    fn peek(&mut self) -> Option<u8> {
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        self.bytes.get(self.at).copied()
    }

    fn next_byte(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    /// A key and the colon after it.
    fn key(&mut self) -> Option<String> {
        (self.peek()? == b'"').then_some(())?;
        let start = self.at + 1;
        self.string()?;
        let key = String::from_utf8_lossy(&self.bytes[start..self.at - 1]).into_owned();
        (self.next_byte()? == b':').then_some(key)
    }

    /// Goes behind the string that begins here.
    fn string(&mut self) -> Option<()> {
        self.at += 1;
        while let Some(b) = self.bytes.get(self.at) {
            self.at += 1;
            match b {
                b'"' => return Some(()),
                b'\\' => self.at += 1,
                _ => {}
            }
        }
        None
    }

    fn skip_value(&mut self) -> bool {
        let mut depth = 0_u32;
        loop {
            let Some(b) = self.peek() else { return false };
            match b {
                b'"' => {
                    if self.string().is_none() {
                        return false;
                    }
                }
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                    continue;
                }
                b'}' | b']' if depth > 0 => {
                    depth -= 1;
                    self.at += 1;
                }
                b'}' | b',' if depth == 0 => return true,
                _ => {
                    self.at += 1;
                    continue;
                }
            }
            if depth == 0 {
                return true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_recognised_by_what_they_begin_with() {
        for (name, text, format) in [
            ("a", r#"{"id":"X","details":"a \"}{ b","affected":[]}"#, Some(Format::Osv)),
            ("a", r#"[{"id":"X","modified":"x"}]"#, Some(Format::Osv)),
            ("a", r#"{"a":{"b":[1,{"c":"]"}]},"document":{}}"#, Some(Format::Csaf)),
            ("a", r#"{"389-ds-base":{"CVE-2012-0833":{}}}"#, Some(Format::DebianTracker)),
            ("a", r#"{"CVE-2003-0132":["9"]}"#, Some(Format::ExploitMap)),
            ("a", "<?xml version='1.0'?>\n<!-- <x> -->\n<oval:oval_definitions a='b'>", Some(Format::Oval)),
            ("a", "<updates/>", Some(Format::UpdateInfo)),
            (
                "DSA/list",
                "[02 Nov 2023] DSA-5546-1 chromium - security update",
                Some(Format::DebianAdvisories),
            ),
            ("CVE/list", "CVE-2023-5088 (A bug", Some(Format::DebianCves)),
            ("a", "{", None),
            ("a", r#"{"x":1}"#, None),
            ("a", "", None),
        ] {
            assert_eq!(Format::recognise(name, text.as_bytes()), format, "{text}");
        }
    }
}
