//! An inventory in parts, so that of a large one only what changed travels: each part has a name and a
//! digest, and a list of both says what the whole is.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::model::{
    BrowserExtension, Certificate, Container, Endpoint, Group, Inventory, Loaded, Package, Service, Share,
    SourceState, User,
};

/// Largest body of a part, bytes.
pub const MAX_PART: usize = 512 << 10;
/// Most parts of one inventory.
pub const MAX_PARTS: usize = 4096;
/// Most bytes of all bodies of one inventory.
pub const MAX_WHOLE: usize = 48 << 20;
/// Longest name of a part, bytes.
const MAX_NAME: usize = 120;
/// The part with everything that is no list.
const HEAD: &str = "head";
/// The kind of parts in which sensors tell results of baselines.
const BASELINE: &str = "baseline";
/// Into how many parts a list may be cut; the smallest number that keeps each small is taken.
const CUTS: [usize; 3] = [1, 16, 256];
/// A part is aimed at this size, so that a change of one item does not send much.
const AIM: usize = 64 << 10;

/// The parts of one inventory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// Bodies (JSON) by name.
    pub bodies: BTreeMap<String, String>,
    /// Parts that are larger than [`MAX_PART`], or beyond [`MAX_PARTS`] or [`MAX_WHOLE`]: what is in them is not
    /// told.
    pub left_out: BTreeSet<String>,
}

/// Why parts make up no inventory.
#[derive(Debug, Error)]
pub enum PartError {
    /// A part's body is not of its form.
    #[error("part {part}: {source}")]
    Body {
        /// Its name.
        part: String,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// Nobody knows a part of this name.
    #[error("there is no part called {0}")]
    Name(String),
    /// The part that everything else hangs on is missing.
    #[error("the part with the system is missing")]
    NoHead,
}

/// SHA-256 of a body, in hexadecimal digits.
pub fn digest(body: &str) -> String {
    hex::encode(Sha256::digest(body.as_bytes()))
}

/// What changes without anything having changed: process ids, and when it was taken.
fn steady(inventory: &Inventory) -> Inventory {
    let mut one = inventory.clone();
    one.taken_us = palisade_types::TimeMicros(0);
    for service in &mut one.services {
        service.pids.clear();
    }
    for endpoint in &mut one.endpoints {
        endpoint.pid = None;
    }
    for file in &mut one.loaded {
        file.pids.clear();
        file.processes = 0;
    }
    for container in &mut one.containers {
        container.pid = 0;
    }
    for source in one.sources.iter_mut().chain(one.containers.iter_mut().flat_map(|c| &mut c.sources)) {
        // How many processes there are says nothing of the machine.
        if source.name == "processes" && source.state == SourceState::Read {
            source.items = 0;
        }
    }
    one
}

/// Cuts an inventory into parts. The same inventory, but for what [`Inventory::taken_us`] and process ids
/// say, always gives the same parts, and a change of one item changes one part.
pub fn split(inventory: &Inventory) -> Parts {
    let mut one = steady(inventory);
    let mut parts = Cut::default();
    let packages = std::mem::take(&mut one.packages);
    parts.list("packages", &packages, |p| format!("{} {} {}", p.ecosystem.as_str(), p.name, p.path));
    let services = std::mem::take(&mut one.services);
    parts.list("services", &services, |s| s.name.clone());
    let mut endpoints = std::mem::take(&mut one.endpoints);
    endpoints.sort();
    endpoints.dedup();
    parts.list("endpoints", &endpoints, |e| format!("{} {}", e.protocol, e.port));
    let loaded = std::mem::take(&mut one.loaded);
    parts.list("loaded", &loaded, |l| l.path.clone());
    let users = std::mem::take(&mut one.users);
    parts.list("users", &users, |u| u.name.clone());
    let groups = std::mem::take(&mut one.groups);
    parts.list("groups", &groups, |g| g.name.clone());
    let certificates = std::mem::take(&mut one.certificates);
    parts.list("certificates", &certificates, |c| c.fingerprint.clone());
    let shares = std::mem::take(&mut one.shares);
    parts.list("shares", &shares, |s| s.path.clone());
    let extensions = std::mem::take(&mut one.extensions);
    parts.list("extensions", &extensions, |e| format!("{} {}", e.user, e.id));
    let containers = std::mem::take(&mut one.containers);
    for mut container in containers {
        let name = format!("container:{}", container.id.chars().take(64).collect::<String>());
        let packages = std::mem::take(&mut container.packages);
        parts.list(&format!("{name}/packages"), &packages, |p| {
            format!("{} {} {}", p.ecosystem.as_str(), p.name, p.path)
        });
        parts.put(name, &container);
    }
    parts.put(HEAD.into(), &one);
    parts.told
}

/// What is cut, and how many bytes it has so far.
#[derive(Default)]
struct Cut {
    told: Parts,
    bytes: usize,
}

impl Cut {
    fn put<T: Serialize>(&mut self, name: String, value: &T) {
        // Lists of texts and numbers, which JSON can hold.
        let body = serde_json::to_string(value).unwrap_or_default();
        // The head comes last and always has room: without it nobody can read the rest.
        let is_full = name != HEAD
            && (self.told.bodies.len() >= MAX_PARTS - 1 || self.bytes + body.len() > MAX_WHOLE - MAX_PART);
        if body.len() > MAX_PART || is_full {
            self.told.left_out.insert(name);
        } else {
            self.bytes += body.len();
            self.told.bodies.insert(name, body);
        }
    }

