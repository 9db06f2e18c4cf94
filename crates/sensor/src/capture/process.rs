//! The cache of processes: who acted, and what it was at that time.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use palisade_sensor_bpf::layout::{Exec, Fork, Header, Task, flag};

use super::command::command_line;
use super::decode::{Path, until_nul};
use super::event::ProcessInfo;
use super::hash::{Absent, Hashes, Identity};
use super::proc::{self, TICK_NS};
use super::resolve::{Executable, Resolver};

const LIVE_MAX: usize = 32_768;
const DEAD_MAX: usize = 8_192;
const DEAD_KEPT_NS: u64 = 60_000_000_000;
const DELETED: &str = " (deleted)";

/// One process; its image is made when somebody asks for it.
#[derive(Debug)]
struct Entry {
    start: u64,
    exec_id: u32,
    image: Option<Arc<ProcessInfo>>,
    /// The image before the last exec, for what it began and what ends only now.
    previous: Option<Arc<ProcessInfo>>,
    /// The parent's image at the fork.
    parent: Option<Arc<ProcessInfo>>,
}

impl Entry {
    /// Starts from /proc have a tick's resolution.
    fn began_at(&self, start: u64) -> bool {
        self.start == start || (self.start.is_multiple_of(TICK_NS) && start / TICK_NS * TICK_NS == self.start)
    }

    /// A process may change its user without executing a file, as servers do that begin as root.
    fn set_user(&mut self, uid: u32, resolver: &mut Resolver) -> Arc<ProcessInfo> {
        let mut info = self.image.as_deref().cloned().unwrap_or_default();
        info.uid = uid;
        info.euid = uid;
        info.user = resolver.users.name(uid);
        let image = Arc::new(info);
        self.image = Some(Arc::clone(&image));
        image
    }
}

/// Processes that live, and for a while those that do not.
#[derive(Debug, Default)]
pub(crate) struct ProcessCache {
    live: HashMap<u32, Entry>,
    dead: HashMap<(u32, u64), Entry>,
    order: VecDeque<(u64, u32, u64)>,
    /// Executables of processes that lived before capture, by process and start; read when it acts,
    /// so that a start is short and the budget for reading is no loss for good.
    unread: HashMap<u32, (u64, Executable)>,
}

/// An image and who made it.
pub(crate) type Made = (Arc<ProcessInfo>, Option<Arc<ProcessInfo>>);

impl ProcessCache {
    /// Number of processes that live.
    pub(crate) fn len(&self) -> usize {
        self.live.len()
    }

    /// Takes in the processes that lived before the events began; known ones stay as they are.
    pub(crate) fn scan(&mut self, tasks: &[Task], resolver: &mut Resolver) {
        for task in tasks {
            if self.live.get(&task.tgid).is_some_and(|e| e.began_at(task.start)) {
                continue;
            }
            let image = Arc::new(image_of_task(task, resolver));
            if let Some(executable) = executable_of(task) {
                self.unread.insert(task.tgid, (task.start, executable));
            }
            let entry = Entry {
                start: task.start,
                exec_id: task.exec_id,
                image: Some(image),
                previous: None,
                parent: None,
            };
            self.live.insert(task.tgid, entry);
        }
        for task in tasks {
            let parent =
                self.live.get(&task.ppid).filter(|e| e.began_at(task.pstart)).and_then(|e| e.image.clone());
            if let (Some(parent), Some(entry)) = (parent, self.live.get_mut(&task.tgid))
                && entry.parent.is_none()
            {
                if let Some(image) = &mut entry.image {
                    adopt(Arc::make_mut(image), &parent);
                }
                entry.parent = Some(parent);
            }
        }
    }

    /// A new process; it has its parent's image until it executes a file.
    pub(crate) fn fork(&mut self, fork: &Fork, resolver: &mut Resolver) {
        let parent = self.acting(&fork.h, resolver);
        if let Some(entry) = self.live.get_mut(&fork.child) {
            if entry.began_at(fork.child_start) {
                entry.start = fork.child_start;
                entry.parent.get_or_insert(parent);
                return;
            }
            self.bury(fork.child, fork.h.ktime);
        }
        self.make_room(resolver);
        let entry = Entry {
            start: fork.child_start,
            exec_id: fork.child_exec_id,
            image: None,
            previous: None,
            parent: Some(parent),
        };
        self.live.insert(fork.child, entry);
    }

