//! `palisade agentless`: machines without a sensor, scanned over SSH.

use anyhow::Result;
use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::Format;
use super::client::Client;
use super::estate::{every, machine_named, named, print, text};
use super::output::line;
use crate::instance::Instance;

#[derive(Subcommand)]
pub enum AgentlessCommand {
    /// List machines with how their scans stand.
    List {
        /// Only those in one of these states: off, `not_applicable`, waiting, queued, running, done, limited, failed;
        /// several separated by commas.
        #[arg(long)]
        state: Option<String>,
        /// How to print.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Show how scans of one machine stand, with the last ones, as JSON.
    Show {
        /// The machine's name or identifier.
        machine: String,
    },
    /// Switch scanning of a subscription's machines that have no sensor.
    Set {
        /// The subscription's name.
        name: String,
        /// On or off.
        #[arg(value_enum)]
        to: Switch,
        /// Hours between two scans, 4 to 72.
        #[arg(long)]
        hours: Option<i32>,
    },
    /// Decide for one machine, whatever its subscription says.
    Machine {
        /// The machine's name or identifier.
        machine: String,
        /// On, off, or as its subscription says.
        #[arg(value_enum)]
        to: Setting,
    },
    /// Scan a machine now.
    Scan {
        /// The machine's name or identifier.
        machine: String,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// On.
    On,
    /// Off.
    Off,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Setting {
    /// As its subscription says.
    Inherit,
    /// Scanned.
    On,
    /// Not scanned.
    Off,
}

impl Setting {
    fn word(self) -> &'static str {
        match self {
            Self::Inherit => "inherit",
            Self::On => "on",
            Self::Off => "off",
        }
    }
}

/// How a machine stands, in a line.
fn stand(shown: &Value) -> String {
    let (state, message) = (text(&shown["state"]), text(&shown["message"]));
    if message.is_empty() { state.to_owned() } else { format!("{state}: {message}") }
}

/// `palisade agentless`.
pub async fn run(instance: &Instance, command: AgentlessCommand) -> Result<()> {
    let client = Client::local(instance)?;
    match command {
        AgentlessCommand::List { state, format } => {
            let filter = state.map(|s| format!("&agentless={s}")).unwrap_or_default();
            let all = every(&client, &format!("/machines?limit=500{filter}")).await?;
            let columns = ["name", "subscription", "state", "code", "scanned_at", "device_id", "id"];
            let rows = all.iter().map(|m| {
                let of = &m["agentless"];
                vec![
                    m["name"].clone(),
                    m["subscription"].clone(),
                    of["state"].clone(),
                    of["code"].clone(),
                    of["scanned_at"].clone(),
                    of["device_id"].clone(),
                    m["id"].clone(),
                ]
            });
            print(&columns, rows, format);
        }
        AgentlessCommand::Show { machine } => {
            let id = machine_named(&client, &machine).await?;
            let shown = client.get(&format!("/machines/{id}/agentless")).await?;
            line(&serde_json::to_string_pretty(&shown)?);
        }
        AgentlessCommand::Set { name, to, hours } => {
            let id = named(&client, "/subscriptions", &name).await?;
            let mut body = json!({ "on": to == Switch::On });
            if let Some(hours) = hours {
                body["hours"] = hours.into();
            }
            let now = client.put(&format!("/subscriptions/{id}/agentless"), &body).await?;
            let words =
                if now["on"] == true { format!("on, every {} hours", now["hours"]) } else { "off".into() };
            line(&words);
        }
        AgentlessCommand::Machine { machine, to } => {
            let id = machine_named(&client, &machine).await?;
            let body = json!({ "setting": to.word() });
            line(&stand(&client.put(&format!("/machines/{id}/agentless"), &body).await?));
        }
        AgentlessCommand::Scan { machine } => {
            let id = machine_named(&client, &machine).await?;
            client.post(&format!("/machines/{id}/agentless/scan"), &json!({})).await?;
            line("it is asked for");
        }
    }
    Ok(())
}
