//! `palisade vulnerability-events` and `palisade notifications`: what changed, who is told, how that went.

use std::io::Read;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::client::Client;
use super::exposure::{all, print};
use super::{Format, output};
use crate::instance::Instance;

/// Most bytes of a description on standard input.
const MAX_INPUT: u64 = 1 << 20;

#[derive(Args)]
pub struct EventsArgs {
    /// Only of these kinds, separated by commas, such as new_vulnerability,vulnerability_exploited.
    #[arg(long)]
    kind: Option<String>,
    /// Only of these severities, separated by commas.
    #[arg(long)]
    severity: Option<String>,
    /// Only about this subject, such as CVE-2024-28757.
    #[arg(long)]
    subject: Option<String>,
    /// Only what contains this text.
    #[arg(long)]
    search: Option<String>,
    /// Not before this instant, RFC 3339.
    #[arg(long)]
    since: Option<String>,
    /// At most so many rows, the newest.
    #[arg(long, default_value_t = 100)]
    limit: usize,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Subcommand)]
pub enum NotificationsCommand {
    /// List webhooks.
    Webhooks {
        /// How to print.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// List rules.
    Rules {
        /// How to print.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// List what was sent and how that went, newest first.
    Deliveries {
        /// Only in these states, separated by commas: queued, sending, retrying, delivered, dead.
        #[arg(long)]
        state: Option<String>,
        /// At most so many rows.
        #[arg(long, default_value_t = 100)]
        limit: usize,
        /// How to print.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Make a webhook from JSON on standard input, where no other user of this machine can read its address, and
    /// print it with its signing secret.
    CreateWebhook,
    /// Make a rule from JSON on standard input, and print it.
    CreateRule,
    /// Send a test to a webhook, by its identifier.
    Test {
        /// The webhook.
        webhook: String,
    },
    /// Have a delivery that was given up sent again, by its identifier.
    Retry {
        /// The delivery.
        delivery: String,
    },
}

const EVENTS: [&str; 7] = ["at", "kind", "subject", "severity", "exploited", "devices", "title"];
const WEBHOOKS: [&str; 8] =
    ["id", "name", "origin", "format", "tickets", "enabled", "last_state", "last_error"];
const RULES: [&str; 8] =
    ["id", "name", "enabled", "kinds", "severity", "exploited_only", "device_group", "last_fired_at"];
const DELIVERIES: [&str; 8] = ["created_at", "type", "webhook", "title", "state", "attempts", "error", "id"];

/// What is asked for of what may be absent.
fn asked(pairs: [(&'static str, Option<String>); 5]) -> Vec<(&'static str, String)> {
    pairs.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// Prints the event timeline.
///
/// # Errors
/// What the server says.
pub async fn events(instance: &Instance, args: EventsArgs) -> Result<()> {
    let client = Client::local(instance)?;
    let asked = asked([
        ("kind", args.kind),
        ("severity", args.severity),
        ("subject", args.subject),
        ("search", args.search),
        ("since", args.since),
    ]);
    let items = all(&client, "vulnerability-events", &asked, Some(args.limit)).await?;
    print(&EVENTS, &items, args.format);
    Ok(())
}

fn described() -> Result<Value> {
    let mut text = String::new();
    std::io::stdin().take(MAX_INPUT).read_to_string(&mut text).context("reading standard input")?;
    serde_json::from_str(&text).context("standard input is no JSON")
}

fn identifier(text: &str) -> Result<&str> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-') {
        bail!("{text} is no identifier: the first or last column of the list has it");
    }
    Ok(text)
}

/// `palisade notifications …`.
///
/// # Errors
/// What the server says.
pub async fn run(instance: &Instance, command: NotificationsCommand) -> Result<()> {
    let client = Client::local(instance)?;
    match command {
        NotificationsCommand::Webhooks { format } => {
            print(&WEBHOOKS, &all(&client, "webhooks", &[], None).await?, format);
        }
        NotificationsCommand::Rules { format } => {
            print(&RULES, &all(&client, "notification-rules", &[], None).await?, format);
        }
        NotificationsCommand::Deliveries { state, limit, format } => {
            let asked: Vec<(&str, String)> = state.map(|s| ("state", s)).into_iter().collect();
            let items = all(&client, "notification-deliveries", &asked, Some(limit)).await?;
            print(&DELIVERIES, &items, format);
        }
        NotificationsCommand::CreateWebhook => {
            output::line(&client.post("/webhooks", &described()?).await?.to_string());
        }
        NotificationsCommand::CreateRule => {
            output::line(&client.post("/notification-rules", &described()?).await?.to_string());
        }
        NotificationsCommand::Test { webhook } => {
            let path = format!("/webhooks/{}/test", identifier(&webhook)?);
            output::line(&client.post(&path, &json!({})).await?.to_string());
        }
        NotificationsCommand::Retry { delivery } => {
            let path = format!("/notification-deliveries/{}/retry", identifier(&delivery)?);
            output::line(&client.post(&path, &json!({})).await?.to_string());
        }
    }
    Ok(())
}
