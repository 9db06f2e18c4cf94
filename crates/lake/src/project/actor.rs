//! A batch's process dictionary, each entry made ready once for all the rows that name it.

use std::collections::HashMap;

use palisade_wire::msg::{Fact, Process, fact::Kind};

use super::rows::ActorColumns;

/// The first instant of the year 2200, microseconds: what lies beyond is no time of a process, and
/// would make queries that calculate with it fail.
const TIME_END: i64 = 7_258_118_400 * 1_000_000;

/// One process as its columns need it.
#[derive(Debug)]
pub(super) struct Known<'a> {
    pub(super) process: &'a Process,
    pub(super) unique_id: String,
    pub(super) sid: String,
    pub(super) sha256: String,
    pub(super) sha1: String,
    pub(super) md5: String,
    pub(super) file_name: &'a str,
    pub(super) parent_file_name: &'a str,
}

impl<'a> Known<'a> {
    fn new(process: &'a Process, parent: Option<&'a Process>) -> Self {
        let name = file_name(&process.path);
        let parent_path = match parent {
            Some(p) if process.parent_path.is_empty() => p.path.as_str(),
            _ => process.parent_path.as_str(),
        };
        Self {
            process,
            unique_id: process.unique_id.to_string(),
            sid: format!("S-1-22-1-{}", process.uid),
            sha256: hex_of(&process.sha256, 32),
            sha1: hex_of(&process.sha1, 20),
            md5: hex_of(&process.md5, 16),
            file_name: if name.is_empty() { &process.comm } else { name },
            parent_file_name: file_name(parent_path),
        }
    }

    /// The audit session where there is one, else the POSIX session.
    pub(super) fn logon(&self) -> i64 {
        i64::from(self.process.audit_session.unwrap_or(self.process.sid))
    }
}

/// The last component of a path.
pub(super) fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// The path without its last component.
pub(super) fn folder(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some(("", _)) => "/",
        Some((folder, _)) => folder,
        None => "",
    }
}

/// Lower-case hexadecimal of a hash; empty where it does not have the hash's length.
fn hex_of(bytes: &[u8], length: usize) -> String {
    if bytes.len() != length {
        return String::new();
    }
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|b| [DIGITS[usize::from(b >> 4)], DIGITS[usize::from(b & 15)]]);
    let mut out = String::with_capacity(2 * length);
    out.extend(digits.map(char::from));
    out
}

/// A number that the table's signed column can hold.
pub(super) fn signed(value: u64) -> Option<i64> {
    i64::try_from(value).ok()
}

/// An instant; 0 on the wire means unknown.
pub(super) fn instant(us: i64) -> Option<i64> {
    (1..TIME_END).contains(&us).then_some(us)
}

fn cost(p: &Process) -> usize {
    // The path is the file name's column, too.
    2 * (p.path.len() + p.parent_path.len() + p.comm.len())
        + p.command_line.len()
        + p.working_directory.len()
        + p.user.len()
        + p.login_user.len()
        + p.cgroup_path.len()
        + p.container_id.len()
}

/// The dictionary by process number.
#[derive(Debug)]
pub(super) struct Dictionary<'a> {
    places: HashMap<u64, usize>,
    known: Vec<Known<'a>>,
}

impl<'a> Dictionary<'a> {
    /// A process that is described twice counts as described last, but a partial description
    /// never replaces a full one.
    pub(super) fn new(processes: &'a [Process]) -> Self {
        let mut places: HashMap<u64, usize> = HashMap::with_capacity(processes.len());
        for (place, p) in processes.iter().enumerate() {
            let keep = places.get(&p.unique_id).is_some_and(|old| p.partial && !processes[*old].partial);
            if !keep {
                places.insert(p.unique_id, place);
            }
        }
        let described = |id: u64| places.get(&id).map(|place| &processes[*place]);
        let known = processes.iter().map(|p| Known::new(p, described(p.parent_unique_id))).collect();
        Self { places, known }
    }

    /// Bytes of text that a row takes from the processes it names.
    pub(super) fn cost_of(&self, fact: &Fact) -> usize {
        let subject = match &fact.kind {
            Some(Kind::ProcessCreated(c)) => c.created,
            Some(Kind::ProcessTerminated(t)) => t.terminated,
            Some(Kind::ApplicationBlocked(a)) => a.started,
            _ => 0,
        };
        [fact.process, subject].into_iter().filter_map(|id| self.get(id)).map(|k| cost(k.process)).sum()
    }

