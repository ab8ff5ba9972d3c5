//! What Fargate costs: the one place where prices stand.
//!
//! Linux on x86 in us-east-1, as published in June 2026; other regions differ by some per cent, and the price of
//! Spot moves. What is paid is what a task asks for, not what it uses.

/// Of when the prices are.
pub const DATE: &str = "June 2026";
/// Of where they are.
pub const REGION: &str = "us-east-1";

/// US dollars for an hour of what a task asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prices {
    /// Of one vCPU.
    pub vcpu_hour: f64,
    /// Of one GiB of memory.
    pub gib_hour: f64,
}

/// Fargate at the full price.
pub const ON_DEMAND: Prices = Prices { vcpu_hour: 0.040_48, gib_hour: 0.004_445 };
/// Fargate Spot: about a third of it.
pub const SPOT: Prices = Prices { vcpu_hour: 0.012_91, gib_hour: 0.001_42 };

impl Prices {
    /// US dollars for an hour of a task with so many vCPUs and so much memory.
    pub fn task_hour(self, vcpus: f64, memory_gib: f64) -> f64 {
        vcpus * self.vcpu_hour + memory_gib * self.gib_hour
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_of_a_task_costs_what_the_price_list_says() {
        assert!((ON_DEMAND.task_hour(4.0, 8.0) - 0.1975).abs() < 0.0001);
        assert!((SPOT.task_hour(4.0, 8.0) - 0.063).abs() < 0.0005);
    }
}
