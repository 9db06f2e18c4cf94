//! From what is known of a machine to what is wrong with it now.

use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};

use super::listening::human;
use super::{Cause, Code, Component, Kind, Listening, Source, Thresholds, causes_of};
use crate::HOUR;
use crate::machine::PowerState;

/// What the server knows of a machine's enrolled device. Times are the server's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Enrolment.
    pub first_seen: TimeMicros,
    /// Anything heard.
    pub last_seen: TimeMicros,
    /// The last heartbeat.
    pub last_heartbeat: Option<TimeMicros>,
    /// The last event.
    pub last_event: Option<TimeMicros>,
    /// When a counter of lost events last rose.
    pub last_loss: Option<TimeMicros>,
    /// The sensor's parts, from the last heartbeat.
    pub components: Vec<Component>,
    /// When its content was published, and which it is.
    pub content: Option<(TimeMicros, String)>,
    /// Starts of the sensor that the server saw, newest last; older than an hour may be missing.
    pub starts: Vec<TimeMicros>,
    /// The sensor's version and the one that is offered, where they differ.
    pub outdated: Option<(String, String)>,
    /// What ingest refused of it, with ingest's code, and when last.
    pub refused: Vec<(String, TimeMicros)>,
}

/// Everything that a machine's health is judged by.
#[derive(Clone, Debug)]
pub struct Situation<'a> {
    /// What its cloud says; [`PowerState::Unknown`] where none does.
    pub power: PowerState,
    /// Since when.
    pub power_since: TimeMicros,
    /// Why no sensor belongs there, from support, plan, switches and exclusions.
    pub not_applicable: Option<&'a Cause>,
    /// When its device was offboarded, if it was.
    pub offboarded: Option<TimeMicros>,
    /// What provisioning found.
    pub installation: &'a [Cause],
    /// Its device, if one is enrolled.
    pub device: Option<&'a Device>,
}

/// How much of the sensor's own words can be believed now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SensorView {
    /// It is heard: what it does not complain about is well.
    Heard,
    /// It is silent: what it last complained about may still be so.
    Silent,
    /// There is none, or nobody waits for it any more.
    Gone,
}

/// What is the case now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// Causes, each code once.
    pub causes: Vec<Cause>,
    /// How much the sensor's silence says.
    pub sensor: SensorView,
    /// When time alone may change this, if nothing is heard until then.
    pub changes_at: Option<TimeMicros>,
}

fn server(code: Code) -> Cause {
    Cause::new(code, Source::Server)
}

/// Judges a machine at the instant of `listening`.
pub fn observe(s: &Situation<'_>, thresholds: &Thresholds, listening: &Listening) -> Observed {
    let alone = |cause: Cause| Observed { causes: vec![cause], sensor: SensorView::Gone, changes_at: None };
    if let Some(at) = s.offboarded {
        return alone(server(Code::Offboarded).with("since", at.to_string()));
    }
    if s.power == PowerState::Deleted {
        return alone(Cause::provisioning(Code::Retired).with("since", s.power_since.to_string()));
    }
    // A heartbeat is newer than any list of a connector: it is the one to believe.
    let heard = s.device.and_then(|d| d.last_heartbeat);
    let beats = |bound| heard.is_some_and(|at| listening.elapsed(at) <= bound);
    if (s.power.is_down() || s.power == PowerState::Starting) && !beats(thresholds.late) {
        let state = serde_json::to_value(s.power).ok();
        let state = state.as_ref().and_then(|v| v.as_str()).unwrap_or("down").to_owned();
        return alone(Cause::provisioning(Code::Deallocated).with("state", state));
    }
    // Plan, switch or support stop new installations only, never the health of an enrolled device.
    // Whoever excludes a machine and takes its sensor away does not wait for its heartbeat either.
    if let Some(cause) = s.not_applicable
        && (s.device.is_none() || (cause.code == Code::Excluded && !beats(thresholds.lost)))
    {
        return alone(cause.clone());
    }
    let mut found = Observed {
        causes: s
            .installation
            .iter()
            .filter(|c| c.code.entry().kind == Kind::Installation)
            .cloned()
            .collect(),
        sensor: SensorView::Gone,
        changes_at: None,
    };
    if let Some(device) = s.device {
        judge_device(&mut found, device, s, thresholds, listening);
    }
    found.causes.sort_by_key(|c| c.code);
    found.causes.dedup_by_key(|c| c.code);
    found
}

