//! Orders: signed by a tenant's action key, bound to a device, an expiry and a rising number.

use ed25519_dalek::{Signature, Signer, SigningKey, Verifier, VerifyingKey};
use prost::Message;
use prost::bytes::Bytes;

use palisade_types::DeviceId;

use crate::msg::{Order, SignedOrder};

/// What precedes an order's bytes under the signature, so that the key signs nothing else.
pub const ORDER_CONTEXT: &[u8] = b"palisade-order-v1\0";

/// Largest encoded order, bytes.
const MAX_ORDER: usize = 256 << 10;

/// Why a sensor refuses an order; `code()` is stable and is counted and reported.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum OrderError {
    /// Not an order, or larger than 256 KiB.
    #[error("order is malformed")]
    Malformed,
    /// The signature is not the action key's.
    #[error("order is not signed by this tenant's action key")]
    Forged,
    /// It is for another device or tenant.
    #[error("order is for another device")]
    WrongDevice,
    /// Its time has passed.
    #[error("order has expired")]
    Expired,
    /// Its number was seen or passed already.
    #[error("order {number} was seen already; the last was {last}")]
    Replayed {
        /// The order's number.
        number: u64,
        /// The highest number that the sensor has journalled.
        last: u64,
    },
}

impl OrderError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "order_malformed",
            Self::Forged => "order_forged",
            Self::WrongDevice => "order_wrong_device",
            Self::Expired => "order_expired",
            Self::Replayed { .. } => "order_replayed",
        }
    }
}

/// What the sensor knows when an order arrives.
#[derive(Clone, Copy, Debug)]
pub struct OrderCheck<'a> {
    /// The tenant's action key, from enrolment.
    pub key: &'a [u8; 32],
    /// This device.
    pub device: DeviceId,
    /// This device's tenant, as text.
    pub tenant: &'a str,
    /// The highest order number journalled; 0 before the first.
    pub last_number: u64,
    /// The present, microseconds UTC, corrected by the server's time where the clock is off.
    pub now_us: i64,
}

/// Signs an order.
pub fn sign(order: &Order, key: &SigningKey) -> SignedOrder {
    let bytes = order.encode_to_vec();
    let signature = key.sign(&signed_bytes(&bytes));
    SignedOrder { order: bytes.into(), signature: Bytes::copy_from_slice(&signature.to_bytes()) }
}

/// Checks all that makes an order one to obey, and returns it.
///
/// # Errors
/// See [`OrderError`]; the signature is judged before anything that it covers.
pub fn verify(signed: &SignedOrder, check: &OrderCheck<'_>) -> Result<Order, OrderError> {
    if signed.order.len() > MAX_ORDER {
        return Err(OrderError::Malformed);
    }
    let key = VerifyingKey::from_bytes(check.key).map_err(|_| OrderError::Forged)?;
    let signature = Signature::from_slice(&signed.signature).map_err(|_| OrderError::Forged)?;
    key.verify(&signed_bytes(&signed.order), &signature).map_err(|_| OrderError::Forged)?;
    let order = Order::decode(signed.order.clone()).map_err(|_| OrderError::Malformed)?;
    if order.device.as_ref() != check.device.0 || order.tenant != check.tenant {
        return Err(OrderError::WrongDevice);
    }
    if order.number <= check.last_number {
        return Err(OrderError::Replayed { number: order.number, last: check.last_number });
    }
    if order.expires_us <= check.now_us {
        return Err(OrderError::Expired);
    }
    Ok(order)
}

fn signed_bytes(order: &[u8]) -> Vec<u8> {
    [ORDER_CONTEXT, order].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order() -> Order {
        Order {
            id: "o".into(),
            device: Bytes::copy_from_slice(&[3; 20]),
            tenant: "t".into(),
            number: 4,
            kind: "ping".into(),
            expires_us: 100,
            ..Order::default()
        }
    }

    fn check<'a>(key: &'a [u8; 32]) -> OrderCheck<'a> {
        OrderCheck { key, device: DeviceId([3; 20]), tenant: "t", last_number: 3, now_us: 50 }
    }

    #[test]
    fn only_a_fresh_order_of_the_right_key_for_this_device_is_obeyed() {
        let signing = SigningKey::from_bytes(&[7; 32]);
        let key = signing.verifying_key().to_bytes();
        let signed = sign(&order(), &signing);
        assert_eq!(verify(&signed, &check(&key)), Ok(order()));
        let other = SigningKey::from_bytes(&[8; 32]);
        assert_eq!(verify(&sign(&order(), &other), &check(&key)), Err(OrderError::Forged));
        assert_eq!(
            verify(&signed, &OrderCheck { device: DeviceId([4; 20]), ..check(&key) }),
            Err(OrderError::WrongDevice)
        );
        assert_eq!(verify(&signed, &OrderCheck { tenant: "u", ..check(&key) }), Err(OrderError::WrongDevice));
        assert_eq!(
            verify(&signed, &OrderCheck { last_number: 4, ..check(&key) }),
            Err(OrderError::Replayed { number: 4, last: 4 })
        );
        assert_eq!(verify(&signed, &OrderCheck { now_us: 100, ..check(&key) }), Err(OrderError::Expired));
        let mut bent = signed.clone();
        bent.order = Bytes::from(bent.order.iter().map(|b| b ^ 1).collect::<Vec<u8>>());
        assert_eq!(verify(&bent, &check(&key)), Err(OrderError::Forged));
    }

    #[test]
    fn what_is_signed_and_no_order_is_malformed() {
        let signing = SigningKey::from_bytes(&[7; 32]);
        let key = signing.verifying_key().to_bytes();
        let of = |bytes: Vec<u8>| {
            let signature = Bytes::copy_from_slice(&signing.sign(&signed_bytes(&bytes)).to_bytes());
            SignedOrder { order: bytes.into(), signature }
        };
        assert_eq!(verify(&of(vec![0xff; 9]), &check(&key)), Err(OrderError::Malformed));
        let large = Order { arguments: "x".repeat(MAX_ORDER), ..order() };
        assert_eq!(verify(&sign(&large, &signing), &check(&key)), Err(OrderError::Malformed));
        let short = SignedOrder { signature: Bytes::new(), ..sign(&order(), &signing) };
        assert_eq!(verify(&short, &check(&key)), Err(OrderError::Forged));
    }
}
