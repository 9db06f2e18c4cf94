//! Parts of inventories, from the control lane into state.

use std::collections::BTreeMap;

use anyhow::Result;
use palisade_inventory::parts::{MAX_PART, MAX_PARTS, check, digest};
use palisade_state::{InventoryList, InventoryUpdate, State};
use palisade_types::{DeviceId, TenantId, TimeMicros};
use palisade_wire::msg::{Fact, fact::Kind};

/// What devices told in a stretch of the log. Of a part told twice, the later counts.
#[derive(Default)]
pub struct Told {
    by_tenant: BTreeMap<TenantId, BTreeMap<DeviceId, InventoryUpdate>>,
    latest: TimeMicros,
    bytes: usize,
}

/// So many bytes of parts are written before more of the log is looked at.
const ENOUGH: usize = 32 << 20;

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
        let mut refused: Vec<String> = Vec::new();
        for fact in ours {
            match fact.kind {
                Some(Kind::InventoryPart(part)) => {
                    let fits = part.body.len() <= MAX_PART
                        && (update.parts.len() < MAX_PARTS || update.parts.contains_key(&part.name));
                    // What is kept is of its form, because lists of all devices are made of it.
                    match fits.then(|| check(&part.name, &part.body)) {
                        Some(Ok(body)) => {
                            self.bytes += part.body.len();
                            update.parts.insert(part.name, (digest(&part.body), body));
                        }
                        Some(Err(e)) => refused.push(e.to_string()),
                        None => refused.push("it is too large, or one too many".to_owned()),
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
        // A sensor's own defect, or somebody who speaks for one: the list will not be complete.
        if let Some(first) = refused.first() {
            tracing::warn!(%device, parts = refused.len(), first, "parts of an inventory cannot be read");
        }
    }

    /// Whether it is so much that it is to be written before more is taken.
    pub fn is_much(&self) -> bool {
        self.bytes >= ENOUGH
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

#[cfg(test)]
mod tests {
    use palisade_wire::msg::{InventoryList as ToldList, InventoryPart, InventoryPartName};

    use super::*;

    fn part(name: &str, body: &str) -> Fact {
        let part = InventoryPart { name: name.into(), body: body.into() };
        Fact { kind: Some(Kind::InventoryPart(part)), ..Fact::default() }
    }

    #[test]
    fn only_what_is_a_part_by_its_form_is_kept_and_other_facts_stay() {
        let (tenant, device) = (TenantId::random(), DeviceId([7; 20]));
        let names = |n: &str| InventoryPartName { name: n.into(), digest: digest("[]") };
        let list = ToldList { taken_us: 5, parts: vec![names("users/0")], left_out: vec!["loaded/0".into()] };
        let users = r#"[{"name":"ann","uid":1,"gid":1,"password":"locked","more":[0,0,0]}]"#;
        let mut facts = vec![
            Fact { report_id: 3, ..Fact::default() },
            part("users/0", users),
            part("users/0x", "[]"),
            part("certificates/0", r#"[{"not_after_us":"soon"}]"#),
            part("groups/0", &format!("[{}]", " ".repeat(MAX_PART))),
            Fact { kind: Some(Kind::InventoryList(list)), ..Fact::default() },
        ];
        let mut told = Told::default();
        told.take(&mut facts, tenant, device, TimeMicros(9));
        assert_eq!(facts.iter().map(|f| f.report_id).collect::<Vec<_>>(), [3]);
        let update = &told.by_tenant[&tenant][&device];
        assert_eq!(update.parts.keys().collect::<Vec<_>>(), ["users/0"]);
        let (sum, body) = &update.parts["users/0"];
        assert_eq!(*sum, digest(users), "by what was sent");
        assert!(body[0]["name"] == "ann" && body[0].get("more").is_none(), "{body}");
        assert_eq!(update.list.as_ref().map(|l| l.parts.len()), Some(1));
        assert!(!told.is_much());
    }

    #[test]
    fn much_is_written_before_more_is_taken() {
        let (tenant, device) = (TenantId::random(), DeviceId([7; 20]));
        let body = format!("[{}]", " ".repeat(MAX_PART - 2));
        let mut told = Told::default();
        let mut count = 0;
        while !told.is_much() {
            told.take(&mut vec![part("users/0", &body)], tenant, device, TimeMicros(9));
            count += 1;
        }
        assert_eq!(count, ENOUGH / MAX_PART);
    }
}
