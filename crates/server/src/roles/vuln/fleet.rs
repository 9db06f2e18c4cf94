//! What machines hold, in memory: the matcher over all tenants of the region, and what else an assessment needs of
//! each device.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use anyhow::Result;
use palisade_inventory::{Certificate, Endpoint, Inventory, Os, join};
use palisade_state::{AssessmentBasis, KeptInventory, State};
use palisade_types::{DeviceId, TenantId, TimeMicros};
use palisade_vuln::score::Reach;
use palisade_vuln::{IndexBuilder, Matcher, MatcherSizes, Ranks, from_inventory};
use tokio::time::Instant;

use super::feeds::Change;
use super::pace::Pace;

/// How many inventories are read before they are taken in.
const AT_ONCE: usize = 20;

/// What is known of one device.
pub struct Known {
    /// Its number in the matcher, which is the region's; a tenant has numbers of its own.
    pub number: u32,
    /// When its inventory was taken.
    pub taken_at: TimeMicros,
    /// Its system.
    pub os: Os,
    /// Where components lie that have a place of their own, by the matcher's numbers.
    pub paths: BTreeMap<u32, Vec<String>>,
    /// From where components can be reached, by the matcher's numbers; of others it is not known.
    pub reach: HashMap<u32, Reach>,
    /// Certificates that it shows or uses.
    pub certificates: Vec<Certificate>,
    /// How many packages it has.
    pub packages: usize,
    /// What it told of its configuration.
    pub runs: Vec<super::posture::Run>,
}

/// A tenant's devices.
#[derive(Default)]
pub struct Tenant {
    /// By their ids.
    pub devices: BTreeMap<DeviceId, Known>,
    since: TimeMicros,
    basis: AssessmentBasis,
    pace: Pace,
}

/// All devices of the region.
pub struct Fleet {
    matcher: Matcher,
    tenants: BTreeMap<TenantId, Tenant>,
    next: u32,
}

impl Tenant {
    /// What its assessment rests on besides inventories.
    pub fn basis(&self) -> &AssessmentBasis {
        &self.basis
    }
}

impl Default for Fleet {
    fn default() -> Self {
        let empty = IndexBuilder::new(Ranks::default()).finish();
        Self { matcher: Matcher::new(empty), tenants: BTreeMap::new(), next: 0 }
    }
}

impl Fleet {
    /// How much it holds.
    pub fn sizes(&self) -> MatcherSizes {
        self.matcher.sizes()
    }

    /// The matcher.
    pub fn matcher(&self) -> &Matcher {
        &self.matcher
    }

    /// A tenant's devices.
    pub fn tenant(&self, id: TenantId) -> Option<&Tenant> {
        self.tenants.get(&id)
    }

    /// Forgets tenants that are gone, and begins with new ones.
    pub fn keep(&mut self, here: &BTreeSet<TenantId>) {
        let gone: Vec<TenantId> = self.tenants.keys().filter(|id| !here.contains(id)).copied().collect();
        for id in gone {
            for known in self.tenants.remove(&id).into_iter().flat_map(|t| t.devices.into_values()) {
                self.matcher.apply_tuples(known.number, &[]);
            }
        }
        for id in here {
            self.tenants.entry(*id).or_insert_with(|| Tenant { pace: Pace::new(), ..Tenant::default() });
        }
    }

    /// Takes in what feeds say otherwise; answers whether the index is to be made anew next time, because too much
    /// of it was replaced.
    pub fn change_feeds(&mut self, change: Change) -> bool {
        let delta = match change {
            Change::Whole(index) => self.matcher.replace_index(*index),
            Change::Part(updates) => self.matcher.apply_update(updates),
        };
        tracing::info!(components = delta.judged, changed = delta.tuples.len(), "matched by new feeds");
        self.touch_all();
        self.matcher.index().is_worn()
    }

