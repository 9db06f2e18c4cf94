//! When a delivery is tried again, and when it is given up.

/// Most attempts of one delivery.
pub const MOST_ATTEMPTS: u32 = 8;
/// Wait before the second attempt, seconds; it grows threefold.
const FIRST: u64 = 15;
/// Longest wait, seconds, also if the other side asks for more.
const LONGEST: u64 = 3_600;

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// An answer with this status, and how many seconds it asks to wait.
    Answered {
        /// HTTP status.
        status: u16,
        /// `Retry-After` in seconds.
        retry_after: Option<u64>,
    },
    /// No answer: the name, the connection, TLS, or time.
    Unanswered,
    /// Nothing was sent, and nothing will be other next time: an address that is not allowed, a secret that
    /// does not open.
    Refused,
}

/// What follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It has arrived.
    Delivered,
    /// Again, after so many seconds.
    Again(u64),
    /// Given up.
    Dead,
}

/// What to do after the attempt of this number, from 1. `spread` is any number, by which deliveries that failed
/// together do not come again together.
pub fn next(attempt: Attempt, number: u32, spread: u64) -> Next {
    let asked = match attempt {
        Attempt::Answered { status: 200..=299, .. } => return Next::Delivered,
        Attempt::Refused => return Next::Dead,
        // 408, 425 and 429 say that it was too early or too much, not that it was wrong.
        Attempt::Answered { status: 408 | 425 | 429 | 500..=599, retry_after } => retry_after,
        Attempt::Answered { .. } => return Next::Dead,
        Attempt::Unanswered => None,
    };
    if number >= MOST_ATTEMPTS {
        return Next::Dead;
    }
    let grown = FIRST.saturating_mul(3u64.saturating_pow(number.saturating_sub(1)));
    let wait = grown.max(asked.unwrap_or(0)).min(LONGEST);
    // Up to a fifth more.
    Next::Again(wait + spread % (wait / 5 + 1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn answered(status: u16) -> Attempt {
        Attempt::Answered { status, retry_after: None }
    }

    #[test]
    fn what_may_pass_by_itself_is_tried_again_and_nothing_else() {
        for status in [200, 201, 204, 299] {
            assert_eq!(next(answered(status), 1, 0), Next::Delivered, "{status}");
        }
        for status in [408, 425, 429, 500, 503, 599] {
            assert_eq!(next(answered(status), 1, 0), Next::Again(15), "{status}");
        }
        for status in [100, 301, 302, 307, 400, 401, 404, 410] {
            assert_eq!(next(answered(status), 1, 0), Next::Dead, "{status}");
        }
        assert_eq!(next(Attempt::Refused, 1, 0), Next::Dead);
        assert_eq!(next(Attempt::Unanswered, 2, 0), Next::Again(45));
        assert_eq!(next(Attempt::Unanswered, MOST_ATTEMPTS, 0), Next::Dead);
        let asked = Attempt::Answered { status: 429, retry_after: Some(120) };
        assert_eq!(next(asked, 1, 0), Next::Again(120));
        let long = Attempt::Answered { status: 503, retry_after: Some(u64::MAX) };
        assert_eq!(next(long, 1, 0), Next::Again(LONGEST));
    }

    proptest! {
        #[test]
        fn every_delivery_ends_and_no_wait_is_longer_than_its_bound(
            statuses in proptest::collection::vec(100u16..600, 20), spread: u64, asked in proptest::option::of(any::<u64>()),
        ) {
            let mut number = 0;
            for status in statuses {
                number += 1;
                match next(Attempt::Answered { status, retry_after: asked }, number, spread) {
                    Next::Again(wait) => prop_assert!((FIRST..=LONGEST + LONGEST / 5).contains(&wait)),
                    _ => break,
                }
            }
            prop_assert!(number <= MOST_ATTEMPTS);
        }
    }
}
