//! Behaviour of the state store against a real PostgreSQL.

mod agentless;
mod audit;
mod baselines;
mod blocks;
mod cluster;
mod common;
mod device_inventories;
mod devices;
mod enrolment;
mod estate;
mod groups;
mod health;
mod hunting;
mod inventory;
mod notifications;
mod orders;
mod people;
mod products;
mod regions;
mod remediations;
mod rls;
mod search;
mod sign_in;
mod tables;
mod transfers;
mod vulnerabilities;
