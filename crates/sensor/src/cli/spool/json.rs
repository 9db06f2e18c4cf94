//! Facts as JSON: the names of the wire's fields, without those that are empty.

use std::collections::HashMap;
use std::net::IpAddr;

use palisade_types::TimeMicros;
use palisade_wire::msg::{self, Fact, Process, fact};
use serde_json::{Map, Value, json};

/// What kind of fact it is.
pub fn kind(f: &Fact) -> &'static str {
    use msg::connection::Outcome;
    use msg::file_event::Action;
    match &f.kind {
        Some(fact::Kind::ProcessCreated(_)) => "process_created",
        Some(fact::Kind::ProcessTerminated(_)) => "process_terminated",
        Some(fact::Kind::Connection(c)) if c.outcome() == Outcome::Success => "connection_success",
        Some(fact::Kind::Connection(_)) => "connection_failed",
        Some(fact::Kind::File(e)) => match e.action() {
            Action::Created => "file_created",
            Action::Modified => "file_modified",
            Action::Renamed => "file_renamed",
            Action::Deleted => "file_deleted",
        },
        Some(fact::Kind::DeviceInfo(_)) => "device_info",
        Some(fact::Kind::Heartbeat(_)) => "heartbeat",
        Some(fact::Kind::Receipt(_)) => "receipt",
        Some(fact::Kind::Products(_)) => "products",
        Some(fact::Kind::InventoryPart(_)) => "inventory_part",
        Some(fact::Kind::InventoryList(_)) => "inventory_list",
        Some(fact::Kind::ApplicationBlocked(a)) => match a.action() {
            msg::application_blocked::Action::Blocked => "application_blocked",
            msg::application_blocked::Action::Killed => "application_killed",
            msg::application_blocked::Action::Warned => "application_warned",
            msg::application_blocked::Action::Audited => "application_audited",
        },
        None => "unknown",
    }
}

/// A fact with the processes that it names.
pub fn fact(f: &Fact, processes: &HashMap<u64, &Process>) -> Value {
    let named = |id: u64| match processes.get(&id) {
        Some(p) => process(p),
        None if id == 0 => Value::Null,
        None => json!({ "unique_id": id }),
    };
    let mut out = json!({
        "time": TimeMicros(f.time_us).to_string(),
        "report_id": f.report_id,
        "kind": kind(f),
        "process": named(f.process),
    });
    match &f.kind {
        Some(fact::Kind::ProcessCreated(p)) => out["created"] = named(p.created),
        Some(fact::Kind::ProcessTerminated(p)) => {
            out["terminated"] = named(p.terminated);
            out["exit_code"] = p.exit_code.into();
            out["signal"] = p.signal.into();
        }
        Some(fact::Kind::Connection(c)) => {
            out["connection"] = json!({
                "local_ip": address(&c.local_ip), "local_port": c.local_port,
                "remote_ip": address(&c.remote_ip), "remote_port": c.remote_port,
                "protocol": c.protocol,
            });
        }
        Some(fact::Kind::File(e)) => {
            out["file"] = filled(json!({
                "path": e.path, "previous_path": e.previous_path, "size": e.size, "inode": e.inode,
                "mode": e.mode, "path_truncated": e.path_truncated,
            }));
        }
        Some(fact::Kind::DeviceInfo(d)) => out["device"] = filled(device(d)),
        Some(fact::Kind::Heartbeat(h)) => out["heartbeat"] = filled(heartbeat(h)),
        Some(fact::Kind::Receipt(r)) => {
            out["receipt"] = json!({
                "order_id": r.order_id, "number": r.number, "ok": r.ok, "code": r.code, "message": r.message,
                "received_us": r.received_us, "finished_us": r.finished_us, "proof": r.proof,
            });
        }
        Some(fact::Kind::Products(p)) => {
            out["products"] = serde_json::from_str(&p.facts).unwrap_or_else(|_| p.facts.as_str().into());
        }
        Some(fact::Kind::InventoryPart(p)) => {
            let body: Value = serde_json::from_str(&p.body).unwrap_or_else(|_| p.body.as_str().into());
            out["inventory_part"] = json!({ "name": p.name, "body": body });
        }
        Some(fact::Kind::InventoryList(l)) => {
            let parts: Vec<Value> =
                l.parts.iter().map(|p| json!({ "name": p.name, "digest": p.digest })).collect();
            out["inventory_list"] = json!({ "taken": TimeMicros(l.taken_us).to_string(), "parts": parts, "left_out": l.left_out });
        }
        Some(fact::Kind::ApplicationBlocked(a)) => {
            out["started"] = named(a.started);
            out["application"] = filled(json!({
                "path": a.path, "inode": a.inode, "package": a.package, "version": a.version, "source": a.source,
                "fixed_version": a.fixed_version, "rule": a.rule, "rung": a.rung, "message": a.message, "pid": a.pid,
            }));
        }
        None => {}
    }
    filled(out)
}

