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
            // Locked, so that two writers of one device follow each other.
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

    /// A device's inventory; none where it has told nothing. `kinds` limits it to parts of these kinds
    /// (`packages`, `certificates`, …); empty for all.
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

async fn write_parts(
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

/// Keeps the list, drops parts that are no longer in it, and says whether all that it names is here.
async fn write_list(
    tx: &mut PgConnection,
    tenant: TenantId,
    device: DeviceId,
    update: &InventoryUpdate,
    at: TimeMicros,
) -> Result<()> {
    if let Some(list) = &update.list {
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
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "DELETE FROM device_inventory_parts p USING device_inventories i
             WHERE p.tenant_id = $1 AND p.device_id = $2 AND i.tenant_id = $1 AND i.device_id = $2
                 AND NOT i.parts ? p.part",
        )
        .bind(tenant.0)
        .bind(device.to_string())
        .execute(&mut *tx)
        .await?;
    }
    sqlx::query(
        "UPDATE device_inventories i SET complete = NOT exists (
             SELECT FROM jsonb_each_text(i.parts) AS named(part, digest)
             LEFT JOIN device_inventory_parts p ON p.tenant_id = i.tenant_id AND p.device_id = i.device_id
                 AND p.part = named.part AND p.digest = named.digest
             WHERE p.part IS NULL)
         WHERE i.tenant_id = $1 AND i.device_id = $2",
    )
    .bind(tenant.0)
    .bind(device.to_string())
    .execute(tx)
    .await?;
    Ok(())
}