    /// A new image. Its maker is the image that the process had of its own, else the parent.
    pub(crate) fn exec(
        &mut self,
        exec: &Exec,
        path: &Path<'_>,
        cwd: &Path<'_>,
        argv: &[u8],
        resolver: &mut Resolver,
    ) -> Made {
        let pid = exec.h.tgid;
        self.read_executable(pid, exec.h.start, resolver);
        self.unread.remove(&pid);
        let known = self.live.remove(&pid).filter(|e| e.began_at(exec.h.start));
        let (earlier, parent) = match known {
            // An image with this very exec count comes from a scan after this exec.
            Some(e) => {
                let earlier = e.image.filter(|i| i.exec_id != 0 && i.exec_id < exec.h.exec_id);
                (earlier, e.parent)
            }
            None => (None, None),
        };
        let parent = self.as_it_is(parent, resolver).or_else(|| {
            (exec.ppid != 0).then(|| self.find(exec.ppid, exec.pstart, exec.pexec_id, None, resolver))
        });
        let mut info = image_of_exec(exec, path, cwd, argv, resolver);
        if let Some(parent) = &parent {
            adopt(&mut info, parent);
        } else {
            info.parent_pid = exec.ppid;
        }
        let image = Arc::new(info);
        self.make_room(resolver);
        let entry = Entry {
            start: exec.h.start,
            exec_id: exec.h.exec_id,
            image: Some(Arc::clone(&image)),
            previous: earlier.clone(),
            parent: parent.clone(),
        };
        self.live.insert(pid, entry);
        (image, earlier.filter(|i| !i.inherited).or(parent))
    }

    /// The end of a process; `None` if it ended already.
    pub(crate) fn exit(&mut self, header: &Header, resolver: &mut Resolver) -> Option<Made> {
        if self.dead.contains_key(&(header.tgid, header.start)) {
            return None;
        }
        let image = self.acting(header, resolver);
        let parent = self.live.get(&header.tgid).and_then(|e| e.parent.clone());
        let parent = self.as_it_is(parent, resolver);
        if self.live.get(&header.tgid).is_some_and(|e| e.began_at(header.start)) {
            self.bury(header.tgid, header.ktime);
        } else {
            let entry = Entry {
                start: header.start,
                exec_id: header.exec_id,
                image: Some(Arc::clone(&image)),
                previous: None,
                parent: None,
            };
            self.keep_dead(header.tgid, entry, header.ktime);
        }
        Some((image, parent))
    }

    /// The image that acted when a record was written.
    pub(crate) fn acting(&mut self, header: &Header, resolver: &mut Resolver) -> Arc<ProcessInfo> {
        self.find(header.tgid, header.start, header.exec_id, Some(header), resolver)
    }

    /// Who executed a file, and the process that came of it, where it is known: by the process's number and
    /// the file's path, as it is told by something that is no event of the ring.
    pub(crate) fn executing(
        &mut self,
        pid: u32,
        path: &str,
        resolver: &mut Resolver,
    ) -> (Option<Arc<ProcessInfo>>, Option<Arc<ProcessInfo>>) {
        let ended = self.order.iter().rev().find(|(_, p, _)| *p == pid).map(|(_, p, start)| (*p, *start));
        let entry = match self.live.get_mut(&pid) {
            Some(entry) => entry,
            None => match ended.and_then(|key| self.dead.get_mut(&key)) {
                Some(entry) => entry,
                None => return (None, None),
            },
        };
        let image = image_of_entry(entry, pid, None, resolver);
        let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        if !image.inherited && name(&image.path) == name(path) {
            let earlier = entry.previous.clone().filter(|p| !p.inherited);
            return (earlier.or_else(|| entry.parent.clone()), Some(image));
        }
        let maker = if image.inherited { entry.parent.clone().unwrap_or(image) } else { image };
        (Some(maker), None)
    }

    fn find(
        &mut self,
        pid: u32,
        start: u64,
        exec_id: u32,
        header: Option<&Header>,
        resolver: &mut Resolver,
    ) -> Arc<ProcessInfo> {
        self.read_executable(pid, start, resolver);
        let entry = match self.live.get_mut(&pid) {
            Some(entry) if entry.began_at(start) => Some(entry),
            _ => self.dead.get_mut(&(pid, start)),
        };
        let mut outdated = false;
        if let Some(entry) = entry {
            if entry.exec_id == exec_id || entry.exec_id == 0 || exec_id == 0 {
                let image = image_of_entry(entry, pid, header, resolver);
                return match header.filter(|h| h.uid != image.uid) {
                    Some(header) => entry.set_user(header.uid, resolver),
                    None => image,
                };
            }
            if let Some(previous) = entry.previous.as_ref().filter(|p| p.exec_id == exec_id) {
                return Arc::clone(previous);
            }
            outdated = entry.exec_id > exec_id;
        }
        resolver.counts.unknown_process += 1;
        self.look_up(pid, start, exec_id, header, outdated, resolver)
    }

