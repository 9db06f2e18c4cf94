//! Loads, attaches and pins; takes over what an earlier run of the sensor left running.

use std::cell::RefCell;
use std::ffi::CString;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;

use libbpf_rs::libbpf_sys as sys;
use libbpf_rs::{MapCore, MapHandle, Object, ObjectBuilder, OpenMapMut, PrintLevel};

use super::ladder::{Attach, Ladder, Rung};
use super::maps::{self, SharedMaps};
use super::mounts::Tracefs;
use super::{CaptureError, ComponentState};

thread_local! {
    /// What libbpf last complained about on this thread.
    static COMPLAINTS: RefCell<String> = const { RefCell::new(String::new()) };
}

const COMPLAINTS_MAX: usize = 2000;

/// What is said of a component that an earlier run left attached.
pub(crate) const REUSED: &str = "reused";

/// Begins the names of pins that belong to the build before, while this one takes over.
pub(crate) const BEFORE: &str = "before_";

/// The map into which the loader writes the build; `.rodata.own` in the sources.
const OWN: &str = ".rodata.own";

/// What calls, open files and connections have begun: handed from one build to the next.
const STATE: [&str; 5] = ["pendings", "writers", "writing", "calling", "attempts"];

/// What the programs of one start have in common.
pub(crate) struct Build<'a> {
    /// Names it: programs act while the configuration has this number.
    pub(crate) number: u64,
    pub(crate) shared: &'a SharedMaps,
    /// Where what it keeps is pinned; nothing is pinned without.
    pub(crate) pins: Option<&'a Path>,
}

/// Sends libbpf's words to the log and keeps warnings for the component's state.
pub(crate) fn listen_to_libbpf() {
    libbpf_rs::set_print(Some((PrintLevel::Warn, |_, text| {
        tracing::debug!(target: "libbpf", "{}", text.trim_end());
        COMPLAINTS.with_borrow_mut(|kept| {
            if kept.len() + text.len() < COMPLAINTS_MAX {
                kept.push_str(text.trim_end());
                kept.push_str("; ");
            }
        });
    })));
}

/// Brings one component up: reuses a complete set of pinned links, or tries rung after rung.
pub(crate) fn bring_up(
    ladder: &Ladder,
    pins: &Path,
    build: &Build<'_>,
    forced: Option<u8>,
) -> ComponentState {
    let last = ladder.rungs.len();
    if let Some(rung) = attached_rung(ladder, pins)
        && match forced {
            Some(forced) => usize::from(forced).clamp(1, last) == rung,
            // What kept the first rung from loading may be over.
            None => rung == 1 || load_rung(ladder, &ladder.rungs[0], build).is_err(),
        }
    {
        return ComponentState::ok(ladder.name, rung, ladder.rungs[rung - 1].mechanism, REUSED);
    }
    remove_links(ladder.name, pins);
    let mut failures = Vec::new();
    for (index, rung) in ladder.rungs.iter().enumerate() {
        let number = index + 1;
        // A component with fewer rungs than the forced one uses its last.
        if forced.is_some_and(|f| usize::from(f).clamp(1, last) != number) {
            continue;
        }
        COMPLAINTS.with_borrow_mut(String::clear);
        match try_rung(ladder, number, rung, pins, build) {
            Ok(missing) => {
                let mut state = ComponentState::ok(ladder.name, number, rung.mechanism, "attached");
                if !missing.is_empty() {
                    state.detail = format!("attached; not in this kernel: {}", missing.join(", "));
                }
                if !failures.is_empty() {
                    state.detail = format!("{}; {}", state.detail, failures.join("; "));
                }
                return state;
            }
            Err(error) => {
                remove_links(ladder.name, pins);
                let said = COMPLAINTS.with_borrow(Clone::clone);
                tracing::warn!(component = ladder.name, rung = number, %error, "rung does not attach");
                failures.push(format!("rung {number} ({}): {error} {said}", rung.mechanism));
            }
        }
    }
    ComponentState::failed(ladder.name, failures.join("; "))
}

