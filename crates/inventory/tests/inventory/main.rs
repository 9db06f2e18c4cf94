//! Whole scans of roots that the tests write, of databases that the real tools wrote, and of this machine.

mod dpkg;
mod hostile;
mod languages;
mod live;
mod rpm;
mod scanner;
mod world;
