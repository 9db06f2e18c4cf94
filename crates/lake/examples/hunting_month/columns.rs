//! The columns of the tables, filled from events.

use std::fmt::Write;
use std::sync::Arc;

use anyhow::{Result, bail};
use arrow::array::{
    ArrayRef, BooleanBuilder, Float64Builder, Int32Builder, Int64Builder, RecordBatch, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, SchemaRef};

use crate::rows::{Event, Process, World};

/// A column under construction.
enum Builder {
    Text(StringBuilder),
    Long(Int64Builder),
    Int(Int32Builder),
    Time(TimestampMicrosecondBuilder),
    Bool(BooleanBuilder),
    Real(Float64Builder),
}

/// The rows of a day in one table's stored form.
pub struct Columns {
    table: &'static str,
    schema: SchemaRef,
    names: Vec<String>,
    builders: Vec<Builder>,
    text: String,
}

pub const ACTIONS: &[(&str, &[&str])] = &[
    ("DeviceProcessEvents", &["ProcessCreated", "ProcessCreated", "ProcessCreated", "ProcessTerminated"]),
    (
        "DeviceNetworkEvents",
        &["ConnectionSuccess", "ConnectionSuccess", "ConnectionSuccess", "ConnectionFailed"],
    ),
    ("DeviceFileEvents", &["FileCreated", "FileModified", "FileRenamed", "FileDeleted"]),
    (
        "DeviceEvents",
        &["VulnerableApplicationAudited", "VulnerableApplicationWarned", "VulnerableApplicationBlocked"],
    ),
];

impl Columns {
    pub fn new(table: &'static str, schema: SchemaRef, rows: usize) -> Result<Self> {
        let builders = schema.fields().iter().map(|f| {
            Ok(match f.data_type() {
                DataType::Utf8 => Builder::Text(StringBuilder::with_capacity(rows, rows * 16)),
                DataType::Int64 => Builder::Long(Int64Builder::with_capacity(rows)),
                DataType::Int32 => Builder::Int(Int32Builder::with_capacity(rows)),
                DataType::Timestamp(..) => {
                    Builder::Time(TimestampMicrosecondBuilder::with_capacity(rows).with_timezone("UTC"))
                }
                DataType::Boolean => Builder::Bool(BooleanBuilder::new()),
                DataType::Float64 => Builder::Real(Float64Builder::new()),
                other => bail!("{}: {other}", f.name()),
            })
        });
        let builders = builders.collect::<Result<Vec<_>>>()?;
        let names = schema.fields().iter().map(|f| f.name().clone()).collect();
        Ok(Self { table, schema, names, builders, text: String::new() })
    }

    pub fn push(&mut self, world: &World, event: &Event) {
        for (name, builder) in self.names.iter().zip(&mut self.builders) {
            match builder {
                Builder::Text(b) => {
                    self.text.clear();
                    text(self.table, name, world, event, &mut self.text);
                    b.append_value(&self.text);
                }
                Builder::Long(b) => b.append_option(long(name, world, event)),
                Builder::Int(b) => {
                    b.append_value(if name == "RemotePort" { event.remote_port } else { event.local_port })
                }
                Builder::Time(b) => b.append_value(time(name, event)),
                Builder::Bool(b) => b.append_null(),
                Builder::Real(b) => b.append_null(),
            }
        }
    }

    pub fn finish(self) -> Result<RecordBatch> {
        let columns: Vec<ArrayRef> = self
            .builders
            .into_iter()
            .map(|b| match b {
                Builder::Text(mut b) => Arc::new(b.finish()) as ArrayRef,
                Builder::Long(mut b) => Arc::new(b.finish()),
                Builder::Int(mut b) => Arc::new(b.finish()),
                Builder::Time(mut b) => Arc::new(b.finish()),
                Builder::Bool(mut b) => Arc::new(b.finish()),
                Builder::Real(mut b) => Arc::new(b.finish()),
            })
            .collect();
        Ok(RecordBatch::try_new(self.schema, columns)?)
    }
}

fn time(name: &str, event: &Event) -> i64 {
    match name {
        "ProcessCreationTime" => event.process.created,
        "InitiatingProcessCreationTime" => event.parent.created,
        "InitiatingProcessParentCreationTime" => event.grand.created,
        _ => event.time,
    }
}

