//! The processes that lived before capture began.

use std::os::fd::{AsFd, AsRawFd};

use libbpf_rs::libbpf_sys as sys;
use palisade_sensor_bpf::layout::{Plain, Task};

use super::maps::{self, SharedMaps};
use super::{CaptureError, load, proc};

/// No machine has more; a bound on what one scan may hold.
const TASKS_MAX: usize = 1 << 20;

/// All processes, by the kernel's iterator with exact starts, else from /proc. The flag says
/// which.
pub(crate) fn tasks(shared: &SharedMaps) -> (Vec<Task>, bool) {
    match iterate(shared) {
        Ok(tasks) if !tasks.is_empty() => (tasks, true),
        Ok(_) => (from_proc(), false),
        Err(error) => {
            tracing::info!(%error, "no task iterator; reading /proc");
            (from_proc(), false)
        }
    }
}

fn from_proc() -> Vec<Task> {
    proc::pids().into_iter().filter_map(proc::task).collect()
}

fn iterate(shared: &SharedMaps) -> Result<Vec<Task>, CaptureError> {
    use std::io::Read;
    let build = load::Build { number: 0, shared, pins: None };
    let object = load::load(palisade_sensor_bpf::TASKS, &build, |_| true)?;
    let program =
        object.progs().next().ok_or_else(|| CaptureError::other("program_missing", "list_tasks"))?;
    // SAFETY: a loaded iterator program; no options.
    let link = unsafe {
        sys::bpf_link_create(program.as_fd().as_raw_fd(), 0, sys::BPF_TRACE_ITER, std::ptr::null())
    };
    let link = maps::own(link, "iterator_failed")?;
    // SAFETY: a valid link.
    let stream = maps::own(unsafe { sys::bpf_iter_create(link.as_raw_fd()) }, "iterator_failed")?;
    let mut bytes = Vec::new();
    let most = (TASKS_MAX * size_of::<Task>()) as u64;
    std::fs::File::from(stream)
        .take(most)
        .read_to_end(&mut bytes)
        .map_err(|error| CaptureError::io("iterator_failed", error))?;
    Ok(bytes.chunks_exact(size_of::<Task>()).filter_map(Task::read).collect())
}
