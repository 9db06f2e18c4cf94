//! A large estate, made from numbers only: the same each time, and any part of it by itself.

use anyhow::Result;
use palisade_explore::{Change, Kind, Node, NodeRef, Reading};

use super::NOW;

/// How many there are of everything.
pub struct Estate {
    pub machines: u32,
    pub programs: u32,
    pub software: u32,
    pub vulnerabilities: u32,
    pub users: u32,
    pub alerts: u32,
    pub subnets: u32,
    pub groups: u32,
    /// Keys of software, which are needed a hundred million times.
    keys: Vec<String>,
}

pub const ENDPOINTS: u32 = 9;
pub const ADDRESSES: u32 = 2;
pub const ACCESS: u32 = 20;
pub const SIGNED_IN: u32 = 5;
pub const SUBSCRIPTIONS: u32 = 50;
pub const TAGS: [(&str, &str); 8] = [
    ("env", "production"),
    ("env", "test"),
    ("env", "development"),
    ("team", "payments"),
    ("team", "web"),
    ("team", "data"),
    ("tier", "1"),
    ("tier", "2"),
];
/// Security products by key, name and kind.
pub const PRODUCTS: [(&str, &str, &str); 5] = [
    ("palisade", "Palisade", "edr"),
    ("edr-a", "EDR of vendor A", "edr"),
    ("edr-b", "EDR of vendor B", "edr"),
    ("antivirus-a", "Antivirus of vendor A", "antivirus"),
    ("monitor-a", "Monitor of vendor A", "monitor"),
];
const PORTS: [i64; 12] = [22, 80, 443, 3389, 5432, 3306, 6379, 8080, 9090, 9200, 53, 5985];
const DAY: i64 = 86_400_000_000;

/// Scattered, but always the same.
pub fn mix(kind: u64, a: u32, b: u32) -> u64 {
    let mut z = kind.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (u64::from(a) << 32 | u64::from(b));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Whether something with that chance is the case.
fn chance(kind: u64, a: u32, percent: f64) -> bool {
    (mix(kind, a, 0) % 10_000) as f64 / 100.0 < percent
}

fn of<'a>(all: &[(&'a str, u64)], z: u64) -> &'a str {
    let mut left = z % 100;
    for (word, share) in all {
        if left < *share {
            return word;
        }
        left -= share;
    }
    all[0].0
}

pub fn kind(name: &str) -> Kind {
    Kind::named(name).expect("the schema has it")
}

pub fn reading(name: &str) -> Reading {
    Reading::named(name).expect("the schema has it")
}

impl Estate {
    pub fn new(machines: u32, programs: u32) -> Self {
        let software = machines * 3;
        Self {
            machines,
            programs,
            software,
            vulnerabilities: machines * 3 / 2,
            users: machines * 2,
            alerts: machines * 6 / 10,
            subnets: machines / 50 + 1,
            groups: 20,
            keys: (0..software)
                .map(|s| format!("deb/library-{:x}/{}", mix(1, s / 4, 0) >> 32, version(s)))
                .collect(),
        }
    }

    /// Programs of a machine: few are everywhere, most are rare.
    pub fn programs_of(&self, machine: u32) -> Vec<u32> {
        let mut found = Vec::with_capacity(self.programs as usize * 2);
        let mut draw = 0;
        while (found.len() as u32) < self.programs {
            let missing = self.programs - found.len() as u32;
            for _ in 0..missing + missing / 16 {
                found.push(rank(mix(2, machine, draw), self.software));
                draw += 1;
            }
            found.sort_unstable();
            found.dedup();
        }
        // Drop some anywhere, not the last, which would be the rare ones.
        while found.len() as u32 > self.programs {
            let at = mix(3, machine, found.len() as u32) as usize % found.len();
            found.swap_remove(at);
        }
        found.sort_unstable();
        found
    }

    /// Programs that a vulnerability is in; the first is Log4Shell.
    pub fn affected(&self, vulnerability: u32) -> Vec<u32> {
        let count = if vulnerability == 0 { 40 } else { 1 + mix(4, vulnerability, 0) % 7 } as u32;
        let mut found: Vec<u32> = (0..count).map(|i| rank(mix(5, vulnerability, i), self.software)).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    pub fn software_key(&self, software: u32) -> &str {
        &self.keys[software as usize]
    }

    pub fn machine_key(machine: u32) -> String {
        let (a, b) = (mix(6, machine, 0), mix(6, machine, 1));
        format!(
            "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
            a >> 32,
            a >> 16 & 0xFFFF,
            a & 0xFFF,
            b >> 48 & 0xFFF,
            b & 0xFFFF_FFFF_FFFF
        )
    }

    pub fn machine_name(machine: u32) -> String {
        let role = of(&[("web", 40), ("db", 20), ("app", 30), ("edge", 10)], mix(7, machine, 0));
        format!("{role}-{:03}-{machine:06}", machine % SUBSCRIPTIONS)
    }

    pub fn applicable(machine: u32) -> bool {
        !chance(8, machine, 4.0)
    }

    pub fn power(machine: u32) -> &'static str {
        of(&[("running", 93), ("deallocated", 6), ("stopped", 1)], mix(9, machine, 0))
    }

