//! In which order the frames are begun.

use blend_file::Facts;
use farm_contract::order::{ORDER, Order};
use farm_contract::tags::Request;

use crate::Verdict;

/// From the ends to the middles, where a frame does not depend on those before it, as it does where something is
/// computed from frame to frame, and may where scripts run.
pub(crate) fn judge(request: &Request, facts: &Facts, verdict: &mut Verdict) {
    let depends = facts.simulations.iter().any(|simulation| !simulation.baked);
    verdict.order = match request.order {
        Some(Order::Spread) if depends => {
            verdict.warnings.push(format!(
                "{ORDER}=spread was not honoured: what is not baked is computed from frame to frame, so the frames are \
                 rendered one after the other."
            ));
            Order::Linear
        }
        Some(order) => order,
        None if depends || request.allowed.scripts => Order::Linear,
        None => Order::Spread,
    };
}
