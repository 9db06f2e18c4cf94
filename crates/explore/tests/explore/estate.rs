//! A small estate in which each of the four health queries has one machine to find.

use palisade_explore::{Change, Graph, Kind, Loader, Node, NodeRef, Reading};
use palisade_types::{TenantId, TimeMicros};

pub const NOW: TimeMicros = TimeMicros(1_800_000_000_000_000);

pub fn kind(name: &str) -> Kind {
    Kind::named(name).unwrap_or_else(|| panic!("{name}"))
}

pub fn at(name: &str, key: &str) -> NodeRef {
    NodeRef::new(kind(name), key)
}

pub fn edge(from: (&str, &str), reading: &str, to: (&str, &str)) -> Change {
    Change::Connect {
        from: at(from.0, from.1),
        reading: Reading::named(reading).unwrap_or_else(|| panic!("{reading}")),
        to: at(to.0, to.1),
    }
}

fn ago(days: i64) -> TimeMicros {
    NOW.plus_micros(-days * 86_400_000_000)
}

pub fn changes() -> Vec<Change> {
    let node = |kind_name: &str, key: &str, name: &str| Node::new(kind(kind_name), key, name);
    let up = |node: Node| Change::Upsert(node);
    let mut all = vec![
        up(node("subscription", "s1", "Production").with("kind", "ssh")),
        up(node("subscription", "s2", "Labs").with("kind", "aws")),
        up(node("resource_group", "s1/web", "web")),
        up(node("device_group", "g1", "Front").with("rank", 1).with("criticality", "high")),
        up(node("connected_server", "m1", "web-1")
            .with("power", "running")
            .with("sensor_applicable", true)
            .with("criticality", "very_high")),
        up(node("connected_server", "m2", "web-2").with("power", "running").with("sensor_applicable", true)),
        up(node("ec2_instance", "m3", "lab-1").with("power", "running").with("sensor_applicable", true)),
        up(node("ec2_instance", "m4", "desk-1")
            .with("sensor_applicable", false)
            .with("not_applicable_reason", "client_os")),
        up(node("sensor", "m1", "web-1").with("health_state", "healthy").with("last_seen", ago(0))),
        up(node("sensor", "m3", "lab-1").with("health_state", "unhealthy").with("last_seen", ago(3))),
        up(node("health_finding", "m2/disk_insufficient", "Too little disk")
            .with("kind", "installation")
            .with("code", "disk_insufficient")),
        up(node("health_finding", "m3/heartbeat_lost", "Heartbeat lost")
            .with("kind", "heartbeat")
            .with("code", "heartbeat_lost")),
        up(node("software", "log4j/2.14", "log4j").with("vendor", "apache").with("version", "2.14.1")),
        up(node("software", "old/1", "oldtool").with("end_of_support", true)),
        up(node("vulnerability", "CVE-2021-44228", "CVE-2021-44228")
            .with("severity", "critical")
            .with("cvss", 10.0)
            .with("exploited", true)
            .with("exploit_available", true)
            .with("remote_code_execution", true)),
        up(node("listening_endpoint", "m2:22", "0.0.0.0:22/tcp")
            .with("port", 22)
            .with("protocol", "tcp")
            .with("internet_reachable", true)),
        up(node("listening_endpoint", "m2:5432", "0.0.0.0:5432/tcp")
            .with("port", 5432)
            .with("internet_reachable", true)),
        up(node("address", "203.0.113.9", "203.0.113.9").with("family", "ipv4").with("is_public", true)),
        up(node("tag", "env=production", "env=production").with("key", "env").with("value", "production")),
        up(node("user_account", "u1", "root").with("is_privileged", true)),
        up(node("user_account", "u2", "guest").with("is_privileged", false)),
        up(node("alert", "a1", "Reverse shell").with("severity", "high").with("status", "new")),
        up(node("recommendation", "edr_installed", "EDR solution should be installed")
            .with("code", "edr_installed")),
        up(node("security_product", "palisade", "Palisade").with("kind", "edr")),
        up(node("security_product", "falcon", "CrowdStrike Falcon").with("kind", "edr")),
    ];
    for (from, reading, to) in [
        (("subscription", "s1"), "contains", ("virtual_machines", "m1")),
        (("subscription", "s1"), "contains", ("virtual_machines", "m2")),
        (("subscription", "s2"), "contains", ("virtual_machines", "m3")),
        (("subscription", "s2"), "contains", ("virtual_machines", "m4")),
        (("resource_group", "s1/web"), "contains", ("virtual_machines", "m1")),
        (("device_group", "g1"), "contains", ("virtual_machines", "m1")),
        (("virtual_machines", "m1"), "is_running", ("sensor", "m1")),
        (("virtual_machines", "m3"), "is_running", ("sensor", "m3")),
        (("virtual_machines", "m2"), "is_affected_by", ("health_finding", "m2/disk_insufficient")),
        (("health_finding", "m3/heartbeat_lost"), "affects", ("virtual_machines", "m3")),
        (("virtual_machines", "m2"), "has_installed", ("software", "log4j/2.14")),
        (("virtual_machines", "m1"), "has_installed", ("software", "old/1")),
        (("vulnerability", "CVE-2021-44228"), "affects", ("software", "log4j/2.14")),
        (("virtual_machines", "m2"), "exposes", ("listening_endpoint", "m2:22")),
        (("virtual_machines", "m2"), "exposes", ("listening_endpoint", "m2:5432")),
        (("virtual_machines", "m2"), "has_address", ("address", "203.0.113.9")),
        (("virtual_machines", "m2"), "has_tag", ("tag", "env=production")),
        (("user_account", "u1"), "can_access", ("virtual_machines", "m2")),
        (("user_account", "u2"), "can_access", ("virtual_machines", "m1")),
        (("alert", "a1"), "affects", ("virtual_machines", "m2")),
        (("recommendation", "edr_installed"), "affects", ("virtual_machines", "m2")),
        (("virtual_machines", "m1"), "is_running", ("security_product", "palisade")),
        (("virtual_machines", "m3"), "is_running", ("security_product", "palisade")),
        (("virtual_machines", "m1"), "is_running", ("security_product", "falcon")),
    ] {
        all.push(edge(from, reading, to));
    }
    for source in palisade_explore::schema().sources() {
        all.push(Change::Source { source: (*source).into(), as_of: Some(NOW) });
    }
    all
}

pub fn graph() -> Graph {
    let mut loader = Loader::new(TenantId::random());
    let refused = loader.load(&changes());
    assert!(refused.is_empty(), "{refused:?}");
    loader.finish()
}
