mod fixture;
mod planning;
mod reconciling;
mod rolling;
