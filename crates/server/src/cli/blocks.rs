//! `palisade blocks`: warn of vulnerable applications or block them, and see on which devices that holds.

use anyhow::{Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::Format;
use super::client::Client;
use super::estate::{every, named, print, text};
use super::output::line;
use crate::instance::Instance;

const ROUTE: &str = "/application-blocks";

/// What happens when such an application is executed.
#[derive(Clone, Copy, ValueEnum)]
pub enum Mode {
    /// It runs, and that is reported.
    Warn,
    /// It does not run.
    Block,
}

impl Mode {
    fn as_str(self) -> &'static str {
        match self {
            Self::Warn => "warn",
            Self::Block => "block",
        }
    }
}

#[derive(Subcommand)]
pub enum BlocksCommand {
    /// List rules, newest first.
    List {
        /// Only in this state: active, cancelled, expired, fixed.
        #[arg(long)]
        state: Option<String>,
        /// How to print.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Print a rule's devices, and what became of it there.
    Devices {
        /// The rule.
        id: String,
        /// How to print.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Make a rule; it warns.
    Create(CreateArgs),
    /// Change whether a rule warns or blocks.
    Mode {
        /// The rule.
        id: String,
        /// What happens from now on.
        #[arg(value_enum)]
        mode: Mode,
        /// Why it blocks before it has warned for a day.
        #[arg(long)]
        confirm: Option<String>,
    },
    /// End a rule; devices release what it held.
    Release {
        /// The rule.
        id: String,
    },
}

#[derive(Args)]
#[group(required = true, multiple = false)]
pub struct Subject {
    /// What a recommendation updates, as `palisade recommendations` prints it.
    #[arg(long)]
    recommendation: Option<String>,
    /// What has a vulnerability.
    #[arg(long)]
    vulnerability: Option<String>,
    /// A source package by name.
    #[arg(long, requires = "release")]
    source: Option<String>,
}

#[derive(Args)]
pub struct CreateArgs {
    #[command(flatten)]
    subject: Subject,
    /// The distribution's release of the source package, `debian:12`.
    #[arg(long)]
    release: Option<String>,
    /// First version of the source package that is not affected; without it every version is.
    #[arg(long, requires = "release")]
    fixed: Option<String>,
    /// Why.
    #[arg(long)]
    note: String,
    /// What events say with it.
    #[arg(long, default_value = "")]
    message: String,
    /// Only the devices of this group.
    #[arg(long)]
    group: Option<String>,
    /// For how many days it holds.
    #[arg(long, default_value_t = 90)]
    days: u32,
    /// Block at once, for this reason.
    #[arg(long, value_name = "REASON")]
    block_at_once: Option<String>,
}

/// `palisade blocks`.
pub async fn run(instance: &Instance, command: BlocksCommand) -> Result<()> {
    let client = Client::local(instance)?;
    match command {
        BlocksCommand::List { state, format } => list(&client, state.as_deref(), format).await,
        BlocksCommand::Devices { id, format } => devices(&client, id_of(&id)?, format).await,
        BlocksCommand::Create(args) => create(&client, args).await,
        BlocksCommand::Mode { id, mode, confirm } => {
            let body = json!({ "mode": mode.as_str(), "confirm_reason": confirm });
            let now = client.post(&format!("{ROUTE}/{}/mode", id_of(&id)?), &body).await?;
            line(text(&now["mode"]));
            Ok(())
        }
        BlocksCommand::Release { id } => {
            client.delete(&format!("{ROUTE}/{}", id_of(&id)?)).await?;
            line("released at each device's next contact");
            Ok(())
        }
    }
}

/// An identifier, which goes into a path.
fn id_of(id: &str) -> Result<&str> {
    if id.is_empty() || !id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-') {
        bail!("{id:?} is no identifier of a rule");
    }
    Ok(id)
}

async fn list(client: &Client, state: Option<&str>, format: Format) -> Result<()> {
    let mut path = format!("{ROUTE}?limit=1000");
    if let Some(state) = state {
        if !state.bytes().all(|b| b.is_ascii_lowercase()) {
            bail!("{state:?} names no state");
        }
        path.push_str(&format!("&state={state}"));
    }
    let columns = ["id", "title", "mode", "state", "created_by", "created_at", "expires_at"];
    let counts = ["total", "affected", "enforced", "watched", "waiting", "failed"];
    let all: Vec<&str> = columns.iter().chain(&counts).copied().collect();
    let rows = every(client, &path).await?;
    let row = |r: &Value| -> Vec<Value> {
        let own = columns.iter().map(|c| r[*c].clone());
        own.chain(counts.iter().map(|c| r["devices"][*c].clone())).collect()
    };
    print(&all, rows.iter().map(row), format);
    Ok(())
}

async fn devices(client: &Client, id: &str, format: Format) -> Result<()> {
    let columns = [
        "device_name",
        "state",
        "rung",
        "affected",
        "files",
        "packages",
        "code",
        "message",
        "acknowledged_at",
        "device_id",
    ];
    let rows = every(client, &format!("{ROUTE}/{id}/devices?limit=1000")).await?;
    print(&columns, rows.iter().map(|r| columns.iter().map(|c| r[*c].clone()).collect()), format);
    Ok(())
}

async fn create(client: &Client, args: CreateArgs) -> Result<()> {
    let group = match &args.group {
        Some(name) => Some(named(client, "/device-groups", name).await?),
        None => None,
    };
    let mode = if args.block_at_once.is_some() { Mode::Block } else { Mode::Warn };
    let mut body = json!({
        "mode": mode.as_str(), "note": args.note, "message": args.message, "device_group_id": group,
        "days": args.days, "confirm_reason": args.block_at_once,
    });
    let subject = match args.subject {
        Subject { recommendation: Some(id), .. } => {
            json!({ "subject_type": "recommendation", "subject": id })
        }
        Subject { vulnerability: Some(id), .. } => json!({ "subject_type": "vulnerability", "subject": id }),
        Subject { source, .. } => json!({
            "subject_type": "software",
            "software": { "ecosystem": args.release, "source": source, "fixed": args.fixed.unwrap_or_default() },
        }),
    };
    if let (Some(body), Value::Object(subject)) = (body.as_object_mut(), subject) {
        body.extend(subject);
    }
    let made = client.post(ROUTE, &body).await?;
    line(text(&made["id"]));
    Ok(())
}