    /// Has every tenant assessed anew.
    pub fn touch_all(&mut self) {
        let now = Instant::now();
        self.tenants.values_mut().for_each(|t| t.pace.changed(now));
    }

    /// Whether something changed since the last assessment and came to rest, or that was too long ago.
    pub fn wants_assessment(&self, id: TenantId, whole: Duration) -> bool {
        self.tenants.get(&id).is_some_and(|t| t.pace.due(Instant::now(), whole))
    }

    /// Notes that what was known at an instant has been written.
    pub fn assessed(&mut self, id: TenantId, known: Instant) {
        if let Some(tenant) = self.tenants.get_mut(&id) {
            tenant.pace.assessed(known, Instant::now());
        }
    }

    /// Up to when a tenant's inventories were taken in, by the database's clock; none if it is not followed.
    pub fn since(&self, id: TenantId) -> Option<TimeMicros> {
        self.tenants.get(&id).map(|t| t.since)
    }

    /// Takes in inventories of a tenant that were read.
    pub fn take_all(&mut self, id: TenantId, read: Touched) {
        for (device, kept) in read.inventories {
            let taken_at = kept.taken_at;
            let runs = super::posture::runs(device, kept.bodies.iter().map(|(n, b)| (n.as_str(), b)));
            let bodies: Vec<(String, String)> =
                kept.bodies.into_iter().map(|(name, body)| (name, body.to_string())).collect();
            match join(bodies.iter().map(|(n, b)| (n.as_str(), b.as_str()))) {
                // A name that no table can hold would stop the assessment of all the others.
                Ok(inventory) => match palisade_inventory::told::check(&inventory) {
                    Ok(()) => self.take(id, device, taken_at, (inventory, runs)),
                    Err(e) => tracing::warn!(%device, error = %e, "an inventory is not taken"),
                },
                Err(e) => tracing::warn!(%device, error = %e, "an inventory cannot be read"),
            }
        }
        if let Some(tenant) = self.tenants.get_mut(&id) {
            tenant.since = read.until;
        }
    }

    fn take(
        &mut self,
        id: TenantId,
        device: DeviceId,
        taken_at: TimeMicros,
        (inventory, runs): (Inventory, Vec<super::posture::Run>),
    ) {
        let Some(tenant) = self.tenants.get_mut(&id) else { return };
        let number = tenant.devices.get(&device).map_or_else(
            || {
                self.next += 1;
                self.next - 1
            },
            |known| known.number,
        );
        let read = from_inventory(&inventory);
        let listening = listening(&inventory.endpoints);
        let mut known = Known {
            number,
            taken_at,
            os: inventory.os,
            paths: BTreeMap::new(),
            reach: HashMap::new(),
            certificates: inventory.certificates.into_iter().filter(|c| c.store != "trust").collect(),
            packages: inventory.packages.len(),
            runs,
        };
        let mut tuples = Vec::with_capacity(read.installed.len());
        for one in &read.installed {
            let tuple = self.matcher.intern(&one.component);
            tuples.push((tuple, one.running));
            let own_place = !one.component.ecosystem.is_distribution() || !one.container.is_empty();
            if own_place {
                let place = if one.container.is_empty() {
                    one.path.clone()
                } else {
                    format!("{}:{}", one.container, one.path)
                };
                known.paths.entry(tuple).or_default().push(place);
            }
            if one.container.is_empty()
                && let Some(reach) = listening.get(one.component.name.as_str())
            {
                known.reach.insert(tuple, *reach);
            }
        }
        self.matcher.apply_tuples(number, &tuples);
        tenant.devices.insert(device, known);
        tenant.pace.changed(Instant::now());
    }

