//! `palisade usage` and `palisade subscriptions plan`.

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::client::Client;
use super::{Format, output};
use crate::instance::Instance;

/// Rows that are asked for at once.
const PAGE: u32 = 1000;

#[derive(Args)]
pub struct UsageArgs {
    /// The first hour: YYYY-MM, YYYY-MM-DD (midnight UTC) or RFC 3339 [default: the month's beginning].
    #[arg(long)]
    from: Option<String>,
    /// The end, not itself included, written the same way [default: now].
    #[arg(long)]
    to: Option<String>,
    /// What hours are added up by, separated by commas.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [By::Subscription, By::Owner, By::Plan])]
    by: Vec<By>,
    /// Only of this subscription, by name or id.
    #[arg(long)]
    subscription: Option<String>,
    /// Only of this owner.
    #[arg(long)]
    owner: Option<String>,
    /// Only under this plan: servers_p1, servers_p2, posture.
    #[arg(long)]
    plan: Option<String>,
    /// Only of this machine, by its id.
    #[arg(long)]
    machine: Option<String>,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum By {
    Subscription,
    Owner,
    Plan,
    Machine,
    Hour,
}

impl By {
    fn word(self) -> &'static str {
        match self {
            Self::Subscription => "subscription",
            Self::Owner => "owner",
            Self::Plan => "plan",
            Self::Machine => "machine",
            Self::Hour => "hour",
        }
    }
}

/// Pairs as a query string; what is `None` is left out.
fn query(pairs: &[(&str, Option<&str>)]) -> Result<String> {
    let mut url = reqwest::Url::parse("https://localhost/")?;
    for (name, value) in pairs {
        if let Some(value) = value {
            url.query_pairs_mut().append_pair(name, value);
        }
    }
    Ok(url.query().unwrap_or_default().to_owned())
}

/// `palisade usage`.
pub async fn run(instance: &Instance, args: UsageArgs) -> Result<()> {
    let client = Client::local(instance)?;
    let subscription = match &args.subscription {
        Some(wanted) => Some(find(&client, wanted).await?),
        None => None,
    };
    let by = args.by.iter().map(|b| b.word()).collect::<Vec<_>>().join(",");
    let asked = query(&[
        ("from", args.from.as_deref()),
        ("to", args.to.as_deref()),
        ("by", Some(&by)),
        ("subscription", subscription.as_deref()),
        ("owner", args.owner.as_deref()),
        ("plan", args.plan.as_deref()),
        ("machine", args.machine.as_deref()),
    ])?;
    if args.format == Format::Csv {
        output::line(client.text(&format!("/usage?{asked}&format=csv")).await?.trim_end());
        return Ok(());
    }
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    let totals = loop {
        let answer = client.get(&format!("/usage?{asked}&limit={PAGE}{cursor}")).await?;
        rows.extend(answer["items"].as_array().into_iter().flatten().map(|item| line(&args.by, item)));
        match answer["next_cursor"].as_str() {
            Some(next) => cursor = format!("&{}", query(&[("cursor", Some(next))])?),
            None => break answer["totals"].clone(),
        }
    };
    let columns: Vec<String> = args
        .by
        .iter()
        .map(|b| b.word())
        .chain(["machines", "hours", "trial_hours", "unpriced_hours", "cost"])
        .map(str::to_owned)
        .collect();
    output::rows(&columns, &rows, args.format);
    if args.format == Format::Table {
        output::note(&format!(
            "{} machine-hours of {} machines, {} of them free and {} without a price: {}",
            totals["hours"],
            totals["machines"],
            totals["trial_hours"],
            totals["unpriced_hours"],
            money(&totals)
        ));
    }
    Ok(())
}

fn line(by: &[By], item: &Value) -> Vec<Value> {
    let common = by.iter().map(|b| match b {
        By::Subscription | By::Machine => match item[b.word()]["name"].as_str() {
            Some("") | None => item[b.word()]["id"].clone(),
            Some(name) => name.into(),
        },
        By::Owner | By::Plan | By::Hour => item[b.word()].clone(),
    });
    let numbers = ["machines", "hours", "trial_hours", "unpriced_hours"].map(|c| item[c].clone());
    common.chain(numbers).chain([Value::String(money(item))]).collect()
}

