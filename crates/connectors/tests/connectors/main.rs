//! Connectors against the real thing: OpenSSH's server, AWS as moto plays it, and dpkg and rpm.

mod aws;
mod door;
mod external;
mod onboarding;
mod packages;
mod scan;
mod ssh;
mod support;
mod webhook;
