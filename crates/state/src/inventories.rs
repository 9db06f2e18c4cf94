//! What machines hold, in the parts in which their sensors tell it.

use std::collections::{BTreeMap, BTreeSet};

use palisade_types::{DeviceId, TenantId, TimeMicros};
use serde_json::{Value, json};
use sqlx::{PgConnection, Row};

use crate::{Result, State, row};

/// Longest name of a part, bytes.
const MAX_NAME: usize = 120;
/// Most rows of one step; what is more comes with the next.
const MOST: i64 = 500;
/// Most parts that are kept of a device: those of its list, and as many that wait for the next list.
const MAX_KEPT: usize = 2 * 4096;
/// Most bytes of them as they lie on the disk.
const MAX_STORED: i64 = 256 << 20;
/// Most bytes of an inventory that is given to a reader.
const MAX_GIVEN: i64 = 64 << 20;

/// Parts of an inventory that a device sent, and the list of all, if it came with them.
#[derive(Clone, Debug, Default)]
pub struct InventoryUpdate {
    /// Bodies by name: digest, and JSON.
    pub parts: BTreeMap<String, (String, Value)>,
    /// The list, where it came.
    pub list: Option<InventoryList>,
}

/// Which parts make up an inventory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InventoryList {
    /// When it was taken, by the sensor's clock.
    pub taken_at: TimeMicros,
    /// Digests by name.
    pub parts: BTreeMap<String, String>,
    /// Parts that were too large to send.
    pub left_out: BTreeSet<String>,
}

/// A device whose inventory changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InventoryTouched {
    /// Which.
    pub device: DeviceId,
    /// Whether all of it is here.
    pub complete: bool,
    /// When it was written, by the database's clock.
    pub touched_at: TimeMicros,
}

/// An inventory as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptInventory {
    /// When it was taken, by the sensor's clock.
    pub taken_at: TimeMicros,
    /// When the server got its list.
    pub received_at: TimeMicros,
    /// Whether all parts that the list names are here.
    pub complete: bool,
    /// Parts that the sensor left out.
    pub left_out: Vec<String>,
    /// Bodies by name.
    pub bodies: BTreeMap<String, Value>,
}

impl State {
    /// Writes what devices of one tenant told of their inventories. A device that the tenant does not know is
    /// passed over. All of it may be written again.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn write_inventories(
        &self,
        tenant: TenantId,
        updates: &BTreeMap<DeviceId, InventoryUpdate>,
        at: TimeMicros,
    ) -> Result<()> {
        // What is left of a tenant that is gone holds up nobody.
        let Some(mut tx) = self.tx_here(tenant).await? else { return Ok(()) };
        for (device, update) in updates {
            // Two writers of one device follow each other. Its row is not locked for that: orders and heartbeats
            // write it too and need not wait for an inventory.
            sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 43))")
                .bind(format!("{tenant} {device}"))
                .execute(&mut *tx)
                .await?;
            let known = sqlx::query("SELECT id FROM devices WHERE tenant_id = $1 AND id = $2 FOR KEY SHARE")
                .bind(tenant.0)
                .bind(device.to_string())
                .fetch_optional(&mut *tx)
                .await?;
            if known.is_some() {
                write_parts(&mut tx, tenant, *device, update, at).await?;
                write_list(&mut tx, tenant, *device, update, at).await?;
            }
        }
        tx.commit().await?;
        Ok(())
    }

    /// Devices whose inventories were written after an instant of the database's clock, in that order.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn inventories_touched_since(
        &self,
        tenant: TenantId,
        since: TimeMicros,
    ) -> Result<Vec<InventoryTouched>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let rows = sqlx::query(
            "SELECT device_id, complete, touched_at FROM device_inventories
             WHERE tenant_id = $1 AND touched_at > $2 ORDER BY touched_at LIMIT $3",
        )
        .bind(tenant.0)
        .bind(since.0)
        .bind(MOST)
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.iter()
            .map(|r| {
                Ok(InventoryTouched {
                    device: row::device(r, "device_id")?,
                    complete: r.try_get("complete")?,
                    touched_at: row::time(r, "touched_at")?,
                })
            })
            .collect()
    }

    /// A device's inventory; none where it has told nothing, or more than 64 MiB. `kinds` limits it to parts of
    /// these kinds (`packages`, `certificates`, …); empty for all.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn inventory(
        &self,
        tenant: TenantId,
        device: DeviceId,
        kinds: &[&str],
    ) -> Result<Option<KeptInventory>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let head = sqlx::query(
            "SELECT taken_at, received_at, complete, left_out FROM device_inventories
             WHERE tenant_id = $1 AND device_id = $2",
        )
        .bind(tenant.0)
        .bind(device.to_string())
        .fetch_optional(&mut *tx)
        .await?;
        let Some(head) = head else { return Ok(None) };
        let size: i64 = sqlx::query_scalar(
            "SELECT coalesce(sum(octet_length(body::text)), 0)::bigint FROM device_inventory_parts
             WHERE tenant_id = $1 AND device_id = $2 AND ($3::text[] = '{}' OR split_part(part, '/', 1) = ANY($3))",
        )
        .bind(tenant.0)
        .bind(device.to_string())
        .bind(kinds)
        .fetch_one(&mut *tx)
        .await?;
        // One sensor must not take the memory of whoever reads all of them.
        if size > MAX_GIVEN {
            tracing::warn!(%device, size, most = MAX_GIVEN, "an inventory is too large to be read");
            return Ok(None);
        }
        let rows = sqlx::query(
            "SELECT part, body FROM device_inventory_parts
             WHERE tenant_id = $1 AND device_id = $2 AND ($3::text[] = '{}' OR split_part(part, '/', 1) = ANY($3))",
        )
        .bind(tenant.0)
        .bind(device.to_string())
        .bind(kinds)
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let bodies = rows.iter().map(|r| Ok((r.try_get("part")?, r.try_get("body")?)));
        Ok(Some(KeptInventory {
            taken_at: row::time(&head, "taken_at")?,
            received_at: row::time(&head, "received_at")?,
            complete: head.try_get("complete")?,
            left_out: head.try_get("left_out")?,
            bodies: bodies.collect::<Result<_>>()?,
        }))
    }
}

