//! Package URLs (purl-spec): `pkg:type/namespace/name@version?qualifiers#subpath`.

mod rules;

use std::collections::BTreeMap;
use std::fmt;

/// Longest package URL that is read, bytes.
pub const MAX_PURL: usize = 4096;

/// A package URL in its canonical form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Purl {
    /// The type, lower-case: `deb`, `npm`.
    pub kind: String,
    /// What stands before the name, with `/` between its parts; empty if there is nothing.
    pub namespace: String,
    /// The name.
    pub name: String,
    /// The version; empty if none is said.
    pub version: String,
    /// Qualifiers by their lower-case keys; none is empty.
    pub qualifiers: BTreeMap<String, String>,
    /// A path within the package; empty if none is said.
    pub subpath: String,
}

/// Why a text is no package URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no package URL: {0}")]
pub struct PurlError(pub &'static str);

impl Purl {
    /// Reads a package URL, in canonical form or not.
    ///
    /// # Errors
    /// What part of it is missing or not allowed.
    pub fn parse(text: &str) -> Result<Self, PurlError> {
        if text.len() > MAX_PURL {
            return Err(PurlError("it is too long"));
        }
        let (rest, subpath) = text.split_once('#').unwrap_or((text, ""));
        let (rest, qualifiers) = rest.split_once('?').unwrap_or((rest, ""));
        let (scheme, rest) = rest.split_once(':').ok_or(PurlError("it does not begin with pkg:"))?;
        if !scheme.eq_ignore_ascii_case("pkg") {
            return Err(PurlError("it does not begin with pkg:"));
        }
        let (kind, rest) = rest.trim_start_matches('/').split_once('/').ok_or(PurlError("it has no name"))?;
        let (path, version) = match rest.rsplit_once('@') {
            // `@scope/name` is no version.
            Some((before, after)) if (before.is_empty() || before.ends_with('/')) && after.contains('/') => {
                (rest, "")
            }
            Some(parts) => parts,
            None => (rest, ""),
        };
        let (namespace, name) = path.trim_start_matches('/').rsplit_once('/').unwrap_or(("", path));
        let segments = |text: &str, keep: fn(&str) -> bool| {
            let parts: Result<Vec<String>, _> = text.split('/').filter(|p| keep(p)).map(decode).collect();
            parts.map(|p| p.join("/"))
        };
        let mut read = BTreeMap::new();
        for pair in qualifiers.split('&').filter(|p| !p.is_empty()) {
            let (key, value) = pair.split_once('=').ok_or(PurlError("a qualifier has no value"))?;
            read.insert(key.to_ascii_lowercase(), decode(value)?);
        }
        Self {
            kind: kind.to_ascii_lowercase(),
            namespace: segments(namespace, |p| !p.is_empty())?,
            name: decode(name)?,
            version: decode(version)?,
            qualifiers: read,
            subpath: segments(subpath, |p| !matches!(p, "" | "." | ".."))?,
        }
        .canonical()
    }

    /// Checks the parts and writes them in the way of the type.
    ///
    /// # Errors
    /// What part of it is missing or not allowed.
    pub fn canonical(mut self) -> Result<Self, PurlError> {
        let letter = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+');
        self.kind.make_ascii_lowercase();
        if self.kind.is_empty() || !self.kind.bytes().all(letter) || self.kind.as_bytes()[0].is_ascii_digit()
        {
            return Err(PurlError("its type is missing or not allowed"));
        }
        if self.name.is_empty() {
            return Err(PurlError("it has no name"));
        }
        self.qualifiers.retain(|_, value| !value.is_empty());
        let key = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'_');
        for k in self.qualifiers.keys() {
            if k.is_empty() || !k.bytes().all(key) || k.as_bytes()[0].is_ascii_digit() {
                return Err(PurlError("a qualifier's key is not allowed"));
            }
        }
        rules::apply(&mut self)?;
        Ok(self)
    }
}

impl fmt::Display for Purl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pkg:{}/", self.kind)?;
        for part in self.namespace.split('/').filter(|p| !p.is_empty()) {
            encode(f, part)?;
            f.write_str("/")?;
        }
        // The name of a git repository is a path.
        for (i, part) in self.name.split('/').enumerate() {
            f.write_str(if i > 0 { "/" } else { "" })?;
            encode(f, part)?;
        }
        if !self.version.is_empty() {
            f.write_str("@")?;
            encode(f, &self.version)?;
        }
        for (i, (key, value)) in self.qualifiers.iter().enumerate() {
            write!(f, "{}{key}=", if i == 0 { '?' } else { '&' })?;
            encode(f, value)?;
        }
        for (i, part) in self.subpath.split('/').filter(|p| !p.is_empty()).enumerate() {
            f.write_str(if i == 0 { "#" } else { "/" })?;
            encode(f, part)?;
        }
        Ok(())
    }
}

fn encode(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    for b in text.bytes() {
        if b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'~' | b':') {
            write!(f, "{}", char::from(b))?;
        } else {
            write!(f, "%{b:02X}")?;
        }
    }
    Ok(())
}

fn decode(text: &str) -> Result<String, PurlError> {
    if !text.contains('%') {
        return Ok(text.to_owned());
    }
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(b) = bytes.next() {
        if b != b'%' {
            out.push(b);
            continue;
        }
        let mut digit = || bytes.next().and_then(|b| char::from(b).to_digit(16));
        match (digit(), digit()) {
            (Some(high), Some(low)) => out.push(u8::try_from(high * 16 + low).unwrap_or_default()),
            _ => return Err(PurlError("a percent sign has no two hex digits after it")),
        }
    }
    String::from_utf8(out).map_err(|_| PurlError("it is no UTF-8 when decoded"))
}
