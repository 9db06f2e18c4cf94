//! Behaviour of the whole product on this machine. Needs root and a kernel with BTF.

mod agentless;
mod aws;
mod baselines;
mod blocking;
mod console;
mod demo_estate;
mod guests;
mod hosts;
mod kusto;
mod lifecycle;
mod notifications;
mod queries;
mod remediation;
mod vulnerabilities;
