mod catalogue;
mod checking;
mod fixture;
mod parsing;
mod recognising;
mod recommending;
mod summing;
mod values;
