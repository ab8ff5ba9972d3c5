//! What Fargate costs: the one place where prices stand.
//!
//! Linux on x86 in us-east-1, as published in June 2026; other regions differ by some per cent, and the price of
//! Spot moves.

use farm_contract::prices::{Price, Prices};

/// Of when the prices are.
pub const DATE: &str = "June 2026";
/// Of where they are.
pub const REGION: &str = "us-east-1";

/// Fargate at the full price, and Fargate Spot: about a third of it.
pub const PUBLISHED: Prices = Prices {
    on_demand: Price { vcpu_hour: 0.040_48, gib_hour: 0.004_445 },
    spot: Price { vcpu_hour: 0.012_91, gib_hour: 0.001_42 },
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_of_a_task_costs_what_the_price_list_says() {
        assert!((PUBLISHED.on_demand.task_hour(4.0, 8.0) - 0.1975).abs() < 0.0001);
        assert!((PUBLISHED.spot.task_hour(4.0, 8.0) - 0.063).abs() < 0.0005);
    }
}
