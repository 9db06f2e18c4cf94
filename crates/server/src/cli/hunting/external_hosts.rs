//! `palisade hunting external-hosts`: the operator's list of hosts that queries may read files from. It is part of the
//! instance's record, and counts from the next query on.

use anyhow::{Context, Result, ensure};
use clap::Subcommand;
use palisade_connectors::external::{AllowedHost, MOST_HOSTS};
use serde_json::Value;

use super::Format;
use super::line;
use crate::cli::output;
use crate::instance::{Instance, Record};

#[derive(Subcommand)]
pub enum ExternalHostsCommand {
    /// List the hosts.
    List {
        /// How to print.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Let queries read from a host: a name, *.name for all names below it, or an IP address.
    Allow {
        /// The host, and its port unless that is 443.
        #[arg(value_name = "HOST[:PORT]")]
        host: String,
    },
    /// Let queries read from a host no more.
    Forbid {
        /// The host as `list` names it.
        #[arg(value_name = "HOST[:PORT]")]
        host: String,
    },
}

/// `palisade hunting external-hosts …`.
pub fn run(instance: &Instance, command: ExternalHostsCommand) -> Result<()> {
    let said = match command {
        ExternalHostsCommand::List { format } => {
            let columns = ["host", "problem"].map(str::to_owned);
            let rows = instance.record.external_hosts.iter().map(|host| {
                let problem = host.parse::<AllowedHost>().err().map(|e| e.to_string());
                vec![Value::from(host.as_str()), problem.map_or(Value::Null, Value::from)]
            });
            output::rows(&columns, &rows.collect::<Vec<_>>(), format);
            return Ok(());
        }
        ExternalHostsCommand::Allow { host } => change(instance, |record| allow(record, &host))?,
        ExternalHostsCommand::Forbid { host } => change(instance, |record| forbid(record, &host))?,
    };
    line(&said);
    Ok(())
}

/// Writes the record as it is now, changed.
fn change(instance: &Instance, how: impl FnOnce(&mut Record) -> Result<String>) -> Result<String> {
    let mut record = Instance::load(instance.home())?.record;
    let said = how(&mut record)?;
    Instance::store(instance.home(), &record).context("changing the list needs the rights of root")?;
    Ok(said)
}

/// The form in which a host is listed.
fn form(host: &str) -> Result<String> {
    let parsed = host.parse::<AllowedHost>().map_err(|e| anyhow::anyhow!("{}: {e}", e.code()))?;
    Ok(parsed.to_string())
}

fn allow(record: &mut Record, host: &str) -> Result<String> {
    let host = form(host)?;
    if record.external_hosts.contains(&host) {
        return Ok(format!("{host} is listed already"));
    }
    ensure!(record.external_hosts.len() < MOST_HOSTS, "at most {MOST_HOSTS} hosts are listed");
    record.external_hosts.push(host.clone());
    record.external_hosts.sort();
    Ok(format!("queries may read from {host}"))
}

fn forbid(record: &mut Record, host: &str) -> Result<String> {
    // What somebody wrote into the record by hand goes as it stands there.
    let written = record.external_hosts.iter().any(|listed| listed == host);
    let host = if written { host.to_owned() } else { form(host)? };
    let before = record.external_hosts.len();
    record.external_hosts.retain(|listed| *listed != host);
    ensure!(record.external_hosts.len() < before, "{host} is not listed");
    Ok(format!("queries read no more from {host}"))
}

#[cfg(test)]
mod tests {
    use palisade_types::TimeMicros;

    use super::*;
    use crate::instance::Ports;

    #[test]
    fn hosts_are_listed_once_in_one_form_and_the_rest_of_the_record_stays() {
        let home = tempfile::tempdir().expect("a folder");
        let record = Record {
            instance_id: "0badcafe".into(),
            ports: Ports { console: 1, ingest: 2, admin: 3 },
            tenant: None,
            region: "local".into(),
            regions: Vec::new(),
            listen: Vec::new(),
            names: vec!["palisade.example".into()],
            plain_http: Some(4),
            external_hosts: Vec::new(),
            created: TimeMicros(0),
            own_sensor: true,
        };
        let instance = Instance::store(home.path(), &record).expect("stored");
        let now = || Instance::load(home.path()).expect("readable").record;
        assert!(
            !std::fs::read_to_string(home.path().join("instance.json")).expect("read").contains("external")
        );
        // From a record that somebody has changed since.
        for host in ["Lists.example", "lists.example", "*.lists.example:8443", "::1"] {
            change(&instance, |record| allow(record, host)).expect(host);
        }
        assert_eq!(now().external_hosts, ["*.lists.example:8443", "[::1]", "lists.example"]);
        assert_eq!((now().plain_http, now().own_sensor, now().names.len()), (Some(4), true, 1));
        for host in ["https://lists.example", "*.com", ""] {
            let error = change(&instance, |record| allow(record, host)).expect_err(host);
            assert!(error.to_string().starts_with("external_host_invalid: "), "{error}");
        }
        change(&instance, |record| forbid(record, "LISTS.example")).expect("listed");
        assert!(change(&instance, |record| forbid(record, "lists.example")).is_err(), "it is not any more");

        let mut by_hand = now();
        by_hand.external_hosts.push("*.com".into());
        Instance::store(home.path(), &by_hand).expect("stored");
        change(&instance, |record| forbid(record, "*.com")).expect("as it stands there");
        assert_eq!(now().external_hosts, ["*.lists.example:8443", "[::1]"]);
    }
}
