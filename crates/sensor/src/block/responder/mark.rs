//! The kernel's marks: single inodes only, never a mount or a file system, and never what runs the machine.

use std::collections::{HashMap, HashSet, VecDeque};
use std::ffi::CString;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::AT_FDCWD;
use nix::sys::fanotify::{
    EventFFlags, Fanotify, FanotifyEvent, FanotifyResponse, InitFlags, MarkFlags, MaskFlags, Response,
};
use palisade_inventory::open_at;

use super::Reach;
use super::answer::identity;
use crate::block::words::{MAX_FILES, MAX_NAMED, Mark, Rung};
use crate::never_touch;

/// File systems on this machine's own disks and memory. On another one a look at a file may hang for ever.
const LOCAL: [i64; 14] = [
    0xEF53,      // ext2, ext3, ext4
    0x5846_5342, // xfs
    0x9123_683E, // btrfs
    0x0102_1994, // tmpfs
    0x8584_58F6, // ramfs
    0x794C_7630, // overlay
    0xF2F5_2010, // f2fs
    0x2FC1_2FC1, // zfs
    0xCA45_1A4E, // bcachefs
    0x3153_464A, // jfs
    0x5265_4973, // reiserfs
    0xE0F5_E1E2, // erofs
    0x7371_7368, // squashfs
    0x3434,      // nilfs2
];

/// Whether the file lies on this machine itself.
pub fn is_local(fd: BorrowedFd<'_>) -> bool {
    // SAFETY: statfs is plain data that the kernel fills in.
    let (done, stat) = unsafe {
        let mut stat: libc::statfs = std::mem::zeroed();
        (libc::fstatfs(fd.as_raw_fd(), &raw mut stat), stat)
    };
    #[allow(clippy::useless_conversion, reason = "the type differs between architectures")]
    let magic = i64::from(stat.f_type);
    done == 0 && LOCAL.contains(&magic)
}

/// One of the two ways in which a file is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The kernel asks.
    Ask,
    /// The kernel tells.
    Tell,
}

/// The groups and what is marked in them.
pub struct Marks {
    /// The group that is asked; absent below that rung.
    asks: Option<Fanotify>,
    /// The group that is told.
    tells: Fanotify,
    rung: Rung,
    protected: HashSet<(u64, u64)>,
    marked: HashMap<(u64, u64), (Kind, String)>,
    todo: VecDeque<Step>,
    failed: Vec<(usize, String)>,
    working: bool,
}

enum Step {
    Add(usize, Mark),
    Remove((u64, u64)),
}

fn group(class: InitFlags) -> nix::Result<Fanotify> {
    let flags = class | InitFlags::FAN_CLOEXEC | InitFlags::FAN_NONBLOCK;
    Fanotify::init(flags, EventFFlags::O_RDONLY | EventFFlags::O_LARGEFILE | EventFFlags::O_CLOEXEC)
}

/// A file of nobody on which a mask is tried.
fn takes(group: &Fanotify, mask: MaskFlags) -> Result<(), String> {
    // SAFETY: the name ends with a zero byte; the descriptor is owned by nobody else.
    let file = unsafe {
        let fd = libc::memfd_create(c"palisade".as_ptr(), libc::MFD_CLOEXEC);
        if fd < 0 {
            return Err(std::io::Error::last_os_error().to_string());
        }
        <OwnedFd as std::os::fd::FromRawFd>::from_raw_fd(fd)
    };
    change(group, MarkFlags::FAN_MARK_ADD, mask, file.as_fd()).map_err(|e| e.to_string())
}

fn change(group: &Fanotify, flags: MarkFlags, mask: MaskFlags, file: BorrowedFd<'_>) -> nix::Result<()> {
    // By its descriptor, so that it is the file that was looked at.
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    group.mark(flags, mask, AT_FDCWD, Some(path.as_str()))
}

fn mask(kind: Kind) -> MaskFlags {
    match kind {
        Kind::Ask => MaskFlags::FAN_OPEN_EXEC_PERM,
        Kind::Tell => MaskFlags::FAN_OPEN_EXEC,
    }
}

impl Marks {
    /// Takes the best rung within `reach`; what the kernel said to better ones goes into `notes`.
    ///
    /// # Errors
    /// Why there is none at all.
    pub fn open(reach: Reach, notes: &mut Vec<String>) -> Result<Self, String> {
        let tells = group(InitFlags::FAN_CLASS_NOTIF).map_err(|e| format!("no fanotify: {e}"))?;
        takes(&tells, mask(Kind::Tell)).map_err(|e| format!("no notice of executions: {e}"))?;
        let mut asks = None;
        if reach == Reach::Enforce {
            let opened = group(InitFlags::FAN_CLASS_CONTENT).map_err(|e| e.to_string());
            match opened.and_then(|g| takes(&g, mask(Kind::Ask)).map(|()| g)) {
                Ok(group) => asks = Some(group),
                Err(why) => notes.push(format!("the kernel asks nobody before it executes: {why}")),
            }
        }
        let rung = match (reach, asks.is_some()) {
            (Reach::Detect, _) => Rung::Detect,
            (_, true) => Rung::Fanotify,
            (_, false) => Rung::Kill,
        };
        Ok(Self {
            asks,
            tells,
            rung,
            protected: never_touch::inodes(Path::new("/")),
            marked: HashMap::new(),
            todo: VecDeque::new(),
            failed: Vec::new(),
            working: false,
        })
    }

    /// The rung in force.
    pub fn rung(&self) -> Rung {
        self.rung
    }

