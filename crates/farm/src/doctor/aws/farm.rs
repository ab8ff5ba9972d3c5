//! The farm that is looked at, as far as it is known.

use farm_aws::Caller;
use farm_contract::offer::{Offer, Tasks};

use super::bucket::Told;
use crate::doctor::finding::word;

/// Who looks at which farm.
#[derive(Debug, Clone, Copy)]
pub(super) struct Farm<'a> {
    pub caller: &'a Caller,
    pub region: &'a str,
    /// What it says of itself, where it does.
    pub offer: Option<&'a Offer>,
}

impl<'a> Farm<'a> {
    pub fn new(caller: &'a Caller, region: &'a str, told: &'a Told) -> Self {
        let offer = match told {
            Told::Offer(offer) => Some(&**offer),
            Told::Nothing | Told::Failed(_) => None,
        };
        Self { caller, region, offer }
    }

    /// Who looks.
    pub fn who(&self) -> &'a str {
        &self.caller.arn
    }

    pub fn stack(&self) -> Option<&'a str> {
        self.offer?.stack.as_deref()
    }

    pub fn queue(&self) -> Option<&'a str> {
        self.offer?.queue.as_deref()
    }

    pub fn tasks(&self) -> Option<Tasks> {
        self.offer?.tasks
    }

    /// The command that deploys it.
    pub fn deploy(&self) -> String {
        let stack = self.stack().map(|stack| format!(" --stack {}", word(stack))).unwrap_or_default();
        format!("cargo xtask deploy{stack} --region {}", word(self.region))
    }
}

/// The region in an ARN.
pub(super) fn region_of(arn: &str) -> Option<&str> {
    arn.split(':').nth(3).filter(|region| !region.is_empty())
}

/// A farm as it is deployed by default.
#[cfg(test)]
pub(super) fn sample() -> Farm<'static> {
    use farm_contract::offer::Runs;
    let caller =
        Caller { account: "123456789012".to_owned(), arn: "arn:aws:iam::123456789012:user/td".to_owned() };
    let offer = Offer {
        stack: Some("render-farm".to_owned()),
        queue: Some("arn:aws:batch:eu-west-1:123456789012:job-queue/Queue-1a2b".to_owned()),
        logs: Some("render-farm-RenderLogs-1a2b".to_owned()),
        tasks: Some(Tasks { vcpus: 4.0, memory_mib: 8192, vcpus_allowed: 256.0, runs: Runs::SpotFirst }),
        ..Offer::new(["4.5".to_owned(), "4.1".to_owned()])
    };
    // Tests are short.
    let (caller, offer) = (Box::leak(Box::new(caller)), Box::leak(Box::new(offer)));
    Farm { caller, region: "eu-west-1", offer: Some(offer) }
}
