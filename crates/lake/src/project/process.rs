//! DeviceProcessEvents.

use palisade_wire::msg::{Fact, ProcessCreated, ProcessTerminated};

use super::actor::{Dictionary, Known, instant, signed};
use super::bag::Bag;
use super::rows::{ActorColumns, Columns, CommonColumns, ProcessColumns};
use super::tables::Frame;

/// Builders of DeviceProcessEvents.
#[derive(Debug)]
pub(super) struct Processes {
    common: CommonColumns,
    actor: ActorColumns,
    own: ProcessColumns,
    bag: Bag,
}

impl Processes {
    pub(super) fn new() -> Self {
        Self {
            common: CommonColumns::new(),
            actor: ActorColumns::new(),
            own: ProcessColumns::new(),
            bag: Bag::default(),
        }
    }

    pub(super) fn drain(&mut self) -> Columns {
        let mut out = Columns::new();
        self.common.drain(&mut out);
        self.actor.drain(&mut out);
        self.own.drain(&mut out);
        out
    }

    /// One exec. Returns how many processes the batch names but does not describe.
    pub(super) fn created(
        &mut self,
        fact: &Fact,
        c: &ProcessCreated,
        dictionary: &Dictionary<'_>,
        frame: &Frame<'_>,
    ) -> u64 {
        let subject = dictionary.get(c.created);
        let actor = dictionary.get(fact.process);
        self.push("ProcessCreated", fact, (fact.process, actor), (c.created, subject), None, frame)
    }

    /// One exit. Where the sensor names no other process, the process ended itself.
    pub(super) fn terminated(
        &mut self,
        fact: &Fact,
        t: &ProcessTerminated,
        dictionary: &Dictionary<'_>,
        frame: &Frame<'_>,
    ) -> u64 {
        let by = if fact.process == 0 { t.terminated } else { fact.process };
        let subject = dictionary.get(t.terminated);
        self.push(
            "ProcessTerminated",
            fact,
            (by, dictionary.get(by)),
            (t.terminated, subject),
            Some(t),
            frame,
        )
    }

    fn push(
        &mut self,
        action: &str,
        fact: &Fact,
        (actor_id, actor): (u64, Option<&Known<'_>>),
        (subject_id, subject): (u64, Option<&Known<'_>>),
        end: Option<&ProcessTerminated>,
        frame: &Frame<'_>,
    ) -> u64 {
        frame.push(&mut self.common, fact);
        let unknown = self.actor.push(actor_id, actor, frame.name);
        let own = &mut self.own;
        own.ActionType.append_value(action);
        own.InitiatingProcessLogonId.append_option(actor.map(Known::logon));
        own.AdditionalFields.append_value(bag(&mut self.bag, subject, actor, end));
        let Some(k) = subject else {
            for text in [
                &mut own.FileName,
                &mut own.FolderPath,
                &mut own.SHA1,
                &mut own.SHA256,
                &mut own.MD5,
                &mut own.ProcessCommandLine,
                &mut own.AccountDomain,
                &mut own.AccountName,
                &mut own.AccountSid,
            ] {
                text.append_value("");
            }
            for number in
                [&mut own.FileSize, &mut own.ProcessId, &mut own.LogonId, &mut own.CreatedProcessSessionId]
            {
                number.append_null();
            }
            own.ProcessCreationTime.append_null();
            own.ProcessUniqueId.append_value(subject_id.to_string());
            return unknown + 1;
        };
        let p = k.process;
        own.FileName.append_value(k.file_name);
        own.FolderPath.append_value(&p.path);
        own.SHA1.append_value(&k.sha1);
        own.SHA256.append_value(&k.sha256);
        own.MD5.append_value(&k.md5);
        own.FileSize.append_option(p.file_size.and_then(signed));
        own.ProcessId.append_value(i64::from(p.pid));
        own.ProcessCommandLine.append_value(&p.command_line);
        own.ProcessCreationTime.append_option(instant(p.start_us));
        own.AccountDomain.append_value(frame.name);
        own.AccountName.append_value(&p.user);
        own.AccountSid.append_value(&k.sid);
        own.LogonId.append_value(k.logon());
        own.CreatedProcessSessionId.append_value(i64::from(p.sid));
        own.ProcessUniqueId.append_value(&k.unique_id);
        unknown
    }
}

fn bag<'b>(
    bag: &'b mut Bag,
    subject: Option<&Known<'_>>,
    actor: Option<&Known<'_>>,
    end: Option<&ProcessTerminated>,
) -> &'b str {
    let p = subject.map(|k| k.process);
    bag.begin()
        .number("AuditSession", p.and_then(|p| p.audit_session))
        .text("CgroupPath", p.map_or("", |p| &p.cgroup_path))
        .flag("CommandLineTruncated", p.is_some_and(|p| p.command_line_truncated))
        .text("ContainerId", p.map_or("", |p| &p.container_id))
        .number("EffectiveUid", p.map(|p| p.effective_uid))
        .number("ExitCode", end.map(|t| t.exit_code))
        .number("Gid", p.map(|p| p.gid))
        .text("HashAbsent", p.map_or("", |p| hash_absent(p.hash_absent)))
        .text("InitiatingProcessWorkingDirectory", actor.map_or("", |k| &k.process.working_directory))
        .number("LoginUid", p.and_then(|p| p.login_uid))
        .text("LoginUser", p.map_or("", |p| &p.login_user))
        .flag("Partial", p.is_some_and(|p| p.partial))
        .number("SecretsMasked", p.map(|p| p.secrets_masked).filter(|n| *n > 0))
        .number("Sid", p.map(|p| p.sid))
        .number("Signal", end.map(|t| t.signal))
        .number("Uid", p.map(|p| p.uid))
        .text("WorkingDirectory", p.map_or("", |p| &p.working_directory))
        .end()
}

fn hash_absent(code: u32) -> &'static str {
    match code {
        0 => "",
        1 => "too_large",
        2 => "gone",
        3 => "unreadable",
        4 => "not_attempted",
        _ => "unknown",
    }
}