/// The process that a column is about, and the column's name without saying so.
fn subject<'e, 'n>(name: &'n str, event: &'e Event) -> (&'e Process, &'n str) {
    match name.strip_prefix("InitiatingProcess") {
        Some(rest) => match rest.strip_prefix("Parent") {
            Some(rest) => (&event.grand, rest),
            None => (&event.parent, rest),
        },
        None => (&event.process, name),
    }
}

fn long(name: &str, world: &World, event: &Event) -> Option<i64> {
    let (process, rest) = subject(name, event);
    match rest {
        "FileSize" => Some(world.programs[process.program].size),
        "Id" | "ProcessId" => Some(process.pid),
        "LogonId" | "SessionId" | "CreatedProcessSessionId" => Some(process.session),
        "ReportId" => Some(event.report),
        _ => None,
    }
}

fn text(table: &str, name: &str, world: &World, event: &Event, out: &mut String) {
    let of_file = table == "DeviceFileEvents" && !name.starts_with("Initiating");
    let (process, rest) = subject(name, event);
    let program = &world.programs[process.program];
    let ok = match (name, rest) {
        ("DeviceId", _) => write!(out, "{}", world.devices[event.device]),
        ("DeviceName", _) => write!(out, "host-{:05}.example.net", event.device),
        ("ActionType", _) => {
            let actions = ACTIONS.iter().find(|(t, _)| *t == table).map_or(&["Seen"][..], |(_, a)| *a);
            write!(out, "{}", actions[event.action % actions.len()])
        }
        ("FileName", _) if of_file => write!(out, "{}", event.file),
        ("FolderPath", _) if of_file => write!(out, "{}/{}", event.folder, event.file),
        ("PreviousFileName", _) if event.action % 4 == 2 => write!(out, "{}.part", event.file),
        (_, "FileName") => write!(out, "{}", program.name),
        (_, "FolderPath") => write!(out, "{}/{}", program.folder, program.name),
        (_, "SHA1") => write!(out, "{}", program.sha1),
        (_, "SHA256") => write!(out, "{}", program.sha256),
        (_, "MD5") => write!(out, "{}", program.md5),
        (_, "CommandLine" | "ProcessCommandLine") => write!(out, "{}", process.line),
        (_, "AccountName") => write!(out, "{}", world.users[process.user]),
        (_, "AccountDomain") => write!(out, "host-{:05}", event.device),
        (_, "AccountSid") => write!(out, "{}", process.user + if process.user == 0 { 0 } else { 1000 }),
        (_, "UniqueId" | "ProcessUniqueId") => write!(out, "{:016x}{:08x}", process.created, process.pid),
        ("RemoteIP", _) if event.public => {
            write!(out, "203.{}.{}.{}", event.remote >> 14 & 63, event.remote >> 7 & 127, event.remote & 127)
        }
        ("RemoteIP", _) => {
            write!(out, "10.{}.{}.{}", event.remote >> 14 & 63, event.remote >> 7 & 127, event.remote & 127)
        }
        ("LocalIP", _) => write!(out, "10.200.{}.{}", event.device >> 8, event.device & 255),
        ("RemoteIPType", _) => write!(out, "{}", if event.public { "Public" } else { "Private" }),
        ("LocalIPType", _) => write!(out, "Private"),
        ("Protocol", _) => write!(out, "{}", if event.number.is_multiple_of(7) { "Udp" } else { "Tcp" }),
        ("AdditionalFields", _) => write!(
            out,
            "{{\"WorkingDirectory\":\"{}\",\"Uid\":{},\"EffectiveUid\":{},\"ContainerId\":\"{:x}\",\"Sid\":{}}}",
            event.folder,
            process.user,
            process.user,
            event.number % 4000,
            process.session
        ),
        ("OSPlatform", _) => write!(out, "Linux"),
        ("OSDistribution", _) => {
            write!(out, "{}", ["Debian", "Ubuntu", "RedHatEnterpriseLinux"][event.device % 3])
        }
        ("OSVersion", _) => write!(out, "{}", ["12", "24.04", "9.4"][event.device % 3]),
        ("OSArchitecture", _) => write!(out, "64-bit"),
        ("LoggedOnUsers", _) => write!(
            out,
            "[{{\"UserName\":\"{}\"}},{{\"UserName\":\"{}\"}}]",
            world.users[process.user],
            world.users[event.device % world.users.len()]
        ),
        ("SensorHealthState", _) => {
            write!(out, "{}", if event.number.is_multiple_of(40) { "Inactive" } else { "Active" })
        }
        _ => Ok(()),
    };
    ok.expect("a string can be written to");
}
