//! Boot clock to UTC. The offset is kept with the pins, so that a record read again after a
//! restart gets the same time.

use palisade_sensor_bpf::layout::Config;

/// A difference beyond this is a step of the wall clock; slewing moves both clocks alike.
const STEP_NS: i64 = 5_000_000;
/// Both clocks are read within this time, or once more.
const PROMPT_NS: i64 = 50_000;

/// Offsets from the boot clock to UTC, nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Clock {
    offset: i64,
    earlier: i64,
    switched: u64,
}

impl Clock {
    /// The clock as the pinned configuration has it; one that was never set is set now.
    pub(crate) fn from_config(config: &Config) -> Self {
        if config.offset == 0 {
            let offset = offset_now();
            return Self { offset, earlier: offset, switched: 0 };
        }
        Self { offset: config.offset, earlier: config.earlier_offset, switched: config.switched }
    }

    pub(crate) fn store(&self, config: &mut Config) {
        config.offset = self.offset;
        config.earlier_offset = self.earlier;
        config.switched = self.switched;
    }

    /// Follows a step of the wall clock; returns whether there was one.
    pub(crate) fn follow(&mut self) -> bool {
        let now = offset_now();
        if (now - self.offset).abs() < STEP_NS {
            return false;
        }
        *self = Self { offset: now, earlier: self.offset, switched: boot_ns() };
        true
    }

    /// Microseconds since 1970 of an instant on the boot clock.
    pub(crate) fn utc_us(&self, boot: u64) -> i64 {
        let offset = if boot < self.switched { self.earlier } else { self.offset };
        (i64::try_from(boot).unwrap_or(i64::MAX).saturating_add(offset)) / 1000
    }
}

pub(crate) fn boot_ns() -> u64 {
    read(libc::CLOCK_BOOTTIME) as u64
}

fn offset_now() -> i64 {
    let (mut best, mut offset) = (i64::MAX, 0);
    for _ in 0..8 {
        let before = read(libc::CLOCK_BOOTTIME);
        let wall = read(libc::CLOCK_REALTIME);
        let took = read(libc::CLOCK_BOOTTIME) - before;
        if took < best {
            (best, offset) = (took, wall - before - took / 2);
        }
        if best <= PROMPT_NS {
            break;
        }
    }
    offset
}

fn read(clock: libc::clockid_t) -> i64 {
    let mut at = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: writes into the given structure.
    unsafe { libc::clock_gettime(clock, &mut at) };
    at.tv_sec * 1_000_000_000 + at.tv_nsec
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_before_a_step_keeps_its_time() {
        let clock = Clock { offset: 5_000, earlier: 1_000, switched: 100_000 };
        assert_eq!(clock.utc_us(99_000), 100);
        assert_eq!(clock.utc_us(100_000), 105);
    }

    #[test]
    fn reading_the_clocks_is_no_step() {
        let mut clock = Clock::from_config(&Config::default());
        assert!((0..100).all(|_| !clock.follow()));
        clock.offset -= 20_000_000;
        let before = clock;
        assert!(clock.follow());
        assert_eq!(clock.earlier, before.offset);
    }

    #[test]
    fn the_offset_survives_in_the_configuration() {
        let clock = Clock::from_config(&Config::default());
        let mut config = Config::default();
        clock.store(&mut config);
        assert_eq!(Clock::from_config(&config), clock);
    }
}