fn try_rung(
    ladder: &Ladder,
    number: usize,
    rung: &Rung,
    pins: &Path,
    build: &Build<'_>,
) -> Result<Vec<&'static str>, CaptureError> {
    let object = load_rung(ladder, rung, build)?;
    let mut tracefs = None;
    let mut missing = Vec::new();
    let all = rung.attach.iter().map(|a| (a, false)).chain(rung.optional.iter().map(|a| (a, true)));
    for (index, (attach, optional)) in all.enumerate() {
        let program = object
            .progs()
            .find(|p| p.name() == attach.program())
            .ok_or_else(|| CaptureError::other("program_missing", attach.program()))?;
        let link = match attach_program(program.as_fd(), attach, &mut tracefs) {
            Err(error) if optional && error.code() == "tracepoint_unknown" => {
                if let Attach::Classic(_, event) = attach {
                    missing.push(*event);
                }
                continue;
            }
            other => other?,
        };
        maps::pin(link.as_fd(), &pins.join(link_name(ladder.name, number, index)))?;
    }
    // Pinned last: its presence says that the set is complete.
    let mark = rung.attach.first().map_or("", Attach::program);
    if let Some(program) = object.progs().find(|p| p.name() == mark) {
        maps::pin(program.as_fd(), &pins.join(complete_name(ladder.name, number)))?;
    }
    Ok(missing)
}

/// Loads one rung of a ladder, the best that this kernel takes, and lets it go again.
pub(crate) fn trial(ladder: &Ladder, build: &Build<'_>) -> Result<(), CaptureError> {
    let mut failures = Vec::new();
    for rung in ladder.rungs {
        COMPLAINTS.with_borrow_mut(String::clear);
        match load_rung(ladder, rung, build) {
            Ok(_) => return Ok(()),
            Err(error) => {
                let said = COMPLAINTS.with_borrow(Clone::clone);
                failures.push(format!("{}: {error} {said}", rung.mechanism));
            }
        }
    }
    Err(CaptureError::other("object_load_failed", failures.join("; ")))
}

fn load_rung(ladder: &Ladder, rung: &Rung, build: &Build<'_>) -> Result<Object, CaptureError> {
    load(ladder.object, build, |name| rung.attach.iter().chain(rung.optional).any(|a| a.program() == name))
}

/// Opens and loads an object with the wanted programs on the shared maps.
pub(crate) fn load(
    bytes: &[u8],
    build: &Build<'_>,
    wanted: impl Fn(&str) -> bool,
) -> Result<Object, CaptureError> {
    let failed = |e: libbpf_rs::Error| CaptureError::other("object_load_failed", format!("{e:#}"));
    let mut open = ObjectBuilder::default().open_memory(bytes).map_err(failed)?;
    for mut map in open.maps_mut() {
        let name = map.name().to_string_lossy().into_owned();
        if let Some(fd) = build.shared.fd(&name) {
            map.reuse_fd(fd).map_err(failed)?;
        } else if name == OWN {
            map.set_initial_value(&build.number.to_ne_bytes()).map_err(failed)?;
        } else if STATE.contains(&name.as_str())
            && let Some(pins) = build.pins
        {
            // libbpf takes what is pinned there, or pins what it makes.
            let pin = pins.join(state_name(&name));
            if !fits(&map, &pin) {
                let _ = std::fs::remove_file(&pin);
            }
            map.set_pin_path(&pin).map_err(failed)?;
        }
    }
    for mut program in open.progs_mut() {
        let load = program.name().to_str().is_some_and(&wanted);
        program.set_autoload(load);
    }
    open.load().map_err(failed)
}

/// Whether nothing is pinned there, or a map of the same shape.
fn fits(map: &OpenMapMut<'_>, pin: &Path) -> bool {
    let Ok(pinned) = MapHandle::from_pinned_path(pin) else {
        return !pin.exists();
    };
    pinned.map_type() == map.map_type()
        && (pinned.key_size(), pinned.value_size()) == (map.key_size(), map.value_size())
        && pinned.max_entries() == map.max_entries()
}

fn attach_program(
    program: BorrowedFd<'_>,
    how: &Attach,
    tracefs: &mut Option<Tracefs>,
) -> Result<OwnedFd, CaptureError> {
    match how {
        Attach::Btf(_) => {
            // SAFETY: a loaded program; the name is only for raw tracepoints.
            let fd = unsafe { sys::bpf_raw_tracepoint_open(std::ptr::null(), program.as_raw_fd()) };
            maps::own(fd, "attach_failed")
        }
        Attach::Raw(_, tracepoint) => {
            let name = CString::new(*tracepoint).expect("our names have no NUL");
            // SAFETY: a loaded program and a NUL-terminated name.
            let fd = unsafe { sys::bpf_raw_tracepoint_open(name.as_ptr(), program.as_raw_fd()) };
            maps::own(fd, "attach_failed")
        }
        Attach::Classic(_, event) => {
            let tracefs = match tracefs {
                Some(open) => open,
                none => none.insert(Tracefs::open()?),
            };
            attach_classic(program, tracefs.id(event)?)
        }
    }
}

