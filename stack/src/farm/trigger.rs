//! The function, and the rule that wakes it.

use std::time::Duration;

/// The function's name.
pub const FUNCTION: &str = "farm-trigger";
/// The program of ours that it starts.
pub const PROGRAM: &str = "trigger-lambda";
/// Its memory, in MiB.
pub const MEMORY_MIB: u32 = 256;
/// Its time limit. It is no longer than the lease of a claim, so a claim whose holder timed out
/// can be taken over by the next attempt.
pub const TIMEOUT: Duration = Duration::from_secs(60);

/// The source that the rule for Batch events names.
pub const RULE_SOURCE: &str = "aws.batch";
/// The detail type that the rule names.
pub const RULE_DETAIL_TYPE: &str = "Batch Job State Change";
/// The job states that the rule names: a failed array needs its finisher.
pub const RULE_STATUSES: [&str; 1] = ["FAILED"];