fn process(p: &Process) -> Value {
    filled(json!({
        "unique_id": p.unique_id, "pid": p.pid, "start": TimeMicros(p.start_us).to_string(),
        "path": p.path, "command_line": p.command_line, "working_directory": p.working_directory,
        "uid": p.uid, "gid": p.gid, "effective_uid": p.effective_uid, "user": p.user,
        "login_uid": p.login_uid, "login_user": p.login_user, "audit_session": p.audit_session, "sid": p.sid,
        "parent_unique_id": p.parent_unique_id, "parent_pid": p.parent_pid, "parent_path": p.parent_path,
        "sha256": hex::encode(&p.sha256), "sha1": hex::encode(&p.sha1), "md5": hex::encode(&p.md5),
        "hash_absent": hash_absent(p.hash_absent), "file_size": p.file_size, "comm": p.comm,
        "cgroup_id": p.cgroup_id, "cgroup_path": p.cgroup_path, "container_id": p.container_id,
        "command_line_truncated": p.command_line_truncated, "partial": p.partial,
        "secrets_masked": (p.secrets_masked > 0).then_some(p.secrets_masked),
    }))
}

fn hash_absent(reason: u32) -> &'static str {
    ["", "too_large", "gone", "unreadable"].get(reason as usize).copied().unwrap_or("not_attempted")
}

fn device(d: &msg::DeviceInfo) -> Value {
    json!({
        "name": d.name, "os_platform": d.os_platform, "os_distribution": d.os_distribution,
        "os_version": d.os_version, "os_version_info": d.os_version_info, "kernel": d.kernel,
        "architecture": d.architecture, "sensor_version": d.sensor_version, "vendor": d.vendor,
        "model": d.model, "hardware_uuid": d.hardware_uuid, "ip_addresses": d.ip_addresses,
        "mac_addresses": d.mac_addresses, "logged_on_users": d.logged_on_users,
        "device_type": d.device_type, "memory_bytes": d.memory_bytes, "cpus": d.cpus,
        "boot_time": TimeMicros(d.boot_time_us).to_string(), "timezone": d.timezone,
        "cloud_platform": d.cloud_platform,
    })
}

fn heartbeat(h: &msg::Heartbeat) -> Value {
    let counters: Map<String, Value> =
        h.counters.iter().map(|c| (c.kind.clone(), Value::from(c.value))).collect();
    let component = |c: &msg::Component| {
        filled(json!({
            "name": c.name, "state": c.state, "rung": c.rung, "mechanism": c.mechanism, "detail": c.detail,
        }))
    };
    json!({
        "counters": counters, "components": h.components.iter().map(component).collect::<Vec<_>>(),
        "started": TimeMicros(h.started_us).to_string(), "resident_bytes": h.resident_bytes,
        "cpu_us": h.cpu_us, "spool_bytes": h.spool_bytes, "sensor_version": h.sensor_version,
        "scope": h.scope, "ring_bytes": h.ring_bytes, "processes_cached": h.processes_cached,
        "clock_offset_us": h.clock_offset_us,
        "beating_since": TimeMicros(h.beating_since_us).to_string(),
    })
}

/// An address of 4 or 16 bytes.
pub fn address(bytes: &[u8]) -> Option<IpAddr> {
    <[u8; 4]>::try_from(bytes)
        .map(IpAddr::from)
        .or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from))
        .ok()
}

/// Leaves out what is null, false, an empty text or an empty list; a number is never left out.
fn filled(mut value: Value) -> Value {
    if let Value::Object(fields) = &mut value {
        fields.retain(|_, v| match v {
            Value::Null | Value::Bool(false) => false,
            Value::String(s) => !s.is_empty(),
            Value::Array(a) => !a.is_empty(),
            _ => true,
        });
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_named_in_full_and_without_empty_fields() {
        let child = Process {
            unique_id: 2,
            pid: 11,
            uid: 0,
            path: "/bin/echo".into(),
            sha256: vec![0xab; 32].into(),
            ..Process::default()
        };
        let created = fact::Kind::ProcessCreated(msg::ProcessCreated { created: 2 });
        let f = Fact { process: 7, report_id: 5, kind: Some(created), ..Fact::default() };
        let shown = fact(&f, &HashMap::from([(2, &child)]));
        assert_eq!(shown["kind"], "process_created");
        assert_eq!(shown["process"], json!({ "unique_id": 7 }));
        assert_eq!(shown["created"]["uid"], 0);
        assert_eq!(shown["created"]["sha256"], "ab".repeat(32));
        assert_eq!(shown["created"].get("command_line"), None);
    }

    #[test]
    fn the_outcome_and_the_action_are_part_of_the_kind() {
        let of = |k: fact::Kind| kind(&Fact { kind: Some(k), ..Fact::default() });
        let failed =
            msg::Connection { outcome: msg::connection::Outcome::Failed as i32, ..Default::default() };
        assert_eq!(of(fact::Kind::Connection(failed)), "connection_failed");
        let deleted =
            msg::FileEvent { action: msg::file_event::Action::Deleted as i32, ..Default::default() };
        assert_eq!(of(fact::Kind::File(deleted)), "file_deleted");
    }
}
