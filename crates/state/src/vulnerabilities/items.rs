//! What inventories hold besides packages: certificates, extensions of browsers, shares, hardware.

use palisade_types::{DeviceId, TenantId};
use serde_json::Value;
use sqlx::{Postgres, QueryBuilder, Row};

use super::list::Range;
use crate::device_list::containing;
use crate::page::{self, Cursor};
use crate::{DeviceScope, Page, Result, State, row};

/// Which items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemKind {
    /// Certificates.
    Certificate,
    /// Extensions of browsers.
    BrowserExtension,
    /// Folders that others may mount.
    NetworkShare,
    /// Hardware, firmware and the start of the machine: one for each device.
    Hardware,
}

/// A number of an item, whatever stands there: what is none is null, and what is too large the largest. A sensor
/// writes these texts, and a list of all devices must not fail on one of them.
macro_rules! number {
    ($field:literal) => {
        concat!(
            "CASE WHEN jsonb_typeof(i.item->'",
            $field,
            "') = 'number' THEN least(greatest((i.item->>'",
            $field,
            "')::numeric, 0), 9223372036854775807)::bigint END"
        )
    };
}

impl ItemKind {
    fn name(self) -> &'static str {
        match self {
            Self::Certificate => "certificates",
            Self::BrowserExtension => "browser_extensions",
            Self::NetworkShare => "network_shares",
            Self::Hardware => "hardware",
        }
    }

    /// Names of the parts that hold them, as a pattern.
    fn parts(self) -> &'static str {
        match self {
            Self::Certificate => "certificates/%",
            Self::BrowserExtension => "extensions/%",
            Self::NetworkShare => "shares/%",
            Self::Hardware => "head",
        }
    }

    /// The rows that a part's body gives.
    fn expand(self) -> &'static str {
        match self {
            // The head has much more that nobody asks for here.
            Self::Hardware => {
                "jsonb_build_array(jsonb_build_object('hardware', p.body->'hardware', 'boot', p.body->'boot',
                     'kernel', p.body->'kernel'->'running', 'os', p.body->'os'))"
            }
            _ => "CASE WHEN jsonb_typeof(p.body) = 'array' THEN p.body ELSE '[]'::jsonb END",
        }
    }

    /// What rows are sorted by first, and what tells those of one device apart.
    fn keys(self) -> (&'static str, &'static str) {
        match self {
            // Zeros in front, so that texts have the order of the numbers.
            Self::Certificate => (
                concat!("lpad(coalesce(", number!("not_after_us"), ", 0)::text, 20, '0')"),
                "left(concat_ws('/', i.item->>'fingerprint', i.item->>'store'), 300)",
            ),
            Self::BrowserExtension => (
                "left(lower(coalesce(i.item->>'name', '')), 100)",
                "left(concat_ws('/', i.item->>'id', i.item->>'browser', i.item->>'user', i.item->>'version',
                     i.item->>'profile', i.item->>'path'), 300)",
            ),
            Self::NetworkShare => (
                "left(lower(coalesce(i.item->>'name', '')), 100)",
                "left(concat_ws('/', i.item->>'kind', i.item->>'path', i.item->>'name'), 300)",
            ),
            Self::Hardware => (
                "left(lower(concat_ws(' ', i.item->'hardware'->>'vendor', i.item->'hardware'->>'model')), 100)",
                "''",
            ),
        }
    }
}

/// An item on a device.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// The device.
    pub device: DeviceId,
    /// Its name.
    pub device_name: String,
    /// The item as inventories describe it.
    pub item: Value,
}

