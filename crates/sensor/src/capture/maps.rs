//! The pinned maps that all programs share, and plain calls on them.

use std::ffi::CString;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use libbpf_rs::libbpf_sys as sys;
use libbpf_rs::{MapCore, MapHandle, MapType};
use palisade_sensor_bpf::layout::{self, Config, CpuState, Plain, Prefix};

use super::CaptureError;

/// Names of the shared maps, in their objects and as pins.
pub(crate) const EVENTS: &str = "events";
pub(crate) const CPU_STATES: &str = "cpu_states";
pub(crate) const CONFIGS: &str = "configs";
pub(crate) const PREFIXES: &str = "prefixes";
pub(crate) const SHARED: [&str; 4] = [EVENTS, CPU_STATES, CONFIGS, PREFIXES];

/// Handles of the shared maps.
#[derive(Debug)]
pub(crate) struct SharedMaps {
    pub(crate) events: MapHandle,
    cpu_states: MapHandle,
    configs: MapHandle,
    prefixes: MapHandle,
    cpus: usize,
}

impl SharedMaps {
    /// Opens the pinned maps if all are there with our layout.
    pub(crate) fn open(dir: &Path) -> Option<Self> {
        let open = |name: &str| MapHandle::from_pinned_path(dir.join(name)).ok();
        let maps = Self {
            events: open(EVENTS)?,
            cpu_states: open(CPU_STATES)?,
            configs: open(CONFIGS)?,
            prefixes: open(PREFIXES)?,
            cpus: possible_cpus(),
        };
        let fits = maps.cpu_states.value_size() as usize == size_of::<CpuState>()
            && maps.configs.value_size() as usize == size_of::<Config>()
            && maps.prefixes.key_size() as usize == size_of::<Prefix>()
            && maps.config().ok()?.abi == u32::from(layout::ABI);
        fits.then_some(maps)
    }

    /// Creates and pins the maps.
    pub(crate) fn create(dir: &Path, ring_bytes: u32) -> Result<Self, CaptureError> {
        Self::make(Some(dir), ring_bytes)
    }

    /// Creates maps that end with this value.
    pub(crate) fn unpinned(ring_bytes: u32) -> Result<Self, CaptureError> {
        Self::make(None, ring_bytes)
    }

    fn make(dir: Option<&Path>, ring_bytes: u32) -> Result<Self, CaptureError> {
        let opts = sys::bpf_map_create_opts {
            sz: size_of::<sys::bpf_map_create_opts>() as sys::size_t,
            ..sys::bpf_map_create_opts::default()
        };
        let make = |ty, name: &str, key, value, entries| -> Result<MapHandle, CaptureError> {
            let failed =
                |e: libbpf_rs::Error| CaptureError::other("map_create_failed", format!("{name}: {e:#}"));
            let mut map = MapHandle::create(ty, Some(name), key, value, entries, &opts).map_err(failed)?;
            if let Some(dir) = dir {
                map.pin(dir.join(name)).map_err(failed)?;
            }
            Ok(map)
        };
        let state = size_of::<CpuState>() as u32;
        let config = size_of::<Config>() as u32;
        let prefix = size_of::<Prefix>() as u32;
        Ok(Self {
            events: make(MapType::RingBuf, EVENTS, 0, 0, ring_bytes)?,
            cpu_states: make(MapType::PercpuArray, CPU_STATES, 4, state, 1)?,
            configs: make(MapType::Array, CONFIGS, 4, config, 1)?,
            prefixes: make(MapType::Hash, PREFIXES, prefix, 4, 256)?,
            cpus: possible_cpus(),
        })
    }

    pub(crate) fn fd(&self, name: &str) -> Option<BorrowedFd<'_>> {
        match name {
            EVENTS => Some(self.events.as_fd()),
            CPU_STATES => Some(self.cpu_states.as_fd()),
            CONFIGS => Some(self.configs.as_fd()),
            PREFIXES => Some(self.prefixes.as_fd()),
            _ => None,
        }
    }

    pub(crate) fn cpus(&self) -> usize {
        self.cpus
    }

    pub(crate) fn config(&self) -> Result<Config, CaptureError> {
        let mut bytes = [0; size_of::<Config>()];
        lookup(self.configs.as_fd(), &0_u32.to_ne_bytes(), &mut bytes)?;
        Ok(Config::read(&bytes).unwrap_or_default())
    }

    pub(crate) fn set_config(&self, config: &Config) -> Result<(), CaptureError> {
        update(self.configs.as_fd(), &0_u32.to_ne_bytes(), config.bytes())
    }

    /// Replaces the collected prefixes.
    pub(crate) fn set_prefixes(&self, wanted: &[(Prefix, u32)]) -> Result<(), CaptureError> {
        for key in self.prefixes.keys().collect::<Vec<_>>() {
            if !wanted.iter().any(|(prefix, _)| prefix.bytes() == key) {
                let _ = self.prefixes.delete(&key);
            }
        }
        for (prefix, value) in wanted {
            update(self.prefixes.as_fd(), prefix.bytes(), &value.to_ne_bytes())?;
        }
        Ok(())
    }

    /// The state of every possible CPU.
    pub(crate) fn cpu_states(&self) -> Result<Vec<CpuState>, CaptureError> {
        let mut bytes = vec![0; size_of::<CpuState>() * self.cpus];
        lookup(self.cpu_states.as_fd(), &0_u32.to_ne_bytes(), &mut bytes)?;
        Ok(bytes.chunks_exact(size_of::<CpuState>()).filter_map(CpuState::read).collect())
    }
}

fn possible_cpus() -> usize {
    // SAFETY: no preconditions.
    usize::try_from(unsafe { sys::libbpf_num_possible_cpus() }).unwrap_or(1).max(1)
}

/// The caller's buffer has the size of the value (times the CPUs).
fn lookup(map: BorrowedFd<'_>, key: &[u8], value: &mut [u8]) -> Result<(), CaptureError> {
    // SAFETY: key and value have the sizes with which the map was created.
    let rc =
        unsafe { sys::bpf_map_lookup_elem(map.as_raw_fd(), key.as_ptr().cast(), value.as_mut_ptr().cast()) };
    if rc < 0 { Err(CaptureError::last("map_read_failed")) } else { Ok(()) }
}

fn update(map: BorrowedFd<'_>, key: &[u8], value: &[u8]) -> Result<(), CaptureError> {
    // SAFETY: key and value have the sizes with which the map was created.
    let rc =
        unsafe { sys::bpf_map_update_elem(map.as_raw_fd(), key.as_ptr().cast(), value.as_ptr().cast(), 0) };
    if rc < 0 { Err(CaptureError::last("map_write_failed")) } else { Ok(()) }
}

/// Pins what `fd` refers to.
pub(crate) fn pin(fd: BorrowedFd<'_>, path: &Path) -> Result<(), CaptureError> {
    let name = CString::new(path.as_os_str().as_bytes())
        .map_err(|_| CaptureError::other("pin_failed", "a NUL in the path"))?;
    // SAFETY: a valid descriptor and a NUL-terminated path.
    let rc = unsafe { sys::bpf_obj_pin(fd.as_raw_fd(), name.as_ptr()) };
    if rc < 0 { Err(CaptureError::last("pin_failed")) } else { Ok(()) }
}

/// Takes ownership of a descriptor that libbpf returned.
pub(crate) fn own(fd: i32, code: &'static str) -> Result<OwnedFd, CaptureError> {
    if fd < 0 {
        return Err(CaptureError::io(code, std::io::Error::from_raw_os_error(-fd)));
    }
    // SAFETY: libbpf hands over a new descriptor.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
