//! What the preflight of an installation has to know of other products.

use super::{Beside, FanotifyUser, Found, HostFacts, Product, Running, products_known, recognise};
use crate::provision;

/// Evidence of a product in one line.
fn in_words(found: &Found) -> String {
    found.evidence.iter().take(4).map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// The products of others that own a machine, as the preflight reports them: beside one that runs our
/// sensor observes only. One that may run counts as running.
pub fn products(facts: &HostFacts) -> Vec<provision::Product> {
    let owns = |f: &&Found| products_known().find(&f.id).is_some_and(|p| p.beside == Beside::Observe);
    recognise(facts)
        .found
        .iter()
        .filter(owns)
        .map(|f| provision::Product {
            name: f.name.clone(),
            evidence: in_words(f),
            running: f.running != Running::No,
        })
        .collect()
}

/// A process of others that answers permission requests of fanotify, whatever product it is of; its
/// name if the catalogue knows it, else its executable or what it calls itself.
pub fn fanotify_user(facts: &HostFacts) -> Option<String> {
    let known = &products_known().all;
    // Ours may be installed into any folder; its unit says that it is.
    let unit = |p: &Product| facts.units.iter().any(|u| p.units.contains(&u.name));
    let ours = |u: &FanotifyUser| {
        let is = |p: &&Product| {
            p.is_ours() && p.has_executable(file_name(&u.exe)) && (p.is_home(&u.exe) || unit(p))
        };
        known.iter().any(|p| is(&p))
    };
    let user = facts.fanotify.iter().filter(|u| u.answers()).find(|u| !ours(u))?;
    let product = known.iter().find(|p| p.has_executable(file_name(&user.exe)) && p.is_home(&user.exe));
    Some(match (product, user.exe.is_empty()) {
        (Some(product), _) => format!("{} ({})", product.name, user.exe),
        (None, false) => user.exe.clone(),
        (None, true) => user.name.clone(),
    })
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
