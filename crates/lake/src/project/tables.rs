//! Every table but DeviceProcessEvents.

use std::fmt::Write;

use palisade_types::TimeMicros;
use palisade_wire::msg::{
    Connection, DeviceInfo, Fact, FileEvent, Heartbeat, connection::Outcome, file_event::Action,
};

use super::actor::{Dictionary, Known, file_name, folder, signed};
use super::address::{address, class};
use super::bag::{Bag, quote};
use super::clip;
use super::rows::{
    ActorColumns, Columns, CommonColumns, CounterColumns, FileColumns, InfoColumns, NetworkColumns,
};

/// Longest text that a heartbeat's rows share, bytes.
const MAX_SHARED: usize = 4096;

/// What all rows of a batch have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame<'a> {
    pub(super) device: &'a str,
    pub(super) name: &'a str,
    pub(super) received_at: i64,
}

impl Frame<'_> {
    pub(super) fn push(&self, common: &mut CommonColumns, fact: &Fact) {
        common.Timestamp.append_value(fact.time_us);
        common.DeviceId.append_value(self.device);
        common.DeviceName.append_value(self.name);
        common.ReportId.append_option(signed(fact.report_id));
        common._IngestTime.append_value(self.received_at);
    }
}

macro_rules! table {
    ($(#[$doc:meta])* $name:ident { $($part:ident: $columns:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub(super) struct $name { $($part: $columns,)* }

        impl $name {
            pub(super) fn new() -> Self {
                Self { $($part: $columns::new(),)* }
            }

            pub(super) fn drain(&mut self) -> Columns {
                let mut out = Columns::new();
                $(self.$part.drain(&mut out);)*
                out
            }
        }
    };
}

table! {
    /// Builders of DeviceNetworkEvents.
    Network { common: CommonColumns, actor: ActorColumns, own: NetworkColumns, bag: Bag }
}

table! {
    /// Builders of DeviceFileEvents.
    Files { common: CommonColumns, actor: ActorColumns, own: FileColumns, bag: Bag }
}

table! {
    /// Builders of DeviceInfo.
    Info { common: CommonColumns, own: InfoColumns, bag: Bag }
}

table! {
    /// Builders of PalisadeSensorCounters.
    Counters { common: CommonColumns, own: CounterColumns }
}

impl Network {
    pub(super) fn push(
        &mut self,
        fact: &Fact,
        c: &Connection,
        dictionary: &Dictionary<'_>,
        frame: &Frame<'_>,
    ) -> u64 {
        frame.push(&mut self.common, fact);
        let actor = dictionary.get(fact.process);
        let unknown = self.actor.push(fact.process, actor, frame.name);
        let own = &mut self.own;
        own.ActionType.append_value(match c.outcome() {
            Outcome::Success => "ConnectionSuccess",
            Outcome::Failed => "ConnectionFailed",
        });
        for (bytes, text, kind) in [
            (&c.local_ip, &mut own.LocalIP, &mut own.LocalIPType),
            (&c.remote_ip, &mut own.RemoteIP, &mut own.RemoteIPType),
        ] {
            match address(bytes) {
                Some(a) => {
                    let _ = write!(text, "{a}");
                    text.append_value("");
                    kind.append_value(class(a));
                }
                None => {
                    text.append_value("");
                    kind.append_value("");
                }
            }
        }
        own.LocalPort.append_option(port(c.local_port));
        own.RemotePort.append_option(port(c.remote_port));
        match c.protocol {
            1 => own.Protocol.append_value("Icmp"),
            6 => own.Protocol.append_value("Tcp"),
            17 => own.Protocol.append_value("Udp"),
            other => own.Protocol.append_value(other.to_string()),
        }
        let p = actor.map(|k| k.process);
        let bag = self.bag.begin();
        bag.text("ContainerId", p.map_or("", |p| &p.container_id))
            .number("Uid", p.map(|p| p.uid))
            .text("WorkingDirectory", p.map_or("", |p| &p.working_directory));
        own.AdditionalFields.append_value(bag.end());
        own.LogonId.append_option(actor.map(Known::logon));
        unknown
    }
}

fn port(value: u32) -> Option<i32> {
    u16::try_from(value).ok().map(i32::from)
}

impl Files {
    pub(super) fn push(
        &mut self,
        fact: &Fact,
        f: &FileEvent,
        dictionary: &Dictionary<'_>,
        frame: &Frame<'_>,
    ) -> u64 {
        frame.push(&mut self.common, fact);
        let actor = dictionary.get(fact.process);
        let unknown = self.actor.push(fact.process, actor, frame.name);
        let own = &mut self.own;
        own.ActionType.append_value(match f.action() {
            Action::Created => "FileCreated",
            Action::Modified => "FileModified",
            Action::Renamed => "FileRenamed",
            Action::Deleted => "FileDeleted",
        });
        own.FileName.append_value(file_name(&f.path));
        own.FolderPath.append_value(&f.path);
        own.PreviousFolderPath.append_value(folder(&f.previous_path));
        own.PreviousFileName.append_value(file_name(&f.previous_path));
        own.FileSize.append_option(f.size.and_then(signed));
        let p = actor.map(|k| k.process);
        let mode = if f.mode == 0 { String::new() } else { format!("{:04o}", f.mode & 0o7777) };
        let bag = self.bag.begin();
        bag.text("ContainerId", p.map_or("", |p| &p.container_id))
            .number("Inode", (f.inode != 0).then_some(f.inode))
            .text("Mode", &mode)
            .flag("PathTruncated", f.path_truncated)
            .number("Uid", p.map(|p| p.uid))
            .text("WorkingDirectory", p.map_or("", |p| &p.working_directory));
        own.AdditionalFields.append_value(bag.end());
        own.LogonId.append_option(actor.map(Known::logon));
        unknown
    }
}

impl Info {
    pub(super) fn push(&mut self, fact: &Fact, i: &DeviceInfo, frame: &Frame<'_>) {
        let named = if i.name.is_empty() { frame.name } else { clip(&i.name, super::MAX_NAME) };
        Frame { name: named, ..*frame }.push(&mut self.common, fact);
        let own = &mut self.own;
        own.ClientVersion.append_value(&i.sensor_version);
        own.OSArchitecture.append_value(&i.architecture);
        own.OSPlatform.append_value(&i.os_platform);
        own.LoggedOnUsers.append_option(users(&i.logged_on_users));
        own.OSVersion.append_value(&i.os_version);
        own.OnboardingStatus.append_value("Onboarded");
        own.DeviceCategory.append_value("Endpoint");
        own.DeviceType.append_value(if i.device_type.is_empty() { "Server" } else { &i.device_type });
        own.Model.append_value(&i.model);
        own.Vendor.append_value(&i.vendor);
        own.OSDistribution.append_value(&i.os_distribution);
        own.OSVersionInfo.append_value(&i.os_version_info);
        // A device that has just sent a row is active by the meaning of the word.
        own.SensorHealthState.append_value("Active");
        own.ConnectivityType.append_value("Standard");
        own.HardwareUuid.append_value(&i.hardware_uuid);
        own.CloudPlatforms.append_value(&i.cloud_platform);
        own.OsBuildRevision.append_value(revision(&i.kernel));
        own.DiscoverySources.append_value("PalisadeSensor");
        let boot = if i.boot_time_us == 0 { String::new() } else { TimeMicros(i.boot_time_us).to_rfc3339() };
        let bag = self.bag.begin();
        bag.text("BootTime", &boot)
            .number("Cpus", (i.cpus != 0).then_some(i.cpus))
            .list("IpAddresses", &i.ip_addresses)
            .text("Kernel", &i.kernel)
            .list("MacAddresses", &i.mac_addresses)
            .number("MemoryBytes", (i.memory_bytes != 0).then_some(i.memory_bytes))
            .text("TimeZone", &i.timezone);
        own.AdditionalFields.append_value(bag.end());
    }
}

/// The users as the rival's column has them: a list of objects with a name.
fn users(names: &[String]) -> Option<String> {
    if names.is_empty() {
        return None;
    }
    let mut out = String::from("[");
    for (i, name) in names.iter().enumerate() {
        out.push_str(if i > 0 { ",{\"UserName\":" } else { "{\"UserName\":" });
        quote(&mut out, name);
        out.push('}');
    }
    out.push(']');
    Some(out)
}

/// The packager's revision in a kernel release: `13` of `6.1.0-13-amd64`.
fn revision(kernel: &str) -> &str {
    let tail = kernel.split_once('-').map_or("", |(_, tail)| tail);
    let end = tail.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(tail.len());
    tail[..end].trim_end_matches('.')
}

impl Counters {
    /// One row per counter while there is room; returns how many.
    pub(super) fn push(&mut self, fact: &Fact, h: &Heartbeat, room: usize, frame: &Frame<'_>) -> u64 {
        let rows = h.counters.len().min(room);
        for c in &h.counters[..rows] {
            frame.push(&mut self.common, fact);
            self.own.Kind.append_value(&c.kind);
            self.own.Value.append_value(signed(c.value).unwrap_or(i64::MAX));
            self.own.SensorVersion.append_value(clip(&h.sensor_version, MAX_SHARED));
            self.own.Scope.append_value(clip(&h.scope, MAX_SHARED));
        }
        rows as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_release_gives_its_revision() {
        assert_eq!(revision("6.1.0-13-amd64"), "13");
        assert_eq!(revision("5.14.0-362.8.1.el9_3.x86_64"), "362.8.1");
        assert_eq!(revision("6.6.1"), "");
    }
}
