//! What a task on Fargate costs: by what it asks for and how long it has it, not by what it uses.

use std::fmt;
use std::str::FromStr;

use crate::fault::Fault;

/// The least that Fargate bills of a task, in seconds.
pub const MINIMUM_SECONDS: f64 = 60.0;

/// US dollars for an hour of what a task asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Price {
    /// Of one vCPU.
    pub vcpu_hour: f64,
    /// Of one GiB of memory.
    pub gib_hour: f64,
}

impl Price {
    /// US dollars for an hour of a task with so many vCPUs and so much memory.
    pub fn task_hour(self, vcpus: f64, memory_gib: f64) -> f64 {
        vcpus * self.vcpu_hour + memory_gib * self.gib_hour
    }
}

/// What Fargate costs where a farm stands. Written as four numbers: [`PRICES`](crate::env::PRICES).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prices {
    /// On Fargate.
    pub on_demand: Price,
    /// On Fargate Spot.
    pub spot: Price,
}

impl Prices {
    /// US dollars for an hour of a task. What is not known to be Spot is taken for the dearer one.
    pub fn task_hour(&self, vcpus: f64, memory_mib: u64, spot: Option<bool>) -> f64 {
        let price = if spot == Some(true) { self.spot } else { self.on_demand };
        price.task_hour(vcpus, memory_mib as f64 / 1024.0)
    }
}

impl fmt::Display for Prices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { on_demand, spot } = self;
        write!(f, "{} {} {} {}", on_demand.vcpu_hour, on_demand.gib_hour, spot.vcpu_hour, spot.gib_hour)
    }
}

impl FromStr for Prices {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let good = |price: &f64| price.is_finite() && *price >= 0.0;
        let prices = text.split_whitespace().map(|word| word.parse().ok().filter(good));
        match prices.collect::<Option<Vec<f64>>>().as_deref() {
            Some([vcpu, gib, spot_vcpu, spot_gib]) => Ok(Self {
                on_demand: Price { vcpu_hour: *vcpu, gib_hour: *gib },
                spot: Price { vcpu_hour: *spot_vcpu, gib_hour: *spot_gib },
            }),
            _ => Err(Fault::new(
                format!("`{text}` are no four prices."),
                "They are US dollars for an hour of a vCPU and of a GiB, on Fargate and on Fargate Spot.",
            )),
        }
    }
}

/// US dollars for one attempt of a task that ran so many seconds, by the price of its hour.
pub fn attempt(task_hour: f64, seconds: f64) -> f64 {
    seconds.max(MINIMUM_SECONDS) / 3600.0 * task_hour
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_four_numbers() {
        let written = "0.04048 0.004445 0.01291 0.00142";
        let prices: Prices = written.parse().expect("four");
        assert_eq!(prices.to_string(), written);
        assert!((prices.task_hour(4.0, 8192, Some(true)) - 0.063).abs() < 1e-4);
        assert!((prices.task_hour(4.0, 8192, None) - 0.19748).abs() < 1e-4);
        for text in ["", "1 2 3", "1 2 3 4 5", "1 2 3 -4", "1 2 3 nan", "a b c d"] {
            assert!(text.parse::<Prices>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_minute_is_the_least() {
        assert_eq!(attempt(3.6, 1.0), attempt(3.6, 60.0));
        assert!((attempt(3.6, 100.0) - 0.1).abs() < 1e-12);
    }
}