    /// Notes what else assessments rest on, and forgets devices that are no longer in service.
    pub fn rest_on(&mut self, id: TenantId, basis: AssessmentBasis) {
        let Some(tenant) = self.tenants.get_mut(&id) else { return };
        if tenant.basis == basis {
            return;
        }
        tenant.pace.changed(Instant::now());
        let known: BTreeSet<DeviceId> = basis.devices.iter().map(|(device, _)| *device).collect();
        tenant.basis = basis;
        let gone: Vec<DeviceId> = tenant.devices.keys().filter(|d| !known.contains(d)).copied().collect();
        for device in gone {
            if let Some(known) = tenant.devices.remove(&device) {
                self.matcher.apply_tuples(known.number, &[]);
            }
        }
    }
}

/// Inventories that changed, as they are kept.
#[derive(Default)]
pub struct Touched {
    inventories: Vec<(DeviceId, KeptInventory)>,
    /// Up to when these are all, by the database's clock.
    until: TimeMicros,
}

impl Touched {
    /// These, for tests.
    #[cfg(test)]
    pub fn of(inventories: Vec<(DeviceId, KeptInventory)>) -> Self {
        Self { inventories, until: TimeMicros(1) }
    }

    /// Reads the next ones that changed since an instant; nothing if there are none. Of one that is not complete, what
    /// was complete before counts until the rest has come.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn read(state: &State, id: TenantId, since: TimeMicros) -> Result<Option<Self>> {
        let touched = state.inventories_touched_since(id, since).await?;
        let Some(last) = touched.get(AT_ONCE - 1).or(touched.last()) else { return Ok(None) };
        let mut read = Self { until: last.touched_at, ..Self::default() };
        // Those of one instant are taken together, so that none is passed over.
        for one in touched.iter().take_while(|t| t.touched_at <= read.until).filter(|t| t.complete) {
            if let Some(kept) = state.inventory(id, one.device, &[]).await? {
                read.inventories.push((one.device, kept));
            }
        }
        Ok(Some(read))
    }
}

/// From where the packages that listen can be reached. An address of this machine alone is local; whether others
/// reach a machine's addresses from the internet is not its own to say, unless the address is a public one.
fn listening(endpoints: &[Endpoint]) -> HashMap<&str, Reach> {
    let mut out: HashMap<&str, Reach> = HashMap::new();
    for endpoint in endpoints.iter().filter(|e| e.container.is_empty()) {
        let Some((_, package)) = endpoint.package.split_once(':') else { continue };
        let reach = match endpoint.address.parse::<std::net::IpAddr>() {
            Ok(address) if address.is_loopback() => Reach::Local,
            Ok(std::net::IpAddr::V4(a)) if is_public(a) => Reach::Internet,
            _ => Reach::Network,
        };
        out.entry(package).and_modify(|known| *known = (*known).max(reach)).or_insert(reach);
    }
    out
}

fn is_public(a: std::net::Ipv4Addr) -> bool {
    let shared = a.octets()[0] == 100 && a.octets()[1] & 0xc0 == 64;
    let none = a.is_unspecified() || a.is_multicast() || a.is_broadcast() || a.is_documentation();
    !(a.is_private() || a.is_link_local() || a.is_loopback() || shared || none)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_address_counts() {
        let at = |address: &str, package: &str| Endpoint {
            address: address.into(),
            package: package.into(),
            ..Endpoint::default()
        };
        let endpoints = [
            at("127.0.0.1", "deb:postgresql-15"),
            at("127.0.0.1", "deb:nginx"),
            at("0.0.0.0", "deb:nginx"),
            at("8.8.8.8", "deb:bind9"),
            at("10.0.0.1", "deb:cups"),
            at("::1", "deb:exim4"),
            at("0.0.0.0", ""),
        ];
        let found = listening(&endpoints);
        assert_eq!(found["postgresql-15"], Reach::Local);
        assert_eq!(found["exim4"], Reach::Local);
        assert_eq!(found["nginx"], Reach::Network);
        assert_eq!(found["cups"], Reach::Network);
        assert_eq!(found["bind9"], Reach::Internet);
        assert_eq!(found.len(), 5);
    }
}
