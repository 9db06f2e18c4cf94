//! Packet filters: ufw, nftables, iptables, firewalld, as they are set up at the next start.

use serde::{Deserialize, Serialize};

use super::service::{ServiceProbe, ServiceState};
use super::{Outcome, Probed, Verdict};
use crate::format::firewall::{self, Base};
use crate::format::keyed::{self, Style};
use crate::host::Host;
use crate::report::Reason;

/// What is asked of packet filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FirewallAsk {
    /// One is set up.
    Active,
    /// No more than one tool sets one up.
    Single,
    /// Packets to this machine that no rule lets in are dropped.
    DeniesInput,
    /// Packets through this machine that no rule lets through are dropped.
    DeniesForward,
    /// Packets of the loopback interface are let in.
    Loopback,
}

/// Packet filters.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirewallProbe {
    /// What is asked.
    pub ask: FirewallAsk,
}

struct Tool {
    name: &'static str,
    path: String,
    base: Base,
}

impl FirewallProbe {
    pub(super) fn run(&self, host: &Host) -> Probed {
        let tools = tools(host)?;
        let names: Vec<&str> = tools.iter().map(|t| t.name).collect();
        let said = if names.is_empty() { "no packet filter is set up".into() } else { names.join(", ") };
        let met = match self.ask {
            FirewallAsk::Active => !tools.is_empty(),
            FirewallAsk::Single => tools.len() == 1,
            FirewallAsk::DeniesInput => tools.iter().any(|t| t.base.input_denies),
            FirewallAsk::DeniesForward => tools.iter().any(|t| t.base.forward_denies),
            FirewallAsk::Loopback => tools.iter().any(|t| t.base.loopback),
        };
        let said = if met || names.is_empty() || self.ask == FirewallAsk::Single {
            said
        } else {
            format!("{said} does not")
        };
        Ok(tools.iter().fold(Outcome::of(met, said), |o, t| o.at(&*t.path, None)))
    }
}

/// The tools that set a packet filter up at the next start.
fn tools(host: &Host) -> Result<Vec<Tool>, Reason> {
    let mut out = Vec::new();
    let enabled = |unit: &str| {
        let probe = ServiceProbe { units: vec![unit.into()], state: ServiceState::Enabled, running: false };
        probe.run(host).map(|o| o.verdict == Verdict::Met)
    };
    let pairs =
        |path: &str| Ok::<_, Reason>(keyed::parse(&host.text(path)?.unwrap_or_default(), Style::Equals));
    let value =
        |all: &[keyed::Pair], key: &str| all.iter().rev().find(|p| p.key == key).map(|p| p.value.clone());
    let ufw = "/etc/ufw/ufw.conf";
    if value(&pairs(ufw)?, "ENABLED").is_some_and(|v| v.eq_ignore_ascii_case("yes"))
        && enabled("ufw.service")?
    {
        let defaults = pairs("/etc/default/ufw")?;
        let denies =
            |key: &str| value(&defaults, key).is_none_or(|v| matches!(v.as_str(), "DROP" | "REJECT"));
        let base = Base {
            input: true,
            input_denies: denies("DEFAULT_INPUT_POLICY"),
            forward_denies: denies("DEFAULT_FORWARD_POLICY"),
            loopback: true,
        };
        out.push(Tool { name: "ufw", path: ufw.into(), base });
    }
    if enabled("firewalld.service")? {
        let path = "/etc/firewalld/firewalld.conf";
        let zone = value(&pairs(path)?, "DefaultZone").unwrap_or_else(|| "public".into());
        // Every zone but this one refuses what it does not know.
        let base = Base {
            input: true,
            input_denies: zone != "trusted",
            forward_denies: zone != "trusted",
            loopback: true,
        };
        out.push(Tool { name: "firewalld", path: path.into(), base });
    }
    if enabled("nftables.service")? {
        for path in ["/etc/nftables.conf", "/etc/sysconfig/nftables.conf"] {
            let Some(mut text) = host.text(path)?.map(|t| t.to_string()) else { continue };
            let includes: Vec<String> = text
                .lines()
                .filter_map(|l| {
                    l.trim().strip_prefix("include ").map(|p| crate::format::unquote(p).to_owned())
                })
                .collect();
            for (_, more) in host.texts(&includes)? {
                text.push('\n');
                text.push_str(&more);
            }
            out.push(Tool { name: "nftables", path: path.into(), base: firewall::nftables(&text) });
            break;
        }
    }
    let iptables = [
        ("netfilter-persistent.service", "/etc/iptables/rules.v4"),
        ("iptables.service", "/etc/sysconfig/iptables"),
    ];
    for (unit, path) in iptables {
        if enabled(unit)?
            && let Some(text) = host.text(path)?
        {
            out.push(Tool { name: "iptables", path: path.into(), base: firewall::iptables(&text) });
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::tests::world;

    #[test]
    fn a_tool_counts_when_it_is_set_up_at_the_next_start() {
        let unit = |name: &'static str| (name, "[Service]");
        let files = [
            unit("/usr/lib/systemd/system/nftables.service"),
            (
                "/etc/systemd/system/sysinit.target.wants/nftables.service",
                "-> /usr/lib/systemd/system/nftables.service",
            ),
            ("/etc/nftables.conf", "include \"/etc/nft.d/*.nft\"\n"),
            (
                "/etc/nft.d/a.nft",
                "table inet f {\nchain in {\ntype filter hook input priority 0; policy drop;\n}\n}\n",
            ),
            ("/etc/ufw/ufw.conf", "ENABLED=yes\n"),
        ];
        let ask = |n: usize, ask| {
            let (_dir, host) = world(&files[..n]);
            FirewallProbe { ask }.run(&host).expect("runs").verdict
        };
        assert_eq!(ask(5, FirewallAsk::Single), Verdict::Met);
        assert_eq!(ask(5, FirewallAsk::DeniesInput), Verdict::Met);
        assert_eq!(ask(3, FirewallAsk::DeniesInput), Verdict::Missed);
        assert_eq!(ask(1, FirewallAsk::Active), Verdict::Missed);
    }
}
