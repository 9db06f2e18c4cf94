//! Looking devices, machines and named things up by a few letters.
//!
//! Devices and machines are found by their words in `search_terms`, which triggers keep: a lookup is a
//! range of an index, however many there are. What a tenant has few of is read as it is.

use std::collections::BTreeMap;
use std::net::IpAddr;

use palisade_types::{MachineId, TenantId, TimeMicros, UserId};
use sqlx::{AssertSqlSafe, Postgres, QueryBuilder, Row, Transaction};
use uuid::Uuid;

use crate::device_list::containing;
use crate::{Device, DeviceScope, Result, Role, State, StateError, devices, presence, row};

/// A lookup that takes longer is given up, milliseconds.
const LIMIT_MS: u32 = 2_000;
/// Words that are read for a page of hits: one object may be found by several of its own.
const WORDS_PER_HIT: i64 = 16;
/// Longest word, characters; longer ones are cut, as those that are kept are.
const MAX_WORD: usize = 100;
/// Behind every character that a word can hold.
const LAST: char = char::MAX;

/// What words are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchRange {
    low: String,
    high: String,
}

impl SearchRange {
    /// Words that begin with this text, without regard to case; `None` where nothing of it is left.
    pub fn beginning_with(text: &str) -> Option<Self> {
        let clean: String = text.trim().chars().filter(|c| !c.is_control()).collect();
        let low: String = clean.to_lowercase().chars().take(MAX_WORD).collect();
        (!low.is_empty()).then(|| Self { high: format!("{low}{LAST}"), low })
    }

    /// The addresses of a network; with all its bits, one address.
    pub fn network(address: IpAddr, prefix: u8) -> Self {
        let (first, last) = ends(address, prefix);
        Self { low: address_word(first), high: format!("{}{LAST}", address_word(last)) }
    }
}

/// The first and the last address of a network.
fn ends(address: IpAddr, prefix: u8) -> (IpAddr, IpAddr) {
    match address {
        IpAddr::V4(a) => {
            let host = u32::MAX.checked_shr(prefix.into()).unwrap_or(0);
            let bits = u32::from(a);
            (IpAddr::V4((bits & !host).into()), IpAddr::V4((bits | host).into()))
        }
        IpAddr::V6(a) => {
            let host = u128::MAX.checked_shr(prefix.into()).unwrap_or(0);
            let bits = u128::from(a);
            (IpAddr::V6((bits & !host).into()), IpAddr::V6((bits | host).into()))
        }
    }
}

/// An address as the database's `search_address` writes it.
fn address_word(address: IpAddr) -> String {
    match address {
        IpAddr::V4(a) => format!("\u{1}4{:08x}", u32::from(a)),
        IpAddr::V6(a) => format!("\u{1}6{:032x}", u128::from(a)),
    }
}

/// A device that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceHit {
    /// The device.
    pub device: Device,
    /// By what: `name`, `id`, `address`, `hardware`, `tag`.
    pub by: String,
}

/// A machine that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineHit {
    /// Identifier.
    pub id: MachineId,
    /// Name.
    pub name: String,
    /// Its subscription's name.
    pub subscription: String,
    /// Distribution and version.
    pub os: String,
    /// Addresses.
    pub addresses: Vec<String>,
    /// `healthy`, `unhealthy`, `not_applicable`, `pending`.
    pub status: String,
    /// Whether its cloud deleted it.
    pub gone: bool,
    /// By what: `name`, `id`, `cloud_id`, `address`, `owner`, `tag`.
    pub by: String,
}

/// Something of which a tenant has few, that was found by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedHit {
    /// Identifier.
    pub id: Uuid,
    /// Name.
    pub name: String,
    /// What kind of its sort it is.
    pub kind: String,
}

/// A person who was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserHit {
    /// Identifier.
    pub id: UserId,
    /// Name.
    pub name: String,
    /// E-mail address.
    pub email: String,
    /// What they may do.
    pub role: Role,
}

