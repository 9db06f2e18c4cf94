//! To which device groups a user or an API token is limited.

use palisade_types::TenantId;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::groups::MAX_DEVICE_GROUPS;
use crate::{Result, Role, StateError};

/// The groups of a row of `users u`; null where it is not limited.
pub(crate) const OF_USER: &str = "CASE WHEN u.limited THEN ARRAY(SELECT r.group_id FROM role_groups r
     WHERE r.tenant_id = u.tenant_id AND r.user_id = u.id ORDER BY r.group_id) END AS user_groups";

/// The groups of a row of `api_tokens t`; null where it is not limited.
pub(crate) const OF_TOKEN: &str = "CASE WHEN t.limited THEN ARRAY(SELECT r.group_id FROM role_groups r
     WHERE r.tenant_id = t.tenant_id AND r.token_id = t.id ORDER BY r.group_id) END AS token_groups";

/// Whom a limit is for.
#[derive(Clone, Copy)]
pub(crate) enum Holder {
    User(Uuid),
    Token(Uuid),
}

/// Refuses a limit that its holder could lift.
pub(crate) fn check(role: Role, groups: Option<&[Uuid]>) -> Result<()> {
    if role == Role::Administrator && groups.is_some() {
        return Err(StateError::AdministratorUnlimited);
    }
    if groups.is_some_and(|g| g.len() > MAX_DEVICE_GROUPS) {
        return Err(StateError::InvalidArgument(format!(
            "a limit has at most {MAX_DEVICE_GROUPS} device groups"
        )));
    }
    Ok(())
}

/// Replaces the groups of a holder; the column `limited` is the caller's.
///
/// # Errors
/// `not_found` when there is no such device group.
pub(crate) async fn write(
    tx: &mut PgConnection,
    tenant: TenantId,
    holder: Holder,
    groups: Option<&[Uuid]>,
) -> Result<()> {
    let (user, token) = match holder {
        Holder::User(id) => (Some(id), None),
        Holder::Token(id) => (None, Some(id)),
    };
    sqlx::query("DELETE FROM role_groups WHERE tenant_id = $1 AND (user_id = $2 OR token_id = $3)")
        .bind(tenant.0)
        .bind(user)
        .bind(token)
        .execute(&mut *tx)
        .await?;
    sqlx::query(
        "INSERT INTO role_groups (tenant_id, user_id, token_id, group_id)
         SELECT DISTINCT $1::uuid, $2::uuid, $3::uuid, id FROM unnest($4::uuid[]) AS id",
    )
    .bind(tenant.0)
    .bind(user)
    .bind(token)
    .bind(groups.unwrap_or_default())
    .execute(tx)
    .await
    .map_err(|e| match &e {
        sqlx::Error::Database(db) if db.is_foreign_key_violation() => StateError::NotFound("device group"),
        _ => e.into(),
    })?;
    Ok(())
}
