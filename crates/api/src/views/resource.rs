//! A row of the tables that are named and shaped as in Azure Resource Graph.

use palisade_explore::{Only, TextRows};
use palisade_types::{SubscriptionId, TenantId};
use serde_json::Value;

use super::failure;
use crate::query::{QueryFailure, ViewScan};

/// One resource.
#[derive(Debug)]
pub(super) struct Resource<'a> {
    pub id: String,
    pub name: &'a str,
    pub kind_of: &'a str,
    pub kind: &'a str,
    pub location: &'a str,
    pub subscription: SubscriptionId,
    pub properties: Value,
    /// Null where there is none.
    pub tags: Value,
}

impl Resource<'_> {
    /// One of which nothing is known but its subscription.
    pub fn of(subscription: SubscriptionId) -> Self {
        Self {
            id: String::new(),
            name: "",
            kind_of: "",
            kind: "",
            location: "",
            subscription,
            properties: Value::Null,
            tags: Value::Null,
        }
    }
}

/// What is asked for of such a table.
#[derive(Debug)]
pub(super) struct Asked {
    tenant: String,
    columns: Vec<Column>,
    only: Vec<(Column, Vec<String>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Id,
    Name,
    Type,
    Tenant,
    Kind,
    Location,
    Subscription,
    Properties,
    Tags,
    /// What no resource of ours has.
    Empty,
}

impl Column {
    fn named(name: &str) -> Self {
        match name {
            "id" => Self::Id,
            "name" => Self::Name,
            "type" => Self::Type,
            "tenantId" => Self::Tenant,
            "kind" => Self::Kind,
            "location" => Self::Location,
            "subscriptionId" => Self::Subscription,
            "properties" => Self::Properties,
            "tags" => Self::Tags,
            _ => Self::Empty,
        }
    }
}

impl Asked {
    pub fn new(tenant: TenantId, scan: &ViewScan) -> Result<Self, QueryFailure> {
        let table = palisade_schema::table(&scan.table)
            .ok_or_else(|| failure("table_missing", format!("the table {} is not there", scan.table)))?;
        if let Some(unknown) = scan.columns.iter().find(|c| table.column(c).is_none()) {
            return Err(failure("internal", format!("{} has no column {unknown}", table.name)));
        }
        let plain = |o: &Only| match Column::named(&o.column) {
            column @ (Column::Id | Column::Name | Column::Type | Column::Kind | Column::Subscription) => {
                Some((column, o.texts.clone()))
            }
            _ => None,
        };
        Ok(Self {
            tenant: tenant.to_string(),
            columns: scan.columns.iter().map(|c| Column::named(c)).collect(),
            only: scan.only.iter().filter_map(plain).collect(),
        })
    }

    /// No rows yet.
    pub fn rows(&self) -> TextRows {
        TextRows::new(self.columns.len())
    }

    /// Adds a resource, unless a condition leaves it out.
    pub fn push(&self, resource: &Resource<'_>, out: &mut TextRows) {
        let subscription = resource.subscription.to_string();
        let text = |column: Column| match column {
            Column::Id => resource.id.as_str(),
            Column::Name => resource.name,
            Column::Type => resource.kind_of,
            Column::Kind => resource.kind,
            Column::Location => resource.location,
            Column::Tenant => self.tenant.as_str(),
            Column::Subscription => subscription.as_str(),
            Column::Properties | Column::Tags | Column::Empty => "",
        };
        if self.only.iter().any(|(column, texts)| !texts.iter().any(|t| t == text(*column))) {
            return;
        }
        for (column, cells) in self.columns.iter().zip(&mut out.columns) {
            match column {
                Column::Properties => cells.push(&resource.properties.to_string()),
                Column::Tags if resource.tags.is_null() => cells.push(""),
                Column::Tags => cells.push(&resource.tags.to_string()),
                plain => cells.push(text(*plain)),
            }
        }
        out.rows += 1;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn scan(columns: &[&str], only: &[(&str, &str)]) -> ViewScan {
        ViewScan {
            table: "resources".into(),
            columns: columns.iter().map(|c| (*c).to_owned()).collect(),
            only: only
                .iter()
                .map(|(c, t)| Only { column: (*c).to_owned(), texts: vec![(*t).to_owned()] })
                .collect(),
        }
    }

    #[test]
    fn a_row_has_the_columns_that_were_asked_for() {
        let tenant = TenantId::random();
        let resource = Resource {
            id: "/subscriptions/x".into(),
            name: "web-1",
            kind_of: "microsoft.compute/virtualmachines",
            properties: json!({"vmId": "m"}),
            ..Resource::of(SubscriptionId::random())
        };
        let asked =
            Asked::new(tenant, &scan(&["tags", "type", "sku", "properties", "tenantId"], &[])).expect("good");
        let mut rows = asked.rows();
        asked.push(&resource, &mut rows);
        asked.push(&Resource { tags: json!({"env": "x"}), ..resource }, &mut rows);
        let cells: Vec<Vec<&str>> = rows.columns.iter().map(|c| c.iter().collect()).collect();
        let id = tenant.to_string();
        assert_eq!(cells[0], ["", r#"{"env":"x"}"#]);
        assert_eq!(cells[1], ["microsoft.compute/virtualmachines"; 2]);
        assert_eq!((cells[2][0], cells[3][0], cells[4][0]), ("", r#"{"vmId":"m"}"#, id.as_str()));
    }

    #[test]
    fn conditions_on_plain_columns_leave_rows_out() {
        let resource = Resource { name: "web-1", kind_of: "a/b", ..Resource::of(SubscriptionId::random()) };
        for (only, rows) in [
            (&[("type", "a/b")][..], 1),
            (&[("type", "A/B")], 0),
            (&[("type", "a/b"), ("name", "web-2")], 0),
            (&[("properties", "anything")], 1),
        ] {
            let asked = Asked::new(TenantId::random(), &scan(&[], only)).expect("good");
            let mut out = asked.rows();
            asked.push(&resource, &mut out);
            assert_eq!(out.rows, rows, "{only:?}");
        }
        assert_eq!(
            Asked::new(TenantId::random(), &scan(&["nothing"], &[])).expect_err("no column").code,
            "internal"
        );
    }
}
