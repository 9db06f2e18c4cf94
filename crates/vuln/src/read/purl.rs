//! A component by its package URL.

use palisade_advisory::{Ecosystem, Purl};

use super::origin::{Origin, Said, origin};
use super::own::host;
use crate::component::Component;
use crate::error::{VulnCode, VulnError};
use crate::index::canonical_name;

/// What documents say beside the package URL.
#[derive(Default)]
pub(super) struct Beside<'a> {
    /// The operating system of the document.
    pub os: Option<(&'a str, &'a str)>,
    pub source: String,
    pub source_version: String,
    pub module: String,
    pub vendor: String,
}

/// A component; nothing if it is of a kind that no feed is about.
pub(super) fn component(text: &str, beside: Beside<'_>) -> Result<Option<Component>, VulnError> {
    let purl = Purl::parse(text).map_err(|e| VulnError::new(VulnCode::BadPurl, e))?;
    let slashed = || match purl.namespace.as_str() {
        "" => purl.name.clone(),
        namespace => format!("{namespace}/{}", purl.name),
    };
    let (family, name) = match purl.kind.as_str() {
        "deb" | "rpm" | "apk" => return Ok(Some(of_os(&purl, beside))),
        "pypi" | "gem" | "cargo" | "nuget" | "pub" | "hex" | "conan" | "cocoapods" | "bitnami" | "cran"
        | "hackage" => (purl.kind.as_str(), purl.name.clone()),
        "npm" | "swift" => (purl.kind.as_str(), slashed()),
        "golang" => ("go", slashed()),
        "composer" => ("packagist", slashed()),
        "k8s" => ("kubernetes", slashed()),
        "maven" if purl.namespace.is_empty() => ("maven", purl.name.clone()),
        "maven" => ("maven", format!("{}:{}", purl.namespace, purl.name)),
        _ => return Ok(None),
    };
    Ok(Some(Component {
        ecosystem: Ecosystem::new(family, "", ""),
        name: canonical_name(family, &name).into_owned(),
        version: purl.version.clone(),
        ..Component::default()
    }))
}

fn of_os(purl: &Purl, beside: Beside<'_>) -> Component {
    let qualifier = |key: &str| purl.qualifiers.get(key).map_or("", String::as_str);
    let epoch = |version: &str| match qualifier("epoch") {
        "" | "0" => version.to_owned(),
        _ if version.is_empty() || version.contains(':') => version.to_owned(),
        epoch => format!("{epoch}:{version}"),
    };
    // `debian-12`, `fedora-35`, `bookworm`, `3.9.4`.
    let distro = qualifier("distro");
    let release = match distro.rsplit_once('-') {
        Some((_, release)) => release,
        None => distro,
    };
    let (id, release) = match (beside.os, purl.namespace.as_str(), release) {
        (Some((id, version)), "", _) => (id, version),
        (Some((_, version)), namespace, "") => (namespace, version),
        (_, namespace, release) => (namespace, release),
    };
    let mut out = Component {
        ecosystem: host(id, release, &[]),
        name: purl.name.clone(),
        version: epoch(&purl.version),
        arch: qualifier("arch").to_owned(),
        source: beside.source,
        source_version: beside.source_version,
        module: if beside.module.is_empty() { qualifier("rpmmod").to_owned() } else { beside.module },
        ..Component::default()
    };
    // `openssl@3.0.1-1`: the source.
    let upstream = qualifier("upstream");
    if out.source.is_empty() && !upstream.is_empty() {
        if purl.kind == "rpm" {
            (out.source, out.source_version) = of_source_rpm(upstream, &epoch);
        } else {
            let (name, version) = upstream.split_once('@').unwrap_or((upstream, ""));
            (out.source, out.source_version) = (name.to_owned(), version.to_owned());
        }
    }
    match origin(&out.ecosystem, &Said { vendor: &beside.vendor, version: &out.version, ..Said::default() }) {
        Origin::Distribution => {}
        Origin::Foreign(by) => out.foreign = by,
        Origin::Of(ecosystem) => out.ecosystem = ecosystem,
    }
    out
}

/// `openssl-3.0.7-24.el9.src.rpm`; its epoch is the package's.
fn of_source_rpm(file: &str, epoch: &dyn Fn(&str) -> String) -> (String, String) {
    let stem = file.trim_end_matches(".rpm").trim_end_matches(".src").trim_end_matches(".nosrc");
    let mut hyphens = stem.rmatch_indices('-').map(|(at, _)| at);
    match (hyphens.next(), hyphens.next()) {
        (Some(_), Some(at)) => (stem[..at].to_owned(), epoch(&stem[at + 1..])),
        _ => (stem.to_owned(), String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_of_package_urls() {
        for (text, ecosystem, name, version, source) in [
            (
                "pkg:deb/debian/libidn2-0@2.0.5-1?arch=amd64&distro=debian-10.1",
                "debian:10",
                "libidn2-0",
                "2.0.5-1",
                "",
            ),
            (
                "pkg:deb/debian/libssl3@3.0.9-1?upstream=openssl%403.0.9-1&distro=debian-12",
                "debian:12",
                "libssl3",
                "3.0.9-1",
                "openssl",
            ),
            (
                "pkg:rpm/redhat/openssl-libs@3.0.7-24.el9?arch=x86_64&epoch=1&upstream=openssl-3.0.7-24.el9.src.rpm&distro=rhel-9.3",
                "redhat:9",
                "openssl-libs",
                "1:3.0.7-24.el9",
                "openssl",
            ),
            ("pkg:apk/alpine/musl@1.1.20-r4?distro=3.9.4", "alpine:3.9", "musl", "1.1.20-r4", ""),
            ("pkg:golang/golang.org/x/text@v0.3.6", "go", "golang.org/x/text", "v0.3.6", ""),
            ("pkg:maven/org.apache/log4j@2.1", "maven", "org.apache:log4j", "2.1", ""),
            ("pkg:npm/%40a/b@1.0.0", "npm", "@a/b", "1.0.0", ""),
            ("pkg:composer/guzzlehttp/psr7@1.8.3", "packagist", "guzzlehttp/psr7", "1.8.3", ""),
        ] {
            let c = component(text, Beside::default()).expect("a package URL").expect("of a known kind");
            assert_eq!(
                (c.ecosystem.to_string().as_str(), c.name.as_str(), c.version.as_str(), c.source.as_str()),
                (ecosystem, name, version, source),
                "{text}"
            );
        }
        assert_eq!(component("pkg:generic/x@1", Beside::default()), Ok(None));
        assert_eq!(component("nothing", Beside::default()).map_err(|e| e.code), Err(VulnCode::BadPurl));
    }
}
