//! Files that queries read from outside with `externaldata`.
//!
//! Whoever may hunt writes the address, and this process stands inside the operator's network. So only hosts that the
//! operator lists are read ([`AllowedHosts`]), every address that a name stands for is judged before it is connected to,
//! and only judged ones are; a redirection is judged like the address that it came from. No proxy of the environment is
//! asked, nothing that could stand for somebody is sent, and what comes is cut at its bounds ([`Fetcher`]).

mod fetch;
mod hosts;

pub use fetch::{FetchError, Fetched, Fetcher, MAX_URL, MOST_REDIRECTS, named};
pub use hosts::{AllowedHost, AllowedHosts, HostInvalid, MOST_HOSTS};
