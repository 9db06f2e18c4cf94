//! The certificates that devices were given. Whether one may still be used is asked here.

use palisade_types::{DeviceId, TenantId, TimeMicros};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use crate::error::is_unique_violation;
use crate::{Result, State, StateError, row};

/// A certificate that was just issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCertificate {
    /// The serial number in lower-case hexadecimal digits, without leading zeros being significant.
    pub serial: String,
    /// SHA-256 of the certificate's DER.
    pub fingerprint: [u8; 32],
    /// The beginning of its validity.
    pub not_before: TimeMicros,
    /// The end of its validity.
    pub not_after: TimeMicros,
}

/// A certificate as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The serial number in lower-case hexadecimal digits.
    pub serial: String,
    /// Whose it is.
    pub device: DeviceId,
    /// The end of its validity.
    pub not_after: TimeMicros,
    /// When it was issued.
    pub issued_at: TimeMicros,
    /// When it was revoked.
    pub revoked_at: Option<TimeMicros>,
}

/// What may be done with a certificate whose signature and dates are good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateStatus {
    /// It may be used.
    Active,
    /// It was revoked.
    Revoked,
    /// Its device was taken out of service.
    Offboarded,
    /// It was not issued to this device of this tenant.
    Unknown,
}

/// Serial numbers are compared without leading zeros and in lower case.
fn serial(text: &str) -> Option<String> {
    let text = text.trim_start_matches('0').to_ascii_lowercase();
    let text = if text.is_empty() { "0".to_owned() } else { text };
    (text.len() <= 64 && text.bytes().all(|b| b.is_ascii_hexdigit())).then_some(text)
}

/// Records a certificate inside a transaction.
pub(crate) async fn insert(
    tx: &mut PgConnection,
    tenant: TenantId,
    device: DeviceId,
    certificate: &NewCertificate,
    now: TimeMicros,
) -> Result<()> {
    let serial = serial(&certificate.serial).ok_or_else(|| {
        StateError::InvalidArgument("a serial number has 1 to 64 hexadecimal digits".into())
    })?;
    sqlx::query(
        "INSERT INTO device_certificates (tenant_id, serial, device_id, fingerprint, not_before, not_after, issued_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(tenant.0)
    .bind(serial)
    .bind(device.to_string())
    .bind(&certificate.fingerprint[..])
    .bind(certificate.not_before.0)
    .bind(certificate.not_after.0)
    .bind(now.0)
    .execute(tx)
    .await
    .map_err(|e| match &e {
        _ if is_unique_violation(&e) => StateError::Conflict("the serial number was used before".into()),
        sqlx::Error::Database(db) if db.is_foreign_key_violation() => StateError::NotFound("device"),
        _ => e.into(),
    })?;
    Ok(())
}

fn certificate(row: &PgRow) -> Result<Certificate> {
    Ok(Certificate {
        serial: row.try_get("serial")?,
        device: row::device(row, "device_id")?,
        not_after: row::time(row, "not_after")?,
        issued_at: row::time(row, "issued_at")?,
        revoked_at: row::time_opt(row, "revoked_at")?,
    })
}

impl State {
    /// Records a certificate that renews a device's identity.
    ///
    /// # Errors
    /// `not_found` (the device), `conflict` (the serial number), `invalid_argument`.
    pub async fn record_certificate(
        &self,
        tenant: TenantId,
        device: DeviceId,
        certificate: &NewCertificate,
        now: TimeMicros,
    ) -> Result<()> {
        let mut tx = self.tenant_tx(tenant).await?;
        insert(&mut tx, tenant, device, certificate, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Whether a certificate may be used by that device. The serial number is hexadecimal; leading
    /// zeros and case do not matter.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn certificate_status(
        &self,
        tenant: TenantId,
        device: DeviceId,
        serial_number: &str,
    ) -> Result<CertificateStatus> {
        let Some(serial) = serial(serial_number) else { return Ok(CertificateStatus::Unknown) };
        let Some(mut tx) = self.tx_here(tenant).await? else { return Ok(CertificateStatus::Unknown) };
        let found = sqlx::query(
            "SELECT c.revoked_at IS NOT NULL AS revoked, d.status = 'offboarded' AS offboarded
             FROM device_certificates c JOIN devices d ON d.tenant_id = c.tenant_id AND d.id = c.device_id
             WHERE c.tenant_id = $1 AND c.serial = $2 AND c.device_id = $3",
        )
        .bind(tenant.0)
        .bind(serial)
        .bind(device.to_string())
        .fetch_optional(&mut *tx)
        .await?;
        tx.commit().await?;
        let Some(found) = found else { return Ok(CertificateStatus::Unknown) };
        Ok(if found.try_get("revoked")? {
            CertificateStatus::Revoked
        } else if found.try_get("offboarded")? {
            CertificateStatus::Offboarded
        } else {
            CertificateStatus::Active
        })
    }

    /// The certificates of a device, newest first.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn certificates(&self, tenant: TenantId, device: DeviceId) -> Result<Vec<Certificate>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let rows = sqlx::query(
            "SELECT serial, device_id, not_after, issued_at, revoked_at FROM device_certificates
             WHERE tenant_id = $1 AND device_id = $2 ORDER BY issued_at DESC, serial",
        )
        .bind(tenant.0)
        .bind(device.to_string())
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.iter().map(certificate).collect()
    }

    /// The certificates of a tenant that end after `since` and may not be used: revoked ones and
    /// those of devices out of service, with their serial numbers without leading zeros.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn barred_certificates(
        &self,
        tenant: TenantId,
        since: TimeMicros,
    ) -> Result<Vec<(DeviceId, String, CertificateStatus)>> {
        let Some(mut tx) = self.tx_here(tenant).await? else { return Ok(Vec::new()) };
        let rows = sqlx::query(
            "SELECT c.device_id, c.serial, c.revoked_at IS NOT NULL AS revoked
             FROM device_certificates c JOIN devices d ON d.tenant_id = c.tenant_id AND d.id = c.device_id
             WHERE c.tenant_id = $1 AND c.not_after > $2 AND (c.revoked_at IS NOT NULL OR d.status = 'offboarded')",
        )
        .bind(tenant.0)
        .bind(since.0)
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.iter()
            .map(|row| {
                let revoked: bool = row.try_get("revoked")?;
                let status = if revoked { CertificateStatus::Revoked } else { CertificateStatus::Offboarded };
                Ok((row::device(row, "device_id")?, row.try_get("serial")?, status))
            })
            .collect()
    }

    /// Revokes a certificate; the first time counts.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn revoke_certificate(
        &self,
        tenant: TenantId,
        serial_number: &str,
        now: TimeMicros,
    ) -> Result<()> {
        let serial = serial(serial_number).ok_or(StateError::NotFound("certificate"))?;
        let mut tx = self.tenant_tx(tenant).await?;
        let done = sqlx::query(
            "UPDATE device_certificates SET revoked_at = coalesce(revoked_at, $3) WHERE tenant_id = $1 AND serial = $2",
        )
        .bind(tenant.0)
        .bind(serial)
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        if done.rows_affected() == 1 { Ok(()) } else { Err(StateError::NotFound("certificate")) }
    }
}

#[cfg(test)]
mod tests {
    use super::serial;

    #[test]
    fn a_serial_number_has_one_form() {
        assert_eq!(serial("00Ab").as_deref(), Some("ab"));
        assert_eq!(serial("000").as_deref(), Some("0"));
        assert_eq!(serial("xy"), None);
        assert_eq!(serial(&"f".repeat(65)), None);
    }
}
