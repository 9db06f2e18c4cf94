//! Behaviour of the state store against a real PostgreSQL.

mod audit;
mod cluster;
mod common;
mod devices;
mod enrolment;
mod groups;
mod health;
mod orders;
mod people;
mod regions;
mod rls;
mod sign_in;
mod tables;
mod transfers;
