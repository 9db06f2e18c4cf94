use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::str::FromStr;

use palisade_types::{SubscriptionId, TimeMicros};
use serde::{Deserialize, Serialize};

use super::{Hour, HourUsage};
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
    /// Two rates for one plan from the same instant on.
    #[error("two rates for {0} take effect at the same instant")]
    TwoRates(Plan),
    /// Too many rates.
    #[error("a rate card has at most 1,000 rates")]
    TooMany,
}

impl BillError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Currency => "currency_invalid",
            Self::TwoRates(_) => "rates_collide",
            Self::TooMany => "rates_too_many",
        }
    }
}

/// What an hour costs from some instant on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// The plan.
    pub plan: Plan,
    /// The first instant; it counts from the next full hour on.
    pub effective: TimeMicros,
    /// Millionths of the currency's unit for an hour.
    pub micros_per_hour: u64,
}

/// What hours cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateCard {
    /// In which currency.
    pub currency: Currency,
    /// The rates, in any order.
    pub rates: Vec<Rate>,
}

impl RateCard {
    /// Checks it.
    ///
    /// # Errors
    /// When two rates collide, or there are too many.
    pub fn checked(self) -> Result<Self, BillError> {
        if self.rates.len() > 1000 {
            return Err(BillError::TooMany);
        }
        let mut seen = std::collections::BTreeSet::new();
        for rate in &self.rates {
            if !seen.insert((rate.plan, rate.effective)) {
                return Err(BillError::TwoRates(rate.plan));
            }
        }
        Ok(self)
    }

    /// What an hour of a plan costs, in millionths; `None` where no rate is in force.
    pub fn price(&self, plan: Plan, hour: Hour) -> Option<u64> {
        self.rates
            .iter()
            .filter(|r| r.plan == plan && r.effective <= hour.begins())
            .max_by_key(|r| r.effective)
            .map(|r| r.micros_per_hour)
    }
}

/// What one subscription and owner used of one plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BillLine {
    /// The subscription.
    pub subscription: SubscriptionId,
    /// The owner; empty where machines have none.
    pub owner: String,
    /// The plan.
    pub plan: Plan,
    /// Machine-hours, all of them.
    pub hours: u64,
    /// Of these, free ones.
    pub trial_hours: u64,
    /// Of these, ones for which no rate was in force; they are in no amount.
    pub unpriced_hours: u64,
    /// Millionths of the currency's unit.
    pub micros: u128,
}

/// The cost of hours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Bill {
    /// In which currency.
    pub currency: Currency,
    /// By subscription, owner, plan.
    pub lines: Vec<BillLine>,
}

impl Bill {
    /// Adds hours up.
    pub fn of<'a>(usage: impl IntoIterator<Item = &'a HourUsage>, card: &RateCard) -> Self {
        let mut lines: BTreeMap<(SubscriptionId, &str, Plan), BillLine> = BTreeMap::new();
        for u in usage {
            let line = lines.entry((u.subscription, u.owner.as_str(), u.plan)).or_insert_with(|| BillLine {
                subscription: u.subscription,
                owner: u.owner.clone(),
                plan: u.plan,
                hours: 0,
                trial_hours: 0,
                unpriced_hours: 0,
                micros: 0,
            });
            line.hours += 1;
            if u.trial {
                line.trial_hours += 1;
                continue;
            }
            match card.price(u.plan, u.hour) {
                Some(price) => line.micros += u128::from(price),
                None => line.unpriced_hours += 1,
            }
        }
        Self { currency: card.currency, lines: lines.into_values().collect() }
    }

    /// All amounts together, in millionths.
    pub fn total(&self) -> u128 {
        self.lines.iter().map(|l| l.micros).sum()
    }

    /// As CSV with a head line, for spreadsheets: what a person wrote is never a formula there.
    pub fn to_csv(&self) -> String {
        let mut out =
            String::from("subscription,owner,plan,hours,trial_hours,unpriced_hours,amount,currency\r\n");
        for l in &self.lines {
            let _ = write!(
                out,
                "{},{},{},{},{},{},{},{}\r\n",
                l.subscription,
                field(&l.owner),
                l.plan,
                l.hours,
                l.trial_hours,
                l.unpriced_hours,
                amount(l.micros),
                self.currency
            );
        }
        out
    }
}

/// Millionths as a decimal number, all six places.
fn amount(micros: u128) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

fn field(text: &str) -> String {
    let guarded = match text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{text}"),
        false => text.to_owned(),
    };
    match guarded.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", guarded.replace('"', "\"\"")),
        false => guarded,
    }
}
