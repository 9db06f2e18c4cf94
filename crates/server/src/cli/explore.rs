//! `palisade explore`: questions about the estate as a graph.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::{Value, json};

use super::Format;
use super::client::Client;
use super::output::{self, line};
use crate::instance::Instance;

#[derive(Args)]
pub struct ExploreArgs {
    /// A file with the query as JSON; `-` reads it from standard input.
    #[arg(long, conflicts_with = "template")]
    query: Option<PathBuf>,
    /// The name of a template.
    #[arg(long)]
    template: Option<String>,
    /// List the templates.
    #[arg(long)]
    templates: bool,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// `palisade explore`.
pub async fn run(instance: &Instance, args: ExploreArgs) -> Result<()> {
    let client = Client::local(instance)?;
    if args.templates {
        let schema = client.get("/explore/schema").await?;
        let columns = ["name", "title", "description"].map(String::from);
        let all = schema["templates"].as_array().cloned().unwrap_or_default();
        let rows: Vec<Vec<Value>> =
            all.iter().map(|t| columns.iter().map(|c| t[c.as_str()].clone()).collect()).collect();
        output::rows(&columns, &rows, args.format);
        return Ok(());
    }
    let mut body = match (&args.query, &args.template) {
        (Some(file), None) => {
            let text = if file.as_os_str() == "-" {
                std::io::read_to_string(std::io::stdin())?
            } else {
                std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?
            };
            let query: Value = serde_json::from_str(&text).context("the query is no JSON")?;
            json!({ "query": query })
        }
        (None, Some(name)) => json!({ "template": name }),
        _ => bail!("give --query FILE or --template NAME; --templates lists the templates"),
    };
    body["limit"] = json!(1000);
    if args.format == Format::Csv {
        let link = client.post("/explore", &body).await?["link"].as_str().unwrap_or_default().to_owned();
        line(client.text(&format!("/explore/csv?link={link}")).await?.trim_end());
        return Ok(());
    }
    let mut rows: Vec<Value> = Vec::new();
    let mut answer;
    loop {
        answer = client.post("/explore", &body).await?;
        rows.extend(answer["rows"].as_array().cloned().unwrap_or_default());
        match answer["next"].as_str() {
            Some(next) => body["after"] = json!(next),
            None => break,
        }
    }
    if args.format == Format::Json {
        answer["rows"] = rows.into();
        line(&serde_json::to_string_pretty(&answer)?);
        return Ok(());
    }
    let columns = answer["columns"].as_array().cloned().unwrap_or_default();
    let mut names = vec!["type".to_owned(), "name".into(), "subscription".into()];
    names.extend(columns.iter().map(|c| c["title"].as_str().unwrap_or_default().to_owned()));
    let shown: Vec<Vec<Value>> = rows.iter().map(shown).collect();
    output::rows(&names, &shown, args.format);
    for missing in answer["missing"].as_array().into_iter().flatten() {
        output::note(&format!("partial: {missing}"));
    }
    Ok(())
}

fn shown(row: &Value) -> Vec<Value> {
    let mut out =
        vec![row["node"]["type"].clone(), row["node"]["name"].clone(), row["subscription"]["name"].clone()];
    for cell in row["cells"].as_array().into_iter().flatten() {
        let names: Vec<&str> =
            cell["nodes"].as_array().into_iter().flatten().filter_map(|n| n["name"].as_str()).collect();
        let text = match (names.is_empty(), cell["values"].as_object()) {
            (false, _) => names.join(", "),
            (true, Some(values)) => {
                values.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(" ")
            }
            (true, None) => cell["matched"].to_string(),
        };
        out.push(text.into());
    }
    out
}