fn late(error: sqlx::Error) -> StateError {
    match &error {
        sqlx::Error::Database(db) if db.code().as_deref() == Some("57014") => {
            StateError::Unavailable(format!("the search took longer than {LIMIT_MS} ms"))
        }
        _ => error.into(),
    }
}

/// What was found, by identifier: the least word, and the field that it is of.
type Found = Vec<(String, String)>;

/// The identifiers that the ranges lead to, those with the least word first; at most `most`.
async fn find(
    tx: &mut Transaction<'static, Postgres>,
    tenant: TenantId,
    scope: &DeviceScope,
    kind: &str,
    ranges: &[SearchRange],
    most: usize,
) -> Result<Found> {
    let mut best: BTreeMap<String, (String, String)> = BTreeMap::new();
    for range in ranges {
        let mut q = QueryBuilder::<Postgres>::new(
            "SELECT t.id, t.term, t.field FROM search_terms t WHERE t.tenant_id = ",
        );
        q.push_bind(tenant.0).push(" AND t.kind = ").push_bind(kind.to_owned());
        q.push(" AND t.term >= ").push_bind(range.low.clone());
        q.push(" AND t.term < ").push_bind(range.high.clone());
        match kind {
            "machine" => scope.push_machine(&mut q, "t.tenant_id", "t.id::uuid"),
            _ => scope.push_device(&mut q, "t.tenant_id", "t.id"),
        }
        let words = i64::try_from(most).unwrap_or(i64::MAX).saturating_mul(WORDS_PER_HIT);
        q.push(" ORDER BY t.term LIMIT ").push_bind(words);
        for r in &q.build().fetch_all(&mut **tx).await.map_err(late)? {
            let (term, field): (String, String) = (r.try_get("term")?, r.try_get("field")?);
            let word = (term, field);
            let entry = best.entry(r.try_get("id")?).or_insert_with(|| word.clone());
            // The shorter word is more of what was asked for.
            if (word.0.len(), &word) < (entry.0.len(), &*entry) {
                *entry = word;
            }
        }
    }
    let mut found: Vec<(String, (String, String))> = best.into_iter().collect();
    found.sort_by(|(a, x), (b, y)| (x.0.len(), x, a).cmp(&(y.0.len(), y, b)));
    Ok(found.into_iter().take(most).map(|(id, (_, field))| (id, field)).collect())
}

