//! `palisade subscriptions|connectors|machines|health`: the estate on the command line.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::client::Client;
use super::output::{self, line};
use super::{Format, transfer, usage};
use crate::instance::Instance;

#[derive(Subcommand)]
pub enum SubscriptionsCommand {
    /// List subscriptions.
    List {
        /// How to print.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Make a subscription.
    Create {
        /// Its name.
        name: String,
        /// direct, ssh, aws or cloud_init.
        #[arg(long, default_value = "ssh")]
        kind: String,
        /// What its cloud calls it.
        #[arg(long, default_value = "")]
        external_id: String,
        /// The key of the tag that names a machine's owner.
        #[arg(long, default_value = "")]
        owner_tag: String,
        /// The region of the tenant, where `--tenant` names one that this subscription makes
        /// [default: the first one]. It is fixed by that.
        #[arg(long)]
        region: Option<String>,
    },
    /// Switch endpoint protection on or off, change exclusions.
    Set(SetArgs),
    /// Switch a plan.
    Plan(usage::PlanArgs),
    /// Move a whole subscription to another tenant.
    Transfer(transfer::TransferArgs),
    /// Go on with a roll-out that was held.
    Resume {
        /// The subscription's name.
        name: String,
    },
}

#[derive(Args)]
pub struct SetArgs {
    /// The subscription's name.
    name: String,
    /// Endpoint protection; off installs nothing any more and removes nothing.
    #[arg(long, value_enum)]
    protection: Option<Switch>,
    /// Whether new versions are put on its machines.
    #[arg(long, value_enum)]
    upgrades: Option<Switch>,
    /// What excludes a machine (`key`, `key=value`, `name:pattern`); replaces the list.
    #[arg(long)]
    exclude: Option<Vec<String>>,
    /// Machines that no connector knows land here from now on.
    #[arg(long)]
    designated: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Switch {
    /// On.
    On,
    /// Off.
    Off,
}

#[derive(Subcommand)]
pub enum ConnectorsCommand {
    /// List connectors.
    List {
        /// How to print.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Make a connector; its machines are looked at, none is changed.
    Add(AddArgs),
    /// List and test anew, and wait for the answer.
    Test {
        /// The connector's name.
        name: String,
    },
    /// Show the host keys that were seen.
    HostKeys {
        /// The connector's name.
        name: String,
        /// How to print.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Confirm host keys by their fingerprints.
    Confirm {
        /// The connector's name.
        name: String,
        /// Fingerprints, `SHA256:…`.
        fingerprints: Vec<String>,
        /// A known_hosts file of yours: keys that are in it are confirmed.
        #[arg(long)]
        known_hosts: Option<PathBuf>,
    },
    /// Say what a roll-out would do where; nothing is changed.
    Plan {
        /// The connector's name.
        name: String,
        /// How to print.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Let the connector act: sensors are installed in waves.
    Rollout {
        /// The connector's name.
        name: String,
    },
    /// End a connector; its credential is removed for good.
    Revoke {
        /// The connector's name.
        name: String,
    },
}

#[derive(Args)]
pub struct AddArgs {
    /// Its name.
    name: String,
    /// The subscription whose machines it finds.
    #[arg(long)]
    subscription: String,
    /// Which kind.
    #[arg(long, value_enum, default_value_t = Kind::Ssh)]
    kind: Kind,
    /// SSH: the file with the machines.
    #[arg(long)]
    inventory: Option<PathBuf>,
    /// SSH: how that file is written: list, ini or json.
    #[arg(long, default_value = "list")]
    form: String,
    /// SSH: the user of machines that name none.
    #[arg(long, default_value = "root")]
    user: String,
    /// SSH: the port of machines that name none.
    #[arg(long, default_value_t = 22)]
    port: u16,
    /// SSH: the file with the private key, without a passphrase; it is sealed and not kept as a file.
    #[arg(long)]
    key: Option<PathBuf>,
    /// AWS: the region.
    #[arg(long)]
    region: Option<String>,
    /// AWS: another address for EC2 and SSM, such as that of a VPC endpoint.
    #[arg(long)]
    endpoint: Option<String>,
    /// AWS: the file with the credential, JSON.
    #[arg(long)]
    credential: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Hosts of an inventory.
    Ssh,
    /// EC2 instances.
    Aws,
}

#[derive(Subcommand)]
pub enum MachinesCommand {
    /// List machines.
    List {
        /// Only those of one status: healthy, unhealthy, not_applicable, pending.
        #[arg(long)]
        status: Option<String>,
        /// How to print.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Show one machine, its findings, its security products and what was done on it, as JSON.
    Show {
        /// Its name or identifier.
        machine: String,
    },
    /// Try at once what waits for its pause.
    Fix {
        /// Its name or identifier.
        machine: String,
    },
    /// Exclude it from installation, or end that with an empty reason.
    Exclude {
        /// Its name or identifier.
        machine: String,
        /// Why.
        reason: String,
    },
    /// Move it to another subscription of the tenant.
    Move {
        /// Its name or identifier.
        machine: String,
        /// The subscription's name.
        #[arg(long)]
        to: String,
    },
    /// Delete its extension; the sensor stays, and while the component is on, the extension returns.
    RemoveExtension {
        /// Its name or identifier.
        machine: String,
    },
    /// Take it out of service: its device is refused, its sensor taken off, its history stays.
    Offboard {
        /// Its name or identifier.
        machine: String,
    },
    /// Take an offboarded machine back.
    Onboard {
        /// Its name or identifier.
        machine: String,
    },
}

#[derive(Args)]
pub struct HealthArgs {
    /// Only this machine, by name or identifier of machine or device.
    #[arg(long)]
    device: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl SubscriptionsCommand {
    /// Whether it connects a subscription, which makes its tenant where there is none; and in which
    /// region.
    pub fn new_in_region(&self) -> Option<Option<&str>> {
        match self {
            Self::Create { region, .. } => Some(region.as_deref()),
            _ => None,
        }
    }
}

/// `palisade subscriptions`.
pub async fn subscriptions(instance: &Instance, command: SubscriptionsCommand) -> Result<()> {
    let client = Client::local(instance)?;
    match command {
        SubscriptionsCommand::List { format } => {
            let all = client.get("/subscriptions").await?;
            let columns =
                ["name", "kind", "state", "designated", "servers_step", "protection", "machines", "id"];
            let rows = items(&all).map(|s| {
                let n: u64 = ["healthy", "unhealthy", "not_applicable", "pending"]
                    .iter()
                    .filter_map(|k| s["machines"][k].as_u64())
                    .sum();
                vec![
                    s["name"].clone(),
                    s["kind"].clone(),
                    s["state"].clone(),
                    s["designated"].clone(),
                    s["servers_step"].clone(),
                    s["endpoint_protection"]["label"].clone(),
                    n.into(),
                    s["id"].clone(),
                ]
            });
            print(&columns, rows, format);
        }
        SubscriptionsCommand::Create { name, kind, external_id, owner_tag, region } => {
            if let Some(region) = region {
                // Refused, with the reason, where the tenant lives in another one.
                client.put("/tenant/region", &json!({ "region": region })).await?;
            }
            let body =
                json!({"name": name, "kind": kind, "external_id": external_id, "owner_tag": owner_tag});
            let made = client.post("/subscriptions", &body).await?;
            line(text(&made["id"]));
        }
        SubscriptionsCommand::Set(args) => {
            let id = named(&client, "/subscriptions", &args.name).await?;
            let mut body = serde_json::Map::new();
            let mut put = |key: &str, value: Option<Value>| value.map(|v| body.insert(key.to_owned(), v));
            put("endpoint_protection", args.protection.map(|s| (s == Switch::On).into()));
            put("upgrades", args.upgrades.map(|s| (s == Switch::On).into()));
            put("exclusions", args.exclude.map(|e| e.into_iter().filter(|w| !w.is_empty()).collect()));
            put("designated", args.designated.then_some(true.into()));
            client.patch(&format!("/subscriptions/{id}"), &Value::Object(body)).await?;
            line("set");
        }
        SubscriptionsCommand::Plan(args) => usage::plan(instance, args).await?,
        SubscriptionsCommand::Transfer(args) => Box::pin(transfer::run(instance, args)).await?,
        SubscriptionsCommand::Resume { name } => {
            let id = named(&client, "/subscriptions", &name).await?;
            client.post(&format!("/subscriptions/{id}/rollout/resume"), &json!({})).await?;
            line("the roll-out goes on");
        }
    }
    Ok(())
}

/// `palisade connectors`.
pub async fn connectors(instance: &Instance, command: ConnectorsCommand) -> Result<()> {
    let client = Client::local(instance)?;
    match command {
        ConnectorsCommand::List { format } => {
            let all = client.get("/connectors").await?;
            let columns = ["name", "kind", "state", "last_listed", "last_error", "id"];
            print(&columns, items(&all).map(|c| columns.iter().map(|k| c[*k].clone()).collect()), format);
        }
        ConnectorsCommand::Add(args) => {
            let made = client.post("/connectors", &new_connector(&client, &args).await?).await?;
            let made = listed(&client, text(&made["id"])).await?;
            if !text(&made["last_error"]).is_empty() {
                output::note(text(&made["last_error"]));
            }
            line(text(&made["id"]));
        }
        ConnectorsCommand::Test { name } => {
            let id = named(&client, "/connectors", &name).await?;
            client.post(&format!("/connectors/{id}/test"), &json!({})).await?;
            let tested = listed(&client, &id).await?;
            let columns = ["name", "outcome", "code", "evidence"];
            let checks = tested["checks"].as_array().cloned().unwrap_or_default();
            let rows = checks.iter().map(|c| columns.iter().map(|k| c[*k].clone()).collect());
            print(&columns, rows, Format::Table);
            if !text(&tested["last_error"]).is_empty() {
                bail!("{}", text(&tested["last_error"]));
            }
        }
        ConnectorsCommand::HostKeys { name, format } => {
            let id = named(&client, "/connectors", &name).await?;
            let all = client.get(&format!("/connectors/{id}/host-keys")).await?;
            let columns = ["host", "key_type", "fingerprint", "confirmed_at", "confirmed_by"];
            print(&columns, items(&all).map(|c| columns.iter().map(|k| c[*k].clone()).collect()), format);
        }
        ConnectorsCommand::Confirm { name, mut fingerprints, known_hosts } => {
            let id = named(&client, "/connectors", &name).await?;
            if let Some(file) = known_hosts {
                fingerprints.extend(fingerprints_of(&file)?);
            }
            let body = json!({ "fingerprints": fingerprints });
            let done = client.post(&format!("/connectors/{id}/host-keys"), &body).await?;
            listed(&client, &id).await?;
            line(&format!("{} host keys confirmed", done["confirmed"]));
        }
        ConnectorsCommand::Plan { name, format } => {
            let id = named(&client, "/connectors", &name).await?;
            let plan = client.get(&format!("/connectors/{id}/plan")).await?;
            let columns = ["machine", "plan", "wave", "code", "words"];
            let machines = plan["machines"].as_array().cloned().unwrap_or_default();
            print(&columns, machines.iter().map(|m| columns.iter().map(|k| m[*k].clone()).collect()), format);
            output::note(&format!(
                "{} to install, {} to take over, {} left out, waves {}",
                plan["install"], plan["adopt"], plan["excluded"], plan["waves"]
            ));
        }
        ConnectorsCommand::Rollout { name } => {
            let id = named(&client, "/connectors", &name).await?;
            client.post(&format!("/connectors/{id}/rollout"), &json!({})).await?;
            line("the first wave begins");
        }
        ConnectorsCommand::Revoke { name } => {
            let id = named(&client, "/connectors", &name).await?;
            client.delete(&format!("/connectors/{id}")).await?;
            line("ended");
        }
    }
    Ok(())
}

async fn new_connector(client: &Client, args: &AddArgs) -> Result<Value> {
    let subscription = named(client, "/subscriptions", &args.subscription).await?;
    let read =
        |path: &PathBuf| std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()));
    let (kind, settings, credential) = match args.kind {
        Kind::Ssh => {
            let inventory = read(args.inventory.as_ref().context("--inventory says which machines")?)?;
            let settings =
                json!({"inventory": inventory, "form": args.form, "user": args.user, "port": args.port});
            let key = read(args.key.as_ref().context("--key says with which key")?)?;
            ("ssh", settings, Some(json!({ "private_key": key })))
        }
        Kind::Aws => {
            let region = args.region.as_ref().context("--region says where")?;
            let mut settings = json!({ "region": region });
            if let Some(endpoint) = &args.endpoint {
                settings["ec2_endpoint"] = endpoint.clone().into();
                settings["ssm_endpoint"] = endpoint.clone().into();
            }
            let file = args.credential.as_ref().context("--credential says with which key")?;
            let credential = serde_json::from_str(&read(file)?).context("the credential is no JSON")?;
            ("aws", settings, Some(credential))
        }
    };
    Ok(json!({
        "subscription_id": subscription, "kind": kind, "name": args.name, "settings": settings,
        "credential": credential,
    }))
}

/// Waits until a connector's listing is over.
async fn listed(client: &Client, id: &str) -> Result<Value> {
    for _ in 0..600 {
        let now = client.get(&format!("/connectors/{id}")).await?;
        if now["busy"] == json!(false) {
            return Ok(now);
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    bail!("the connector has not answered within two minutes")
}

/// The fingerprints of a known_hosts file, as ssh-keygen reads it.
fn fingerprints_of(file: &PathBuf) -> Result<Vec<String>> {
    let out = std::process::Command::new("ssh-keygen").args(["-l", "-f"]).arg(file).output()?;
    if !out.status.success() {
        bail!("{}: {}", file.display(), String::from_utf8_lossy(&out.stderr).trim());
    }
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    Ok(said.lines().filter_map(|l| l.split_whitespace().nth(1)).map(str::to_owned).collect())
}

/// `palisade machines`.
pub async fn machines(instance: &Instance, command: MachinesCommand) -> Result<()> {
    let client = Client::local(instance)?;
    let done = |what: &str| line(what);
    match command {
        MachinesCommand::List { status, format } => {
            let filter = status.map(|s| format!("&status={s}")).unwrap_or_default();
            let all = every(&client, &format!("/machines?limit=500{filter}")).await?;
            let columns = [
                "name",
                "status",
                "subscription",
                "os",
                "os_version",
                "extension",
                "doing",
                "plan",
                "device_id",
                "id",
            ];
            print(&columns, all.iter().map(|m| columns.iter().map(|k| m[*k].clone()).collect()), format);
        }
        MachinesCommand::Show { machine } => {
            let id = machine_named(&client, &machine).await?;
            let mut shown = client.get(&format!("/machines/{id}")).await?;
            shown["health"] = client.get(&format!("/machines/{id}/health")).await?;
            shown["security"] = client.get(&format!("/machines/{id}/security-products")).await?;
            shown["tasks"] = client.get(&format!("/machines/{id}/tasks")).await?["items"].take();
            line(&serde_json::to_string_pretty(&shown)?);
        }
        MachinesCommand::Fix { machine } => {
            let id = machine_named(&client, &machine).await?;
            client.post(&format!("/machines/{id}/fix"), &json!({})).await?;
            done("it is looked at");
        }
        MachinesCommand::Exclude { machine, reason } => {
            let id = machine_named(&client, &machine).await?;
            client.patch(&format!("/machines/{id}"), &json!({ "exclusion": reason })).await?;
            done(if reason.is_empty() { "no longer excluded" } else { "excluded" });
        }
        MachinesCommand::Move { machine, to } => {
            let id = machine_named(&client, &machine).await?;
            let to = named(&client, "/subscriptions", &to).await?;
            client.post(&format!("/machines/{id}/move"), &json!({ "subscription_id": to })).await?;
            done("moved");
        }
        MachinesCommand::RemoveExtension { machine } => {
            let id = machine_named(&client, &machine).await?;
            client.delete(&format!("/machines/{id}/extension")).await?;
            done("the extension is deleted");
        }
        MachinesCommand::Offboard { machine } => {
            let id = machine_named(&client, &machine).await?;
            client.post(&format!("/machines/{id}/offboard"), &json!({})).await?;
            done("it is taken out of service");
        }
        MachinesCommand::Onboard { machine } => {
            let id = machine_named(&client, &machine).await?;
            client.post(&format!("/machines/{id}/onboard"), &json!({})).await?;
            done("it is taken back");
        }
    }
    Ok(())
}

/// `palisade health`.
pub async fn health(instance: &Instance, args: HealthArgs) -> Result<()> {
    let client = Client::local(instance)?;
    let machines = match &args.device {
        Some(one) => {
            let id = machine_named(&client, one).await?;
            vec![client.get(&format!("/machines/{id}")).await?]
        }
        None => every(&client, "/machines?limit=500").await?,
    };
    let mut shown = Vec::new();
    for machine in machines {
        let health = client.get(&format!("/machines/{}/health", text(&machine["id"]))).await?;
        let mut one = json!({
            "machine_id": machine["id"], "machine": machine["name"], "device_id": machine["device_id"],
            "subscription": machine["subscription"], "status": health["status"],
            "evaluated_at": health["evaluated_at"], "findings": health["findings"],
        });
        if args.device.is_some() {
            one["history"] = health["history"].clone();
            one["preflight"] = health["preflight"].clone();
        }
        shown.push(one);
    }
    if args.json {
        line(&serde_json::to_string_pretty(&shown)?);
        return Ok(());
    }
    for one in &shown {
        line(&format!("{:<15} {}", text(&one["status"]), text(&one["machine"])));
        for finding in one["findings"].as_array().into_iter().flatten() {
            line(&format!(
                "    {} [{}] {}",
                text(&finding["kind"]),
                text(&finding["code"]),
                text(&finding["message"])
            ));
            line(&format!("    fix: {}", text(&finding["remediation"])));
        }
    }
    Ok(())
}

pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

pub(super) fn items(page: &Value) -> impl Iterator<Item = &Value> {
    page["items"].as_array().into_iter().flatten()
}

pub(super) fn print(columns: &[&str], rows: impl Iterator<Item = Vec<Value>>, format: Format) {
    let columns: Vec<String> = columns.iter().map(|c| (*c).to_owned()).collect();
    output::rows(&columns, &rows.collect::<Vec<_>>(), format);
}

/// Every item of a list, page by page.
pub(super) async fn every(client: &Client, path: &str) -> Result<Vec<Value>> {
    let mut all = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = client.get(&format!("{path}{cursor}")).await?;
        all.extend(items(&page).cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(all),
        }
    }
}

/// The identifier of something that people call by its name.
pub(super) async fn named(client: &Client, list: &str, name: &str) -> Result<String> {
    let all = client.get(list).await?;
    let same = |v: &Value| text(v).eq_ignore_ascii_case(name);
    let found = items(&all).find(|s| s["id"] == json!(name) || same(&s["name"]));
    match found {
        Some(found) => Ok(text(&found["id"]).to_owned()),
        None => bail!("there is no {name} in {}", list.trim_start_matches('/')),
    }
}

/// The machine that somebody means: by its identifier, its device's, or a name that only one has.
pub(super) async fn machine_named(client: &Client, name: &str) -> Result<String> {
    let search: String =
        name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_')).collect();
    let all = every(client, &format!("/machines?limit=500&gone=true&search={search}")).await?;
    let exact = |m: &&Value| {
        [&m["id"], &m["device_id"]].iter().any(|v| text(v) == name)
            || text(&m["name"]).eq_ignore_ascii_case(name)
    };
    let found: Vec<&Value> = all.iter().filter(exact).collect();
    match found.as_slice() {
        [one] => Ok(text(&one["id"]).to_owned()),
        [] => bail!("there is no machine {name}"),
        many => bail!("{} machines are called {name}: use an identifier", many.len()),
    }
}
