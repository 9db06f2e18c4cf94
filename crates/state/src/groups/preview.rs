//! What a rule would match, before anybody saves it.

use std::collections::{BTreeMap, HashSet};

use palisade_estate::group::Rule;
use palisade_types::{DeviceId, TenantId};
use sqlx::Row;
use uuid::Uuid;

use super::members;
use crate::page::{self, Cursor};
use crate::{Page, Result, State, row};

const LIST: &str = "device_group_preview";

/// A device that a rule would match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviewedDevice {
    /// The device.
    pub id: DeviceId,
    /// Its name.
    pub name: String,
    /// Its distribution.
    pub os_distribution: String,
    /// The distribution's version.
    pub os_version: String,
    /// Whether it belongs to the group as it is saved.
    pub member: bool,
}

/// What a rule would match among the devices in service.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupPreview {
    /// The devices, by name.
    pub page: Page<PreviewedDevice>,
    /// How many of them do not belong to the saved group yet.
    pub joining: u64,
    /// How many that belong to the saved group would not any more.
    pub leaving: u64,
}

impl State {
    /// The devices in service that a rule would match, and the difference to the group as it is saved.
    ///
    /// # Errors
    /// `cursor_invalid`.
    pub async fn preview_device_group(
        &self,
        tenant: TenantId,
        rule: &Rule,
        group: Option<Uuid>,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<GroupPreview> {
        let after = cursor.map(|c| Cursor::decode(c, LIST)).transpose()?.map(|c| (c.key, c.id));
        let limit = page::limit(limit);
        let mut tx = self.tenant_tx(tenant).await?;
        let before: Vec<String> = sqlx::query_scalar(
            "SELECT device_id FROM device_group_members WHERE tenant_id = $1 AND group_id = $2",
        )
        .bind(tenant.0)
        .bind(group)
        .fetch_all(&mut *tx)
        .await?;
        let before: HashSet<String> = before.into_iter().collect();
        let (mut total, mut joining, mut leaving) = (0i64, 0u64, 0u64);
        let kept = usize::try_from(limit).unwrap_or(usize::MAX).saturating_add(1);
        let mut items: BTreeMap<(String, String), PreviewedDevice> = BTreeMap::new();
        let mut last = String::new();
        loop {
            let rows = members::next_devices(&mut tx, tenant, &last).await?;
            for row in &rows {
                let (id, name): (String, String) = (row.try_get("id")?, row.try_get("name")?);
                let member = before.contains(&id);
                let in_service = row.try_get::<&str, _>("status")? == "active";
                if !in_service || !rule.matches(&members::subject(row)?) {
                    leaving += u64::from(member && in_service);
                    continue;
                }
                total += 1;
                joining += u64::from(!member);
                let place = (name.to_lowercase().chars().take(100).collect::<String>(), id);
                if after.as_ref().is_some_and(|after| place <= *after) {
                    continue;
                }
                let device = PreviewedDevice {
                    id: row::device(row, "id")?,
                    name,
                    os_distribution: row.try_get("os_distribution")?,
                    os_version: row.try_get("os_version")?,
                    member,
                };
                items.insert(place, device);
                if items.len() > kept {
                    items.pop_last();
                }
            }
            match rows.last() {
                Some(row) if rows.len() == members::CHUNK => last = row.try_get("id")?,
                _ => break,
            }
        }
        tx.commit().await?;
        let page = page::finish(items.into_iter().collect(), limit, total, |((key, id), _)| Cursor {
            list: LIST.into(),
            key: key.clone(),
            id: id.clone(),
        });
        let items = page.items.into_iter().map(|(_, device)| device).collect();
        let page = Page { items, next_cursor: page.next_cursor, total: page.total };
        Ok(GroupPreview { page, joining, leaving })
    }
}
