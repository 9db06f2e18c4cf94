//! The walk: depth first, by folders that are opened one below the other, so that nothing moves under it.

use std::ffi::CString;
use std::os::fd::{AsRawFd, OwnedFd};
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::names::{self, Sort};
use super::tree::{self, Names, Tree};
use super::{Found, elf, java, node, python, ruby};
use crate::error::{InventoryError, Result};
use crate::limits::Limits;
use crate::model::{Package, Source};
use crate::root::{Class, Kind, Listing, Root, Stamp, open_to_read, stamp_at, stamp_of};

/// What the names in a folder mean.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Anything,
    /// Each folder is a package of Node, or a scope of such.
    NodeModules,
    /// Files that describe Ruby's packages.
    Specifications,
}

/// A folder that is still to be walked.
struct Job {
    parent: Rc<OwnedFd>,
    number: u32,
    name: Box<[u8]>,
    path: String,
    depth: usize,
    inside: Inside,
}

/// Packages of languages below `root`, and the tree by which a change is seen.
pub(crate) fn walk(root: &Root, limits: &Limits) -> (Vec<Package>, Vec<Source>, Tree) {
    let mut walk = Walk {
        root,
        limits,
        packages: Vec::new(),
        problems: Vec::new(),
        tree: Tree::default(),
        entries: 0,
        start: (Instant::now(), thread_time()),
    };
    let done = walk.run();
    let mut sources = walk.problems;
    let whole = match done {
        Ok(()) => Source::read("languages", "/", walk.packages.len()),
        Err(e) => Source::failed("languages", "/", walk.packages.len(), &e),
    };
    sources.insert(0, whole);
    (walk.packages, sources, walk.tree)
}

/// Files that could not be read and are named one by one.
const MAX_PROBLEMS: usize = 200;

struct Walk<'a> {
    root: &'a Root,
    limits: &'a Limits,
    packages: Vec<Package>,
    problems: Vec<Source>,
    tree: Tree,
    entries: u64,
    start: (Instant, Duration),
}

impl Walk<'_> {
    fn run(&mut self) -> Result<()> {
        let top = Rc::new(self.root.top()?);
        let mut jobs = vec![Job {
            parent: top,
            number: tree::TOP,
            name: b"."[..].into(),
            path: String::new(),
            depth: 0,
            inside: Inside::Anything,
        }];
        let (mut listing, mut cut) = (Listing::default(), None);
        while let Some(job) = jobs.pop() {
            self.check()?;
            match self.folder(&job, &mut listing, &mut jobs) {
                Ok(()) => {}
                // A folder that is gone, or that we may not read, is not the end of the walk.
                Err(InventoryError::Io(e)) => {
                    if e.kind() != std::io::ErrorKind::NotFound {
                        self.problem(&job.path, &e.into());
                    }
                }
                Err(e) => cut = Some(e),
            }
        }
        cut.map_or(Ok(()), Err)
    }

    fn check(&self) -> Result<()> {
        let over = self.start.0.elapsed() > self.limits.walk_time
            || thread_time().saturating_sub(self.start.1) > self.limits.walk_cpu;
        match () {
            () if over => Err(InventoryError::OutOfTime),
            () if self.entries > self.limits.entries => Err(InventoryError::TooMany("names")),
            () if self.packages.len() > self.limits.items => Err(InventoryError::TooMany("packages")),
            () => Ok(()),
        }
    }

    fn problem(&mut self, path: &str, error: &InventoryError) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(Source::failed("languages", path, 0, error));
        }
    }

    fn folder(&mut self, job: &Job, listing: &mut Listing, jobs: &mut Vec<Job>) -> Result<()> {
        let name = CString::new(&job.name[..]).map_err(|_| InventoryError::WrongKind)?;
        let flags = libc::O_DIRECTORY | libc::O_NOFOLLOW;
        let fd = Rc::new(open_to_read(job.parent.as_raw_fd(), &name, flags)?);
        let stamp = stamp_of(fd.as_raw_fd())?;
        listing.read(fd.as_raw_fd())?;
        let number = self.tree.folder(job.number, &job.name, &stamp);
        self.entries += listing.len() as u64;
        let (first, mut deeper, mut seen) = (jobs.len(), false, Names::default());
        for (name, kind) in listing.iter() {
            let Some((kind, path)) = relevant(self.root, fd.as_raw_fd(), &job.path, name, kind) else {
                continue;
            };
            seen.add(name);
            if kind == Kind::File {
                self.file(&fd, number, name, &path, job.inside);
            } else if job.depth + 1 >= self.limits.depth {
                deeper = true;
            } else if let Some(inside) = self.subfolder(&fd, number, name, &path, job.inside) {
                jobs.push(Job {
                    parent: Rc::clone(&fd),
                    number,
                    name: name.into(),
                    path,
                    depth: job.depth + 1,
                    inside,
                });
            }
        }
        self.tree.names(number, seen);
        // So that the walk goes in the order of the folder.
        jobs[first..].reverse();
        if deeper { Err(InventoryError::TooDeep) } else { Ok(()) }
    }

    /// A folder in a folder: what it is a package of, and what its names mean; nothing if it is not walked.
    fn subfolder(
        &mut self,
        fd: &Rc<OwnedFd>,
        number: u32,
        name: &[u8],
        path: &str,
        inside: Inside,
    ) -> Option<Inside> {
        if name.ends_with(b".dist-info") || name.ends_with(b".egg-info") {
            self.take(fd, number, name, path, python::folder);
            return None;
        }
        if inside == Inside::NodeModules {
            if name.starts_with(b"@") {
                return Some(Inside::NodeModules);
            }
            self.take(fd, number, name, path, node::folder);
            return Some(Inside::Anything);
        }
        match name {
            b"EGG-INFO" => {
                self.take(fd, number, name, path, python::folder);
                None
            }
            b"node_modules" => Some(Inside::NodeModules),
            b"specifications" => Some(Inside::Specifications),
            b"default" if inside == Inside::Specifications => Some(Inside::Specifications),
            _ => Some(Inside::Anything),
        }
    }

    fn file(&mut self, fd: &Rc<OwnedFd>, number: u32, name: &[u8], path: &str, inside: Inside) {
        let reader: Reader = match names::sort(name) {
            Sort::Nothing => return,
            Sort::GemSpec if inside != Inside::Specifications => return,
            Sort::GemSpec => ruby::file,
            Sort::EggInfo => python::file,
            Sort::Java => java::file,
            Sort::Program => elf::file,
        };
        self.take(fd, number, name, path, reader);
    }

    /// Reads what a file or folder is a package of.
    fn take(&mut self, fd: &Rc<OwnedFd>, number: u32, name: &[u8], path: &str, reader: Reader) {
        let found = Found { folder: fd.as_raw_fd(), name, path, limits: self.limits };
        match reader(&found) {
            Ok(Some((packages, stamp))) => {
                if stamp.kind() == Kind::File {
                    self.tree.file(number, name, &stamp);
                }
                self.packages.extend(packages);
            }
            Ok(None) => {}
            Err(e) if e.is_absent() => {}
            Err(e) => self.problem(path, &e),
        }
    }
}

