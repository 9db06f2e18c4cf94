//! DeviceEvents: what the sensor prevented, or would have.

use palisade_wire::msg::{ApplicationBlocked, Fact, application_blocked::Action};

use super::actor::{Dictionary, Known, file_name, instant, signed};
use super::bag::Bag;
use super::clip;
use super::rows::{ActorColumns, Columns, CommonColumns, EventColumns};
use super::tables::Frame;

/// Longest text that a rule or a package gives to a row, bytes.
const MAX_TEXT: usize = 4096;

/// Builders of DeviceEvents.
#[derive(Debug)]
pub(super) struct Events {
    common: CommonColumns,
    actor: ActorColumns,
    own: EventColumns,
    bag: Bag,
}

impl Events {
    pub(super) fn new() -> Self {
        Self {
            common: CommonColumns::new(),
            actor: ActorColumns::new(),
            own: EventColumns::new(),
            bag: Bag::new(),
        }
    }

    pub(super) fn drain(&mut self) -> Columns {
        let mut out = Columns::new();
        self.common.drain(&mut out);
        self.actor.drain(&mut out);
        self.own.drain(&mut out);
        out
    }

    pub(super) fn push(
        &mut self,
        fact: &Fact,
        a: &ApplicationBlocked,
        dictionary: &Dictionary<'_>,
        frame: &Frame<'_>,
    ) -> u64 {
        frame.push(&mut self.common, fact);
        let actor = dictionary.get(fact.process);
        let started = dictionary.get(a.started);
        let unknown =
            self.actor.push(fact.process, actor, frame.name) + u64::from(a.started != 0 && started.is_none());
        let own = &mut self.own;
        own.ActionType.append_value(match a.action() {
            Action::Blocked | Action::Killed => "VulnerableApplicationBlocked",
            Action::Warned => "VulnerableApplicationWarned",
            Action::Audited => "VulnerableApplicationAudited",
        });
        own.FileName.append_value(file_name(&a.path));
        own.FolderPath.append_value(&a.path);
        let of = |text: fn(&Known<'_>) -> String| started.map(text).unwrap_or_default();
        own.SHA1.append_value(of(|k| k.sha1.clone()));
        own.SHA256.append_value(of(|k| k.sha256.clone()));
        own.MD5.append_value(of(|k| k.md5.clone()));
        own.FileSize.append_option(started.and_then(|k| k.process.file_size).and_then(signed));
        own.AccountDomain.append_value(if started.is_some() { frame.name } else { "" });
        own.AccountName.append_value(of(|k| k.process.user.clone()));
        own.AccountSid.append_value(of(|k| k.sid.clone()));
        own.ProcessId.append_option((a.pid != 0).then_some(i64::from(a.pid)));
        own.ProcessCommandLine.append_value(of(|k| k.process.command_line.clone()));
        own.ProcessCreationTime.append_option(started.and_then(|k| instant(k.process.start_us)));
        own.LogonId.append_option(actor.map(Known::logon));
        let p = actor.map(|k| k.process);
        let short = |text: &'_ str| clip(text, MAX_TEXT).to_owned();
        let bag = self.bag.begin();
        bag.text("ContainerId", p.map_or("", |p| &p.container_id))
            .text("FixedVersion", &short(&a.fixed_version))
            .number("Inode", (a.inode != 0).then_some(a.inode))
            .text("Message", &short(&a.message))
            .text("Package", &short(&a.package))
            .text("PackageVersion", &short(&a.version))
            .text("ProcessUniqueId", &if a.started == 0 { String::new() } else { a.started.to_string() })
            .text("Rule", &short(&a.rule))
            .text("Rung", &short(&a.rung))
            .text("SourcePackage", &short(&a.source))
            .number("Uid", p.map(|p| p.uid))
            .text("WorkingDirectory", p.map_or("", |p| &p.working_directory));
        own.AdditionalFields.append_value(bag.end());
        unknown
    }
}
