//! The product tree: which package of which release an id means.

use std::collections::HashMap;

use serde::Deserialize;

use crate::decode::stream::lenient;
use crate::ecosystem::Ecosystem;
use crate::purl::Purl;

#[derive(Default, Deserialize)]
pub(super) struct Tree {
    #[serde(default, deserialize_with = "lenient")]
    branches: Vec<Branch>,
    #[serde(default, deserialize_with = "lenient")]
    full_product_names: Vec<Product>,
    #[serde(default, deserialize_with = "lenient")]
    relationships: Vec<Relationship>,
}

#[derive(Deserialize)]
struct Branch {
    #[serde(default, deserialize_with = "lenient")]
    branches: Vec<Branch>,
    product: Option<Product>,
}

#[derive(Deserialize)]
struct Product {
    product_id: String,
    #[serde(default, deserialize_with = "lenient")]
    name: String,
    product_identification_helper: Option<Helper>,
}

#[derive(Deserialize)]
struct Helper {
    cpe: Option<String>,
    purl: Option<String>,
}

#[derive(Deserialize)]
struct Relationship {
    full_product_name: Product,
    product_reference: String,
    relates_to_product_reference: String,
}

/// A package of a release.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Component {
    pub ecosystem: Ecosystem,
    pub name: String,
    /// Empty if every version is meant.
    pub version: String,
    /// `nodejs:18`; empty if it belongs to none.
    pub module: String,
    pub source: bool,
}

/// What a package's own id says: everything but the release.
#[derive(Clone)]
struct Package {
    name: String,
    version: String,
    module: String,
    architecture: String,
}

pub(super) struct Products<'a> {
    products: HashMap<&'a str, &'a Product>,
    relations: HashMap<&'a str, &'a Relationship>,
}

impl<'a> Products<'a> {
    pub(super) fn of(tree: &'a Tree) -> Self {
        let mut products = HashMap::new();
        let mut open: Vec<&Branch> = tree.branches.iter().collect();
        while let Some(branch) = open.pop() {
            products.extend(branch.product.iter().map(|p| (p.product_id.as_str(), p)));
            open.extend(&branch.branches);
        }
        products.extend(tree.full_product_names.iter().map(|p| (p.product_id.as_str(), p)));
        let relations =
            tree.relationships.iter().map(|r| (r.full_product_name.product_id.as_str(), r)).collect();
        Self { products, relations }
    }

    pub(super) fn knows(&self, id: &str) -> bool {
        self.products.contains_key(id) || self.relations.contains_key(id)
    }

    /// The package that an id means, and its architecture; nothing if it is no package of a release.
    pub(super) fn component(&self, id: &str) -> Option<(Component, Option<String>)> {
        let relation = self.relations.get(id)?;
        // A module's package relates to the module, which relates to the release.
        let mut platform = relation.relates_to_product_reference.as_str();
        let mut module = String::new();
        let mut reference = relation.product_reference.as_str();
        for _ in 0..4 {
            let Some(outer) = self.relations.get(platform) else { break };
            module = module_stream(&outer.product_reference);
            platform = &outer.relates_to_product_reference;
        }
        for _ in 0..4 {
            let Some(inner) = self.relations.get(reference) else { break };
            reference = &inner.product_reference;
        }
        let platform = self.products.get(platform)?;
        let cpe = platform.product_identification_helper.as_ref().and_then(|h| h.cpe.as_deref());
        let ecosystem = cpe.and_then(Ecosystem::of_cpe).or_else(|| Ecosystem::of_product(&platform.name))?;
        let mut package = self.package(reference)?;
        if package.module.is_empty() {
            package.module = module;
        }
        let architecture = package.architecture;
        let component = Component {
            ecosystem,
            source: matches!(architecture.as_str(), "src" | "nosrc" | "source"),
            name: package.name,
            version: package.version,
            module: package.module,
        };
        let own = !component.source && !matches!(architecture.as_str(), "" | "noarch");
        Some((component, own.then_some(architecture)))
    }

