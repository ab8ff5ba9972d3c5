//! What a render costs, from what its tasks wrote down.
//!
//! A task's record says what Fargate bills for it: vCPUs, memory, the seconds since the start of the image's pull, and
//! whether that was Spot. Prices are us-east-1's of a date, unless others are given. Attempts that left no record, and
//! the archive's own task, which takes a minute or two, are not counted.

use farm_contract::offer::{Offer, Runs, Tasks};
use farm_contract::prices::{self, Prices};
use farm_contract::record::{Paid, TaskRecord};
use farm_plan::prices::{DATE, PUBLISHED, REGION};
use serde::Serialize;

/// What is paid for an hour of a vCPU and of a GiB.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PriceList {
    /// On Fargate, and on Fargate Spot.
    pub prices: Prices,
    /// Whether somebody gave them.
    pub given: bool,
}

impl Default for PriceList {
    fn default() -> Self {
        Self { prices: PUBLISHED, given: false }
    }
}

impl PriceList {
    /// Of where they are.
    pub fn words(&self) -> String {
        if self.given { "at the given prices".to_owned() } else { format!("at {REGION}'s prices of {DATE}") }
    }

    /// US dollars for an hour of a task of this farm where it starts its tasks first; nothing, on one machine.
    pub fn task_hour(&self, tasks: &Tasks) -> f64 {
        let spot = match tasks.runs {
            Runs::SpotFirst | Runs::Spot => true,
            Runs::OnDemand => false,
            Runs::Here => return 0.0,
        };
        self.prices.task_hour(tasks.vcpus, tasks.memory_mib, Some(spot))
    }

    /// US dollars of one attempt. What is not known to be Spot is taken for the dearer one, unless the farm has no other.
    fn of(&self, paid: &Paid, runs: Option<Runs>) -> (bool, f64) {
        let spot = paid.spot.unwrap_or(runs == Some(Runs::Spot));
        let hour = self.prices.task_hour(paid.vcpus, paid.memory_mib, Some(spot));
        (spot, prices::attempt(hour, paid.seconds))
    }
}

/// What was paid, in parts.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Ledger {
    /// Attempts that are counted.
    pub attempts: u64,
    /// Their hours on Fargate Spot, and US dollars for them.
    pub spot_hours: f64,
    /// US dollars.
    pub spot_usd: f64,
    /// Hours on Fargate.
    pub on_demand_hours: f64,
    /// US dollars.
    pub on_demand_usd: f64,
    /// Hours of all of these until our program ran.
    pub start_hours: f64,
    /// Hours in which Blender rendered.
    pub render_hours: f64,
    /// Hours of tasks for which nobody sends a bill.
    pub free_hours: f64,
    /// Tasks whose record does not say what is paid for them: of a farm of an older version.
    pub unknown: u64,
}

impl Ledger {
    /// Of the records of a render's tasks.
    pub fn of<'a>(
        records: impl IntoIterator<Item = &'a TaskRecord>,
        offer: Option<&Offer>,
        prices: &PriceList,
    ) -> Self {
        let runs = offer.and_then(|offer| offer.tasks).map(|tasks| tasks.runs);
        let mut ledger = Self::default();
        for record in records {
            ledger.render_hours +=
                record.rendered.iter().map(|frame| sane(frame.seconds)).sum::<f64>() / 3600.0;
            for paid in record.paid_before.iter().chain(&record.paid) {
                let paid = Paid { seconds: sane(paid.seconds), ..*paid };
                let (spot, usd) = prices.of(&paid, runs);
                let (hours, dollars) = match spot {
                    true => (&mut ledger.spot_hours, &mut ledger.spot_usd),
                    false => (&mut ledger.on_demand_hours, &mut ledger.on_demand_usd),
                };
                *hours += paid.seconds / 3600.0;
                *dollars += usd;
                ledger.start_hours += sane(paid.start_seconds) / 3600.0;
                ledger.attempts += 1;
            }
            match (&record.paid, runs) {
                (Some(_), _) => {}
                (None, Some(Runs::Here)) => ledger.free_hours += sane(record.seconds.total) / 3600.0,
                (None, _) => ledger.unknown += 1,
            }
        }
        ledger
    }

    /// US dollars in all.
    pub fn usd(&self) -> f64 {
        self.spot_usd + self.on_demand_usd
    }
}

/// A number of seconds that can be one.
fn sane(seconds: f64) -> f64 {
    if seconds.is_finite() { seconds.max(0.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use farm_contract::record::{FrameRecord, RECORD_VERSION, TaskSeconds};

    fn paid(spot: Option<bool>, seconds: f64) -> Paid {
        Paid { vcpus: 4.0, memory_mib: 8192, spot, seconds, start_seconds: 30.0 }
    }

    fn record(paid: Option<Paid>, paid_before: Vec<Paid>) -> TaskRecord {
        TaskRecord {
            version: RECORD_VERSION,
            child: 0,
            attempt: 1,
            job_id: String::new(),
            rendered: vec![FrameRecord { frame: 1, seconds: 1800.0, bytes: 1, files: Vec::new() }],
            kept: Vec::new(),
            failed: Vec::new(),
            fault: None,
            blender: String::new(),
            warnings: Vec::new(),
            seconds: TaskSeconds { total: 3600.0, ..TaskSeconds::default() },
            threads: 1,
            peak_memory_mib: 0,
            exit_code: 0,
            paid,
            paid_before,
        }
    }

    fn offer(runs: Runs) -> Offer {
        let tasks = Tasks { vcpus: 4.0, memory_mib: 8192, vcpus_allowed: 256.0, runs };
        Offer { tasks: Some(tasks), ..Offer::new([]) }
    }

    #[test]
    fn spot_and_on_demand_are_told_apart_and_every_attempt_counts() {
        let records = [record(Some(paid(Some(true), 3600.0)), vec![paid(Some(false), 3600.0)])];
        let ledger = Ledger::of(&records, Some(&offer(Runs::SpotFirst)), &PriceList::default());
        assert!((ledger.spot_usd - 0.063).abs() < 0.0005 && (ledger.on_demand_usd - 0.1975).abs() < 0.0001);
        assert_eq!((ledger.attempts, ledger.spot_hours, ledger.on_demand_hours), (2, 1.0, 1.0));
        assert!((ledger.start_hours - 1.0 / 60.0).abs() < 1e-9 && (ledger.render_hours - 0.5).abs() < 1e-9);
    }

    #[test]
    fn what_is_not_known_is_the_dearer_and_a_minute_is_the_least() {
        let of = |runs, seconds| {
            Ledger::of(
                &[record(Some(paid(None, seconds)), Vec::new())],
                Some(&offer(runs)),
                &PriceList::default(),
            )
        };
        assert!((of(Runs::SpotFirst, 3600.0).on_demand_usd - 0.1975).abs() < 0.0001);
        assert!((of(Runs::Spot, 3600.0).spot_usd - 0.063).abs() < 0.0005);
        assert!((of(Runs::OnDemand, 1.0).usd() - of(Runs::OnDemand, 60.0).usd()).abs() < 1e-12);
        assert_eq!(of(Runs::OnDemand, f64::NAN).on_demand_hours, 0.0);
    }

    #[test]
    fn one_machine_sends_no_bill_and_an_older_farm_does_not_tell() {
        let of = |runs| Ledger::of(&[record(None, Vec::new())], Some(&offer(runs)), &PriceList::default());
        let here = of(Runs::Here);
        assert_eq!((here.usd(), here.free_hours, here.unknown), (0.0, 1.0, 0));
        assert_eq!(of(Runs::SpotFirst).unknown, 1);
    }
}