fn attach_classic(program: BorrowedFd<'_>, id: u64) -> Result<OwnedFd, CaptureError> {
    const TRACEPOINT: u32 = 2;
    const CLOEXEC: u64 = 8;
    let attr = sys::perf_event_attr {
        type_: TRACEPOINT,
        size: size_of::<sys::perf_event_attr>() as u32,
        config: id,
        ..sys::perf_event_attr::default()
    };
    // One event, counted for all processes on CPU 0: the program runs on every CPU.
    // SAFETY: the attribute lives through the call.
    let event =
        unsafe { libc::syscall(libc::SYS_perf_event_open, std::ptr::from_ref(&attr), -1, 0, -1, CLOEXEC) };
    if event < 0 {
        return Err(CaptureError::last("perf_event_failed"));
    }
    let event = maps::own(event as i32, "perf_event_failed")?;
    // SAFETY: valid descriptors; no options. The link holds the event after we close it.
    let link = unsafe {
        sys::bpf_link_create(program.as_raw_fd(), event.as_raw_fd(), sys::BPF_PERF_EVENT, std::ptr::null())
    };
    let link = maps::own(link, "attach_failed")?;
    const ENABLE: libc::c_ulong = 0x2400;
    // SAFETY: an ioctl without argument on our event.
    if unsafe { libc::ioctl(event.as_raw_fd(), ENABLE as _, 0) } < 0 {
        return Err(CaptureError::last("perf_event_failed"));
    }
    Ok(link)
}

fn link_name(component: &str, rung: usize, index: usize) -> String {
    format!("link_{component}_{rung}_{index}")
}

fn complete_name(component: &str, rung: usize) -> String {
    format!("all_{component}_{rung}")
}

fn state_name(map: &str) -> String {
    format!("state_{map}")
}

/// Removes the maps of what has begun.
pub(crate) fn remove_state(pins: &Path) {
    for name in STATE {
        let _ = std::fs::remove_file(pins.join(state_name(name)));
    }
}

/// Puts the links of the build that acts aside, so that another can be attached beside it. What an earlier
/// attempt put aside acts still, and what it attached never did.
pub(crate) fn put_aside(ladders: &[Ladder], pins: &Path) {
    if !names(pins, BEFORE).is_empty() {
        ladders.iter().for_each(|ladder| remove_links(ladder.name, pins));
        return;
    }
    for ladder in ladders {
        for prefix in prefixes(ladder.name) {
            for name in names(pins, &prefix) {
                let pin = pins.join(&name);
                if let Err(error) = std::fs::rename(&pin, pins.join(format!("{BEFORE}{name}"))) {
                    // A gap is better than a name that is taken, which would keep ours from attaching.
                    tracing::warn!(%error, name, "a link cannot be put aside and is removed");
                    let _ = std::fs::remove_file(&pin);
                }
            }
        }
    }
}

/// Removes the links that were put aside.
pub(crate) fn remove_aside(pins: &Path) {
    for name in names(pins, BEFORE) {
        let _ = std::fs::remove_file(pins.join(name));
    }
}

/// The rung whose links are all pinned.
fn attached_rung(ladder: &Ladder, pins: &Path) -> Option<usize> {
    (1..=ladder.rungs.len()).find(|rung| pins.join(complete_name(ladder.name, *rung)).exists())
}

/// Removes a component's links, which detaches its programs. The mark of completeness goes first.
pub(crate) fn remove_links(component: &str, pins: &Path) {
    for prefix in prefixes(component) {
        for name in names(pins, &prefix) {
            let _ = std::fs::remove_file(pins.join(name));
        }
    }
}

fn prefixes(component: &str) -> [String; 2] {
    [format!("all_{component}_"), format!("link_{component}_")]
}

/// Names in the folder that begin so.
fn names(pins: &Path, prefix: &str) -> Vec<String> {
    let entries = std::fs::read_dir(pins).into_iter().flatten().filter_map(Result::ok);
    entries.filter_map(|e| e.file_name().into_string().ok()).filter(|n| n.starts_with(prefix)).collect()
}