    fn package(&self, reference: &str) -> Option<Package> {
        let helper = self.products.get(reference).and_then(|p| p.product_identification_helper.as_ref());
        match helper.and_then(|h| h.purl.as_deref()) {
            Some(purl) => of_purl(&Purl::parse(purl).ok()?),
            None => Some(of_text(reference)),
        }
    }
}

fn of_purl(purl: &Purl) -> Option<Package> {
    if purl.kind != "rpm" && purl.kind != "deb" {
        return None;
    }
    let qualifier = |key: &str| purl.qualifiers.get(key).cloned().unwrap_or_default();
    let module = module_stream(&qualifier("rpmmod"));
    // A stream as the version says that every version of it is meant.
    let version = match (purl.version.contains('-'), qualifier("epoch").as_str()) {
        (false, _) if purl.kind == "rpm" => String::new(),
        (_, "" | "0") => purl.version.clone(),
        (_, epoch) => format!("{epoch}:{}", purl.version),
    };
    Some(Package { name: purl.name.clone(), version, module, architecture: qualifier("arch") })
}

/// `curl-0:7.76.1-14.el9_0.9.aarch64`, `samba.src`, `kernel-rt`, `ruby:2.5/rubygem-json`.
fn of_text(reference: &str) -> Package {
    let (module, rest) = match reference.split_once('/') {
        Some((module, rest)) if module.contains(':') => (module_stream(module), rest),
        _ => (String::new(), reference),
    };
    let (rest, module) = match rest.split_once(".rpm-") {
        Some((rest, stream)) => (rest, module_stream(stream)),
        None => (rest.trim_end_matches(".rpm"), module),
    };
    const ARCHITECTURES: [&str; 14] = [
        "x86_64", "aarch64", "ppc64le", "ppc64", "s390x", "s390", "i686", "i586", "i386", "noarch", "src",
        "nosrc", "ppc", "armv7hl",
    ];
    let (rest, architecture) = match rest.rsplit_once('.') {
        Some((rest, arch)) if ARCHITECTURES.contains(&arch) => (rest, arch),
        _ => (rest, ""),
    };
    // name-[epoch:]version-release: the last two hyphens, if a digit follows each of them.
    let mut hyphens = rest.rmatch_indices('-').map(|(at, _)| at);
    let begins = |at: usize, with: &str| {
        let part = &rest[at + 1..];
        part.starts_with(|c: char| c.is_ascii_digit()) || (!with.is_empty() && part.starts_with(with))
    };
    let (name, version) = match (hyphens.next(), hyphens.next()) {
        // openSUSE's releases begin with `lp`.
        (Some(release), Some(at)) if begins(at, "") && begins(release, "lp") => {
            (&rest[..at], &rest[at + 1..])
        }
        _ => (rest, ""),
    };
    Package {
        name: name.to_owned(),
        version: version.to_owned(),
        module,
        architecture: architecture.to_owned(),
    }
}

/// The name and stream of `nodejs:18:8080020230718:63b34585`.
fn module_stream(text: &str) -> String {
    text.splitn(3, ':').take(2).collect::<Vec<_>>().join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_by_their_text() {
        for (text, name, version, module, architecture) in [
            ("curl-0:7.76.1-14.el9_0.9.aarch64", "curl", "0:7.76.1-14.el9_0.9", "", "aarch64"),
            ("samba.src", "samba", "", "", "src"),
            ("java-1.8.0-openjdk", "java-1.8.0-openjdk", "", "", ""),
            (
                "ruby-libs-2.5.9-111.module+el8.9.0.i686.rpm-ruby:2.5",
                "ruby-libs",
                "2.5.9-111.module+el8.9.0",
                "ruby:2.5",
                "i686",
            ),
            ("go-toolset:rhel8/go-toolset", "go-toolset", "", "go-toolset:rhel8", ""),
            ("libopenssl1_1-1.1.1l-150500.17.1.x86_64", "libopenssl1_1", "1.1.1l-150500.17.1", "", "x86_64"),
        ] {
            let read = of_text(text);
            let read =
                (read.name.as_str(), read.version.as_str(), read.module.as_str(), read.architecture.as_str());
            assert_eq!(read, (name, version, module, architecture), "{text}");
        }
    }
}
