//! Carrying a fix out on many machines: who is next, and when to stop. Nothing here does anything: [`next`] is
//! asked again and again with what is known, and says what to order.
//!
//! The order of things on one device is: dry run, update, and then the inventory shows that it worked. The first
//! device to be updated is a canary where the plan wants one: nobody follows before its inventory has shown the new
//! version and it has stood for a while. The first failure stops everything that has not begun.

mod window;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use palisade_types::{DeviceId, TimeMicros};
use serde::{Deserialize, Serialize};

pub use window::{Window, WindowError};

/// Most devices that are worked on at once.
pub const MOST_AT_ONCE: u16 = 100;
/// Dry runs change nothing, so that many may run whatever the plan says.
const CHECKS_AT_ONCE: usize = 20;
/// An updated device whose inventory does not show it by then is a failure, microseconds.
const VERIFY_WITHIN: i64 = 30 * 60 * 1_000_000;
/// A device that did not fetch an order is asked again after so long, times the attempts, microseconds.
const ASK_AGAIN: i64 = 60 * 1_000_000;
/// The longest pause before it is asked again, microseconds.
const LONGEST_PAUSE: i64 = 60 * 60 * 1_000_000;
/// A dry run that is older says nothing about now, microseconds.
const CHECK_HOLDS: i64 = 24 * 3_600 * 1_000_000;

/// How a fix is carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Nothing is changed: each device says what an update would do.
    pub dry_run_only: bool,
    /// Devices that are updated at once, 1 to [`MOST_AT_ONCE`].
    pub at_once: u16,
    /// Whether one device goes first, and the others wait for its proof.
    pub canary: bool,
    /// How long the canary has to stand before others follow, minutes.
    pub soak_minutes: u16,
    /// When updates may begin; at any time where it is none.
    pub window: Option<Window>,
}

/// Where a device stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Nothing was ordered, or what was ordered was not fetched.
    #[default]
    Waiting,
    /// A dry run is ordered.
    Checking,
    /// The dry run went well.
    Checked,
    /// The dry run says that it would not work; nothing was changed.
    Refused,
    /// The update is ordered.
    Applying,
    /// The device says that it is done; its inventory has not shown it yet.
    Applied,
    /// The inventory shows the fix.
    Verified,
    /// The update failed.
    Failed,
    /// Going back is ordered.
    RollingBack,
    /// The earlier version is back.
    RolledBack,
    /// It left service.
    Gone,
}

impl Step {
    /// Every step, with its name.
    pub const ALL: [(Self, &'static str); 11] = [
        (Self::Waiting, "waiting"),
        (Self::Checking, "checking"),
        (Self::Checked, "checked"),
        (Self::Refused, "refused"),
        (Self::Applying, "applying"),
        (Self::Applied, "applied"),
        (Self::Verified, "verified"),
        (Self::Failed, "failed"),
        (Self::RollingBack, "rolling_back"),
        (Self::RolledBack, "rolled_back"),
        (Self::Gone, "gone"),
    ];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(step, _)| *step == self).map_or("waiting", |(_, name)| name)
    }

    /// The step of that name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(step, _)| *step)
    }

    /// Whether an order is out.
    pub fn is_ordered(self) -> bool {
        matches!(self, Self::Checking | Self::Applying | Self::RollingBack)
    }
}

/// A device of a remediation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which.
    pub device: DeviceId,
    /// Where it stands.
    pub step: Step,
    /// Since when.
    pub since: TimeMicros,
    /// Orders in a row that it did not fetch.
    pub missed: u32,
    /// Whether it is the canary.
    pub canary: bool,
}

/// Something to order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// A dry run.
    Check(DeviceId),
    /// The update.
    Apply {
        /// On which device.
        device: DeviceId,
        /// Whether the others wait for it.
        canary: bool,
    },
}

/// Why nothing more is begun for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Devices have orders, or their inventory is awaited.
    Devices,
    /// The canary has to stand until then.
    Canary(TimeMicros),
    /// The window opens then; none where it never does.
    Window(Option<TimeMicros>),
    /// Devices did not fetch their orders; the next one is asked again then.
    Unreachable(TimeMicros),
}

/// Why everything stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The update failed on this device.
    Failed(DeviceId),
    /// It would not work on this device.
    Refused(DeviceId),
    /// This device says that it is updated, and its inventory does not.
    NotVerified(DeviceId),
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Order these (there may be none), and ask again later; why not more is begun.
    Go(Vec<Act>, Option<Wait>),
    /// Order nothing more.
    Stop(Stop),
    /// All that was to be done is done.
    Done,
}