    pub fn criticality(machine: u32) -> &'static str {
        of(&[("low", 40), ("normal", 45), ("high", 12), ("very_high", 3)], mix(10, machine, 0))
    }

    /// State and last sign of life of a machine's sensor, where there is one.
    pub fn sensor(machine: u32) -> Option<(&'static str, i64)> {
        if !Self::applicable(machine) || chance(11, machine, 5.0) {
            return None;
        }
        let state = if Self::finding(machine) { "unhealthy" } else { "healthy" };
        let silent =
            if chance(12, machine, 2.0) { 3 * DAY } else { (mix(13, machine, 0) % 60_000_000) as i64 };
        Some((state, NOW.0 - silent))
    }

    /// Place of the security product that runs on a machine; on those without one it is recommended.
    pub fn product(machine: u32) -> Option<usize> {
        (!chance(33, machine, 6.0)).then(|| match mix(34, machine, 0) % 100 {
            z @ 0..16 => 1 + z as usize % 4,
            _ => 0,
        })
    }

    pub fn finding(machine: u32) -> bool {
        !Self::applicable(machine) || chance(14, machine, 8.0)
    }

    pub fn endpoint(machine: u32, n: u32) -> (i64, bool) {
        let z = mix(15, machine, n);
        let port = if n == 0 {
            22
        } else if z.is_multiple_of(3) {
            PORTS[(z >> 8) as usize % PORTS.len()]
        } else {
            1024 + (z >> 8 & 0x7FFF) as i64
        };
        (port, (z >> 40) % 100 < 3)
    }

    pub fn endpoint_key(machine: u32, n: u32) -> String {
        format!("{}/{n}", Self::machine_key(machine))
    }

    pub fn endpoint_name(machine: u32, n: u32) -> String {
        let (port, _) = Self::endpoint(machine, n);
        format!("{}:{port}/tcp", Self::address(machine, 0))
    }

    fn address(machine: u32, n: u32) -> String {
        format!("10.{}.{}.{}", n * 100 + (machine >> 16), machine >> 8 & 255, machine & 255)
    }

    pub fn tags_of(machine: u32) -> [u32; 3] {
        let z = mix(16, machine, 0);
        let env = if z % 10 < 3 { 0 } else { 1 + (z % 2) as u32 };
        [env, 3 + (z >> 8) as u32 % 3, 6 + (z >> 16) as u32 % 2]
    }

    pub fn users_of(&self, machine: u32, count: u32, salt: u64) -> Vec<u32> {
        let mut users: Vec<u32> =
            (0..count).map(|i| (mix(salt, machine, i) % u64::from(self.users)) as u32).collect();
        users.sort_unstable();
        users.dedup();
        users
    }

    pub fn user(user: u32) -> (bool, bool) {
        (chance(17, user, 5.0), chance(18, user, 3.0))
    }

    pub fn user_name(user: u32) -> String {
        format!("user{user:06}")
    }

    pub fn vulnerability(v: u32) -> (&'static str, bool, bool) {
        let severity = of(&[("low", 15), ("medium", 40), ("high", 30), ("critical", 15)], mix(19, v, 0));
        (severity, chance(20, v, 5.0), chance(21, v, 10.0))
    }

    pub fn vulnerability_name(v: u32) -> String {
        if v == 0 { "CVE-2021-44228".to_owned() } else { format!("CVE-{}-{:06}", 2015 + v % 12, 100_000 + v) }
    }

    pub fn unsupported(software: u32) -> bool {
        chance(22, software, 4.0)
    }

    /// Machine, severity and status of an alert.
    pub fn alert(&self, alert: u32) -> (u32, &'static str, &'static str) {
        let machine = rank(mix(23, alert, 0), self.machines);
        let severity = of(&[("low", 40), ("medium", 40), ("high", 20)], mix(24, alert, 0));
        (machine, severity, of(&[("new", 30), ("in_progress", 10), ("resolved", 60)], mix(25, alert, 0)))
    }

    pub fn alert_node(alert: u32, severity: &str, status: &str) -> Node {
        Node::new(kind("alert"), format!("a{alert}"), format!("Suspicious command line {}", alert % 500))
            .with("severity", severity)
            .with("status", status)
            .with("category", "Execution")
            .with("first_activity", NOW)
    }

    pub fn sensor_node(machine: u32, state: &str, seen: i64) -> Node {
        Node::new(kind("sensor"), Self::machine_key(machine), Self::machine_name(machine))
            .with("health_state", state)
            .with("version", "0.1.0")
            .with("mode", "standard")
            .with("extension_state", "provisioned")
            .with("last_seen", palisade_types::TimeMicros(seen))
    }

    pub fn finding_node(machine: u32) -> Node {
        let code = if Self::applicable(machine) { "heartbeat_lost" } else { "client_os" };
        let what = if Self::applicable(machine) { "heartbeat" } else { "not_applicable" };
        Node::new(
            kind("health_finding"),
            format!("{}/{code}", Self::machine_key(machine)),
            format!("{code} {machine:06}"),
        )
        .with("code", code)
        .with("kind", what)
        .with("message", "The sensor has not been heard.")
        .with("since", NOW)
    }

    pub fn endpoint_node(machine: u32, n: u32) -> Node {
        let (port, reachable) = Self::endpoint(machine, n);
        Node::new(kind("listening_endpoint"), Self::endpoint_key(machine, n), Self::endpoint_name(machine, n))
            .with("port", port)
            .with("protocol", "tcp")
            .with(
                "process",
                of(&[("sshd", 30), ("nginx", 30), ("postgres", 20), ("java", 20)], mix(26, machine, n)),
            )
            .with("internet_reachable", reachable)
    }

    fn machine_node(machine: u32) -> Node {
        let of_kind = of(
            &[("ec2_instance", 50), ("connected_server", 40), ("cloud_instance", 10)],
            mix(27, machine, 0),
        );
        let applicable = Self::applicable(machine);
        let node = Node::new(kind(of_kind), Self::machine_key(machine), Self::machine_name(machine))
            .with("os_family", "linux")
            .with("os", of(&[("debian", 40), ("ubuntu", 40), ("rhel", 20)], mix(28, machine, 0)))
            .with("os_version", of(&[("12", 40), ("22.04", 40), ("9.4", 20)], mix(28, machine, 0)))
            .with("architecture", "x86_64")
            .with("power", Self::power(machine))
            .with("sensor_applicable", applicable)
            .with("criticality", Self::criticality(machine))
            .with("cloud_id", format!("i-{:017x}", mix(29, machine, 0)));
        if applicable { node } else { node.with("not_applicable_reason", "client_os") }
    }

    /// Gives everything in lists of changes.
    pub fn load(&self, mut give: impl FnMut(Vec<Change>) -> Result<()>) -> Result<()> {
        let up = Change::Upsert;
        for source in palisade_explore::schema().sources() {
            give(vec![Change::Source { source: (*source).into(), as_of: Some(NOW) }])?;
        }
        for s in 0..SUBSCRIPTIONS {
            give(vec![up(Node::new(kind("subscription"), format!("s{s}"), format!("Subscription {s:02}"))
                .with("kind", "aws"))])?;
        }
        for g in 0..self.groups {
            give(vec![up(Node::new(kind("device_group"), format!("g{g}"), format!("Group {g:02}")))])?;
        }
        for (key, value) in TAGS {
            let name = format!("{key}={value}");
            give(vec![up(Node::new(kind("tag"), &name, &name).with("key", key).with("value", value))])?;
        }
        for (key, name, of_kind) in PRODUCTS {
            give(vec![up(Node::new(kind("security_product"), key, name).with("kind", of_kind))])?;
        }
        for n in 0..self.subnets {
            give(vec![up(Node::new(
                kind("subnet"),
                format!("n{n}"),
                format!("10.{}.{}.0/24", n >> 8, n & 255),
            ))])?;
        }
        for s in 0..self.software {
            let name = format!("library-{:x}", mix(1, s / 4, 0) >> 32);
            let node = Node::new(kind("software"), self.software_key(s), name)
                .with("vendor", of(&[("debian", 60), ("apache", 10), ("gnu", 30)], mix(30, s / 4, 0)))
                .with("version", version(s))
                .with("end_of_support", Self::unsupported(s));
            give(vec![up(node)])?;
        }
        for v in 0..self.vulnerabilities {
            let (severity, exploit, remote) = Self::vulnerability(v);
            let name = Self::vulnerability_name(v);
            let node = Node::new(kind("vulnerability"), &name, &name)
                .with("severity", severity)
                .with("cvss", (mix(31, v, 0) % 100) as f64 / 10.0)
                .with("exploit_available", exploit)
                .with("remote_code_execution", remote)
                .with("published", palisade_types::TimeMicros(NOW.0 - i64::from(v % 4000) * DAY));
            let keys = self.affected(v).into_iter().map(|s| self.keys[s as usize].clone()).collect();
            let from = NodeRef::new(kind("vulnerability"), name);
            give(vec![
                up(node),
                Change::Replace { from, reading: reading("affects"), to: kind("software"), keys },
            ])?;
        }
        for u in 0..self.users {
            let (privileged, external) = Self::user(u);
            let node = Node::new(kind("user_account"), format!("S-1-5-21-{u}"), Self::user_name(u))
                .with("domain", "corp.example")
                .with("is_privileged", privileged)
                .with("is_external", external);
            give(vec![up(node)])?;
        }
        for machine in 0..self.machines {
            give(self.machine(machine))?;
        }
        for a in 0..self.alerts {
            let (machine, severity, status) = self.alert(a);
            let to = NodeRef::new(kind("virtual_machines"), Self::machine_key(machine));
            let from = NodeRef::new(kind("alert"), format!("a{a}"));
            give(vec![
                up(Self::alert_node(a, severity, status)),
                Change::Connect { from, reading: reading("affects"), to },
            ])?;
        }
        Ok(())
    }

    /// A machine with what belongs to it.
    fn machine(&self, machine: u32) -> Vec<Change> {
        let own = NodeRef::new(kind("virtual_machines"), Self::machine_key(machine));
        let mut all = vec![Change::Upsert(Self::machine_node(machine))];
        let all_of = |name: &str, to: &str, keys: Vec<String>| Change::Replace {
            from: own.clone(),
            reading: reading(name),
            to: kind(to),
            keys,
        };
        if let Some((state, seen)) = Self::sensor(machine) {
            all.push(Change::Upsert(Self::sensor_node(machine, state, seen)));
            all.push(all_of("is_running", "sensor", vec![own.key.clone()]));
        }
        if Self::finding(machine) {
            let node = Self::finding_node(machine);
            let key = node.node.key.clone();
            all.push(Change::Upsert(node));
            all.push(all_of("is_affected_by", "health_finding", vec![key]));
        }
        if let Some(product) = Self::product(machine) {
            all.push(all_of("is_running", "security_product", vec![PRODUCTS[product].0.to_owned()]));
        } else {
            let key = format!("{}/edr_installed", own.key);
            let node = Node::new(kind("recommendation"), &key, "Install an EDR solution")
                .with("code", "edr_installed")
                .with("severity", "high");
            all.push(Change::Upsert(node));
            all.push(all_of("is_affected_by", "recommendation", vec![key]));
        }
        all.extend((0..ENDPOINTS).map(|n| Change::Upsert(Self::endpoint_node(machine, n))));
        let endpoints = (0..ENDPOINTS).map(|n| Self::endpoint_key(machine, n)).collect();
        all.push(all_of("exposes", "listening_endpoint", endpoints));
        let addresses: Vec<String> = (0..ADDRESSES).map(|n| Self::address(machine, n)).collect();
        for address in &addresses {
            let from = NodeRef::new(kind("address"), address);
            all.push(Change::Upsert(Node::new(kind("address"), address, address).with("family", "ipv4")));
            let to = NodeRef::new(kind("subnet"), format!("n{}", machine / 50));
            all.push(Change::Connect { from, reading: reading("is_contained_in"), to });
        }
        all.push(all_of("has_address", "address", addresses));
        let tags = Self::tags_of(machine).map(|t| format!("{}={}", TAGS[t as usize].0, TAGS[t as usize].1));
        all.push(all_of("has_tag", "tag", tags.into()));
        let users = |count, salt| {
            self.users_of(machine, count, salt).into_iter().map(|u| format!("S-1-5-21-{u}")).collect()
        };
        all.push(all_of("can_be_accessed_by", "user_account", users(ACCESS, 40)));
        all.push(all_of("was_signed_in_to_by", "user_account", users(SIGNED_IN, 41)));
        all.push(all_of("is_contained_in", "subscription", vec![format!("s{}", machine % SUBSCRIPTIONS)]));
        all.push(all_of("is_contained_in", "device_group", vec![format!("g{}", machine % self.groups)]));
        let software = self.programs_of(machine).into_iter().map(|s| self.keys[s as usize].clone()).collect();
        all.push(all_of("has_installed", "software", software));
        all
    }
}

fn version(software: u32) -> String {
    let z = mix(32, software, 0);
    format!("{}.{}.{}-{}", z % 9, (z >> 8) % 40, (z >> 16) % 20, software % 4 + 1)
}

/// A number below `count` whose chance falls with its size, as the popularity of programs does.
fn rank(z: u64, count: u32) -> u32 {
    let head = f64::from(count) / 1500.0 + 1.0;
    let u = (z >> 11) as f64 / (1u64 << 53) as f64;
    let r = head * ((f64::from(count) + head) / head).powf(u) - head;
    (r as u32).min(count - 1)
}