fn judge_device(found: &mut Observed, d: &Device, s: &Situation<'_>, t: &Thresholds, l: &Listening) {
    // A machine that was down is waited for from the moment it runs again.
    let up = if s.power == PowerState::Running { s.power_since } else { TimeMicros(i64::MIN) };
    let silent_for = |at: TimeMicros| l.elapsed(at.max(up));
    let beat = d.last_heartbeat.unwrap_or(d.first_seen);
    let silence = silent_for(beat);
    let mut crossings = vec![t.late - silence, t.lost - silence];
    let unseen = silent_for(d.last_seen);
    crossings.push(t.inactive - unseen);
    found.sensor = SensorView::Silent;
    for (code, at) in &d.refused {
        // A refusal is news for as long as a loss is.
        if l.elapsed(*at) <= t.loss_shown {
            let raised = super::catalogue().covering(&format!("ingest:{code}"));
            if let Some(code_of) = raised {
                found.causes.push(server(code_of).with("reason", code));
            }
            crossings.push(t.loss_shown - l.elapsed(*at));
        }
    }
    if unseen > t.inactive {
        found.sensor = SensorView::Gone;
        found.causes.push(server(Code::Inactive).with("silence", human(unseen)));
    } else if d.last_heartbeat.is_none() {
        if silence > t.late {
            found.causes.push(server(Code::HeartbeatNever).with("since", d.first_seen.to_string()));
        }
    } else if silence > t.lost {
        found.causes.push(server(Code::HeartbeatLost).with("silence", human(l.elapsed(beat))));
    } else {
        if silence > t.late {
            found.causes.push(server(Code::HeartbeatLate).with("silence", human(l.elapsed(beat))));
        }
        // What it said before it was switched off is old: it is asked again once it has spoken.
        if beat >= up {
            found.sensor = SensorView::Heard;
            judge_report(found, d, t, l, &mut crossings);
        }
    }
    found.changes_at = crossings
        .into_iter()
        .filter(|left| *left >= 0)
        .min()
        .map(|left| l.judged_at().plus_micros(left.saturating_add(1)));
}

/// What a sensor that is heard says, and what it does not say but should.
fn judge_report(found: &mut Observed, d: &Device, t: &Thresholds, l: &Listening, crossings: &mut Vec<i64>) {
    found.causes.extend(causes_of(&d.components));
    if let Some(at) = d.last_loss {
        let age = l.elapsed(at);
        if age <= t.loss_shown {
            found.causes.push(Cause::new(Code::EventsLost, Source::Sensor).with("silence", human(age)));
            crossings.push(t.loss_shown - age);
        }
    }
    let age = l.elapsed(d.last_event.unwrap_or(d.first_seen));
    let bound = if d.last_event.is_some() { t.no_events } else { t.first_event };
    crossings.push(bound - age);
    if age > bound {
        found.causes.push(match d.last_event {
            Some(_) => server(Code::NoEvents).with("silence", human(age)),
            None => server(Code::NoEventsSinceEnrolment).with("since", d.first_seen.to_string()),
        });
    }
    if let Some((published, version)) = &d.content {
        let age = l.elapsed(*published);
        crossings.push(t.content_old - age);
        if age > t.content_old {
            let cause = server(Code::ContentOld).with("version", version).with("age", human(age));
            found.causes.push(cause);
        }
    }
    let recent: Vec<i64> = d.starts.iter().map(|at| l.elapsed(*at)).filter(|age| *age <= HOUR).collect();
    if recent.len() > t.restarts_per_hour as usize {
        found.causes.push(server(Code::SensorRestarting).with("count", recent.len().to_string()));
        crossings.extend(recent.iter().map(|age| HOUR - age));
    }
    if let Some((version, offered)) = &d.outdated {
        let cause = server(Code::SensorOutdated).with("version", version).with("offered", offered);
        found.causes.push(cause);
    }
}
