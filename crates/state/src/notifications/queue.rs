//! Queueing what is to be sent, in the transaction of what it tells of.

use std::collections::HashMap;

use palisade_estate::notify::{
    Document, DocumentEvent, DocumentType, EventKind, Hears, SubjectType, severity_rank,
};
use palisade_types::{DeviceId, TenantId, TimeMicros};
use roaring::RoaringBitmap;
use serde_json::Value;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::rules::{self, NewNotificationRule};
use crate::estate::ESTATE_CHANNEL;
use crate::vulnerabilities::{Draft, members, ordinals, write_events};
use crate::{Result, State, row};

/// Most deliveries of a tenant that wait at once; what is beyond is written down as given up.
pub const MOST_OPEN: i64 = 1_000;
/// Most events in one delivery; the rest is counted.
const MOST_EVENTS: usize = 100;

/// A delivery to queue.
pub(super) struct NewDelivery {
    pub webhook: Uuid,
    pub rule: Option<(Uuid, String)>,
    pub subject: String,
    pub document: Document,
}

/// Queues one; none where a ticket for its subject is there already.
pub(super) async fn enqueue(
    tx: &mut PgConnection,
    tenant: TenantId,
    new: &NewDelivery,
    now: TimeMicros,
) -> Result<Option<Uuid>> {
    let id = Uuid::now_v7();
    let (rule, name) = new.rule.clone().unzip();
    let written: Option<Uuid> = sqlx::query_scalar(
        "INSERT INTO notification_deliveries (tenant_id, id, webhook_id, rule_id, rule, type, subject, title, document,
             state, created_at, next_at, finished_at, error_code, error)
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, CASE WHEN o.full_ THEN 'dead' ELSE 'queued' END, $10, $10,
             CASE WHEN o.full_ THEN $10 END, CASE WHEN o.full_ THEN 'queue_full' ELSE '' END,
             CASE WHEN o.full_ THEN 'too much waits to be sent already' ELSE '' END
         FROM (SELECT count(*) >= $11 AS full_ FROM notification_deliveries
               WHERE tenant_id = $1 AND state IN ('queued', 'sending', 'retrying')) o
         ON CONFLICT DO NOTHING RETURNING id",
    )
    .bind(tenant.0)
    .bind(id)
    .bind(new.webhook)
    .bind(rule)
    .bind(name.unwrap_or_default())
    .bind(new.document.of.as_str())
    .bind(row::text(&new.subject, 200))
    .bind(row::text(&new.document.summary(), 300))
    .bind(row::json(&serde_json::to_value(&new.document).unwrap_or_default()))
    .bind(now.0)
    .bind(MOST_OPEN)
    .fetch_optional(&mut *tx)
    .await?;
    if written.is_some() {
        sqlx::query("SELECT pg_notify($1, '')").bind(ESTATE_CHANNEL).execute(tx).await?;
    }
    Ok(written)
}

/// An event as a delivery tells it, of so many devices.
fn told(id: Uuid, draft: &Draft, devices: u64, now: TimeMicros) -> DocumentEvent {
    DocumentEvent {
        id: id.to_string(),
        at: draft.at.unwrap_or(now).to_rfc3339(),
        kind: draft.kind,
        subject_type: draft.subject_type,
        subject: draft.subject.clone(),
        title: row::text(&draft.title, 500),
        severity: draft.severity.clone(),
        exploited: draft.exploited,
        devices,
        exposure_before: draft.exposure.0,
        exposure_after: draft.exposure.1,
        effect: draft.effect,
        detail: row::json_bounded(&draft.detail, 2 << 10),
    }
}

/// What a rule wants to hear of, the worst first.
fn heard(
    rule: &NewNotificationRule,
    group: Option<&RoaringBitmap>,
    fresh: &[(Uuid, &Draft)],
    now: TimeMicros,
) -> Vec<DocumentEvent> {
    let wanted = rule.wanted();
    let none = RoaringBitmap::new();
    let mut events = Vec::new();
    for (id, draft) in fresh {
        let devices = match rule.group {
            None => u64::from(draft.count),
            Some(_) => draft.devices.intersection_len(group.unwrap_or(&none)),
        };
        let (severity, exploited) = (draft.severity.as_str(), draft.exploited);
        if wanted.hears(Hears { kind: draft.kind, severity, exploited, devices }) {
            events.push(told(*id, draft, devices, now));
        }
    }
    let weight = |e: &DocumentEvent| (e.exploited, severity_rank(&e.severity), e.devices);
    events.sort_by_key(|e| std::cmp::Reverse(weight(e)));
    events
}