/// Packages of one file or folder and the state it was in; nothing if it is no such thing.
pub(super) type Read = Result<Option<(Vec<Package>, Stamp)>>;
type Reader = fn(&Found<'_>) -> Read;

/// A file or folder that the walk has an eye for, and its path; nothing for all others.
fn relevant(root: &Root, fd: i32, folder: &str, name: &[u8], kind: Kind) -> Option<(Kind, String)> {
    let stamp = || CString::new(name).ok().and_then(|name| stamp_at(fd, &name).ok());
    let kind = if kind == Kind::Unknown { stamp()?.kind() } else { kind };
    let wanted = match kind {
        Kind::Folder => true,
        Kind::File => match names::sort(name) {
            Sort::Nothing => false,
            Sort::Program => stamp().is_some_and(|s| elf::may_be(&s)),
            Sort::EggInfo | Sort::GemSpec | Sort::Java => true,
        },
        Kind::Link | Kind::Other | Kind::Unknown => false,
    };
    if !wanted {
        return None;
    }
    let path = format!("{folder}/{}", String::from_utf8_lossy(name));
    let foreign = || root.mounts().class(path.as_bytes()).is_some_and(|c| c != Class::Disk);
    (kind == Kind::File || !names::skipped(&path, name) && !foreign()).then_some((kind, path))
}

/// Whether anything that the walk has an eye for is not as it was.
pub(crate) fn differs(root: &Root, tree: &mut Tree) -> Result<bool> {
    let listing = std::cell::RefCell::new(Listing::default());
    tree.differs(root, |fd, path| {
        let mut listing = listing.borrow_mut();
        listing.read(fd)?;
        let mut seen = Names::default();
        for (name, kind) in listing.iter() {
            if relevant(root, fd, path, name, kind).is_some() {
                seen.add(name);
            }
        }
        Ok(seen)
    })
}

/// Processor time of this thread.
fn thread_time() -> Duration {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the kernel fills in the structure.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut t) };
    Duration::new(u64::try_from(t.tv_sec).unwrap_or(0), u32::try_from(t.tv_nsec).unwrap_or(0))
}

impl Found<'_> {
    /// Opens the file, or one below the folder that was found; links are not followed.
    pub(super) fn open(&self, below: Option<&str>) -> Result<(std::fs::File, Stamp)> {
        let mut name = self.name.to_vec();
        let mut folder = None;
        if let Some(below) = below {
            let c = CString::new(name).map_err(|_| InventoryError::WrongKind)?;
            let flags = libc::O_PATH | libc::O_DIRECTORY | libc::O_NOFOLLOW;
            folder = Some(crate::root::open_at(self.folder, &c, flags)?);
            name = below.as_bytes().to_vec();
        }
        let c = CString::new(name).map_err(|_| InventoryError::WrongKind)?;
        let at = folder.as_ref().map_or(self.folder, AsRawFd::as_raw_fd);
        // First only as a place: to open a device is to do something with it already.
        let place = crate::root::open_at(at, &c, libc::O_PATH | libc::O_NOFOLLOW)?;
        let stamp = stamp_of(place.as_raw_fd())?;
        match stamp.kind() {
            Kind::File => Ok((crate::root::read_at(&place)?.into(), stamp)),
            // A link is somebody else's file: the walk comes to it by itself, if it is within the root.
            Kind::Link => Err(std::io::Error::from(std::io::ErrorKind::NotFound).into()),
            _ => Err(InventoryError::WrongKind),
        }
    }

    /// The first bytes of such a file.
    pub(super) fn start(&self, below: Option<&str>, max: u64) -> Result<(Vec<u8>, Stamp)> {
        use std::io::Read;
        let (file, stamp) = self.open(below)?;
        let mut out = Vec::new();
        file.take(max).read_to_end(&mut out)?;
        Ok((out, stamp))
    }
}
