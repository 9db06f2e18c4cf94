//! Security baselines as people read and change them: profiles and where they are assigned, what devices found, and
//! what the api process has to order.

mod batch;
mod profiles;
mod results;
mod secure;
mod wanted;

pub use batch::{BaselineBatch, BaselineOn};
pub use profiles::{AssignedTo, KeptProfile, MAX_PROFILES, NewProfile};
pub use results::{
    BaselineCheckCounts, BaselineCourse, BaselineRun, CheckOn, CheckState, DeviceBaseline, Tallied,
};
pub use secure::{
    Categories, DeviceSecure, DeviceSecureQuery, Secure, SecureCost, SecureCourse, SecureOfDevice,
};
pub use wanted::BaselineWish;