    /// Marks these files from now on, and no others.
    pub fn want(&mut self, wanted: Vec<Mark>) {
        let keep: HashMap<(u64, u64), Kind> =
            wanted.iter().map(|m| ((m.identity.dev, m.identity.ino), self.kind(m.block))).collect();
        let gone = self.marked.iter().filter(|(file, (kind, _))| keep.get(*file) != Some(kind));
        self.todo = gone.map(|(file, _)| Step::Remove(*file)).collect();
        self.todo.extend(wanted.into_iter().take(MAX_FILES).enumerate().map(|(i, m)| Step::Add(i, m)));
        self.failed.clear();
        self.working = true;
    }

    fn kind(&self, block: bool) -> Kind {
        if block && self.asks.is_some() { Kind::Ask } else { Kind::Tell }
    }

    /// Whether there is work to do.
    pub fn pending(&self) -> bool {
        self.working
    }

    /// Does some of it; true once all of it is done.
    pub fn step(&mut self, most: usize) -> bool {
        if !self.working {
            return false;
        }
        for _ in 0..most {
            match self.todo.pop_front() {
                Some(Step::Add(index, mark)) => {
                    if let Err(why) = self.add(&mark)
                        && self.failed.len() < MAX_NAMED
                    {
                        self.failed.push((index, why));
                    }
                }
                Some(Step::Remove(file)) => self.remove(file),
                None => {
                    self.working = false;
                    return true;
                }
            }
        }
        false
    }

    /// How many files are marked, and which could not be.
    pub fn outcome(&mut self) -> (usize, Vec<(usize, String)>) {
        (self.marked.len(), std::mem::take(&mut self.failed))
    }

    fn add(&mut self, wanted: &Mark) -> Result<(), String> {
        let kind = self.kind(wanted.block);
        let id = (wanted.identity.dev, wanted.identity.ino);
        if self.marked.get(&id).is_some_and(|(is, _)| *is == Kind::Ask || *is == kind) {
            return Ok(());
        }
        let file = place(&wanted.path).map_err(|e| e.to_string())?;
        if identity(file.as_fd()) != Some(wanted.identity) {
            return Err("block_file_changed".into());
        }
        if self.protected.contains(&id) {
            return Err("block_refused_never_touch".into());
        }
        if !is_local(file.as_fd()) {
            return Err("block_foreign_file_system".into());
        }
        let group = self.group(kind);
        change(group, MarkFlags::FAN_MARK_ADD, mask(kind), file.as_fd()).map_err(|e| e.to_string())?;
        self.marked.insert(id, (kind, wanted.path.clone()));
        Ok(())
    }

    fn group(&self, kind: Kind) -> &Fanotify {
        match (&self.asks, kind) {
            (Some(asks), Kind::Ask) => asks,
            _ => &self.tells,
        }
    }

    /// Where the file is no longer by that name its mark stays until it is executed or deleted, and says
    /// nothing: it is in no table.
    fn remove(&mut self, id: (u64, u64)) {
        let Some((kind, path)) = self.marked.remove(&id) else { return };
        let Ok(file) = place(&path) else { return };
        if identity(file.as_fd()).is_some_and(|i| (i.dev, i.ino) == id) {
            let _ = change(self.group(kind), MarkFlags::FAN_MARK_REMOVE, mask(kind), file.as_fd());
        }
    }

    /// Takes the mark off a file that is in no table.
    pub fn forget(&self, file: BorrowedFd<'_>) {
        for (group, kind) in self.asks.iter().map(|g| (g, Kind::Ask)).chain([(&self.tells, Kind::Tell)]) {
            let _ = change(group, MarkFlags::FAN_MARK_REMOVE, mask(kind), file);
        }
    }

    /// What becomes readable when somebody waits for an answer.
    pub fn question_fd(&self) -> Option<BorrowedFd<'_>> {
        self.asks.as_ref().map(AsFd::as_fd)
    }

    /// What becomes readable when something was executed.
    pub fn notice_fd(&self) -> BorrowedFd<'_> {
        self.tells.as_fd()
    }

    /// Executions that wait for an answer.
    pub fn questions(&self) -> Vec<FanotifyEvent> {
        self.asks.as_ref().map(events).unwrap_or_default()
    }

    /// Executions that took place.
    pub fn notices(&self) -> Vec<FanotifyEvent> {
        events(&self.tells)
    }

    /// Answers for a file that somebody waits to execute.
    pub fn reply(&self, file: BorrowedFd<'_>, denied: bool) {
        let answer = if denied { Response::FAN_DENY } else { Response::FAN_ALLOW };
        let Some(asks) = &self.asks else { return };
        if asks.write_response(FanotifyResponse::new(file, answer)).is_err() && denied {
            // An answer that the kernel does not take would leave somebody waiting.
            let _ = asks.write_response(FanotifyResponse::new(file, Response::FAN_ALLOW));
        }
    }
}

fn events(group: &Fanotify) -> Vec<FanotifyEvent> {
    match group.read_events() {
        Ok(events) => events,
        Err(Errno::EAGAIN | Errno::EINTR) => Vec::new(),
        // The kernel could not hand the file over; it has answered by itself.
        Err(_) => Vec::new(),
    }
}

/// The file at a path, as a place only: nothing is read, no link is followed, no permission event is raised.
fn place(path: &str) -> std::io::Result<OwnedFd> {
    let name = CString::new(path)?;
    let fd = open_at(libc::AT_FDCWD, &name, libc::O_PATH | libc::O_NOFOLLOW)?;
    Ok(fd)
}