/// Which items; all when nothing is said.
#[derive(Clone, Debug, Default)]
pub struct ItemQuery {
    /// Text that any of its texts or the device's name contains.
    pub search: Option<String>,
    /// Only of one device.
    pub device: Option<DeviceId>,
    /// Only items of which each of these fields has this value, as text.
    pub equal: Vec<(&'static str, String)>,
    /// Only certificates that end before this instant, in microseconds.
    pub ends_before: Option<i64>,
    /// Only certificates whose key or signature is weak.
    pub weak: bool,
    /// Whether extensions are ordered by browser and identifier instead of by name: the same ones follow each
    /// other.
    pub by_identifier: bool,
    /// Which part.
    pub range: Range,
}

fn from(
    columns: &str,
    tenant: TenantId,
    scope: &DeviceScope,
    (kind, query): (ItemKind, &ItemQuery),
) -> QueryBuilder<Postgres> {
    let mut q = QueryBuilder::<Postgres>::new(format!(
        "SELECT {columns} FROM device_inventory_parts p
         JOIN devices d ON d.tenant_id = p.tenant_id AND d.id = p.device_id
         CROSS JOIN LATERAL jsonb_array_elements({}) AS i(item)
         WHERE d.status = 'active' AND p.part LIKE '{}' AND p.tenant_id = ",
        kind.expand(),
        kind.parts(),
    ));
    q.push_bind(tenant.0);
    scope.push_device(&mut q, "d.tenant_id", "d.id");
    if let Some(device) = query.device {
        q.push(" AND d.id = ").push_bind(device.to_string());
    }
    if let Some(search) = query.search.as_deref().map(str::trim).filter(|s| !s.is_empty()) {
        q.push(" AND (d.name ILIKE ").push_bind(containing(search));
        q.push(" OR i.item::text ILIKE ").push_bind(containing(search)).push(")");
    }
    for (field, value) in &query.equal {
        q.push(format!(" AND i.item->>'{field}' = ")).push_bind(row::text(value, 200));
    }
    if let Some(end) = query.ends_before {
        q.push(concat!(" AND ", number!("not_after_us"), " < ")).push_bind(end);
    }
    if query.weak {
        q.push(concat!(
            " AND ((i.item->>'key' IN ('RSA', 'DSA') AND ",
            number!("key_bits"),
            " BETWEEN 1 AND 2047)
              OR i.item->>'signature' ILIKE '%md5%' OR i.item->>'signature' ILIKE '%sha1%'
              OR i.item->>'signature' ILIKE '%md2%')",
        ));
    }
    q
}

impl State {
    /// A page of items of the scope's devices.
    ///
    /// # Errors
    /// `not_found` for a device that is not there, `cursor_invalid`.
    pub async fn inventory_items(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        kind: ItemKind,
        query: &ItemQuery,
    ) -> Result<Page<Item>> {
        let range = &query.range;
        let (mut key, own) = kind.keys();
        let mut sort = "first";
        if query.by_identifier && kind == ItemKind::BrowserExtension {
            (key, sort) = ("left(concat_ws(' ', i.item->>'browser', i.item->>'id'), 100)", "identifier");
        }
        // The last makes the order one: a device's items may be the same but for what does not tell them apart.
        let id = format!("(d.id || ' ' || {own} || ' ' || md5(i.item::text))");
        let list = range.list(kind.name(), sort);
        let after = range.cursor.as_deref().map(|c| Cursor::decode(c, &list)).transpose()?;
        let asked = (kind, query);
        let mut tx = self.tenant_tx(tenant).await?;
        if let Some(device) = query.device {
            super::sight::ordinal(&mut tx, tenant, scope, device).await?;
        }
        let total: i64 =
            from("count(*)", tenant, scope, asked).build_query_scalar().fetch_one(&mut *tx).await?;
        let columns = format!("d.id AS device, d.name, i.item, {key} AS key, {id} AS id");
        let mut q = from(&columns, tenant, scope, asked);
        let (order, beyond) = if range.descending { ("DESC", "<") } else { ("ASC", ">") };
        if let Some(after) = after {
            q.push(format!(" AND ({key}, {id}) {beyond} (")).push_bind(after.key);
            q.push(", ").push_bind(after.id).push(")");
        }
        q.push(format!(" ORDER BY {key} {order}, {id} {order} LIMIT ")).push_bind(range.sql_limit() + 1);
        let rows = q.build().fetch_all(&mut *tx).await?;
        tx.commit().await?;
        let mut items = Vec::with_capacity(rows.len());
        for r in &rows {
            let item = Item {
                device: row::device(r, "device")?,
                device_name: r.try_get("name")?,
                item: r.try_get("item")?,
            };
            items.push((r.try_get::<String, _>("key")?, r.try_get::<String, _>("id")?, item));
        }
        let page = page::finish(items, range.sql_limit(), total, |(key, id, _)| Cursor {
            list: list.clone(),
            key: key.clone(),
            id: id.clone(),
        });
        Ok(Page {
            items: page.items.into_iter().map(|(.., item)| item).collect(),
            next_cursor: page.next_cursor,
            total: page.total,
        })
    }
}
