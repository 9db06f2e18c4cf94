//! Parts of inventories, from the control lane into state.

use std::collections::BTreeMap;

use anyhow::Result;
use palisade_inventory::parts::{MAX_PART, MAX_PARTS, digest};
use palisade_state::{InventoryList, InventoryUpdate, State};
use palisade_types::{DeviceId, TenantId, TimeMicros};
use palisade_wire::msg::{Fact, fact::Kind};

/// What devices told in a stretch of the log. Of a part told twice, the later counts.
#[derive(Default)]
pub struct Told {
    by_tenant: BTreeMap<TenantId, BTreeMap<DeviceId, InventoryUpdate>>,
    latest: TimeMicros,
}

impl Told {
    /// Takes what is about inventories out of a batch.
    pub fn take(&mut self, facts: &mut Vec<Fact>, tenant: TenantId, device: DeviceId, at: TimeMicros) {
        let is_ours = |f: &Fact| matches!(f.kind, Some(Kind::InventoryPart(_) | Kind::InventoryList(_)));
        if !facts.iter().any(is_ours) {
            return;
        }
        self.latest = self.latest.max(at);
        let update = self.by_tenant.entry(tenant).or_default().entry(device).or_default();
        let (ours, others): (Vec<Fact>, Vec<Fact>) = std::mem::take(facts).into_iter().partition(is_ours);
        *facts = others;
        for fact in ours {
            match fact.kind {
                Some(Kind::InventoryPart(part)) => {
                    let known = part.body.len() <= MAX_PART && update.parts.len() < MAX_PARTS;
                    // A sensor's own defect, or somebody who speaks for one: the list will not be complete.
                    match serde_json::from_str(&part.body) {
                        Ok(body) if known => {
                            update.parts.insert(part.name, (digest(&part.body), body));
                        }
                        _ => {
                            tracing::warn!(%device, part = %part.name, "a part of an inventory cannot be read")
                        }
                    }
                }
                Some(Kind::InventoryList(list)) => {
                    update.list = Some(InventoryList {
                        taken_at: TimeMicros(list.taken_us),
                        parts: list.parts.into_iter().take(MAX_PARTS).map(|p| (p.name, p.digest)).collect(),
                        left_out: list.left_out.into_iter().take(MAX_PARTS).collect(),
                    });
                }
                _ => {}
            }
        }
    }

    /// Writes all of it. May be repeated.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn write(&self, state: &State) -> Result<()> {
        for (tenant, updates) in &self.by_tenant {
            state.write_inventories(*tenant, updates, self.latest).await?;
        }
        Ok(())
    }
}