/// Keeps the parts that changed.
pub(crate) async fn write_parts(
    tx: &mut PgConnection,
    tenant: TenantId,
    device: DeviceId,
    update: &InventoryUpdate,
    at: TimeMicros,
) -> Result<()> {
    for (name, (digest, body)) in &update.parts {
        sqlx::query(
            "INSERT INTO device_inventory_parts AS p (tenant_id, device_id, part, digest, body, received_at)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (tenant_id, device_id, part) DO UPDATE SET digest = excluded.digest,
                 body = excluded.body, received_at = excluded.received_at
             WHERE p.digest <> excluded.digest",
        )
        .bind(tenant.0)
        .bind(device.to_string())
        .bind(row::text(name, MAX_NAME))
        .bind(row::text(digest, 64))
        .bind(row::json(body))
        .bind(at.0)
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

/// Keeps the list, if one came, drops parts that are no longer in it, and says whether all that it names is here.
pub(crate) async fn write_list(
    tx: &mut PgConnection,
    tenant: TenantId,
    device: DeviceId,
    update: &InventoryUpdate,
    at: TimeMicros,
) -> Result<()> {
    keep_list(&mut *tx, tenant, device, update, at).await?;
    settle(tx, tenant, device, update.list.is_some()).await
}

async fn keep_list(
    tx: &mut PgConnection,
    tenant: TenantId,
    device: DeviceId,
    update: &InventoryUpdate,
    at: TimeMicros,
) -> Result<()> {
    let Some(list) = &update.list else { return Ok(()) };
    let parts: serde_json::Map<String, Value> =
        list.parts.iter().map(|(n, d)| (row::text(n, MAX_NAME), json!(row::text(d, 64)))).collect();
    let left_out: Vec<String> = list.left_out.iter().map(|n| row::text(n, MAX_NAME)).collect();
    sqlx::query(
        "INSERT INTO device_inventories AS i (tenant_id, device_id, taken_at, received_at, parts, left_out, complete,
             touched_at)
         VALUES ($1, $2, $3, $4, $5, $6, false, 0)
         ON CONFLICT (tenant_id, device_id) DO UPDATE SET taken_at = excluded.taken_at,
             received_at = excluded.received_at, parts = excluded.parts, left_out = excluded.left_out",
    )
    .bind(tenant.0)
    .bind(device.to_string())
    .bind(list.taken_at.0)
    .bind(at.0)
    .bind(Value::Object(parts))
    .bind(left_out)
    .execute(tx)
    .await?;
    Ok(())
}

/// A part as it is kept, without its body.
struct KeptPart {
    name: String,
    digest: String,
    received_at: i64,
    stored: i64,
}

/// Drops parts that a new list no longer names and what is beyond the bounds of one device, and says whether all
/// that the list names is here. Compared here and not in SQL: joins over so many names, of which the planner knows
/// nothing, would take a hostile sensor's device longer than a statement may.
async fn settle(tx: &mut PgConnection, tenant: TenantId, device: DeviceId, new_list: bool) -> Result<()> {
    let list: Option<Value> =
        sqlx::query_scalar("SELECT parts FROM device_inventories WHERE tenant_id = $1 AND device_id = $2")
            .bind(tenant.0)
            .bind(device.to_string())
            .fetch_optional(&mut *tx)
            .await?;
    let named = list.as_ref().and_then(Value::as_object);
    let rows = sqlx::query(
        "SELECT part, digest, received_at, pg_column_size(body)::bigint AS stored FROM device_inventory_parts
         WHERE tenant_id = $1 AND device_id = $2",
    )
    .bind(tenant.0)
    .bind(device.to_string())
    .fetch_all(&mut *tx)
    .await?;
    let mut parts = Vec::with_capacity(rows.len());
    for r in &rows {
        parts.push(KeptPart {
            name: r.try_get("part")?,
            digest: r.try_get("digest")?,
            received_at: r.try_get("received_at")?,
            stored: r.try_get("stored")?,
        });
    }
    let is_named = |p: &KeptPart| named.is_some_and(|n| n.contains_key(&p.name));
    let dropped = surplus(&mut parts, is_named, new_list);
    if !dropped.is_empty() {
        sqlx::query(
            "DELETE FROM device_inventory_parts WHERE tenant_id = $1 AND device_id = $2 AND part = ANY($3)",
        )
        .bind(tenant.0)
        .bind(device.to_string())
        .bind(&dropped)
        .execute(&mut *tx)
        .await?;
    }
    let here: BTreeMap<&str, &str> = parts.iter().map(|p| (p.name.as_str(), p.digest.as_str())).collect();
    let complete = named.is_some_and(|named| {
        named.iter().all(|(name, digest)| here.get(name.as_str()).copied() == digest.as_str())
    });
    sqlx::query("UPDATE device_inventories SET complete = $3 WHERE tenant_id = $1 AND device_id = $2")
        .bind(tenant.0)
        .bind(device.to_string())
        .bind(complete)
        .execute(tx)
        .await?;
    Ok(())
}

/// Takes out of `parts` what is not kept: with a new list what it does not name, and what is beyond the bounds, first
/// what no list names, the oldest first. A sensor that sends parts and never a list would fill the disk.
fn surplus(parts: &mut Vec<KeptPart>, is_named: impl Fn(&KeptPart) -> bool, new_list: bool) -> Vec<String> {
    parts.sort_by(|a, b| {
        is_named(b)
            .cmp(&is_named(a))
            .then_with(|| b.received_at.cmp(&a.received_at))
            .then_with(|| a.name.cmp(&b.name))
    });
    let (mut count, mut stored) = (0usize, 0i64);
    let mut dropped = Vec::new();
    parts.retain(|p| {
        count += 1;
        stored = stored.saturating_add(p.stored);
        let kept = count <= MAX_KEPT && stored <= MAX_STORED && (!new_list || is_named(p));
        if !kept {
            dropped.push(p.name.clone());
        }
        kept
    });
    dropped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(name: &str, received_at: i64, stored: i64) -> KeptPart {
        KeptPart { name: name.into(), digest: String::new(), received_at, stored }
    }

    #[test]
    fn what_a_list_names_is_kept_first_and_then_the_newest() {
        let named = |p: &KeptPart| p.name == "listed";
        let all = || vec![part("old", 1, 1), part("listed", 0, 1), part("new", 9, 1)];
        assert!(surplus(&mut all(), named, false).is_empty());
        assert_eq!(surplus(&mut all(), named, true), ["new", "old"]);
        let mut large = vec![part("old", 1, MAX_STORED), part("listed", 0, 1), part("new", 9, 1)];
        assert_eq!(surplus(&mut large, named, false), ["old"]);
        let mut many: Vec<KeptPart> =
            (0..20_000).map(|n| part(&format!("p{n}"), n, 1)).chain([part("listed", 0, 1)]).collect();
        let dropped = surplus(&mut many, named, false);
        assert_eq!((many.len(), dropped.len()), (MAX_KEPT, 20_001 - MAX_KEPT));
        assert_eq!((many[0].name.as_str(), many[1].name.as_str()), ("listed", "p19999"));
    }
}
