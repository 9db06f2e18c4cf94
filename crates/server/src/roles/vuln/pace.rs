//! When a tenant that changed is assessed: soon after it came to rest, and now and then while it does not.
//!
//! An assessment is of a whole tenant. So many small changes, such as a fleet that is updated, are taken together.

use std::time::Duration;

use tokio::time::Instant;

/// How long nothing more must have changed.
const REST: Duration = Duration::from_secs(2);
/// How far assessments are apart at least while changes go on, and the longest that one waits for rest.
const APART: Duration = Duration::from_secs(10);

/// What happened to a tenant, and when.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    /// The first and the last change that is not assessed yet.
    waiting: Option<(Instant, Instant)>,
    /// Whether it has to be assessed at the next opportunity, such as the first time.
    urgent: bool,
    assessed: Option<Instant>,
}

impl Pace {
    /// That of a tenant that was never assessed.
    pub fn new() -> Self {
        Self { urgent: true, ..Self::default() }
    }

    /// Notes a change.
    pub fn changed(&mut self, now: Instant) {
        self.waiting = Some((self.waiting.map_or(now, |(first, _)| first), now));
    }

    /// Whether it is to be assessed now; `whole` is the time after which it is although nothing changed.
    pub fn due(&self, now: Instant, whole: Duration) -> bool {
        let since = |then: Instant| now.saturating_duration_since(then);
        let Some(assessed) = self.assessed else { return self.urgent || self.waiting.is_some() };
        let rested = |(first, last): (Instant, Instant)| since(last) >= REST || since(first) >= APART;
        since(assessed) >= whole || (self.waiting.is_some_and(rested) && since(assessed) >= APART)
    }

    /// Notes that what had changed until `from` has been assessed.
    pub fn assessed(&mut self, from: Instant, now: Instant) {
        self.waiting = self.waiting.filter(|(_, last)| *last > from).map(|(_, last)| (last, last));
        (self.urgent, self.assessed) = (false, Some(now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: Duration = Duration::from_secs(3600);

    fn after(begin: Instant, seconds: u64) -> Instant {
        begin + Duration::from_secs(seconds)
    }

    #[test]
    fn the_first_assessment_does_not_wait() {
        assert!(Pace::new().due(Instant::now(), WHOLE));
    }

    #[test]
    fn a_change_is_assessed_when_it_came_to_rest() {
        let begin = Instant::now();
        let at = |seconds| after(begin, seconds);
        let mut pace = Pace::new();
        pace.assessed(begin, begin);
        assert!(!pace.due(at(60), WHOLE), "nothing changed");
        pace.changed(at(60));
        assert!(!pace.due(at(61), WHOLE));
        assert!(pace.due(at(62), WHOLE));
        pace.assessed(at(62), at(63));
        assert!(!pace.due(at(80), WHOLE));
        assert!(pace.due(at(63 + 3600), WHOLE), "certificates expire although nothing changes");
    }

    #[test]
    fn changes_without_end_are_assessed_every_ten_seconds() {
        let begin = Instant::now();
        let mut pace = Pace::new();
        pace.assessed(begin, begin);
        let (mut times, mut waited) = (0, 0);
        for second in 1..=100 {
            let now = after(begin, second);
            pace.changed(now);
            waited += 1;
            if pace.due(now, WHOLE) {
                pace.assessed(now, now);
                (times, waited) = (times + 1, 0);
            }
            assert!(waited <= 11, "a change waits at most ten seconds and a bit");
        }
        assert!((9..=10).contains(&times), "{times}");
    }

    #[test]
    fn what_changes_during_an_assessment_is_assessed_again() {
        let begin = Instant::now();
        let at = |seconds| after(begin, seconds);
        let mut pace = Pace::new();
        pace.changed(at(1));
        pace.changed(at(3));
        pace.assessed(at(2), at(4));
        assert!(!pace.due(at(13), WHOLE));
        assert!(pace.due(at(14), WHOLE));
    }
}
