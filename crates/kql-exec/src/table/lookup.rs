//! `ipv4_lookup` and `ipv6_lookup`: rows by the networks that hold their addresses.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};

use arrow::array::{ArrayRef, RecordBatch, UInt64Array};
use datafusion::common::Result;
use palisade_kql::program::TableFunction;

use super::{Budget, Function};
use crate::value::Cells;

#[derive(Debug)]
pub(super) struct Lookup(pub TableFunction);

/// An address in 128 bits, IPv4 as `::ffff:a.b.c.d`, with the length of its network.
fn network(text: &str, v6: bool) -> Option<(u128, u32)> {
    let text = text.trim();
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length.parse::<u32>().ok()?)),
        None => (text, None),
    };
    let (bits, offset) = match address.parse::<IpAddr>().ok()? {
        IpAddr::V4(v4) => (mapped(v4), 96),
        IpAddr::V6(v6_address) if v6 => (u128::from(v6_address), 0),
        IpAddr::V6(_) => return None,
    };
    let length = length.map_or(128, |n| n + offset);
    (length <= 128).then_some((masked(bits, length), length))
}

fn mapped(address: Ipv4Addr) -> u128 {
    u128::from(address.to_ipv6_mapped())
}

fn masked(bits: u128, length: u32) -> u128 {
    if length == 0 { 0 } else { bits & (u128::MAX << (128 - length)) }
}

impl Function for Lookup {
    fn run(&self, inputs: &[RecordBatch], budget: &Budget) -> Result<Vec<ArrayRef>> {
        let TableFunction::AddressLookup { address, network: column, keys, taken, unmatched, v6 } = &self.0
        else {
            return Ok(Vec::new());
        };
        let (left, right) = (&inputs[0], &inputs[1]);
        let networks = Cells::new(right.column(*column).as_ref())?;
        budget.grow(right.num_rows().saturating_mul(64))?;
        let mut known: HashMap<(u32, u128), Vec<u64>> = HashMap::new();
        for row in 0..right.num_rows() {
            if let Some((bits, length)) = network(networks.get(row).text(), *v6) {
                known.entry((length, bits)).or_default().push(row as u64);
            }
        }
        // The most exact network first.
        let mut lengths: Vec<u32> = known.keys().map(|(length, _)| *length).collect();
        lengths.sort_unstable_by(|a, b| b.cmp(a));
        lengths.dedup();
        let addresses = Cells::new(left.column(*address).as_ref())?;
        let mut pairs = Vec::with_capacity(keys.len());
        for (a, b) in keys {
            pairs.push((Cells::new(left.column(*a).as_ref())?, Cells::new(right.column(*b).as_ref())?));
        }
        let mut from_left: Vec<u64> = Vec::new();
        let mut from_right: Vec<Option<u64>> = Vec::new();
        for row in 0..left.num_rows() {
            budget.step(1 + lengths.len() as u64)?;
            let before = from_left.len();
            if let Some((bits, own)) = network(addresses.get(row).text(), *v6) {
                let equal = |at: u64| {
                    usize::try_from(at).is_ok_and(|at| pairs.iter().all(|(a, b)| a.get(row) == b.get(at)))
                };
                for length in &lengths {
                    if *length <= own {
                        let found = known.get(&(*length, masked(bits, *length)));
                        for at in found.into_iter().flatten().filter(|at| equal(**at)) {
                            from_left.push(row as u64);
                            from_right.push(Some(*at));
                        }
                    } else {
                        // A network in the place of an address holds smaller ones.
                        for ((n, other), rows) in &known {
                            budget.step(1)?;
                            if n == length && masked(*other, own) == bits {
                                for at in rows.iter().filter(|at| equal(**at)) {
                                    from_left.push(row as u64);
                                    from_right.push(Some(*at));
                                }
                            }
                        }
                    }
                }
            }
            if from_left.len() == before && *unmatched {
                from_left.push(row as u64);
                from_right.push(None);
            }
            budget.grow((from_left.len() - before) * 24)?;
        }
        let from_left = UInt64Array::from(from_left);
        let from_right = UInt64Array::from(from_right);
        let mut columns = Vec::new();
        for column in left.columns() {
            columns.push(arrow::compute::take(column.as_ref(), &from_left, None)?);
        }
        for at in taken {
            columns.push(arrow::compute::take(right.column(*at).as_ref(), &from_right, None)?);
        }
        Ok(columns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_of_both_families() {
        assert_eq!(network("10.1.2.3/8", false), network("10.0.0.0/8", false));
        assert_eq!(network("10.1.2.3", false).map(|n| n.1), Some(128));
        assert_eq!(network("::ffff:10.1.2.3", true), network("10.1.2.3", true));
        assert_eq!(network("fe80::1/10", true).map(|n| n.1), Some(10));
        assert_eq!(network("fe80::1", false), None);
        assert_eq!(network("10.0.0.0/33", false), None);
        assert_eq!(network("300.0.0.1", false), None);
        assert_eq!(network("0.0.0.0/0", false).map(|n| n.1), Some(96));
    }
}
