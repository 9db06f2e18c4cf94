use std::cmp::Reverse;

use roaring::RoaringBitmap;

use super::gather::{Fix, Gathered, ends, target};
use super::part::{Part, end_id, parts, update_id};
use super::{
    Certificate, Change, Configuration, Coverage, End, Estate, Exceptions, Kind, Recommendation, Restart,
    Software, Subject, Trend, Unfixed,
};
use crate::score::{Category, Check, Exposure, Fleet, Hazards, Posture, ScoreError, Secure, Shift};

/// What a software without support weighs in the secure score.
pub const END_IMPACT: u8 = 8;
/// What a certificate weighs in the secure score.
pub const CERTIFICATE_IMPACT: u8 = 5;

/// What to do, in which order, and what it brings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// Fixes, those with the greatest effect first.
    pub recommendations: Vec<Recommendation>,
    /// What nothing fixes yet, what weighs most first.
    pub unfixed: Vec<Unfixed>,
    /// The exposure score of the devices, after exceptions.
    pub exposure: Exposure,
    /// The secure score of the devices, after exceptions.
    pub secure: Secure,
    /// What the secure score is made of, after exceptions, by id.
    pub checks: Vec<CountedCheck>,
    /// The secure score of each device.
    pub posture: Posture,
}

/// A check of any kind as the secure score counts it.
#[derive(Clone, Debug, PartialEq)]
pub struct CountedCheck {
    /// The id of the recommendation that it leads to where it fails.
    pub id: String,
    /// Its category.
    pub category: Category,
    /// Its weight.
    pub impact: u8,
    /// Who complies, or has an exception that counts so.
    pub passed: RoaringBitmap,
    /// Who does not.
    pub failed: RoaringBitmap,
}

/// What all recommendations are made with.
struct Maker<'a> {
    estate: &'a Estate,
    exceptions: &'a Exceptions,
    all: RoaringBitmap,
    fleet: Fleet,
    posture: Posture,
    plan: Plan,
}

impl Plan {
    /// Makes the plan for all devices, or for those of one group: then its scores are the group's too.
    ///
    /// # Errors
    /// [`ScoreError::OrdinalTooLarge`] if a device's number is.
    pub fn of(
        estate: &Estate,
        exceptions: &Exceptions,
        group: Option<&RoaringBitmap>,
    ) -> Result<Self, ScoreError> {
        let (mut fleet, mut posture) = (Fleet::new(), Posture::new());
        for (ordinal, criticality) in &estate.devices {
            if group.is_none_or(|devices| devices.contains(*ordinal)) {
                fleet.insert(*ordinal, *criticality)?;
                posture.insert(*ordinal, *criticality)?;
            }
        }
        let all = fleet.ordinals();
        Maker { estate, exceptions, all, fleet, posture, plan: Self::default() }.run()
    }
}

