//! Which devices somebody sees and acts on.

use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

/// Which devices somebody sees and acts on: all of the tenant's, or those of some device groups.
/// A user's limit and a token's both hold: a device must lie in one group of each.
///
/// Everything that reads or changes devices for a person takes one, so that it cannot be forgotten.
/// SQL gets it by [`DeviceScope::push_device`] and [`DeviceScope::push_machine`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceScope {
    limits: Vec<Vec<Uuid>>,
}

impl DeviceScope {
    /// Every device of the tenant: for the server itself, and for whom nobody has limited.
    pub fn all() -> Self {
        Self::default()
    }

    /// Devices in at least one of these groups: none when there is no group.
    pub fn groups(groups: Vec<Uuid>) -> Self {
        Self { limits: vec![groups] }
    }

    /// The limits that are there, together.
    pub(crate) fn within(limits: impl IntoIterator<Item = Option<Vec<Uuid>>>) -> Self {
        Self { limits: limits.into_iter().flatten().collect() }
    }

    /// Those of its devices that are in a group.
    #[must_use]
    pub fn and(&self, group: Uuid) -> Self {
        let mut limits = self.limits.clone();
        limits.push(vec![group]);
        Self { limits }
    }

    /// Whether it is less than every device.
    pub fn is_limited(&self) -> bool {
        !self.limits.is_empty()
    }

    /// Whether it is limited, and to other groups than this one.
    pub fn excludes_group(&self, group: Uuid) -> bool {
        self.limits.iter().any(|groups| !groups.contains(&group))
    }

    /// Groups such that whoever is in one of them is in the scope; `None` for every device. Where two
    /// limits hold, this may be less than the scope, never more.
    pub fn group_keys(&self) -> Option<Vec<Uuid>> {
        let (first, rest) = self.limits.split_first()?;
        Some(first.iter().copied().filter(|g| rest.iter().all(|other| other.contains(g))).collect())
    }

    /// Adds ` AND …` to a query: only devices of this scope. `tenant` and `device` are the SQL of the
    /// row's tenant and device id.
    pub fn push_device(&self, query: &mut QueryBuilder<Postgres>, tenant: &str, device: &str) {
        self.push(query, "device_group_members", tenant, ("device_id", device));
    }

    /// The same for a query over machines, by the SQL of the machine's id.
    pub fn push_machine(&self, query: &mut QueryBuilder<Postgres>, tenant: &str, machine: &str) {
        self.push(query, "machine_group_members", tenant, ("machine_id", machine));
    }

    fn push(&self, query: &mut QueryBuilder<Postgres>, table: &str, tenant: &str, of: (&str, &str)) {
        let (column, id) = of;
        for groups in &self.limits {
            query
                .push(format!(
                    " AND EXISTS (SELECT FROM {table} scoped WHERE scoped.tenant_id = {tenant}
                      AND scoped.{column} = {id} AND scoped.group_id = ANY("
                ))
                .push_bind(groups.clone())
                .push("))");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_limits_hold_and_no_group_is_no_device() {
        let (a, b) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let scope = DeviceScope::within([Some(vec![a, b]), None, Some(vec![b])]);
        assert!(scope.is_limited() && scope.excludes_group(a) && !scope.excludes_group(b));
        assert!(!DeviceScope::within([None, None]).is_limited());
        assert!(DeviceScope::groups(Vec::new()).is_limited());
        let sql = |scope: &DeviceScope| {
            let mut query = QueryBuilder::new("SELECT id FROM devices d WHERE true");
            scope.push_device(&mut query, "d.tenant_id", "d.id");
            query.sql().as_str().to_owned()
        };
        assert_eq!(sql(&scope).matches("EXISTS").count(), 2);
        assert_eq!(sql(&DeviceScope::groups(Vec::new())).matches("EXISTS").count(), 1);
        assert_eq!(sql(&DeviceScope::all()).matches("EXISTS").count(), 0);
    }
}