    /// A process that no event described: what /proc knows of it, else its ids alone.
    fn look_up(
        &mut self,
        pid: u32,
        start: u64,
        exec_id: u32,
        header: Option<&Header>,
        outdated: bool,
        resolver: &mut Resolver,
    ) -> Arc<ProcessInfo> {
        // /proc shows the image of now; an earlier one is gone.
        let alive = (!outdated).then(|| proc::task(pid)).flatten();
        let alive = alive.filter(|t| start / TICK_NS * TICK_NS == t.start);
        let mut info = match alive {
            Some(mut task) => {
                task.start = start;
                task.exec_id = exec_id;
                task.cgroup = header.map_or(0, |h| h.cgroup);
                let parent = self.live.get(&task.ppid).filter(|e| e.began_at(task.pstart));
                let parent = parent.and_then(|e| e.image.clone());
                let mut info = image_of_task(&task, resolver);
                if let Some(parent) = parent {
                    adopt(&mut info, &parent);
                }
                info
            }
            None => ProcessInfo {
                pid,
                file: Hashes::unknown(),
                partial: true,
                user: Arc::clone(&resolver.no_text),
                ..ProcessInfo::default()
            },
        };
        info.start_ns = start;
        info.start_us = resolver.clock.utc_us(start);
        info.exec_id = exec_id;
        info.unique_id = resolver.unique_id(pid, start, exec_id);
        if info.partial
            && let Some(header) = header
        {
            info.uid = header.uid;
            info.user = resolver.users.name(header.uid);
            resolver.set_cgroup(&mut info, header.cgroup);
        }
        let image = Arc::new(info);
        if !image.partial {
            let entry =
                Entry { start, exec_id, image: Some(Arc::clone(&image)), previous: None, parent: None };
            self.live.insert(pid, entry);
        }
        image
    }

    /// Digests for a process that lived before capture, as soon as the budget allows.
    fn read_executable(&mut self, pid: u32, start: u64, resolver: &mut Resolver) {
        let Some((began, executable)) = self.unread.get(&pid).copied() else { return };
        let entry = self.live.get_mut(&pid).filter(|e| e.start == began && e.began_at(start));
        let Some(image) = entry.and_then(|e| e.image.as_mut()) else { return };
        let file = resolver.hash(&executable, pid, &image.path);
        if file.absent != Absent::NotAttempted || executable.is_remote() {
            Arc::make_mut(image).file = file;
            self.unread.remove(&pid);
        }
    }

    /// An image kept with a child, with what has become known of it since.
    fn as_it_is(
        &mut self,
        image: Option<Arc<ProcessInfo>>,
        resolver: &mut Resolver,
    ) -> Option<Arc<ProcessInfo>> {
        let image = image?;
        self.read_executable(image.pid, image.start_ns, resolver);
        let now = self.live.get(&image.pid).and_then(|e| e.image.as_ref());
        Some(now.filter(|now| now.unique_id == image.unique_id).map_or(image, Arc::clone))
    }

    fn bury(&mut self, pid: u32, now: u64) {
        self.unread.remove(&pid);
        if let Some(entry) = self.live.remove(&pid) {
            self.keep_dead(pid, entry, now);
        }
    }

    fn keep_dead(&mut self, pid: u32, entry: Entry, now: u64) {
        self.order.push_back((now, pid, entry.start));
        self.dead.insert((pid, entry.start), entry);
        while let Some(&(at, pid, start)) = self.order.front() {
            if self.order.len() <= DEAD_MAX && now.saturating_sub(at) < DEAD_KEPT_NS {
                break;
            }
            self.order.pop_front();
            self.dead.remove(&(pid, start));
        }
    }

    /// When full, forgets processes that are gone without an event, then those that are oldest:
    /// /proc still knows them.
    fn make_room(&mut self, resolver: &mut Resolver) {
        if self.live.len() < LIVE_MAX {
            return;
        }
        let before = self.live.len();
        let alive: std::collections::HashSet<u32> = proc::pids().into_iter().collect();
        self.live.retain(|pid, _| alive.contains(pid));
        // A sixteenth at a time, so that this is not done for each new process.
        self.forget_oldest(LIVE_MAX - LIVE_MAX / 16);
        resolver.counts.cache_evicted += (before - self.live.len()) as u64;
    }

    fn forget_oldest(&mut self, kept: usize) {
        let Some(excess) = self.live.len().checked_sub(kept + 1) else { return };
        let mut starts: Vec<u64> = self.live.values().map(|entry| entry.start).collect();
        let limit = *starts.select_nth_unstable(excess).1;
        self.live.retain(|_, entry| entry.start > limit);
    }
}

