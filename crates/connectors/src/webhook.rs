//! Sending to webhooks: one attempt each, signed, to addresses that may be reached.
//!
//! A tenant's administrator chooses the address, and this process stands inside the operator's network. So every
//! address that a name stands for is judged before it is connected to, and only judged ones are ([`Egress`]); no
//! redirection is followed, no proxy of the environment is asked, an answer is read up to a bound.

mod egress;
mod send;
mod sign;

pub use egress::{Block, Egress, EgressError, MAX_FILE};
pub use send::{Address, Envelope, MAX_URL, Sealed, Sender, Sent, WebhookError, origin_of};
pub use sign::{DELIVERY_HEADER, SIGNATURE_HEADER, sign};
