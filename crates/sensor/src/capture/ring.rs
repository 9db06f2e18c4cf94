//! Our own consumer of the pinned ring: it moves the consumer position only on commit.

use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::CaptureError;

const BUSY: u32 = 1 << 31;
const DISCARD: u32 = 1 << 30;
const HEADER: u64 = 8;

/// Mapped ring; records stay in place until [`Ring::commit`].
#[derive(Debug)]
pub(crate) struct Ring {
    consumer: *mut u8,
    producer: *mut u8,
    producer_len: usize,
    page: usize,
    size: u64,
    /// Position up to which records were handed out.
    read: u64,
    /// The last drain ended at a record that is still being written.
    blocked: bool,
}

// SAFETY: the mappings belong to this value alone and are reached through &mut self or atomics.
unsafe impl Send for Ring {}

impl Ring {
    /// Maps the ring behind `map`, which holds `size` bytes of data.
    pub(crate) fn map(map: BorrowedFd<'_>, size: u32) -> Result<Self, CaptureError> {
        // SAFETY: sysconf has no preconditions.
        let page = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096);
        let size = u64::from(size);
        let producer_len = page + 2 * size as usize;
        let consumer = mmap(map, page, libc::PROT_READ | libc::PROT_WRITE, 0)?;
        let producer = match mmap(map, producer_len, libc::PROT_READ, page) {
            Ok(at) => at,
            Err(error) => {
                // SAFETY: unmaps what was mapped above.
                unsafe { libc::munmap(consumer.cast(), page) };
                return Err(error);
            }
        };
        let mut ring = Self { consumer, producer, producer_len, page, size, read: 0, blocked: false };
        ring.read = ring.consumer_position().load(Ordering::Acquire);
        Ok(ring)
    }

    fn consumer_position(&self) -> &AtomicU64 {
        // SAFETY: the page is mapped for the life of self and begins with the position.
        unsafe { AtomicU64::from_ptr(self.consumer.cast()) }
    }

    fn producer_position(&self) -> u64 {
        // SAFETY: as above; the kernel writes it, we only load.
        unsafe { (*self.producer.cast::<AtomicU64>()).load(Ordering::Acquire) }
    }

    /// Hands out up to `most` records that were not handed out yet. Returns whether more wait.
    pub(crate) fn drain(&mut self, most: usize, mut each: impl FnMut(&[u8])) -> bool {
        let end = self.producer_position();
        let mut count = 0;
        self.blocked = false;
        while self.read < end {
            if count == most {
                return true;
            }
            let at = (self.read & (self.size - 1)) as usize;
            // SAFETY: the data pages are mapped twice in a row, so that a record that wraps is
            // contiguous; `at` is below `size` and positions are multiples of 8.
            let record = unsafe { self.producer.add(self.page + at) };
            // SAFETY: a record begins with its length word.
            let word = unsafe { (*record.cast::<AtomicU32>()).load(Ordering::Acquire) };
            if word & BUSY != 0 {
                self.blocked = true;
                return false;
            }
            let len = u64::from(word & !(BUSY | DISCARD));
            if len + HEADER > self.size {
                // Not possible while the kernel keeps its word; never read outside the mapping.
                self.read = end;
                return false;
            }
            if word & DISCARD == 0 {
                // SAFETY: len bytes follow the header and lie inside the double mapping.
                let data = unsafe { std::slice::from_raw_parts(record.add(HEADER as usize), len as usize) };
                each(data);
                count += 1;
            }
            self.read += (len + HEADER).next_multiple_of(8);
        }
        false
    }

    /// Whether the last drain stopped before a record that is still being written, so that what
    /// lies behind it is not lost.
    pub(crate) fn blocked(&self) -> bool {
        self.blocked
    }

    /// Gives the room of all that was handed out back to the kernel.
    pub(crate) fn commit(&mut self) {
        self.consumer_position().store(self.read, Ordering::Release);
    }

    /// Bytes that wait, handed out or not.
    pub(crate) fn waiting(&self) -> u64 {
        self.producer_position().saturating_sub(self.consumer_position().load(Ordering::Acquire))
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // SAFETY: both were mapped by us with these lengths.
        unsafe {
            libc::munmap(self.consumer.cast(), self.page);
            libc::munmap(self.producer.cast(), self.producer_len);
        }
    }
}

fn mmap(fd: BorrowedFd<'_>, len: usize, prot: i32, offset: usize) -> Result<*mut u8, CaptureError> {
    // SAFETY: a new mapping at an address of the kernel's choice.
    let at = unsafe {
        libc::mmap(std::ptr::null_mut(), len, prot, libc::MAP_SHARED, fd.as_raw_fd(), offset as libc::off_t)
    };
    if at == libc::MAP_FAILED {
        return Err(CaptureError::io("ring_map_failed", std::io::Error::last_os_error()));
    }
    Ok(at.cast())
}
