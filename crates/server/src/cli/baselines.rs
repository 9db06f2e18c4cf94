//! `palisade baselines`: profiles of security baselines, what devices found by them, and the secure score.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Format;
use super::client::Client;
use super::estate::{every, items, named, print, text};
use super::output::{line, note};
use crate::instance::Instance;

/// Bytes of a profile's file that are read.
const PROFILE_MAX: u64 = 1 << 20;
const ROUTE: &str = "/baseline-profiles";

#[derive(Subcommand)]
pub enum BaselinesCommand {
    /// List profiles and how they stand.
    List {
        /// How to print.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// List a profile's checks and how they ended, or those of one device.
    Show(ShowArgs),
    /// List the devices that ran a profile, those that comply least first; or those that a check is wrong on.
    Devices {
        /// The profile.
        profile: String,
        /// Only devices that this check is not met on.
        #[arg(long)]
        check: Option<String>,
        /// How to print.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Say which devices run a profile, in the place of what was said before.
    Assign {
        /// The profile.
        profile: String,
        /// Every device.
        #[arg(long)]
        all: bool,
        /// Devices of this group; may be repeated. Without any, no device runs it.
        #[arg(long)]
        group: Vec<String>,
    },
    /// Take a profile's file in.
    Import {
        /// The file, TOML; `-` reads it from standard input.
        file: PathBuf,
        /// Let it take the place of a profile of its name.
        #[arg(long)]
        replace: bool,
    },
    /// Print a profile as a file that `import` and `palisade-sensor baseline --profile-file` take.
    Export {
        /// The profile.
        profile: String,
    },
    /// Delete a profile that somebody made, and take it from all devices.
    Delete {
        /// The profile.
        profile: String,
    },
    /// Print the secure score, and what costs most of it.
    Score {
        /// How to print what costs.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
}

#[derive(Args)]
pub struct ShowArgs {
    /// The profile.
    profile: String,
    /// The results of one device, by its identifier.
    #[arg(long)]
    device: Option<String>,
    /// Only checks that ended so, separated by commas: `compliant`, `not_compliant`, `not_applicable`, `not_evaluated`.
    #[arg(long)]
    state: Option<String>,
    /// Only of these severities, separated by commas: low, medium, high.
    #[arg(long)]
    severity: Option<String>,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// `palisade baselines`.
pub async fn run(instance: &Instance, command: BaselinesCommand) -> Result<()> {
    let client = Client::local(instance)?;
    match command {
        BaselinesCommand::List { format } => list(&client, format).await?,
        BaselinesCommand::Show(args) => show(&client, args).await?,
        BaselinesCommand::Devices { profile, check, format } => {
            devices(&client, &profile, check.as_deref(), format).await?;
        }
        BaselinesCommand::Assign { profile, all, group } => {
            let mut groups = Vec::new();
            for name in &group {
                groups.push(named(&client, "/device-groups", name).await?);
            }
            let body = json!({ "all_devices": all, "device_group_ids": groups });
            let now = client.put(&format!("{ROUTE}/{}/assignments", word(&profile)?), &body).await?;
            line(&places(&now));
        }
        BaselinesCommand::Import { file, replace } => {
            let body = json!({ "document": read(&file)?, "replace": replace });
            let made = client.post(&format!("{ROUTE}/import"), &body).await?;
            note(&format!("{} checks, revision {}", made["check_count"], made["revision"]));
            line(text(&made["id"]));
        }
        BaselinesCommand::Export { profile } => {
            line(client.text(&format!("{ROUTE}/{}/export", word(&profile)?)).await?.trim_end());
        }
        BaselinesCommand::Delete { profile } => {
            client.delete(&format!("{ROUTE}/{}", word(&profile)?)).await?;
            line("deleted");
        }
        BaselinesCommand::Score { format } => score(&client, format).await?,
    }
    Ok(())
}

/// A profile's or check's name, which goes into a path.
fn word(name: &str) -> Result<&str> {
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || !name.chars().all(fine) {
        bail!("{name:?} is no name: small letters, digits, '-', '_' and '.'");
    }
    Ok(name)
}

fn places(profile: &Value) -> String {
    if profile["all_devices"] == true {
        return "every device".to_owned();
    }
    let groups: Vec<&str> =
        profile["device_groups"].as_array().into_iter().flatten().map(|g| text(&g["name"])).collect();
    if groups.is_empty() { "no device".to_owned() } else { groups.join(", ") }
}

fn percent(value: &Value) -> Value {
    value.as_f64().map_or(Value::Null, |p| json!((p * 10.0).round() / 10.0))
}

async fn list(client: &Client, format: Format) -> Result<()> {
    let all = client.get(ROUTE).await?;
    let columns = [
        "id",
        "title",
        "built_in",
        "check_count",
        "revision",
        "assigned",
        "devices",
        "compliant_devices",
        "percent",
    ];
    let row = |p: &Value| {
        let c = &p["compliance"];
        vec![
            p["id"].clone(),
            p["title"].clone(),
            p["built_in"].clone(),
            p["check_count"].clone(),
            p["revision"].clone(),
            json!(places(p)),
            c["devices"].clone(),
            c["compliant_devices"].clone(),
            percent(&c["percent"]),
        ]
    };
    print(&columns, items(&all).map(row), format);
    Ok(())
}

async fn show(client: &Client, args: ShowArgs) -> Result<()> {
    let profile = word(&args.profile)?;
    let mut asked = "limit=1000".to_owned();
    for (name, value) in [("state", &args.state), ("severity", &args.severity)] {
        if let Some(value) = value {
            let words: Vec<&str> = value.split(',').map(word).collect::<Result<_>>()?;
            asked.push_str(&format!("&{name}={}", words.join(",")));
        }
    }
    let (path, columns) = match &args.device {
        Some(device) => (
            format!("/devices/{}/baselines/{profile}", word(device)?),
            ["id", "severity", "state", "reason", "observed", "expected", "excepted"].as_slice(),
        ),
        None => (
            format!("{ROUTE}/{profile}/checks"),
            ["id", "severity", "category", "compliant", "not_compliant", "not_applicable", "not_evaluated"]
                .as_slice(),
        ),
    };
    let rows = every(client, &format!("{path}?{asked}")).await?;
    print(columns, rows.iter().map(|r| columns.iter().map(|c| r[*c].clone()).collect()), args.format);
    Ok(())
}

async fn devices(client: &Client, profile: &str, check: Option<&str>, format: Format) -> Result<()> {
    let profile = word(profile)?;
    let (path, columns) = match check {
        Some(check) => (
            format!("{ROUTE}/{profile}/checks/{}/devices", word(check)?),
            ["name", "os", "state", "observed", "expected", "id"].as_slice(),
        ),
        None => (
            format!("{ROUTE}/{profile}/devices"),
            [
                "name",
                "os",
                "percent",
                "not_compliant",
                "not_evaluated",
                "revision",
                "current",
                "run_at",
                "error",
                "id",
            ]
            .as_slice(),
        ),
    };
    let rows = every(client, &format!("{path}?limit=1000")).await?;
    let cell = |r: &Value, column: &str| match column {
        "name" | "os" | "id" => r["device"][column].clone(),
        "percent" => percent(&r[column]),
        other => r[other].clone(),
    };
    print(columns, rows.iter().map(|r| columns.iter().map(|c| cell(r, c)).collect()), format);
    Ok(())
}

async fn score(client: &Client, format: Format) -> Result<()> {
    let all = client.get("/secure-score").await?;
    let number = |v: &Value| v.as_f64().map_or_else(|| "not known".to_owned(), |n| format!("{n:.1}"));
    note(&format!("secure score {} over {} devices", number(&all["score"]), all["devices"]));
    for (category, points) in all["categories"].as_object().into_iter().flatten() {
        note(&format!("  {category:<18} {}", number(points)));
    }
    let columns = ["points", "failing_devices", "impact", "category", "title", "recommendation_id"];
    let row = |c: &Value| {
        let cell = |name: &&str| if *name == "points" { percent(&c[*name]) } else { c[*name].clone() };
        columns.iter().map(cell).collect()
    };
    print(&columns, all["costs"].as_array().into_iter().flatten().map(row), format);
    Ok(())
}

/// Reads a profile's file; what it may say is judged by the server.
fn read(file: &Path) -> Result<String> {
    use std::io::Read;
    let shown = file.display();
    let mut out = String::new();
    let read = if file == Path::new("-") {
        std::io::stdin().take(PROFILE_MAX + 1).read_to_string(&mut out)
    } else {
        std::fs::File::open(file).and_then(|f| f.take(PROFILE_MAX + 1).read_to_string(&mut out))
    };
    let length = read.with_context(|| format!("reading {shown}"))?;
    if length as u64 > PROFILE_MAX {
        bail!("{shown} is larger than a profile may be ({PROFILE_MAX} bytes)");
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_does_not_leave_its_place_in_a_path() {
        assert!(word("debian-server-level1").is_ok() && word("ssh.permit_root_login").is_ok());
        for bad in ["", "a/b", "a b", "../users", "a?b", "a%2fb"] {
            assert!(word(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn where_a_profile_runs_is_told_in_words() {
        assert_eq!(places(&json!({"all_devices": true, "device_groups": []})), "every device");
        assert_eq!(
            places(&json!({"all_devices": false, "device_groups": [{"name": "web"}, {"name": "db"}]})),
            "web, db"
        );
        assert_eq!(places(&json!({"all_devices": false, "device_groups": []})), "no device");
        assert_eq!(percent(&json!(93.456)), json!(93.5));
    }
}