impl Maker<'_> {
    fn run(mut self) -> Result<Plan, ScoreError> {
        let (estate, exceptions) = (self.estate, self.exceptions);
        let software: Vec<_> = estate.software.iter().map(|s| (s, parts(s, exceptions, &self.all))).collect();
        // First everything is put onto the devices, so that each prediction starts from the whole.
        for (software, parts) in &software {
            for part in parts {
                self.put(&part.devices, part.hazards())?;
            }
            if let Some(end) = &software.end {
                let (open, settled) = ends(parts);
                let id = end_id(software).unwrap_or_default();
                self.check(id, end_check(end, true), settled, open)?;
            }
        }
        for of in &estate.configurations {
            let applicable = &of.applicable & &self.all;
            let counted = self.coverage(&configuration_id(of)).counted;
            let failing = &(&of.failing & &applicable) - &counted;
            let passed = &applicable - &failing;
            self.check(configuration_id(of), configuration_check(of, true), passed, failing)?;
        }
        for certificate in &estate.certificates {
            let devices = &certificate.devices & &self.all;
            let bad = if certificate.problems.is_empty() {
                RoaringBitmap::new()
            } else {
                &devices - &self.coverage(&certificate_id(certificate)).counted
            };
            self.check(certificate_id(certificate), certificate_check(true), &devices - &bad, bad)?;
        }
        (self.plan.exposure, self.plan.secure) = (self.fleet.exposure(), self.posture.secure());
        for (software, parts) in &software {
            self.update(software, parts)?;
            match &software.end {
                Some(end) => self.end(software, end, parts)?,
                None => self.unfixed(software, parts)?,
            }
        }
        for configuration in &estate.configurations {
            self.configure(configuration)?;
        }
        for certificate in &estate.certificates {
            self.replace(certificate)?;
        }
        self.plan.recommendations.sort_by_cached_key(|r| {
            let threat = (r.threats.floor() * 100.0) as u64;
            (Reverse(r.effect()), Reverse(threat), Reverse(r.exposed.len()), r.id.clone())
        });
        self.plan.unfixed.sort_by_cached_key(|u| (u.exposure.after.points, u.software.clone()));
        self.plan.checks.sort_by(|a, b| a.id.cmp(&b.id));
        self.plan.posture = self.posture;
        Ok(self.plan)
    }

    fn put(&mut self, devices: &RoaringBitmap, after: Hazards) -> Result<(), ScoreError> {
        self.fleet.shift_all(Shift { devices, before: Hazards::ZERO, after })
    }

    /// Puts a check onto those who comply and those who do not.
    fn check(
        &mut self,
        id: String,
        of: Check,
        passed: RoaringBitmap,
        failed: RoaringBitmap,
    ) -> Result<(), ScoreError> {
        for (devices, passed) in [(&passed, true), (&failed, false)] {
            let after = Some(Check { passed, ..of });
            self.posture.shift_all(Shift { devices, before: None, after })?;
        }
        let (category, impact) = (of.category, of.impact);
        self.plan.checks.push(CountedCheck { id, category, impact, passed, failed });
        Ok(())
    }

    fn coverage(&self, id: &str) -> Coverage {
        self.exceptions.of(&Subject::Recommendation(id.to_owned())).cloned().unwrap_or_default()
    }

    /// The update that brings all fixes of a software.
    fn update(&mut self, software: &Software, parts: &[Part<'_>]) -> Result<(), ScoreError> {
        let Some(target) = target(software) else { return Ok(()) };
        let mut gathered = Gathered::default();
        let mut shifts = Vec::new();
        for part in parts.iter().filter(|p| Fix::Update.needed(p) && !Fix::Update.covered(p)) {
            gathered.take(software, part, |w| w.fix.is_some());
            shifts.push(Shift { devices: &part.devices, before: part.hazards(), after: part.updated() });
        }
        let kind = Kind::Update { software: software.key.clone(), target: target.to_owned() };
        let excepted = Fix::Update.excepted(software, parts);
        self.finish(update_id(software), kind, gathered, excepted, &shifts, &[])
    }

    /// The upgrade or the removal of a software without support.
    fn end(&mut self, software: &Software, end: &End, parts: &[Part<'_>]) -> Result<(), ScoreError> {
        let key = software.key.clone();
        let kind = match &end.replacement {
            Some(target) => Kind::Upgrade { software: key, target: target.clone(), ended: end.since },
            None => Kind::Uninstall { software: key, ended: end.since },
        };
        let mut gathered = Gathered::default();
        let mut shifts = Vec::new();
        for part in parts.iter().filter(|p| Fix::End.needed(p) && !Fix::End.covered(p)) {
            gathered.take(software, part, |_| true);
            shifts.push(Shift { devices: &part.devices, before: part.hazards(), after: Hazards::ZERO });
        }
        if end.replacement.is_none() {
            // What is removed has only to be stopped.
            gathered.restart = gathered.restart.min(Restart::Processes);
        }
        let devices = gathered.devices.clone();
        let gone = Shift { devices: &devices, before: Some(end_check(end, false)), after: None };
        let excepted = Fix::End.excepted(software, parts);
        self.finish(end_id(software).unwrap_or_default(), kind, gathered, excepted, &shifts, &[gone])
    }

    /// What is left when a software is as new as can be.
    fn unfixed(&mut self, software: &Software, parts: &[Part<'_>]) -> Result<(), ScoreError> {
        let mut gathered = Gathered::default();
        let mut shifts = Vec::new();
        for part in parts.iter().filter(|p| p.counted.iter().any(|w| w.fix.is_none())) {
            gathered.take(software, part, |w| w.fix.is_none());
            let after = part.without_unfixed();
            shifts.push(Shift { devices: &part.devices, before: part.hazards(), after });
        }
        if !gathered.devices.is_empty() {
            let after = self.fleet.predict(&shifts)?;
            self.plan.unfixed.push(Unfixed {
                software: software.key.clone(),
                weaknesses: gathered.weaknesses.into_iter().collect(),
                threats: gathered.threats,
                devices: gathered.devices,
                exposure: Change { before: self.plan.exposure, after },
            });
        }
        Ok(())
    }

    fn configure(&mut self, of: &Configuration) -> Result<(), ScoreError> {
        let id = configuration_id(of);
        let failing = &(&of.failing & &of.applicable) & &self.all;
        let covered = self.coverage(&id).excepted;
        let devices = &failing - &covered;
        let kind = Kind::Configure { check: of.check.clone(), category: of.category };
        let gathered = Gathered { devices: devices.clone(), restart: of.restart, ..Gathered::default() };
        let (before, after) = (Some(configuration_check(of, false)), Some(configuration_check(of, true)));
        let done = Shift { devices: &devices, before, after };
        self.finish(id, kind, gathered, failing & covered, &[], &[done])
    }

    fn replace(&mut self, certificate: &Certificate) -> Result<(), ScoreError> {
        if certificate.problems.is_empty() {
            return Ok(());
        }
        let id = certificate_id(certificate);
        let holders = &certificate.devices & &self.all;
        let covered = self.coverage(&id).excepted;
        let devices = &holders - &covered;
        let kind = Kind::ReplaceCertificate {
            fingerprint: certificate.fingerprint.clone(),
            subject: certificate.subject.clone(),
            problems: certificate.problems.clone(),
        };
        let gathered =
            Gathered { devices: devices.clone(), restart: Restart::Processes, ..Gathered::default() };
        let (before, after) = (Some(certificate_check(false)), Some(certificate_check(true)));
        let done = Shift { devices: &devices, before, after };
        self.finish(id, kind, gathered, holders & covered, &[], &[done])
    }

    fn finish(
        &mut self,
        id: String,
        kind: Kind,
        gathered: Gathered,
        excepted: RoaringBitmap,
        shifts: &[Shift<'_, Hazards>],
        checks: &[Shift<'_, Option<Check>>],
    ) -> Result<(), ScoreError> {
        if gathered.devices.is_empty() && excepted.is_empty() {
            return Ok(());
        }
        let exposure = self.fleet.predict(shifts)?;
        let secure = self.posture.predict(checks)?;
        let previous = self.estate.previous.get(&id).copied();
        self.plan.recommendations.push(Recommendation {
            id,
            kind,
            versions: gathered.versions,
            resolved: gathered.weaknesses.into_iter().collect(),
            threats: gathered.threats,
            trend: Trend::of(previous, gathered.devices.len()),
            exposed: gathered.devices,
            excepted,
            restart: gathered.restart,
            exposure: Change { before: self.plan.exposure, after: exposure },
            secure: Change { before: self.plan.secure.points, after: secure.points },
        });
        Ok(())
    }
}

fn configuration_check(of: &Configuration, passed: bool) -> Check {
    Check { category: of.category, impact: of.impact, passed }
}

fn end_check(end: &End, passed: bool) -> Check {
    Check { category: end.category, impact: END_IMPACT, passed }
}

fn certificate_check(passed: bool) -> Check {
    Check { category: Category::Network, impact: CERTIFICATE_IMPACT, passed }
}

fn configuration_id(configuration: &Configuration) -> String {
    format!("configure/{}", configuration.check)
}

fn certificate_id(certificate: &Certificate) -> String {
    format!("certificate/{}", certificate.fingerprint)
}