    fn list<T: Serialize>(&mut self, kind: &str, items: &[T], key: impl Fn(&T) -> String) {
        if items.is_empty() {
            return;
        }
        let size = serde_json::to_vec(items).map_or(usize::MAX, |all| all.len());
        let cuts = CUTS.into_iter().find(|n| size / n <= AIM).unwrap_or(CUTS[CUTS.len() - 1]);
        let mut cut: Vec<Vec<&T>> = (0..cuts).map(|_| Vec::new()).collect();
        for item in items {
            let hash = Sha256::digest(key(item).as_bytes());
            cut[usize::from(hash[0]) % cuts].push(item);
        }
        for (number, items) in cut.into_iter().enumerate().filter(|(_, items)| !items.is_empty()) {
            self.put(format!("{kind}/{number}"), &items);
        }
    }
}

/// Puts an inventory together again. [`Inventory::taken_us`] is not part of it.
///
/// # Errors
/// When a part is not of its form, has a name that nobody knows, or the head is missing.
pub fn join<'a>(parts: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Inventory, PartError> {
    let mut head: Option<Inventory> = None;
    let mut lists = Inventory::default();
    let mut inner: BTreeMap<&str, Vec<crate::model::Package>> = BTreeMap::new();
    for (name, body) in parts {
        let (kind, _) = name.rsplit_once('/').unwrap_or((name, ""));
        match kind {
            HEAD => head = Some(read(name, body)?),
            "packages" => lists.packages.extend(read::<Vec<_>>(name, body)?),
            "services" => lists.services.extend(read::<Vec<_>>(name, body)?),
            "endpoints" => lists.endpoints.extend(read::<Vec<_>>(name, body)?),
            "loaded" => lists.loaded.extend(read::<Vec<_>>(name, body)?),
            "users" => lists.users.extend(read::<Vec<_>>(name, body)?),
            "groups" => lists.groups.extend(read::<Vec<_>>(name, body)?),
            "certificates" => lists.certificates.extend(read::<Vec<_>>(name, body)?),
            "shares" => lists.shares.extend(read::<Vec<_>>(name, body)?),
            "extensions" => lists.extensions.extend(read::<Vec<_>>(name, body)?),
            // What checks of the configuration said travels the same way and is no inventory.
            BASELINE => {}
            _ => match kind.strip_prefix("container:").map(|rest| (rest, rest.strip_suffix("/packages"))) {
                Some((_, Some(id))) => inner.entry(id).or_default().extend(read::<Vec<_>>(name, body)?),
                Some((_, None)) => lists.containers.push(read(name, body)?),
                None => return Err(PartError::Name(name.chars().take(200).collect())),
            },
        }
    }
    for container in &mut lists.containers {
        let id: String = container.id.chars().take(64).collect();
        container.packages = inner.remove(id.as_str()).unwrap_or_default();
    }
    let head = head.ok_or(PartError::NoHead)?;
    Ok(Inventory {
        format: head.format,
        root: head.root,
        live: head.live,
        host_name: head.host_name,
        os: head.os,
        kernel: head.kernel,
        hardware: head.hardware,
        boot: head.boot,
        sources: head.sources,
        ..lists
    })
}

/// Reads one part as somebody sent it, who may be anybody: its content in its own form, without anything that
/// belongs into no part of this name.
///
/// # Errors
/// When its body is not of its form, or nobody knows a part of its name.
pub fn check(name: &str, body: &str) -> Result<Value, PartError> {
    fn typed<T: DeserializeOwned + Serialize>(part: &str, body: &str) -> Result<Value, PartError> {
        let wrong = |source| PartError::Body { part: part.chars().take(200).collect(), source };
        serde_json::to_value(read::<T>(part, body)?).map_err(wrong)
    }
    let unknown = || PartError::Name(name.chars().take(200).collect());
    if name.len() > MAX_NAME {
        return Err(unknown());
    }
    if name == HEAD {
        return typed::<Inventory>(name, body);
    }
    let container = |kind: &str| kind.strip_prefix("container:").is_some_and(|id| !id.contains('/'));
    let Some((kind, number)) = name.rsplit_once('/') else {
        return if container(name) { typed::<Container>(name, body) } else { Err(unknown()) };
    };
    if kind != BASELINE && !number.parse::<u8>().is_ok_and(|n| n.to_string() == number) {
        return Err(unknown());
    }
    match kind {
        "packages" => typed::<Vec<Package>>(name, body),
        "services" => typed::<Vec<Service>>(name, body),
        "endpoints" => typed::<Vec<Endpoint>>(name, body),
        "loaded" => typed::<Vec<Loaded>>(name, body),
        "users" => typed::<Vec<User>>(name, body),
        "groups" => typed::<Vec<Group>>(name, body),
        "certificates" => typed::<Vec<Certificate>>(name, body),
        "shares" => typed::<Vec<Share>>(name, body),
        "extensions" => typed::<Vec<BrowserExtension>>(name, body),
        // Whoever reads results checks them.
        BASELINE => typed::<Value>(name, body),
        _ if kind.strip_suffix("/packages").is_some_and(container) => typed::<Vec<Package>>(name, body),
        _ => Err(unknown()),
    }
}

fn read<T: DeserializeOwned>(part: &str, body: &str) -> Result<T, PartError> {
    serde_json::from_str(body).map_err(|source| PartError::Body { part: part.to_owned(), source })
}

#[cfg(test)]
mod tests;