/// The image of an entry; a forked process gets its parent's with its own ids.
fn image_of_entry(
    entry: &mut Entry,
    pid: u32,
    header: Option<&Header>,
    resolver: &mut Resolver,
) -> Arc<ProcessInfo> {
    if let Some(image) = &entry.image {
        return Arc::clone(image);
    }
    let mut info = entry.parent.as_deref().cloned().unwrap_or_default();
    if let Some(parent) = entry.parent.clone() {
        adopt(&mut info, &parent);
    }
    info.pid = pid;
    info.start_ns = entry.start;
    info.start_us = resolver.clock.utc_us(entry.start);
    info.exec_id = entry.exec_id;
    info.unique_id = resolver.unique_id(pid, entry.start, entry.exec_id);
    info.inherited = true;
    if let Some(header) = header
        && header.cgroup != info.cgroup_id
    {
        resolver.set_cgroup(&mut info, header.cgroup);
    }
    let image = Arc::new(info);
    entry.image = Some(Arc::clone(&image));
    image
}

fn adopt(child: &mut ProcessInfo, parent: &ProcessInfo) {
    child.parent_unique_id = parent.unique_id;
    child.parent_pid = parent.pid;
    child.parent_start_us = parent.start_us;
    child.parent_path.clone_from(&parent.path);
}

fn image_of_exec(
    exec: &Exec,
    path: &Path<'_>,
    cwd: &Path<'_>,
    argv: &[u8],
    resolver: &mut Resolver,
) -> ProcessInfo {
    let mut text = path.join();
    let pid = exec.h.tgid;
    if exec.h.flags & flag::EXE_DELETED != 0 {
        text.truncate(text.strip_suffix(DELETED).map_or(text.len(), str::len));
    }
    let (line, masked) = command_line(argv);
    resolver.counts.secrets_masked += u64::from(masked);
    let identity = Identity {
        dev: exec.dev,
        ino: exec.ino,
        ctime: exec.ctime,
        ctime_ns: exec.ctime_ns,
        size: exec.size,
    };
    let executable = Executable { identity, fs_magic: exec.fs_magic, mntns: exec.mntns };
    let mut info = ProcessInfo {
        unique_id: resolver.unique_id(pid, exec.h.start, exec.h.exec_id),
        pid,
        start_us: resolver.clock.utc_us(exec.h.start),
        start_ns: exec.h.start,
        exec_id: exec.h.exec_id,
        file: resolver.hash(&executable, pid, &text),
        path: text,
        command_line: line,
        command_line_truncated: exec.h.flags & flag::ARGV_TRUNCATED != 0,
        secrets_masked: masked,
        working_directory: cwd.join(),
        gid: exec.gid,
        euid: exec.euid,
        sid: exec.sid,
        comm: until_nul(&exec.comm),
        ..ProcessInfo::default()
    };
    resolver.set_users(&mut info, exec.h.uid, exec.loginuid, exec.session);
    resolver.set_cgroup(&mut info, exec.h.cgroup);
    info
}

fn image_of_task(task: &Task, resolver: &mut Resolver) -> ProcessInfo {
    // In a container /proc has other numbers than the kernel: what it says is only believed of a
    // process that started at the same moment.
    let texts = if proc::is(task) { proc::texts(task.tgid) } else { proc::Texts::default() };
    let (line, masked) = command_line(&texts.argv);
    let file = match executable_of(task) {
        Some(executable) => Hashes::unread(executable.identity.size),
        None => Hashes::unknown(),
    };
    let mut info = ProcessInfo {
        unique_id: resolver.unique_id(task.tgid, task.start, task.exec_id),
        pid: task.tgid,
        start_us: resolver.clock.utc_us(task.start),
        start_ns: task.start,
        exec_id: task.exec_id,
        file,
        path: texts.path,
        command_line: line,
        command_line_truncated: texts.argv_truncated,
        secrets_masked: masked,
        working_directory: texts.cwd,
        gid: task.gid,
        euid: task.euid,
        sid: task.sid,
        comm: until_nul(&task.comm),
        parent_pid: task.ppid,
        ..ProcessInfo::default()
    };
    resolver.set_users(&mut info, task.uid, task.loginuid, task.session);
    resolver.set_cgroup(&mut info, task.cgroup);
    info
}

/// `None` where nothing says which file it is.
fn executable_of(task: &Task) -> Option<Executable> {
    let identity = Identity {
        dev: task.dev,
        ino: task.ino,
        ctime: task.ctime,
        ctime_ns: task.ctime_ns,
        size: task.size,
    };
    (task.ino != 0).then_some(Executable { identity, fs_magic: task.fs_magic, mntns: task.mntns })
}
