//! What a machine is like, as the preflight reports it. Nothing here changes it.

mod facts;
mod fanotify;
mod path;
mod products;
mod report;

pub use facts::{manager, user};
pub use path::{free_bytes, install_path, total_bytes};
pub use products::seen as products_seen;
pub use report::{Asked, report};