impl State {
    /// A transaction whose statements are given up soon.
    async fn search_tx(&self, tenant: TenantId) -> Result<Transaction<'static, Postgres>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let sql = format!("SET LOCAL statement_timeout = {LIMIT_MS}");
        sqlx::query(AssertSqlSafe(sql)).execute(&mut *tx).await?;
        Ok(tx)
    }

    /// Devices of the scope that one of the ranges leads to, best first, at most `most`.
    ///
    /// # Errors
    /// `state_unavailable` when it takes too long.
    pub async fn search_devices(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        ranges: &[SearchRange],
        most: usize,
        now: TimeMicros,
    ) -> Result<Vec<DeviceHit>> {
        let mut tx = self.search_tx(tenant).await?;
        let found = find(&mut tx, tenant, scope, "device", ranges, most).await?;
        let ids: Vec<&str> = found.iter().map(|(id, _)| id.as_str()).collect();
        let hearing = presence::hearing(&mut tx, now).await?;
        let sql = format!("SELECT {} WHERE d.tenant_id = $1 AND d.id = ANY($2)", devices::COLUMNS);
        let rows = sqlx::query(AssertSqlSafe(sql)).bind(tenant.0).bind(&ids).fetch_all(&mut *tx).await;
        let rows = rows.map_err(late)?;
        tx.commit().await?;
        let mut by_id = BTreeMap::new();
        for r in &rows {
            by_id.insert(r.try_get::<String, _>("id")?, devices::device(r, hearing)?);
        }
        let hit = |(id, by): (String, String)| Some(DeviceHit { device: by_id.remove(&id)?, by });
        Ok(found.into_iter().filter_map(hit).collect())
    }

    /// Machines of the scope that one of the ranges leads to, best first, at most `most`. Those that their
    /// cloud deleted are among them, at the end.
    ///
    /// # Errors
    /// `state_unavailable` when it takes too long.
    pub async fn search_machines(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        ranges: &[SearchRange],
        most: usize,
    ) -> Result<Vec<MachineHit>> {
        let mut tx = self.search_tx(tenant).await?;
        let found = find(&mut tx, tenant, scope, "machine", ranges, most).await?;
        let ids: Vec<Uuid> = found.iter().filter_map(|(id, _)| id.parse().ok()).collect();
        let rows = sqlx::query(
            "SELECT m.id, m.name, b.name AS subscription, concat_ws(' ', m.os ->> 'id', m.os ->> 'version') AS os,
                 m.addresses, coalesce(s.status, 'pending') AS status, m.retired_at IS NOT NULL AS gone
             FROM machines m JOIN subscriptions b ON b.tenant_id = m.tenant_id AND b.id = m.subscription_id
             LEFT JOIN machine_state s ON s.tenant_id = m.tenant_id AND s.machine_id = m.id
             WHERE m.tenant_id = $1 AND m.id = ANY($2)",
        )
        .bind(tenant.0)
        .bind(&ids)
        .fetch_all(&mut *tx)
        .await
        .map_err(late)?;
        tx.commit().await?;
        let mut by_id = BTreeMap::new();
        for r in &rows {
            let id = MachineId(r.try_get("id")?);
            let hit = MachineHit {
                id,
                name: r.try_get("name")?,
                subscription: r.try_get("subscription")?,
                os: r.try_get::<String, _>("os")?.trim().to_owned(),
                addresses: r.try_get("addresses")?,
                status: r.try_get("status")?,
                gone: r.try_get("gone")?,
                by: String::new(),
            };
            by_id.insert(id.to_string(), hit);
        }
        let hit = |(id, by): (String, String)| Some(MachineHit { by, ..by_id.remove(&id)? });
        let mut hits: Vec<MachineHit> = found.into_iter().filter_map(hit).collect();
        hits.sort_by_key(|h| h.gone);
        Ok(hits)
    }

    /// Subscriptions whose name or cloud's identifier contains a text, by name.
    ///
    /// # Errors
    /// `state_unavailable` when it takes too long.
    pub async fn search_subscriptions(
        &self,
        tenant: TenantId,
        text: &str,
        most: usize,
    ) -> Result<Vec<NamedHit>> {
        let sql = "SELECT id, name, kind FROM subscriptions WHERE tenant_id = $1 AND state <> 'left'
             AND (name ILIKE $2 OR external_id ILIKE $2 OR id::text ILIKE $2) ORDER BY lower(name), id LIMIT $3";
        self.named(tenant, sql, text, most).await
    }

    /// Connectors whose name contains a text, by name.
    ///
    /// # Errors
    /// `state_unavailable` when it takes too long.
    pub async fn search_connectors(
        &self,
        tenant: TenantId,
        text: &str,
        most: usize,
    ) -> Result<Vec<NamedHit>> {
        let sql = "SELECT id, name, kind FROM connectors WHERE tenant_id = $1 AND state <> 'revoked'
             AND (name ILIKE $2 OR id::text ILIKE $2) ORDER BY lower(name), id LIMIT $3";
        self.named(tenant, sql, text, most).await
    }

    /// Device groups of the scope whose name contains a text, by rank.
    ///
    /// # Errors
    /// `state_unavailable` when it takes too long.
    pub async fn search_device_groups(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        text: &str,
        most: usize,
    ) -> Result<Vec<NamedHit>> {
        let sql = "SELECT id, name, criticality AS kind FROM device_groups WHERE tenant_id = $1
             AND (name ILIKE $2 OR id::text ILIKE $2) ORDER BY rank LIMIT $3";
        let mut found = self.named(tenant, sql, text, crate::MAX_DEVICE_GROUPS).await?;
        found.retain(|g| !scope.excludes_group(g.id));
        found.truncate(most);
        Ok(found)
    }

    async fn named(
        &self,
        tenant: TenantId,
        sql: &'static str,
        text: &str,
        most: usize,
    ) -> Result<Vec<NamedHit>> {
        let mut tx = self.search_tx(tenant).await?;
        let rows = sqlx::query(sql)
            .bind(tenant.0)
            .bind(containing(text.trim()))
            .bind(i64::try_from(most).unwrap_or(i64::MAX))
            .fetch_all(&mut *tx)
            .await
            .map_err(late)?;
        tx.commit().await?;
        rows.iter()
            .map(|r| {
                Ok(NamedHit { id: r.try_get("id")?, name: r.try_get("name")?, kind: r.try_get("kind")? })
            })
            .collect()
    }

    /// People whose name or e-mail address contains a text, by name.
    ///
    /// # Errors
    /// `state_unavailable` when it takes too long.
    pub async fn search_users(&self, tenant: TenantId, text: &str, most: usize) -> Result<Vec<UserHit>> {
        let mut tx = self.search_tx(tenant).await?;
        let rows = sqlx::query(
            "SELECT id, name, email, role FROM users WHERE tenant_id = $1
             AND (name ILIKE $2 OR email ILIKE $2) ORDER BY lower(name), id LIMIT $3",
        )
        .bind(tenant.0)
        .bind(containing(text.trim()))
        .bind(i64::try_from(most).unwrap_or(i64::MAX))
        .fetch_all(&mut *tx)
        .await
        .map_err(late)?;
        tx.commit().await?;
        rows.iter()
            .map(|r| {
                Ok(UserHit {
                    id: UserId(r.try_get("id")?),
                    name: r.try_get("name")?,
                    email: r.try_get("email")?,
                    role: row::parsed(r, "role")?,
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str, prefix: u8) -> SearchRange {
        SearchRange::network(text.parse().expect("an address"), prefix)
    }

    #[test]
    fn a_network_is_the_range_of_its_addresses() {
        let range = network("10.1.2.3", 24);
        assert_eq!((range.low.as_str(), &range.high[..10]), ("\u{1}40a010200", "\u{1}40a0102ff"));
        let within = |word: String| word >= range.low && word < range.high;
        assert!(within(address_word("10.1.2.0".parse().expect("one"))));
        assert!(within(address_word("10.1.2.255".parse().expect("one"))));
        assert!(!within(address_word("10.1.3.0".parse().expect("one"))));
        assert!(!within(address_word("::ffff:10.1.2.3".parse().expect("one"))));
        let one = network("10.1.2.3", 32);
        assert_eq!(one.high, format!("{}{LAST}", one.low));
        let all = network("10.1.2.3", 0);
        assert_eq!((all.low.as_str(), &all.high[..10]), ("\u{1}400000000", "\u{1}4ffffffff"));
        let six = network("2001:db8::7", 126);
        assert!(six.low.ends_with("04") && six.high.trim_end_matches(LAST).ends_with("07"));
        assert!(network("::", 0).high.starts_with("\u{1}6ffffffff"));
    }

    #[test]
    fn words_have_no_signs_of_their_own_and_a_bound() {
        let range = SearchRange::beginning_with(" WEB-\u{1}Prod ").expect("a word");
        assert_eq!((range.low.as_str(), range.high.as_str()), ("web-prod", "web-prod\u{10ffff}"));
        assert_eq!(SearchRange::beginning_with("\u{1}\0 "), None);
        let long = SearchRange::beginning_with(&"ä".repeat(500)).expect("a word");
        assert_eq!(long.low.chars().count(), MAX_WORD);
    }
}
