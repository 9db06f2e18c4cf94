//! `palisade remediations`: take recommendations on, have sensors carry them out, and see how far they are.

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Format;
use super::client::Client;
use super::estate::{every, named, print, text};
use super::output::line;
use crate::instance::Instance;

const ROUTE: &str = "/remediations";

#[derive(Subcommand)]
pub enum RemediationsCommand {
    /// List what somebody has taken on, newest first.
    List {
        /// Only in these states, separated by commas: requested, running, checked, paused, stopped, completed,
        /// cancelled.
        #[arg(long)]
        state: Option<String>,
        /// How to print.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Print one with its devices.
    Show {
        /// The remediation.
        id: String,
        /// How to print the devices.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Take a recommendation on.
    Request(RequestArgs),
    /// Approve that sensors carry it out.
    Approve {
        /// The remediation.
        id: String,
        /// Update devices; without it they only say what an update would do.
        #[arg(long)]
        apply: bool,
    },
    /// Halt it: nothing more is begun.
    Pause {
        /// The remediation.
        id: String,
    },
    /// Go on with it.
    Resume {
        /// The remediation.
        id: String,
    },
    /// Give it up.
    Cancel {
        /// The remediation.
        id: String,
    },
    /// Have devices go back to the versions that they had.
    Rollback {
        /// The remediation.
        id: String,
    },
}

#[derive(Args)]
pub struct RequestArgs {
    /// The recommendation, as `palisade recommendations` prints it.
    recommendation: String,
    /// Who sees to it.
    #[arg(long)]
    owner: Option<String>,
    /// Until when, `2026-12-31T00:00:00Z`.
    #[arg(long)]
    due: Option<String>,
    /// low, medium or high.
    #[arg(long, default_value = "medium")]
    priority: String,
    /// What else is to be said.
    #[arg(long, default_value = "")]
    note: String,
    /// Only the devices of this group.
    #[arg(long)]
    group: Option<String>,
    /// Sensors carry it out, once it is approved.
    #[arg(long)]
    run: bool,
    /// Devices that are updated at once.
    #[arg(long, default_value_t = 5, requires = "run")]
    at_once: u16,
    /// No device goes first.
    #[arg(long, requires = "run")]
    no_canary: bool,
    /// How long the first device has to stand before others follow, minutes.
    #[arg(long, default_value_t = 10, requires = "run")]
    soak_minutes: u16,
    /// A package of the list of what is never touched that may be updated all the same; may be repeated.
    #[arg(long, requires = "run")]
    name_never_touch: Vec<String>,
}

/// `palisade remediations`.
pub async fn run(instance: &Instance, command: RemediationsCommand) -> Result<()> {
    let client = Client::local(instance)?;
    match command {
        RemediationsCommand::List { state, format } => list(&client, state.as_deref(), format).await,
        RemediationsCommand::Show { id, format } => show(&client, id_of(&id)?, format).await,
        RemediationsCommand::Request(args) => request(&client, args).await,
        RemediationsCommand::Approve { id, apply } => {
            let phase = if apply { "apply" } else { "dry_run" };
            verb(&client, &id, "approve", &json!({ "phase": phase })).await
        }
        RemediationsCommand::Pause { id } => verb(&client, &id, "pause", &Value::Null).await,
        RemediationsCommand::Resume { id } => verb(&client, &id, "resume", &Value::Null).await,
        RemediationsCommand::Cancel { id } => verb(&client, &id, "cancel", &Value::Null).await,
        RemediationsCommand::Rollback { id } => verb(&client, &id, "rollback", &Value::Null).await,
    }
}

/// An identifier, which goes into a path.
fn id_of(id: &str) -> Result<&str> {
    if id.is_empty() || !id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-') {
        bail!("{id:?} is no identifier of a remediation");
    }
    Ok(id)
}

async fn verb(client: &Client, id: &str, verb: &str, body: &Value) -> Result<()> {
    let now = client.post(&format!("{ROUTE}/{}/{verb}", id_of(id)?), body).await?;
    line(text(&now["state"]));
    Ok(())
}

async fn list(client: &Client, state: Option<&str>, format: Format) -> Result<()> {
    let mut path = format!("{ROUTE}?limit=1000");
    if let Some(state) = state {
        if !state.bytes().all(|b| b.is_ascii_lowercase() || b == b',') {
            bail!("{state:?} names no states");
        }
        path.push_str(&format!("&state={state}"));
    }
    let columns =
        ["id", "title", "state", "devices", "devices_fixed", "devices_failed", "owner", "due_at", "priority"];
    let rows = every(client, &path).await?;
    print(&columns, rows.iter().map(|r| columns.iter().map(|c| r[*c].clone()).collect()), format);
    Ok(())
}

async fn show(client: &Client, id: &str, format: Format) -> Result<()> {
    let one = client.get(&format!("{ROUTE}/{id}")).await?;
    if matches!(format, Format::Table) {
        line(&format!("{}: {}", text(&one["title"]), text(&one["state"])));
        if !text(&one["reason"]).is_empty() {
            line(text(&one["reason"]));
        }
        line(&format!(
            "{} of {} devices are fixed by their own inventory",
            one["devices_fixed"], one["devices"]
        ));
    }
    let columns = ["device_name", "step", "canary", "code", "message", "fixed_at", "device_id"];
    let rows = every(client, &format!("{ROUTE}/{id}/devices?limit=1000")).await?;
    print(&columns, rows.iter().map(|r| columns.iter().map(|c| r[*c].clone()).collect()), format);
    Ok(())
}

async fn request(client: &Client, args: RequestArgs) -> Result<()> {
    let group = match &args.group {
        Some(name) => Some(named(client, "/device-groups", name).await?),
        None => None,
    };
    let run = args.run.then(|| {
        json!({
            "at_once": args.at_once, "canary": !args.no_canary, "soak_minutes": args.soak_minutes,
            "name_never_touch": args.name_never_touch,
        })
    });
    let body = json!({
        "recommendation_id": args.recommendation, "owner": args.owner, "due_at": args.due,
        "priority": args.priority, "note": args.note, "device_group_id": group, "run": run,
    });
    let made = client.post(ROUTE, &body).await?;
    line(text(&made["id"]));
    Ok(())
}
