//! `palisade hunting`: functions that queries call, saved queries, and the hosts that queries may read from.

mod external_hosts;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Format;
use super::client::Client;
use super::estate::{every, print, text};
use super::output::{line, note};
use crate::instance::Instance;

/// Bytes of a text that is read; the server's own bounds are below.
const TEXT_MAX: u64 = 1 << 20;

#[derive(Subcommand)]
pub enum HuntingCommand {
    /// Functions that every query of the tenant can call.
    #[command(subcommand)]
    Functions(FunctionsCommand),
    /// Queries that are saved for everybody of the tenant who may hunt.
    #[command(subcommand)]
    Saved(SavedCommand),
    /// Hosts outside that queries of all tenants may read files from, with externaldata. Needs no running server.
    #[command(subcommand)]
    ExternalHosts(external_hosts::ExternalHostsCommand),
}

#[derive(Subcommand)]
pub enum FunctionsCommand {
    /// List functions by name.
    List {
        /// How to print.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Print one function as JSON.
    Show {
        /// Its name.
        name: String,
        /// Print its statements only, as `set` reads them.
        #[arg(long)]
        body: bool,
    },
    /// Make or change a function; what is not given stays.
    Set(FunctionArgs),
    /// Delete a function; queries that call it do not run any more.
    Delete {
        /// Its name.
        name: String,
    },
}

#[derive(Args)]
pub struct FunctionArgs {
    /// Its name.
    name: String,
    /// The file with its statements, without braces; `-` reads them from standard input.
    #[arg(long)]
    file: PathBuf,
    /// Its parameters with their brackets, such as '(ip: string, n: long = 5)' [default: none].
    #[arg(long)]
    parameters: Option<String>,
    /// Where people look for it.
    #[arg(long)]
    folder: Option<String>,
    /// What it is for.
    #[arg(long)]
    description: Option<String>,
}

#[derive(Subcommand)]
pub enum SavedCommand {
    /// List saved queries by name.
    List {
        /// How to print.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Print one saved query as JSON.
    Show {
        /// Its identifier, its name, or its folder, a slash and its name.
        name: String,
        /// Print its text only, as `set` and `palisade query -` read it.
        #[arg(long)]
        text: bool,
    },
    /// Save a query for everybody, or change one; what is not given stays.
    Set(SavedArgs),
    /// Delete a saved query.
    Delete {
        /// Its identifier, its name, or its folder, a slash and its name.
        name: String,
    },
}

#[derive(Args)]
pub struct SavedArgs {
    /// Its name.
    name: String,
    /// The file with the query; `-` reads it from standard input.
    #[arg(long)]
    file: PathBuf,
    /// Where people look for it [default: no folder].
    #[arg(long, default_value = "")]
    folder: String,
    /// What it is for.
    #[arg(long)]
    description: Option<String>,
}

/// `palisade hunting`.
pub async fn run(instance: &Instance, command: HuntingCommand) -> Result<()> {
    match command {
        HuntingCommand::Functions(command) => functions(&Client::local(instance)?, command).await,
        HuntingCommand::Saved(command) => saved(&Client::local(instance)?, command).await,
        HuntingCommand::ExternalHosts(command) => external_hosts::run(instance, command),
    }
}

const FUNCTIONS: &str = "/hunting/functions";
const SAVED: &str = "/hunting/saved-queries";

async fn functions(client: &Client, command: FunctionsCommand) -> Result<()> {
    match command {
        FunctionsCommand::List { format } => {
            let all = every(client, &format!("{FUNCTIONS}?limit=500")).await?;
            let columns =
                ["name", "parameters", "tabular", "folder", "revision", "updated_by", "description"];
            print(&columns, all.iter().map(|f| cells(f, &columns)), format);
        }
        FunctionsCommand::Show { name, body } => {
            let found = client.get(&place(&name)?).await?;
            show(&found, body.then_some("body"))?;
        }
        FunctionsCommand::Set(args) => {
            let all = every(client, &format!("{FUNCTIONS}?limit=500")).await?;
            let before = all.iter().find(|f| text(&f["name"]) == args.name);
            let kept = |given: Option<String>, field: &str, otherwise: &str| match (given, before) {
                (Some(given), _) => Value::from(given),
                (None, Some(before)) => before[field].clone(),
                (None, None) => Value::from(otherwise),
            };
            let body = json!({
                "body": read(&args.file)?,
                "parameters": kept(args.parameters, "parameters", "()"),
                "folder": kept(args.folder, "folder", ""),
                "description": kept(args.description, "description", ""),
                "revision": before.map(|before| before["revision"].clone()),
            });
            let written = client.put(&place(&args.name)?, &body).await?;
            note(&format!("revision {}", written["revision"]));
            line(text(&written["name"]));
        }
        FunctionsCommand::Delete { name } => {
            client.delete(&place(&name)?).await?;
            line("deleted");
        }
    }
    Ok(())
}

async fn saved(client: &Client, command: SavedCommand) -> Result<()> {
    let all = every(client, &format!("{SAVED}?limit=500")).await?;
    match command {
        SavedCommand::List { format } => {
            let columns = ["name", "folder", "shared", "owner", "revision", "id"];
            print(&columns, all.iter().map(|q| cells(q, &columns)), format);
        }
        SavedCommand::Show { name, text } => show(one(&all, &name)?, text.then_some("query"))?,
        SavedCommand::Set(args) => {
            let same = |field: &Value, value: &str| text(field).to_lowercase() == value.trim().to_lowercase();
            let before = all.iter().find(|q| {
                q["shared"] == true && same(&q["name"], &args.name) && same(&q["folder"], &args.folder)
            });
            let description = match (args.description, before) {
                (Some(given), _) => given,
                (None, Some(before)) => text(&before["description"]).to_owned(),
                (None, None) => String::new(),
            };
            let mut body = json!({
                "name": args.name, "folder": args.folder, "description": description,
                "query": read(&args.file)?, "shared": true,
            });
            let written = match before {
                Some(before) => {
                    body["revision"] = before["revision"].clone();
                    client.put(&format!("{SAVED}/{}", text(&before["id"])), &body).await?
                }
                None => client.post(SAVED, &body).await?,
            };
            note(&format!("revision {}", written["revision"]));
            line(text(&written["id"]));
        }
        SavedCommand::Delete { name } => {
            client.delete(&format!("{SAVED}/{}", text(&one(&all, &name)?["id"]))).await?;
            line("deleted");
        }
    }
    Ok(())
}

fn cells(item: &Value, columns: &[&str]) -> Vec<Value> {
    columns.iter().map(|column| item[*column].clone()).collect()
}

/// Prints an item, or one text of it.
fn show(item: &Value, field: Option<&str>) -> Result<()> {
    match field {
        Some(field) => line(text(&item[field])),
        None => line(&serde_json::to_string_pretty(item)?),
    }
    Ok(())
}

/// The path of a function; a name that none can have would be another path.
fn place(name: &str) -> Result<String> {
    if !palisade_kql::stored::is_function_name(name) {
        bail!("{name} is no name of a function: letters, digits and underscores");
    }
    Ok(format!("{FUNCTIONS}/{name}"))
}

/// The saved query that somebody means.
fn one<'q>(all: &'q [Value], name: &str) -> Result<&'q Value> {
    let path = |q: &Value| match text(&q["folder"]) {
        "" => text(&q["name"]).to_lowercase(),
        folder => format!("{folder}/{}", text(&q["name"])).to_lowercase(),
    };
    let called = name.to_lowercase();
    let exact = |q: &&Value| text(&q["id"]) == name || path(q) == called;
    let by_name = |q: &&Value| text(&q["name"]).to_lowercase() == called;
    let mut found: Vec<&Value> = all.iter().filter(exact).collect();
    if found.is_empty() {
        found = all.iter().filter(by_name).collect();
    }
    match found.as_slice() {
        [one] => Ok(*one),
        [] => bail!("there is no saved query {name}"),
        several => bail!("{} saved queries are called {name}: give the folder, or the id", several.len()),
    }
}

