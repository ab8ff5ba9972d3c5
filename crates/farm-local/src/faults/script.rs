//! Faults that a test writes down beforehand.

use std::sync::{Arc, Mutex, PoisonError};

use super::{Call, Fault, Faults};

/// Steps, of which each waits for its calls. For each call the first step that has a fault left for it
/// is taken.
#[derive(Clone, Default)]
pub struct Script(Arc<Mutex<Vec<Step>>>);

/// What goes wrong with calls of one kind.
#[derive(Debug, Clone)]
pub struct Step {
    operation: &'static str,
    ending: String,
    skip: usize,
    times: usize,
    fault: Fault,
}

impl Step {
    /// The next call of this operation goes wrong.
    pub fn new(operation: &'static str, fault: Fault) -> Self {
        Self { operation, ending: String::new(), skip: 0, times: 1, fault }
    }

    /// Only calls about keys with this ending count.
    pub fn on(mut self, ending: &str) -> Self {
        ending.clone_into(&mut self.ending);
        self
    }

    /// So many calls come through first.
    pub fn after(mut self, calls: usize) -> Self {
        self.skip = calls;
        self
    }

    /// So many calls go wrong.
    pub fn times(mut self, calls: usize) -> Self {
        self.times = calls;
        self
    }

    fn take(&mut self, call: &Call) -> Option<Fault> {
        if self.operation != call.operation || !call.key.ends_with(&self.ending) || self.times == 0 {
            return None;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return None;
        }
        self.times -= 1;
        Some(self.fault)
    }
}

impl Script {
    /// The faults of these steps.
    pub fn faults(steps: impl IntoIterator<Item = Step>) -> (Self, Faults) {
        let script = Self(Arc::new(Mutex::new(steps.into_iter().collect())));
        let steps = script.clone();
        let faults = Faults::deciding(move |call| steps.steps().iter_mut().find_map(|step| step.take(call)));
        (script, faults)
    }

    /// One more step.
    pub fn add(&self, step: Step) {
        self.steps().push(step);
    }

    /// Nothing more goes wrong.
    pub fn end(&self) {
        self.steps().clear();
    }

    /// Whether everything that was written down has happened.
    pub fn is_played(&self) -> bool {
        self.steps().iter().all(|step| step.times == 0)
    }

    fn steps(&self) -> std::sync::MutexGuard<'_, Vec<Step>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::Service;

    #[test]
    fn each_step_waits_for_its_calls_and_is_over_after_them() {
        let refused = Fault::Refuse(503, "SlowDown");
        let step = Step::new("PutObject", refused).on(".png").after(1).times(2);
        let (script, faults) = Script::faults([step, Step::new("SubmitJob", Fault::Lose)]);
        let call = |operation, key: &str| {
            faults.fault(|| Call { service: Service::S3, operation, key: key.to_owned() })
        };
        assert_eq!(call("PutObject", "a.blend/report.json"), None);
        let puts: Vec<_> = (0..4).map(|_| call("PutObject", "a.blend/frame_0001.png")).collect();
        assert_eq!(puts, [None, Some(refused), Some(refused), None]);
        assert!(!script.is_played());
        assert_eq!(call("SubmitJob", ""), Some(Fault::Lose));
        assert!(script.is_played());
        assert_eq!(faults.injected().len(), 3);
    }
}
