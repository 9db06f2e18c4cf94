//! Host keys that a connector has seen, and those that a person confirmed.

use palisade_types::{TenantId, TimeMicros};
use sqlx::Row;
use uuid::Uuid;

use crate::{Result, State, row};

/// A host key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostKey {
    /// As known_hosts writes it: `host` or `[host]:port`.
    pub host: String,
    /// Such as `ssh-ed25519`.
    pub key_type: String,
    /// The public key, base64.
    pub key: String,
    /// `SHA256:…`.
    pub fingerprint: String,
    /// When a person confirmed it; until then nothing is sent there.
    pub confirmed_at: Option<TimeMicros>,
    /// Who.
    pub confirmed_by: Option<String>,
}

impl State {
    /// A connector's host keys.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn host_keys(&self, tenant: TenantId, connector: Uuid) -> Result<Vec<HostKey>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let rows = sqlx::query(
            "SELECT host, key_type, key, fingerprint, confirmed_at, confirmed_by FROM connector_host_keys
             WHERE tenant_id = $1 AND connector_id = $2 ORDER BY host, key_type",
        )
        .bind(tenant.0)
        .bind(connector)
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.iter()
            .map(|r| {
                Ok(HostKey {
                    host: r.try_get("host")?,
                    key_type: r.try_get("key_type")?,
                    key: r.try_get("key")?,
                    fingerprint: r.try_get("fingerprint")?,
                    confirmed_at: row::time_opt(r, "confirmed_at")?,
                    confirmed_by: r.try_get("confirmed_by")?,
                })
            })
            .collect()
    }

    /// Writes down keys that a look at hosts found. A key that is confirmed is never replaced by this.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn host_keys_seen(
        &self,
        tenant: TenantId,
        connector: Uuid,
        keys: &[HostKey],
        now: TimeMicros,
    ) -> Result<()> {
        let mut tx = self.tenant_tx(tenant).await?;
        for key in keys.iter().take(10_000) {
            sqlx::query(
                "INSERT INTO connector_host_keys AS k
                     (tenant_id, connector_id, host, key_type, key, fingerprint, seen_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)
                 ON CONFLICT (tenant_id, connector_id, host, key_type) DO UPDATE SET key = excluded.key,
                     fingerprint = excluded.fingerprint, seen_at = excluded.seen_at
                 WHERE k.confirmed_at IS NULL",
            )
            .bind(tenant.0)
            .bind(connector)
            .bind(row::text(&key.host, 300))
            .bind(row::text(&key.key_type, 100))
            .bind(row::text(&key.key, 4000))
            .bind(row::text(&key.fingerprint, 100))
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Confirms keys by their fingerprints; returns how many keys that made known. Their machines need not
    /// wait for the end of a pause: each is looked at as if somebody had asked for a fix.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn confirm_host_keys(
        &self,
        tenant: TenantId,
        connector: Uuid,
        fingerprints: &[String],
        by: &str,
        now: TimeMicros,
    ) -> Result<u64> {
        let mut tx = self.tenant_tx(tenant).await?;
        let hosts: Vec<String> = sqlx::query_scalar(
            "UPDATE connector_host_keys SET confirmed_at = $4, confirmed_by = $5
             WHERE tenant_id = $1 AND connector_id = $2 AND fingerprint = ANY($3) AND confirmed_at IS NULL
             RETURNING host",
        )
        .bind(tenant.0)
        .bind(connector)
        .bind(fingerprints)
        .bind(now.0)
        .bind(row::text(by, 300))
        .fetch_all(&mut *tx)
        .await?;
        // A host with another port than 22 is known as `[host]:port`.
        sqlx::query(
            "INSERT INTO estate_requests (tenant_id, machine_id, verb, requested_by, requested_at)
             SELECT m.tenant_id, m.id, 'fix', $4, $5
             FROM machines m JOIN connectors c ON c.tenant_id = m.tenant_id AND c.id = m.connector_id,
                 LATERAL (SELECT m.place ->> 'host' AS host,
                     coalesce(m.place ->> 'port', c.settings ->> 'port', '22') AS port) p
             WHERE m.tenant_id = $1 AND m.connector_id = $2 AND m.retired_at IS NULL
                 AND CASE p.port WHEN '22' THEN p.host ELSE '[' || p.host || ']:' || p.port END = ANY($3)",
        )
        .bind(tenant.0)
        .bind(connector)
        .bind(&hosts)
        .bind(row::text(by, 300))
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "UPDATE connectors SET list_wanted_at = $3, changed_at = $3 WHERE tenant_id = $1 AND id = $2",
        )
        .bind(tenant.0)
        .bind(connector)
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        super::requests::wake(&mut tx).await?;
        tx.commit().await?;
        Ok(hosts.len() as u64)
    }

    /// Forgets a host's confirmed keys, so that new ones can be confirmed.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn forget_host_keys(&self, tenant: TenantId, connector: Uuid, host: &str) -> Result<u64> {
        let mut tx = self.tenant_tx(tenant).await?;
        let done = sqlx::query(
            "DELETE FROM connector_host_keys WHERE tenant_id = $1 AND connector_id = $2 AND host = $3",
        )
        .bind(tenant.0)
        .bind(connector)
        .bind(host)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(done.rows_affected())
    }
}
