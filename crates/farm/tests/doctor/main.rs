//! The real `farm doctor` looks at farms in moto, good ones and ones that are broken at one point each. What moto does
//! not know, or cannot be made to say, is answered by a small server in front of it: quotas of Fargate, stacks and
//! environments in bad states, refusals, credentials that are no good.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a failing test panics")]

mod broken;
mod engine;
mod farm;
mod here;
mod recorded;
mod whole;
