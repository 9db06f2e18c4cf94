mod catalogue;
mod observing;
mod tracking;