/// Reads a text; what it may say is judged by the server.
fn read(file: &Path) -> Result<String> {
    use std::io::Read;
    let shown = file.display();
    let mut text = String::new();
    let read = if file == Path::new("-") {
        std::io::stdin().take(TEXT_MAX + 1).read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|f| f.take(TEXT_MAX + 1).read_to_string(&mut text))
    };
    let length = read.with_context(|| format!("reading {shown}"))?;
    if length as u64 > TEXT_MAX {
        bail!("{shown} is larger than a query may be ({TEXT_MAX} bytes)");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saved_query_is_meant_by_id_path_or_name() {
        let all = [
            json!({"id": "1", "name": "Shells", "folder": "team/linux"}),
            json!({"id": "2", "name": "shells", "folder": ""}),
            json!({"id": "3", "name": "Logons", "folder": "team"}),
            json!({"id": "4", "name": "Logons", "folder": "own"}),
        ];
        let id = |name: &str| one(&all, name).map(|q| text(&q["id"]).to_owned()).ok();
        assert_eq!(id("3").as_deref(), Some("3"));
        assert_eq!(id("Team/Linux/shells").as_deref(), Some("1"));
        assert_eq!(id("shells").as_deref(), Some("2"), "the one without a folder");
        assert_eq!(id("team/logons").as_deref(), Some("3"));
        assert_eq!((id("logons"), id("nothing")), (None, None));
    }

    #[test]
    fn a_name_cannot_leave_the_list() {
        assert_eq!(place("Of_2").ok().as_deref(), Some("/hunting/functions/Of_2"));
        assert!(place("../settings").is_err() && place("").is_err());
    }
}
