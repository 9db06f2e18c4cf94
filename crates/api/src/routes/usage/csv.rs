//! Usage as CSV with a head line, for spreadsheets.

use std::fmt::Write;

use palisade_estate::metering::{amount, csv_field};
use palisade_estate::plan::Plan;
use palisade_state::{UsageBy, UsageRow};

/// One line for each row and currency. Hours that cost nothing are on a row's first line, so that
/// every column adds up.
pub(super) fn table(by: &[UsageBy], rows: &[UsageRow]) -> String {
    let asked = |what| by.contains(&what);
    let mut head = Vec::new();
    for (what, columns) in [
        (UsageBy::Subscription, &["subscription_id", "subscription"][..]),
        (UsageBy::Owner, &["owner"]),
        (UsageBy::Plan, &["plan"]),
        (UsageBy::Machine, &["machine_id", "machine"]),
        (UsageBy::Hour, &["hour"]),
    ] {
        head.extend(columns.iter().filter(|_| asked(what)).copied());
    }
    head.extend(["machines", "hours", "trial_hours", "unpriced_hours", "amount", "currency"]);
    let mut out = head.join(",") + "\r\n";
    for row in rows {
        let free = row.tally.trial_hours + row.tally.unpriced_hours;
        let mut lines: Vec<(u64, String, String)> = row
            .tally
            .costs
            .iter()
            .map(|(currency, cost)| (cost.hours, amount(cost.micros), currency.to_string()))
            .collect();
        match lines.first_mut() {
            Some(first) => first.0 += free,
            None => lines.push((free, amount(0), String::new())),
        }
        for (n, (hours, amount, currency)) in lines.into_iter().enumerate() {
            let rest = if n == 0 { (row.tally.trial_hours, row.tally.unpriced_hours) } else { (0, 0) };
            let _ = write!(
                out,
                "{}{},{hours},{},{},{amount},{currency}\r\n",
                common(by, row),
                row.machines,
                rest.0,
                rest.1
            );
        }
    }
    out
}

/// What a row's hours have in common, each with a comma behind it.
fn common(by: &[UsageBy], row: &UsageRow) -> String {
    let mut out = String::new();
    let mut put = |what, texts: &[String]| {
        if by.contains(&what) {
            for text in texts {
                out.push_str(&csv_field(text));
                out.push(',');
            }
        }
    };
    let (id, name) = row.subscription.as_ref().map(|(id, n)| (id.to_string(), n.clone())).unwrap_or_default();
    put(UsageBy::Subscription, &[id, name]);
    put(UsageBy::Owner, &[row.owner.clone().unwrap_or_default()]);
    put(UsageBy::Plan, &[row.plan.map_or_else(String::new, |p: Plan| p.as_str().to_owned())]);
    let (id, name) = row.machine.as_ref().map(|(id, n)| (id.to_string(), n.clone())).unwrap_or_default();
    put(UsageBy::Machine, &[id, name]);
    put(UsageBy::Hour, &[row.hour.map_or_else(String::new, |h| h.to_string())]);
    out
}

#[cfg(test)]
mod tests {
    use palisade_estate::metering::{Cost, Tally};

    use super::*;

    #[test]
    fn every_column_adds_up_and_no_name_is_a_formula() {
        let cost = |hours, micros| Cost { hours, micros };
        let costs = [("EUR", cost(3, 21_000)), ("USD", cost(2, 20_000))]
            .map(|(c, m)| (c.parse().expect("a currency"), m));
        let tally = Tally { hours: 9, trial_hours: 1, unpriced_hours: 3, costs: costs.into() };
        let paid = UsageRow {
            owner: Some("=1+1".into()),
            plan: Some(Plan::ServersP1),
            machines: 2,
            tally,
            ..UsageRow::default()
        };
        let free = Tally { hours: 4, trial_hours: 4, ..Tally::default() };
        let free = UsageRow {
            owner: Some(String::new()),
            plan: Some(Plan::Posture),
            machines: 1,
            tally: free,
            ..UsageRow::default()
        };
        let text = table(&[UsageBy::Plan, UsageBy::Owner], &[paid, free]);
        let expected = "owner,plan,machines,hours,trial_hours,unpriced_hours,amount,currency\r\n\
            '=1+1,servers_p1,2,7,1,3,0.021000,EUR\r\n\
            '=1+1,servers_p1,2,2,0,0,0.020000,USD\r\n\
            ,posture,1,4,4,0,0.000000,\r\n";
        assert_eq!(text, expected);
    }
}