/// Has those told who want to hear of events that were just written: one delivery for each rule and webhook.
pub(crate) async fn tell(
    tx: &mut PgConnection,
    tenant: TenantId,
    fresh: &[(Uuid, &Draft)],
    now: TimeMicros,
) -> Result<()> {
    let rows = sqlx::query(
        "SELECT id, name, enabled, kinds, severity, exploited_only, least_devices, group_id, ARRAY(
                 SELECT w.id FROM notification_webhooks w
                 WHERE w.tenant_id = r.tenant_id AND w.id = ANY(r.webhooks) AND w.enabled AND w.deleted_at IS NULL
             ) AS webhooks
         FROM notification_rules r WHERE tenant_id = $1 AND enabled ORDER BY id",
    )
    .bind(tenant.0)
    .fetch_all(&mut *tx)
    .await?;
    let mut rules: Vec<(Uuid, NewNotificationRule)> = Vec::with_capacity(rows.len());
    for r in &rows {
        let rule = rules::asked(r)?;
        if !rule.webhooks.is_empty() {
            rules.push((r.try_get("id")?, rule));
        }
    }
    let groups: Vec<Uuid> = rules.iter().filter_map(|(_, r)| r.group).collect();
    let groups = if groups.is_empty() { HashMap::new() } else { members(&mut *tx, tenant, &groups).await? };
    for (id, rule) in &rules {
        let mut events = heard(rule, rule.group.and_then(|g| groups.get(&g)), fresh, now);
        if events.is_empty() {
            continue;
        }
        let more = events.len().saturating_sub(MOST_EVENTS) as u64;
        events.truncate(MOST_EVENTS);
        let named = (tenant.to_string(), String::new());
        let document = Document {
            rule: rule.name.clone(),
            events,
            more,
            ..Document::of(DocumentType::Events, named, now)
        };
        for webhook in &rule.webhooks {
            let new = NewDelivery {
                webhook: *webhook,
                rule: Some((*id, rule.name.clone())),
                subject: String::new(),
                document: document.clone(),
            };
            enqueue(tx, tenant, &new, now).await?;
        }
        sqlx::query("UPDATE notification_rules SET last_fired_at = $3 WHERE tenant_id = $1 AND id = $2")
            .bind(tenant.0)
            .bind(id)
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}

/// What changed about a remediation.
#[derive(Clone, Debug)]
pub struct RemediationNotice {
    /// Which.
    pub remediation: Uuid,
    /// One of the three kinds about remediations.
    pub kind: EventKind,
    /// What makes it happen once, together with kind and remediation: the new state, or the instant that it was
    /// due.
    pub key: String,
    /// One line for people.
    pub title: String,
    /// The worst severity that it takes away.
    pub severity: String,
    /// Whether something of that is exploited.
    pub exploited: bool,
    /// Devices that it concerns.
    pub devices: Vec<DeviceId>,
    /// More; at most 4 KiB.
    pub detail: Value,
}

impl State {
    /// Writes a remediation's change into the timeline, once, and queues what rules want to hear of it.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn remediation_event(
        &self,
        tenant: TenantId,
        notice: &RemediationNotice,
        now: TimeMicros,
    ) -> Result<()> {
        let mut tx = self.tenant_tx(tenant).await?;
        let id = notice.remediation.to_string();
        let devices = ordinals(&mut tx, tenant, &notice.devices).await?;
        let draft = Draft {
            key: notice.key.clone(),
            title: notice.title.clone(),
            severity: notice.severity.clone(),
            exploited: notice.exploited,
            count: u32::try_from(notice.devices.len()).unwrap_or(u32::MAX),
            devices,
            detail: notice.detail.clone(),
            ..Draft::new(notice.kind, SubjectType::Remediation, &id)
        };
        write_events(&mut tx, tenant, &[draft], now).await?;
        tx.commit().await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(kind: EventKind, severity: &str, devices: &[u32]) -> Draft {
        Draft {
            severity: severity.into(),
            devices: devices.iter().copied().collect(),
            count: u32::try_from(devices.len()).expect("few"),
            ..Draft::new(kind, SubjectType::Vulnerability, severity)
        }
    }

    #[test]
    fn a_rule_of_a_group_counts_that_groups_devices_and_tells_the_worst_first() {
        let drafts = [
            draft(EventKind::NewVulnerability, "medium", &[1, 2, 3]),
            draft(EventKind::NewVulnerability, "critical", &[3]),
            draft(EventKind::NewVulnerability, "high", &[9]),
            draft(EventKind::FeedTrouble, "", &[]),
        ];
        let fresh: Vec<(Uuid, &Draft)> = drafts.iter().map(|d| (Uuid::nil(), d)).collect();
        let all = NewNotificationRule {
            kinds: vec![EventKind::NewVulnerability, EventKind::FeedTrouble],
            ..NewNotificationRule::default()
        };
        let told = |rule: &NewNotificationRule, group: Option<&RoaringBitmap>| -> Vec<(String, u64)> {
            let events = heard(rule, group, &fresh, TimeMicros(0));
            events.into_iter().map(|e| (e.severity, e.devices)).collect()
        };
        let pair = |s: &str, n: u64| (s.to_owned(), n);
        assert_eq!(told(&all, None), [pair("critical", 1), pair("high", 1), pair("medium", 3), pair("", 0)]);
        let of_group = NewNotificationRule { group: Some(Uuid::nil()), ..all };
        let group = RoaringBitmap::from_iter([2, 3]);
        assert_eq!(told(&of_group, Some(&group)), [pair("critical", 1), pair("medium", 2), pair("", 0)]);
        assert_eq!(told(&of_group, None), [pair("", 0)], "a group that is gone has no device");
    }
}
