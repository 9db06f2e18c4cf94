use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use serde_json::json;

use super::client::Client;
use super::output;
use crate::instance::Instance;

#[derive(Args)]
pub struct OrderArgs {
    /// What to do.
    #[arg(value_enum)]
    kind: Kind,
    /// The device's id or name; may be left out where there is only one.
    #[arg(long)]
    device: Option<String>,
    /// Why; kept in the audit log.
    #[arg(long, default_value = "from the command line")]
    reason: String,
    /// Seconds to wait for the receipt.
    #[arg(long, default_value_t = 30)]
    wait: u64,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// Ask for a sign of life.
    Ping,
    /// Send device facts and everything spooled now.
    CollectNow,
    /// Look again at all that is installed.
    Inventory,
    /// Run the device's baselines again; takes some seconds (`--wait 200`).
    Baseline,
}

/// `palisade order`.
pub async fn run(instance: &Instance, args: OrderArgs) -> Result<()> {
    let client = Client::local(instance)?;
    let device = find(&client, args.device.as_deref()).await?;
    let kind = match args.kind {
        Kind::Ping => "ping",
        Kind::CollectNow => "collect-now",
        Kind::Inventory => "inventory",
        Kind::Baseline => "baseline",
    };
    let mut order = client
        .post(&format!("/devices/{device}/orders"), &json!({ "kind": kind, "reason": args.reason }))
        .await?;
    let id = order["id"].as_str().context("the answer names the order")?.to_owned();
    let until = tokio::time::Instant::now() + Duration::from_secs(args.wait);
    while matches!(order["state"].as_str(), Some("queued" | "delivered")) {
        if tokio::time::Instant::now() > until {
            bail!("no receipt after {} s; the order {id} stays {}", args.wait, order["state"]);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        order = client.get(&format!("/orders/{id}")).await?;
    }
    output::line(&serde_json::to_string_pretty(&order)?);
    if order["state"] != "succeeded" {
        bail!("the order ended {}", order["state"].as_str().unwrap_or("without a state"));
    }
    Ok(())
}

/// The device with that id or name, or the only one.
async fn find(client: &Client, wanted: Option<&str>) -> Result<String> {
    let search = wanted.map(|w| format!("&search={w}")).unwrap_or_default();
    let answer = client.get(&format!("/devices?limit=2{search}")).await?;
    let items = answer["items"].as_array().cloned().unwrap_or_default();
    match items.as_slice() {
        [] => bail!("no such device"),
        [one] => Ok(one["id"].as_str().unwrap_or_default().to_owned()),
        many => many
            .iter()
            .find(|d| wanted.is_some_and(|w| d["id"] == w || d["name"] == w))
            .and_then(|d| d["id"].as_str().map(str::to_owned))
            .context("several devices match: name one with --device"),
    }
}
