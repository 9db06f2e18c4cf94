use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};

use super::Hour;
use crate::HOUR;
use crate::plan::Plan;

/// A currency by its three letters, such as `EUR`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.0).unwrap_or("???"))
    }
}

impl FromStr for Currency {
    type Err = BillError;

    fn from_str(s: &str) -> Result<Self, BillError> {
        let bytes: [u8; 3] = s.as_bytes().try_into().map_err(|_| BillError::Currency)?;
        if bytes.iter().all(u8::is_ascii_uppercase) { Ok(Self(bytes)) } else { Err(BillError::Currency) }
    }
}

impl TryFrom<String> for Currency {
    type Error = BillError;

    fn try_from(s: String) -> Result<Self, BillError> {
        s.parse()
    }
}

impl From<Currency> for String {
    fn from(c: Currency) -> Self {
        c.to_string()
    }
}

/// A rate card that cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BillError {
    /// Not three capital letters.
    #[error("a currency is three capital letters, such as EUR")]
    Currency,
    /// No price.
    #[error("a price is a decimal number of at most 1000000 with at most six places, such as 0.007")]
    Amount,
    /// Two cards from the same instant on.
    #[error("two rate cards take effect at {0}")]
    TwoCards(TimeMicros),
    /// Too many cards.
    #[error("a tenant has at most 1,000 rate cards")]
    TooMany,
}

impl BillError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Currency => "currency_invalid",
            Self::Amount => "amount_invalid",
            Self::TwoCards(_) => "rates_collide",
            Self::TooMany => "rates_too_many",
        }
    }
}

/// What hours cost from some instant on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateCard {
    /// In which currency.
    pub currency: Currency,
    /// The first instant; it counts from the next full hour on.
    pub effective: TimeMicros,
    /// Millionths of the currency's unit for an hour of a plan. For a plan that is not named an
    /// earlier card goes on.
    pub rates: BTreeMap<Plan, u64>,
}

/// All rate cards of a tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tariff(Vec<RateCard>);

impl Tariff {
    /// The most cards.
    pub const MOST: usize = 1000;

    /// From cards in any order.
    ///
    /// # Errors
    /// When two take effect at the same instant, or there are too many.
    pub fn new(mut cards: Vec<RateCard>) -> Result<Self, BillError> {
        if cards.len() > Self::MOST {
            return Err(BillError::TooMany);
        }
        cards.sort_by_key(|c| c.effective);
        match cards.windows(2).find(|w| w[0].effective == w[1].effective) {
            Some(w) => Err(BillError::TwoCards(w[0].effective)),
            None => Ok(Self(cards)),
        }
    }

    /// The cards, oldest first.
    pub fn cards(&self) -> &[RateCard] {
        &self.0
    }

    /// The hours at which prices may change, rising: between two of them every hour costs the same.
    pub fn starts(&self) -> Vec<Hour> {
        let first_full = |at: TimeMicros| Hour::of(at.plus_micros(HOUR - 1));
        let mut starts: Vec<Hour> = self.0.iter().map(|c| first_full(c.effective)).collect();
        starts.dedup();
        starts
    }

    /// What an hour of a plan costs, in millionths; `None` where no rate is in force.
    pub fn price(&self, plan: Plan, hour: Hour) -> Option<(Currency, u64)> {
        let in_force = self.0.iter().rev().filter(|c| c.effective <= hour.begins());
        in_force.filter_map(|c| Some((c.currency, *c.rates.get(&plan)?))).next()
    }
}

/// Money in one currency, and the hours that it is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Machine-hours.
    pub hours: u64,
    /// Millionths of the currency's unit.
    pub micros: u128,
}

/// Machine-hours added up, and what they cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All of them.
    pub hours: u64,
    /// Of these, free ones.
    pub trial_hours: u64,
    /// Of these, ones for which no rate was in force; they are in no amount.
    pub unpriced_hours: u64,
    /// What the others cost.
    pub costs: BTreeMap<Currency, Cost>,
}

impl Tally {
    /// Adds so many hours of one plan, all of which cost what `hour` does.
    pub fn add(&mut self, tariff: &Tariff, plan: Plan, hour: Hour, trial: bool, hours: u64) {
        self.hours += hours;
        if trial {
            self.trial_hours += hours;
            return;
        }
        match tariff.price(plan, hour) {
            Some((currency, price)) => {
                let cost = self.costs.entry(currency).or_default();
                cost.hours += hours;
                cost.micros += u128::from(price) * u128::from(hours);
            }
            None => self.unpriced_hours += hours,
        }
    }
}

/// Millionths as a decimal number, all six places.
pub fn amount(micros: u128) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

/// A decimal number as millionths.
///
/// # Errors
/// [`BillError::Amount`] for what is no such number, has more than six places, or is above a million.
pub fn parse_amount(text: &str) -> Result<u64, BillError> {
    let (whole, places) = text.split_once('.').map_or((text, None), |(w, p)| (w, Some(p)));
    let digits =
        |s: &str, most: usize| (1..=most).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole, 7) || places.is_some_and(|p| !digits(p, 6)) {
        return Err(BillError::Amount);
    }
    let whole: u64 = whole.parse().map_err(|_| BillError::Amount)?;
    let places: u64 = format!("{:0<6}", places.unwrap_or("")).parse().map_err(|_| BillError::Amount)?;
    let micros = whole * 1_000_000 + places;
    if micros > 1_000_000_000_000 { Err(BillError::Amount) } else { Ok(micros) }
}

/// A field of a CSV for spreadsheets: what a person wrote is never a formula there.
pub fn csv_field(text: &str) -> String {
    let guarded = match text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{text}"),
        false => text.to_owned(),
    };
    match guarded.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", guarded.replace('"', "\"\"")),
        false => guarded,
    }
}
