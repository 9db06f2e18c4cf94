use roaring::RoaringBitmap;

use super::{Criticality, MAX_ORDINAL, Mean, Points, ScoreError};

/// What is kept of one device.
pub trait State: Copy + Default + PartialEq {
    /// What one component or check puts onto a device.
    type Part: Copy;
    /// The scores of a device; `None` where it has none of a kind and does not count in that mean.
    type Marks: AsRef<[Option<Points>]>;

    /// With `after` in the place of `before`; `None` if it does not hold `before`.
    #[must_use]
    fn shifted(self, before: Self::Part, after: Self::Part) -> Option<Self>;

    /// The scores.
    fn marks(self) -> Self::Marks;
}

/// A change of one component or check that is the same on many devices.
#[derive(Clone, Copy, Debug)]
pub struct Shift<'a, P> {
    /// The devices.
    pub devices: &'a RoaringBitmap,
    /// What is on each of them now.
    pub before: P,
    /// What is there afterwards.
    pub after: P,
}

/// All devices and the means of their scores. A change of one component costs the same however many components
/// and devices there are. Devices are numbered; numbers without gaps save memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Ledger<S: State> {
    devices: Vec<Option<(Criticality, S)>>,
    means: Vec<Mean>,
}

impl<S: State> Default for Ledger<S> {
    fn default() -> Self {
        Self { devices: Vec::new(), means: vec![Mean::default(); S::default().marks().as_ref().len()] }
    }
}

impl<S: State> Ledger<S> {
    /// Without devices.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a device with nothing on it. One that is there keeps what it has and gets the criticality.
    ///
    /// # Errors
    /// [`ScoreError::OrdinalTooLarge`].
    pub fn insert(&mut self, ordinal: u32, criticality: Criticality) -> Result<(), ScoreError> {
        if ordinal >= MAX_ORDINAL {
            return Err(ScoreError::OrdinalTooLarge(ordinal));
        }
        let state = self.state(ordinal).unwrap_or_default();
        let at = ordinal as usize;
        if self.devices.len() <= at {
            self.devices.resize(at + 1, None);
        }
        self.replace(at, Some((criticality, state)));
        Ok(())
    }

    /// Removes a device with all that is on it; says whether it was there.
    pub fn remove(&mut self, ordinal: u32) -> bool {
        let there = self.entry(ordinal).is_some();
        if there {
            self.replace(ordinal as usize, None);
        }
        while self.devices.last().is_some_and(Option::is_none) {
            self.devices.pop();
        }
        there
    }

    /// Puts `after` in the place of what one component or check put before.
    ///
    /// # Errors
    /// [`ScoreError::UnknownDevice`]; [`ScoreError::NotHeld`] if `before` is more than the device has.
    pub fn shift(&mut self, ordinal: u32, before: S::Part, after: S::Part) -> Result<(), ScoreError> {
        let (criticality, state) = self.entry(ordinal).ok_or(ScoreError::UnknownDevice(ordinal))?;
        let state = state.shifted(before, after).ok_or(ScoreError::NotHeld(ordinal))?;
        self.replace(ordinal as usize, Some((criticality, state)));
        Ok(())
    }

    /// [`Ledger::shift`] for many devices; all of them or none.
    ///
    /// # Errors
    /// As [`Ledger::shift`], for the first device where it fails.
    pub fn shift_all(&mut self, shift: Shift<'_, S::Part>) -> Result<(), ScoreError> {
        for ordinal in shift.devices {
            let (_, state) = self.entry(ordinal).ok_or(ScoreError::UnknownDevice(ordinal))?;
            state.shifted(shift.before, shift.after).ok_or(ScoreError::NotHeld(ordinal))?;
        }
        shift.devices.iter().try_for_each(|ordinal| self.shift(ordinal, shift.before, shift.after))
    }

    /// The numbers of all devices.
    pub fn ordinals(&self) -> RoaringBitmap {
        (0_u32..).zip(&self.devices).filter(|(_, d)| d.is_some()).map(|(at, _)| at).collect()
    }

    /// What is kept of a device.
    pub fn state(&self, ordinal: u32) -> Option<S> {
        self.entry(ordinal).map(|(_, state)| state)
    }

    /// The mean of the devices' scores of one kind, weighted by criticality; `None` if no device has one.
    pub(super) fn mean(&self, kind: usize) -> Option<Points> {
        self.means.get(kind).and_then(Mean::points)
    }

    /// All means after changes that are not made. A device may be in several of them.
    pub(super) fn predicted(&self, shifts: &[Shift<'_, S::Part>]) -> Result<Vec<Option<Points>>, ScoreError> {
        let mut changed: Vec<(u32, usize)> = (0..)
            .zip(shifts)
            .flat_map(|(at, shift)| shift.devices.iter().map(move |device| (device, at)))
            .collect();
        // Stable, since that is fast on what is a few ascending runs.
        changed.sort();
        let mut means = self.means.clone();
        for of_device in changed.chunk_by(|a, b| a.0 == b.0) {
            let ordinal = of_device[0].0;
            let (criticality, old) = self.entry(ordinal).ok_or(ScoreError::UnknownDevice(ordinal))?;
            let mut new = old;
            for (_, at) in of_device {
                let Shift { before, after, .. } = shifts[*at];
                new = new.shifted(before, after).ok_or(ScoreError::NotHeld(ordinal))?;
            }
            exchange(&mut means, Some((criticality, old)), Some((criticality, new)));
        }
        Ok(means.iter().map(Mean::points).collect())
    }

    fn entry(&self, ordinal: u32) -> Option<(Criticality, S)> {
        self.devices.get(ordinal as usize).copied().flatten()
    }

    fn replace(&mut self, at: usize, device: Option<(Criticality, S)>) {
        let old = std::mem::replace(&mut self.devices[at], device);
        exchange(&mut self.means, old, device);
    }
}

fn exchange<S: State>(means: &mut [Mean], old: Option<(Criticality, S)>, new: Option<(Criticality, S)>) {
    if let Some((criticality, state)) = old {
        for (mean, points) in means.iter_mut().zip(state.marks().as_ref()) {
            points.iter().for_each(|p| mean.remove(criticality, *p));
        }
    }
    if let Some((criticality, state)) = new {
        for (mean, points) in means.iter_mut().zip(state.marks().as_ref()) {
            points.iter().for_each(|p| mean.add(criticality, *p));
        }
    }
}
