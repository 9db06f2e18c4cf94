use std::collections::BTreeMap;

use palisade_estate::machine::{OsFacts, OsFamily};
use url::form_urlencoded::Serializer;

use super::Aws;
use super::client::Service;
use super::ssm::{AGENTS_AT_ONCE, Agent};
use crate::connector::{Cursor, Listed, Notice, Page, Place};
use crate::ec2::{Answer, Instance, decode_instances};
use crate::error::ConnectorError;

/// The version of EC2's interface that is spoken.
const VERSION: &str = "2016-11-15";
/// Machines on a page.
const PAGE: &str = "200";

/// What SSM's agents call systems, and what os-release does.
const NAMES: &[(&str, &str)] = &[
    ("amazon linux", "amzn"),
    ("ubuntu", "ubuntu"),
    ("debian", "debian"),
    ("red hat", "rhel"),
    ("centos", "centos"),
    ("rocky", "rocky"),
    ("almalinux", "almalinux"),
    ("oracle", "ol"),
    ("fedora", "fedora"),
    ("sles", "sles"),
    ("suse linux enterprise", "sles"),
    ("opensuse", "opensuse-leap"),
];

impl Aws {
    pub(super) async fn page(&self, from: Option<Cursor>) -> Result<Page, ConnectorError> {
        let answer = self.instances(from.as_ref().map(|c| c.0.as_str()), PAGE).await?;
        let mut notices = Vec::new();
        let mut agents: Option<BTreeMap<String, Agent>> = Some(BTreeMap::new());
        // Machines that are off have no agent that could answer.
        let up: Vec<&str> =
            answer.instances.iter().filter(|i| i.power().can_run()).map(|i| i.id.as_str()).collect();
        for some in up.chunks(AGENTS_AT_ONCE) {
            match self.client.agents(some).await {
                Ok(found) => {
                    if let Some(all) = agents.as_mut() {
                        all.extend(found);
                    }
                }
                Err(e) => {
                    // The machines are known all the same, and whether a command arrives is seen when one
                    // is sent.
                    notices.push(Notice { code: e.code().as_str().into(), message: e.to_string() });
                    agents = None;
                    break;
                }
            }
        }
        let machines =
            answer.instances.into_iter().map(|i| listed(i, &self.settings.region, agents.as_ref())).collect();
        Ok(Page { machines, next: answer.next.map(Cursor), notices })
    }

    pub(super) async fn instances(&self, next: Option<&str>, count: &str) -> Result<Answer, ConnectorError> {
        let body = self.client.call(Service::Ec2, "DescribeInstances", self.request(next, count)).await?;
        decode_instances(&body).map_err(|e| ConnectorError::answer("EC2", format!("DescribeInstances: {e}")))
    }

    fn request(&self, next: Option<&str>, count: &str) -> Vec<u8> {
        let mut form = Serializer::new(String::new());
        form.append_pair("Action", "DescribeInstances").append_pair("Version", VERSION);
        form.append_pair("MaxResults", count);
        if let Some(next) = next {
            form.append_pair("NextToken", next);
        }
        for (n, tag) in self.settings.only_tags.iter().enumerate() {
            let (name, value) = match tag.split_once('=') {
                Some((key, value)) => (format!("tag:{key}"), value),
                None => ("tag-key".to_owned(), tag.as_str()),
            };
            form.append_pair(&format!("Filter.{}.Name", n + 1), &name);
            form.append_pair(&format!("Filter.{}.Value.1", n + 1), value);
        }
        form.finish().into_bytes()
    }
}

fn listed(instance: Instance, region: &str, agents: Option<&BTreeMap<String, Agent>>) -> Listed {
    let agent = agents.and_then(|all| all.get(&instance.id));
    let power = instance.power();
    let unavailable = match (agents, agent) {
        _ if !power.can_run() => None,
        (None, _) => None,
        (Some(_), None) => Some("no agent of the machine has registered with SSM".to_owned()),
        (Some(_), Some(agent)) if agent.ping_status != "Online" => {
            Some(format!("its agent's state is {}", agent.ping_status))
        }
        (Some(_), Some(_)) => None,
    };
    let computer = agent.map(|a| a.computer_name.as_str()).filter(|n| !n.is_empty());
    let name = instance.tags.get("Name").map(String::as_str).filter(|n| !n.trim().is_empty());
    Listed {
        name: name.or(computer).unwrap_or(&instance.id).to_owned(),
        cloud_id: format!("aws:{}:{region}:{}", instance.owner, instance.id),
        os: os(&instance, agent),
        place: Some(Place::Aws { instance: instance.id }),
        power,
        image: instance.image,
        addresses: instance.addresses,
        tags: instance.tags,
        unavailable,
    }
}

