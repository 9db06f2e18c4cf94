//! `palisade device-groups`: rules that say which devices belong together, on the command line.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::Format;
use super::client::Client;
use super::estate::{items, named, print, text};
use super::output::{line, note};
use crate::instance::Instance;

/// Bytes of a rule that is read; its reader's own bounds are far below.
const RULE_MAX: u64 = 1 << 20;

#[derive(Subcommand)]
pub enum DeviceGroupsCommand {
    /// List device groups by rank.
    List {
        /// How to print.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Print one device group with its rule, as JSON.
    Show {
        /// Its name.
        name: String,
    },
    /// Make a device group.
    Create(CreateArgs),
    /// Change a device group; what is not given stays.
    Set(SetArgs),
    /// List the devices that a rule would match; nothing is saved.
    Preview {
        /// The file with the rule, JSON; `-` reads it from standard input.
        #[arg(long)]
        rule: PathBuf,
        /// The device group whose rule it would become.
        #[arg(long)]
        group: Option<String>,
        /// How to print.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Delete a device group; refused while users or tokens are limited to it.
    Delete {
        /// Its name.
        name: String,
    },
}

#[derive(Args)]
pub struct CreateArgs {
    /// Its name.
    name: String,
    /// The file with the rule, JSON; `-` reads it from standard input.
    #[arg(long)]
    rule: PathBuf,
    /// What it is for.
    #[arg(long, default_value = "")]
    description: String,
    /// Its place, from 1 [default: the last].
    #[arg(long)]
    rank: Option<u32>,
    /// How much harm the loss of one of its devices does.
    #[arg(long, value_enum, default_value_t = Criticality::Normal)]
    criticality: Criticality,
    /// How far the product may go on its devices without asking.
    #[arg(long, value_enum, default_value_t = Automation::None)]
    automation: Automation,
}

#[derive(Args)]
pub struct SetArgs {
    /// Its name.
    name: String,
    /// Another name.
    #[arg(long)]
    rename: Option<String>,
    /// The file with the rule, JSON; `-` reads it from standard input.
    #[arg(long)]
    rule: Option<PathBuf>,
    /// What it is for.
    #[arg(long)]
    description: Option<String>,
    /// Its place, from 1.
    #[arg(long)]
    rank: Option<u32>,
    /// How much harm the loss of one of its devices does.
    #[arg(long, value_enum)]
    criticality: Option<Criticality>,
    /// How far the product may go on its devices without asking.
    #[arg(long, value_enum)]
    automation: Option<Automation>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Criticality {
    /// Nobody would miss it for a day.
    Low,
    /// What most devices are.
    Normal,
    /// Others depend on it.
    High,
    /// The business stands still without it.
    VeryHigh,
}

impl Criticality {
    fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
            Self::VeryHigh => "very_high",
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum Automation {
    /// A person starts whatever is done.
    None,
    /// It proposes, and a person approves.
    Semi,
    /// It acts, and a person can undo.
    Full,
}

impl Automation {
    fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Semi => "semi",
            Self::Full => "full",
        }
    }
}

/// `palisade device-groups`.
pub async fn run(instance: &Instance, command: DeviceGroupsCommand) -> Result<()> {
    let client = Client::local(instance)?;
    match command {
        DeviceGroupsCommand::List { format } => {
            let all = client.get(ROUTE).await?;
            let columns =
                ["rank", "name", "criticality", "automation", "device_count", "limited_count", "id"];
            print(&columns, items(&all).map(|g| columns.iter().map(|k| g[*k].clone()).collect()), format);
        }
        DeviceGroupsCommand::Show { name } => {
            line(&serde_json::to_string_pretty(&client.get(&place(&client, &name).await?).await?)?);
        }
        DeviceGroupsCommand::Create(args) => {
            let body = json!({
                "name": args.name, "description": args.description, "rank": args.rank,
                "rule": rule(&args.rule)?, "criticality": args.criticality.word(),
                "automation": args.automation.word(),
            });
            told(&client.post(ROUTE, &body).await?);
        }
        DeviceGroupsCommand::Set(args) => {
            let place = place(&client, &args.name).await?;
            let now = client.get(&place).await?;
            let body = json!({
                "name": args.rename.map_or_else(|| now["name"].clone(), Value::from),
                "description": args.description.map_or_else(|| now["description"].clone(), Value::from),
                "rank": args.rank,
                "rule": args.rule.map_or_else(|| Ok(now["rule"].clone()), |file| rule(&file))?,
                "criticality": args.criticality.map_or_else(|| now["criticality"].clone(), |c| c.word().into()),
                "automation": args.automation.map_or_else(|| now["automation"].clone(), |a| a.word().into()),
            });
            told(&client.put(&place, &body).await?);
        }
        DeviceGroupsCommand::Preview { rule: file, group, format } => {
            let group = match group {
                Some(name) => Some(named(&client, ROUTE, &name).await?),
                None => None,
            };
            preview(&client, &rule(&file)?, group.as_deref(), format).await?;
        }
        DeviceGroupsCommand::Delete { name } => {
            client.delete(&place(&client, &name).await?).await?;
            line("deleted");
        }
    }
    Ok(())
}

const ROUTE: &str = "/device-groups";

/// The path of the group with that name.
async fn place(client: &Client, name: &str) -> Result<String> {
    Ok(format!("{ROUTE}/{}", named(client, ROUTE, name).await?))
}

fn told(group: &Value) {
    note(&format!("{} devices belong to it", group["device_count"]));
    line(text(&group["id"]));
}

async fn preview(client: &Client, rule: &Value, group: Option<&str>, format: Format) -> Result<()> {
    let columns = ["name", "os_distribution", "os_version", "member", "id"];
    let mut rows = Vec::new();
    let mut cursor = Value::Null;
    loop {
        let body = json!({ "rule": rule, "group_id": group, "limit": 1000, "cursor": cursor });
        let page = client.post(&format!("{ROUTE}/preview"), &body).await?;
        rows.extend(items(&page).map(|d| columns.iter().map(|k| d[*k].clone()).collect()));
        cursor = page["next_cursor"].clone();
        if cursor.is_null() {
            note(&format!(
                "{} devices, {} joining, {} leaving",
                page["total"], page["joining"], page["leaving"]
            ));
            break;
        }
    }
    print(&columns, rows.into_iter(), format);
    Ok(())
}

/// Reads a rule; what it may say is judged by the server.
fn rule(file: &Path) -> Result<Value> {
    use std::io::Read;
    let shown = file.display();
    let mut text = String::new();
    let read = if file == Path::new("-") {
        std::io::stdin().take(RULE_MAX + 1).read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|f| f.take(RULE_MAX + 1).read_to_string(&mut text))
    };
    let length = read.with_context(|| format!("reading {shown}"))?;
    if length as u64 > RULE_MAX {
        bail!("{shown} is larger than a rule may be ({RULE_MAX} bytes)");
    }
    serde_json::from_str(&text).with_context(|| format!("{shown} is not JSON"))
}