/// Amounts of all currencies, such as `12.340000 EUR`.
fn money(item: &Value) -> String {
    let costs = item["costs"].as_array().cloned().unwrap_or_default();
    let text = |c: &Value| {
        format!("{} {}", c["amount"].as_str().unwrap_or("?"), c["currency"].as_str().unwrap_or("?"))
    };
    if costs.is_empty() { "0".to_owned() } else { costs.iter().map(text).collect::<Vec<_>>().join(" + ") }
}

#[derive(Args)]
pub struct PlanArgs {
    /// The subscription's name or id.
    subscription: String,
    /// What to switch on; off switches all plans off.
    #[arg(value_enum)]
    plan: PlanWord,
    /// Free for thirty days from the first time.
    #[arg(long)]
    trial: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PlanWord {
    /// Servers Plan 1.
    P1,
    /// Servers Plan 2.
    P2,
    /// Posture, beside a Servers plan or alone.
    Posture,
    /// No plan.
    Off,
}

/// `palisade subscriptions plan`.
pub async fn plan(instance: &Instance, args: PlanArgs) -> Result<()> {
    if args.trial && args.plan == PlanWord::Off {
        bail!("a trial is of a plan: p1, p2 or posture");
    }
    let client = Client::local(instance)?;
    let id = find(&client, &args.subscription).await?;
    let turn = if args.trial { "trial" } else { "pay" };
    let body = match args.plan {
        PlanWord::P1 => json!({"servers_step": "p1", "servers": turn}),
        PlanWord::P2 => json!({"servers_step": "p2", "servers": turn}),
        PlanWord::Posture => json!({"posture": turn}),
        PlanWord::Off => json!({"servers": "off", "posture": "off"}),
    };
    let now = client.put(&format!("/subscriptions/{id}/plans"), &body).await?;
    let word = |plan: &str| {
        let standing = now[plan]["standing"].as_str().unwrap_or_default().replace('_', " ");
        match now[plan]["trial_until"].as_str() {
            Some(until) => format!("{standing} until {until}"),
            None => standing,
        }
    };
    let step = now["servers_step"].as_str().unwrap_or("no").to_uppercase();
    let name = now["name"].as_str().unwrap_or_default();
    output::line(&format!(
        "{name}: Servers Plan {} {}; Posture {}",
        step.trim_start_matches('P'),
        word("servers"),
        word("posture")
    ));
    Ok(())
}

/// The id of a subscription by its name or id.
async fn find(client: &Client, wanted: &str) -> Result<String> {
    let answer = client.get("/subscriptions").await?;
    let items = answer["items"].as_array().cloned().unwrap_or_default();
    let is = |s: &&Value| {
        s["id"] == wanted || s["name"].as_str().is_some_and(|n| n.to_lowercase() == wanted.to_lowercase())
    };
    let found = items.iter().find(is).with_context(|| format!("there is no subscription {wanted}"))?;
    Ok(found["id"].as_str().context("a subscription has an id")?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_wrote_is_one_value_of_the_query() {
        let asked = query(&[("owner", Some("a&b=c d")), ("plan", None), ("by", Some("owner,plan"))]);
        assert_eq!(asked.expect("a query"), "owner=a%26b%3Dc+d&by=owner%2Cplan");
    }

    #[test]
    fn a_row_names_what_it_is_of_and_all_currencies() {
        let item = json!({
            "subscription": {"id": "7", "name": ""}, "owner": "web", "plan": null, "machines": 2, "hours": 9,
            "trial_hours": 1, "unpriced_hours": 0,
            "costs": [{"currency": "EUR", "amount": "0.021000"}, {"currency": "USD", "amount": "1.000000"}],
        });
        let row = line(&[By::Subscription, By::Owner], &item);
        let expected: Vec<Value> = vec![
            "7".into(),
            "web".into(),
            2.into(),
            9.into(),
            1.into(),
            0.into(),
            "0.021000 EUR + 1.000000 USD".into(),
        ];
        assert_eq!(row, expected);
        assert_eq!(money(&json!({"costs": []})), "0");
    }
}
