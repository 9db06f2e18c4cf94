//! Behaviour of the whole service: real PostgreSQL, the real router, requests as they come.

mod accounts;
mod agentless;
mod baselines;
mod blocks;
mod devices;
mod edge;
mod estate;
mod events;
mod explorer;
mod groups;
mod hunting;
mod hunting_queries;
mod kusto;
mod notifications;
mod openapi;
mod orders;
mod people;
mod recorder;
mod search;
mod tokens;
mod usage;
mod views;
mod vulnerabilities;
mod walk;
mod world;
