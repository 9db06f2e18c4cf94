//! `palisade tenant`: making, listing and resetting tenants, by whoever is root on the server.

use std::io::{BufRead, IsTerminal};

use anyhow::{Context, Result, bail, ensure};
use clap::Subcommand;
use palisade_types::TimeMicros;
use serde_json::{Value, json};

use super::output::{self, line};
use super::{Format, lifecycle};
use crate::instance::Instance;
use crate::{database, reset};

#[derive(Subcommand)]
pub enum TenantCommand {
    /// Make a tenant and print the one-time set-up link of its first administrator. Its region is fixed
    /// by that.
    Create {
        /// Its name.
        name: String,
        /// The region that its data shall live in [default: the first one].
        #[arg(long)]
        region: Option<String>,
    },
    /// List the tenants and their regions.
    List {
        /// How to print.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Wipe everything of a tenant, prove that nothing is left, and begin anew under the same name.
    Reset {
        /// Its name.
        name: String,
        /// The name once more, instead of typing it when asked.
        #[arg(long)]
        confirm: Option<String>,
    },
    /// Show what was done to tenants as a whole: resets, moves.
    Deeds,
}

/// `palisade tenant …`.
pub async fn run(instance: Instance, command: TenantCommand) -> Result<()> {
    match command {
        TenantCommand::Create { name, region } => create(&instance, &name, region.as_deref()).await,
        TenantCommand::List { format } => list(&instance, format).await,
        TenantCommand::Reset { name, confirm } => {
            confirmed(&name, confirm)?;
            Box::pin(reset_and_report(instance, &name)).await
        }
        TenantCommand::Deeds => deeds(&instance).await,
    }
}

async fn create(instance: &Instance, name: &str, region: Option<&str>) -> Result<()> {
    let state = database::owner(instance).await?;
    let region = region.unwrap_or(&instance.record.region);
    let tenant = state.create_tenant(name, region, TimeMicros::now()).await?;
    line(&format!("tenant {} in region {}, {}", tenant.name, tenant.region, tenant.id));
    line(&database::setup_link(instance, tenant.id).await?.0);
    Ok(())
}

async fn list(instance: &Instance, format: Format) -> Result<()> {
    let state = database::owner(instance).await?;
    let columns = ["name", "region", "id", "created", "default"].map(str::to_owned);
    let rows: Vec<Vec<Value>> = state
        .tenants()
        .await?
        .into_iter()
        .map(|t| {
            let default = instance.record.tenant == Some(t.id);
            vec![
                t.name.into(),
                t.region.into(),
                t.id.to_string().into(),
                t.created_at.to_rfc3339().into(),
                default.into(),
            ]
        })
        .collect();
    output::rows(&columns, &rows, format);
    Ok(())
}

/// The name, typed by a person or given for a script.
fn confirmed(name: &str, given: Option<String>) -> Result<()> {
    let typed = match given {
        Some(given) => given,
        None => {
            ensure!(
                std::io::stdin().is_terminal(),
                "say --confirm {name} where nobody can type the name: a reset cannot be undone"
            );
            output::note(&format!(
                "This deletes every machine, user, event and audit entry of tenant {name}, and its sensors will \
                 have to enrol anew. It cannot be undone. Type the tenant's name to go on:"
            ));
            let mut typed = String::new();
            std::io::stdin().lock().read_line(&mut typed)?;
            typed
        }
    };
    if typed.trim() != name {
        bail!("that is not the tenant's name; nothing was done");
    }
    Ok(())
}

async fn reset_and_report(mut instance: Instance, name: &str) -> Result<()> {
    let (report, sensor) = Box::pin(reset::reset(&mut instance, name)).await?;
    for (table, rows) in report.wiped.rows.iter().filter(|(_, rows)| **rows > 0) {
        line(&format!("deleted {rows} rows of {table}"));
    }
    line(&format!(
        "log: {} of {} records emptied, {} of {} segments written anew",
        report.log.erased, report.log.records, report.log.rewritten, report.log.segments
    ));
    line(&format!("forgot {} known batches", report.batches));
    for removed in &report.removed {
        line(&format!("removed {removed}"));
    }
    for (region, table) in &report.proof.tables {
        line(&format!("looked at {region}: {} ({} rows): {} hits", table.table, table.rows, table.hits));
    }
    for (root, found) in &report.proof.files {
        line(&format!("looked at {root}: {} files, {} bytes: {} hits", found.files, found.bytes, found.hits));
    }
    let left = report.proof.left();
    ensure!(left.is_empty(), "something is left of the old tenant: {}", left.join(", "));
    line(&format!(
        "proved: {} patterns (the tenant's id and {} device ids, as text and as bytes) are nowhere",
        report.proof.patterns,
        report.wiped.devices.len()
    ));
    reset::resumed(&instance, &report.tenant).await?;
    if report.own_sensor {
        lifecycle::enrol_own_sensor(&mut instance).await.context("enrolling this machine's sensor anew")?;
    }
    drop(sensor);
    line(&format!(
        "tenant {} begins anew in region {}, {}",
        report.tenant.name, report.tenant.region, report.tenant.id
    ));
    line(&database::setup_link(&instance, report.tenant.id).await?.0);
    Ok(())
}

async fn deeds(instance: &Instance) -> Result<()> {
    let state = database::owner(instance).await?;
    for deed in state.deeds(1000).await? {
        let shown = json!({
            "at": deed.at.to_rfc3339(), "actor": deed.actor, "kind": deed.kind, "target": deed.target,
            "detail": deed.detail,
        });
        line(&shown.to_string());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_name_confirms() {
        assert!(confirmed("Shop", Some("Shop".into())).is_ok());
        assert!(confirmed("Shop", Some("Shop\n".into())).is_ok());
        for wrong in ["shop", "", "yes", "Shop2"] {
            assert!(confirmed("Shop", Some(wrong.into())).is_err(), "{wrong}");
        }
    }
}