    /// Bytes of text in the dictionary.
    pub(super) fn cost(&self) -> usize {
        self.known.iter().map(|k| cost(k.process)).sum()
    }

    pub(super) fn get(&self, unique_id: u64) -> Option<&Known<'a>> {
        self.places.get(&unique_id).map(|place| &self.known[*place])
    }
}

impl ActorColumns {
    /// Appends the process that did it; `id` alone where the batch does not describe it.
    /// Returns 1 for a process that is named but not described.
    pub(super) fn push(&mut self, id: u64, known: Option<&Known<'_>>, device_name: &str) -> u64 {
        let Some(k) = known else {
            self.push_unknown(id);
            return u64::from(id != 0);
        };
        let p = k.process;
        self.InitiatingProcessAccountDomain.append_value(device_name);
        self.InitiatingProcessAccountName.append_value(&p.user);
        self.InitiatingProcessAccountSid.append_value(&k.sid);
        self.InitiatingProcessMD5.append_value(&k.md5);
        self.InitiatingProcessSHA1.append_value(&k.sha1);
        self.InitiatingProcessSHA256.append_value(&k.sha256);
        self.InitiatingProcessFolderPath.append_value(&p.path);
        self.InitiatingProcessFileName.append_value(k.file_name);
        self.InitiatingProcessFileSize.append_option(p.file_size.and_then(signed));
        self.InitiatingProcessId.append_value(i64::from(p.pid));
        self.InitiatingProcessCommandLine.append_value(&p.command_line);
        self.InitiatingProcessCreationTime.append_option(instant(p.start_us));
        self.InitiatingProcessParentId.append_value(i64::from(p.parent_pid));
        self.InitiatingProcessParentFileName.append_value(k.parent_file_name);
        self.InitiatingProcessParentCreationTime.append_option(instant(p.parent_start_us));
        self.InitiatingProcessSessionId.append_value(i64::from(p.sid));
        self.InitiatingProcessUniqueId.append_value(&k.unique_id);
        0
    }

    fn push_unknown(&mut self, id: u64) {
        for text in [
            &mut self.InitiatingProcessAccountDomain,
            &mut self.InitiatingProcessAccountName,
            &mut self.InitiatingProcessAccountSid,
            &mut self.InitiatingProcessMD5,
            &mut self.InitiatingProcessSHA1,
            &mut self.InitiatingProcessSHA256,
            &mut self.InitiatingProcessFolderPath,
            &mut self.InitiatingProcessFileName,
            &mut self.InitiatingProcessCommandLine,
            &mut self.InitiatingProcessParentFileName,
        ] {
            text.append_value("");
        }
        for number in [
            &mut self.InitiatingProcessFileSize,
            &mut self.InitiatingProcessId,
            &mut self.InitiatingProcessParentId,
            &mut self.InitiatingProcessSessionId,
        ] {
            number.append_null();
        }
        self.InitiatingProcessCreationTime.append_null();
        self.InitiatingProcessParentCreationTime.append_null();
        let id = if id == 0 { String::new() } else { id.to_string() };
        self.InitiatingProcessUniqueId.append_value(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fullest_last_description_counts() {
        let p = |id, path: &str, partial| Process {
            unique_id: id,
            path: path.into(),
            partial,
            ..Process::default()
        };
        let listed =
            [p(1, "/a", true), p(1, "/b", false), p(1, "/c", true), p(2, "/x", false), p(2, "/y", false)];
        let d = Dictionary::new(&listed);
        let path = |id| d.get(id).map(|k| k.process.path.as_str());
        assert_eq!((path(1), path(2), path(3)), (Some("/b"), Some("/y"), None));
        assert_eq!(hex_of(&[0x0f; 16], 16), "0f".repeat(16));
        assert_eq!(hex_of(&[0x0f; 15], 16), "");
        assert_eq!((folder("/a"), folder("/a/b"), folder(""), file_name("/a/b")), ("/", "/a", "", "b"));
    }
}
