//! Behaviour of the state store against a real PostgreSQL.

mod audit;
mod cluster;
mod common;
mod devices;
mod enrolment;
mod health;
mod orders;
mod people;
mod rls;
mod sign_in;
mod tables;
