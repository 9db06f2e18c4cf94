//! Events to facts on the wire.

use std::net::IpAddr;

use palisade_wire::msg;

use super::event::{Event, EventKind, FileAction, FileChange, ProcessInfo};

/// IANA's number of TCP.
const TCP: u32 = 6;

/// The dictionary entry of a process image.
pub fn process(info: &ProcessInfo) -> msg::Process {
    let digest = |bytes: Option<&[u8]>| bytes.map(|b| b.to_vec()).unwrap_or_default().into();
    msg::Process {
        unique_id: info.unique_id,
        pid: info.pid,
        start_us: info.start_us,
        path: info.path.clone(),
        command_line: info.command_line.clone(),
        working_directory: info.working_directory.clone(),
        uid: info.uid,
        gid: info.gid,
        user: info.user.to_string(),
        login_uid: info.login_uid,
        login_user: info.login_user.to_string(),
        audit_session: info.audit_session,
        sid: info.sid,
        parent_unique_id: info.parent_unique_id,
        parent_pid: info.parent_pid,
        parent_start_us: info.parent_start_us,
        parent_path: info.parent_path.clone(),
        sha256: digest(info.file.sha256.as_ref().map(<[u8; 32]>::as_slice)),
        sha1: digest(info.file.sha1.as_ref().map(<[u8; 20]>::as_slice)),
        md5: digest(info.file.md5.as_ref().map(<[u8; 16]>::as_slice)),
        file_size: info.file.size,
        cgroup_id: info.cgroup_id,
        cgroup_path: info.cgroup_path.to_string(),
        container_id: info.container_id.to_string(),
        command_line_truncated: info.command_line_truncated,
        secrets_masked: info.secrets_masked,
        effective_uid: info.euid,
        partial: info.partial,
        comm: info.comm.clone(),
        hash_absent: info.file.absent as u32,
    }
}

/// The fact of an event; the processes it names go into the batch's dictionary.
pub fn fact(event: &Event) -> msg::Fact {
    use msg::fact::Kind;
    let kind = match &event.kind {
        EventKind::ProcessCreated(image) => {
            Kind::ProcessCreated(msg::ProcessCreated { created: image.unique_id })
        }
        EventKind::ProcessTerminated { process, exit_code, signal } => {
            Kind::ProcessTerminated(msg::ProcessTerminated {
                terminated: process.unique_id,
                exit_code: *exit_code,
                signal: *signal,
            })
        }
        EventKind::Connection { success, local, remote, .. } => {
            let outcome =
                if *success { msg::connection::Outcome::Success } else { msg::connection::Outcome::Failed };
            Kind::Connection(msg::Connection {
                outcome: outcome as i32,
                local_ip: octets(local.0).into(),
                remote_ip: octets(remote.0).into(),
                local_port: u32::from(local.1),
                remote_port: u32::from(remote.1),
                protocol: TCP,
            })
        }
        EventKind::File(change) => Kind::File(file(change)),
    };
    msg::Fact {
        time_us: event.time_us,
        report_id: event.report_id,
        process: event.process.as_ref().map_or(0, |p| p.unique_id),
        kind: Some(kind),
    }
}

fn file(change: &FileChange) -> msg::FileEvent {
    let action = match change.action {
        FileAction::Created => msg::file_event::Action::Created,
        FileAction::Modified => msg::file_event::Action::Modified,
        FileAction::Renamed => msg::file_event::Action::Renamed,
        FileAction::Deleted => msg::file_event::Action::Deleted,
    };
    msg::FileEvent {
        action: action as i32,
        path: change.path.clone(),
        previous_path: change.previous_path.clone(),
        size: change.size,
        inode: change.inode,
        mode: change.mode,
        path_truncated: change.path_truncated,
    }
}

fn octets(ip: IpAddr) -> Vec<u8> {
    match ip {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    }
}