/// What to order now.
pub fn next(plan: &Plan, places: &[Place], now: TimeMicros) -> Next {
    if !plan.dry_run_only
        && let Some(stop) = stop(places, now)
    {
        return Next::Stop(stop);
    }
    let over = |p: &Place| match p.step {
        Step::Verified | Step::Gone | Step::RolledBack => true,
        Step::Checked | Step::Refused | Step::Failed => plan.dry_run_only,
        _ => false,
    };
    let mut open: Vec<&Place> = places.iter().filter(|p| !over(p)).collect();
    if open.is_empty() {
        return Next::Done;
    }
    // Who missed orders comes last, so that they do not take others' turns.
    open.sort_by_key(|p| (p.missed, p.device));
    let mut acts = checks(plan, &open, now);
    let wait = if plan.dry_run_only { None } else { apply(plan, places, &open, now, &mut acts) };
    let wait = wait.or_else(|| idle(&open, now, acts.is_empty()));
    Next::Go(acts, wait)
}

fn stop(places: &[Place], now: TimeMicros) -> Option<Stop> {
    let first = |step: Step| places.iter().filter(|p| p.step == step).map(|p| p.device).min();
    let unproved = |p: &&Place| p.step == Step::Applied && now.0 - p.since.0 > VERIFY_WITHIN;
    first(Step::Failed)
        .map(Stop::Failed)
        .or_else(|| first(Step::Refused).map(Stop::Refused))
        .or_else(|| places.iter().find(unproved).map(|p| Stop::NotVerified(p.device)))
}

fn due(p: &Place) -> TimeMicros {
    let pause = ASK_AGAIN.saturating_mul(i64::from(p.missed)).min(LONGEST_PAUSE);
    p.since.plus_micros(pause)
}

fn stale(p: &Place, now: TimeMicros) -> bool {
    p.step == Step::Checked && now.0 - p.since.0 > CHECK_HOLDS
}

fn checks(plan: &Plan, open: &[&Place], now: TimeMicros) -> Vec<Act> {
    let running = open.iter().filter(|p| p.step == Step::Checking).count();
    let wants =
        |p: &&&Place| (p.step == Step::Waiting && due(p) <= now) || (!plan.dry_run_only && stale(p, now));
    let free = CHECKS_AT_ONCE.saturating_sub(running);
    open.iter().filter(wants).take(free).map(|p| Act::Check(p.device)).collect()
}

/// Adds who is updated next; why nobody is, where that is not for want of devices.
fn apply(
    plan: &Plan,
    places: &[Place],
    open: &[&Place],
    now: TimeMicros,
    acts: &mut Vec<Act>,
) -> Option<Wait> {
    let mut ready = open.iter().filter(|p| p.step == Step::Checked && !stale(p, now)).peekable();
    ready.peek()?;
    if let Some(window) = &plan.window
        && !window.is_open(now)
    {
        return Some(Wait::Window(window.opens_after(now)));
    }
    let limit = usize::from(plan.at_once.clamp(1, MOST_AT_ONCE));
    // An update counts until its proof is there: "at most N at once" is about machines at risk.
    let busy = places.iter().filter(|p| matches!(p.step, Step::Applying | Step::Applied)).count();
    let mut free = limit.saturating_sub(busy);
    let mut canary = false;
    if plan.canary {
        match places.iter().find(|p| p.canary) {
            None => (canary, free) = (true, free.min(1)),
            Some(first) if first.step == Step::Verified => {
                let stands = first.since.plus_micros(i64::from(plan.soak_minutes) * 60_000_000);
                if now < stands {
                    return Some(Wait::Canary(stands));
                }
            }
            // It left service, or went back to the start: somebody else goes first.
            Some(first) if first.step == Step::Gone => (canary, free) = (true, free.min(1)),
            Some(first) if first.step == Step::Checked => {
                free = free.min(1);
                let again = first.device;
                if free == 1 {
                    acts.push(Act::Apply { device: again, canary: true });
                }
                return None;
            }
            Some(_) => return Some(Wait::Devices),
        }
    }
    acts.extend(ready.take(free).map(|p| Act::Apply { device: p.device, canary }));
    None
}

/// Why nothing is begun although nothing forbids it.
fn idle(open: &[&Place], now: TimeMicros, nothing: bool) -> Option<Wait> {
    if !nothing {
        return None;
    }
    if open.iter().any(|p| p.step.is_ordered() || p.step == Step::Applied || p.step == Step::Checked) {
        return Some(Wait::Devices);
    }
    open.iter()
        .filter(|p| p.step == Step::Waiting)
        .map(|p| due(p))
        .filter(|at| *at > now)
        .min()
        .map(Wait::Unreachable)
}

/// Which devices still have a version below the one that fixes.
///
/// `held` names each installed version with those that have it; a version that cannot be compared counts as below,
/// since nothing shows that it is fixed. An empty `fixed` asks for the software's absence.
pub fn below<T: Copy + Ord>(
    ecosystem: &palisade_advisory::Ecosystem,
    fixed: &str,
    held: &[(String, Vec<T>)],
) -> BTreeSet<T> {
    let is_below = |version: &str| {
        let order = ecosystem.scheme().and_then(|scheme| scheme.compare(version, fixed).ok());
        fixed.is_empty() || order.is_none_or(std::cmp::Ordering::is_lt)
    };
    held.iter().filter(|(version, _)| is_below(version)).flat_map(|(_, devices)| devices).copied().collect()
}