fn os(instance: &Instance, agent: Option<&Agent>) -> OsFacts {
    let apple = instance.architecture.ends_with("_mac");
    let family = match agent {
        _ if apple => OsFamily::MacOs,
        Some(agent) if agent.platform_type == "Windows" => {
            let named = OsFacts::family_of(&agent.platform_name);
            if named == OsFamily::WindowsClient { named } else { OsFamily::WindowsServer }
        }
        _ if instance.platform.eq_ignore_ascii_case("windows") => OsFamily::WindowsServer,
        Some(agent) if agent.platform_type == "MacOS" => OsFamily::MacOs,
        // EC2 names a platform only where it is Windows.
        _ => OsFamily::Linux,
    };
    let named = agent.map(|a| a.platform_name.to_lowercase()).unwrap_or_default();
    let id = NAMES.iter().find(|(name, _)| named.contains(name)).map_or("", |(_, id)| id);
    // Without an id a version says nothing.
    let version = agent.filter(|_| !id.is_empty()).map_or("", |a| &a.platform_version);
    OsFacts {
        family,
        id: id.to_owned(),
        version: version.to_owned(),
        kernel: String::new(),
        architecture: instance.architecture.trim_end_matches("_mac").to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use palisade_estate::machine::PowerState;

    use super::*;

    fn instance(state: &str) -> Instance {
        Instance {
            id: "i-0123456789abcdef0".into(),
            owner: "123456789012".into(),
            state: state.into(),
            architecture: "x86_64".into(),
            ..Instance::default()
        }
    }

    fn agent(ping: &str, kind: &str, name: &str, version: &str) -> Option<BTreeMap<String, Agent>> {
        let agent = Agent {
            ping_status: ping.into(),
            platform_type: kind.into(),
            platform_name: name.into(),
            platform_version: version.into(),
            computer_name: "web1".into(),
            ..Agent::default()
        };
        Some(BTreeMap::from([("i-0123456789abcdef0".to_owned(), agent)]))
    }

    #[test]
    fn a_machine_is_what_both_services_say() {
        let agents = agent("Online", "Linux", "Amazon Linux", "2023");
        let m = listed(instance("running"), "eu-central-1", agents.as_ref());
        assert_eq!(m.cloud_id, "aws:123456789012:eu-central-1:i-0123456789abcdef0");
        assert_eq!((m.name.as_str(), m.os.id.as_str(), m.os.version.as_str()), ("web1", "amzn", "2023"));
        assert_eq!((m.power, m.unavailable), (PowerState::Running, None));
        let lost =
            listed(instance("running"), "r", agent("ConnectionLost", "Linux", "Ubuntu", "24.04").as_ref());
        assert!(lost.unavailable.is_some_and(|u| u.contains("ConnectionLost")));
        let none = listed(instance("running"), "r", Some(&BTreeMap::new()));
        assert!(none.unavailable.is_some());
        assert_eq!(listed(instance("running"), "r", None).unavailable, None, "not known");
        assert_eq!(listed(instance("stopped"), "r", Some(&BTreeMap::new())).unavailable, None, "it is off");
    }

    #[test]
    fn systems_are_told_apart() {
        let windows = Instance { platform: "windows".into(), ..instance("running") };
        assert_eq!(os(&windows, None).family, OsFamily::WindowsServer);
        let agents =
            agent("Online", "Windows", "Microsoft Windows Server 2022 Datacenter", "10.0").expect("one");
        assert_eq!(os(&windows, agents.values().next()).family, OsFamily::WindowsServer);
        let mac = Instance { architecture: "arm64_mac".into(), ..instance("running") };
        assert_eq!((os(&mac, None).family, os(&mac, None).arch()), (OsFamily::MacOs, "aarch64"));
        let unknown = agent("Online", "Linux", "Gentoo", "2").expect("one");
        let unknown = os(&instance("running"), unknown.values().next());
        assert_eq!(
            (unknown.family, unknown.id.as_str(), unknown.version.as_str()),
            (OsFamily::Linux, "", "")
        );
    }
}
