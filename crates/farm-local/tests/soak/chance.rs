//! What goes wrong, by chance.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use farm_local::faults::{Call, Fault, Faults, Service, Signal};

/// A source of chances that a seed decides.
#[derive(Debug, Clone)]
pub struct Chance(Arc<Mutex<fastrand::Rng>>);

impl Chance {
    /// That of one round.
    pub fn new(seed: u64, round: u64) -> Self {
        Self(Arc::new(Mutex::new(fastrand::Rng::with_seed(
            seed.wrapping_mul(0x9E37_79B9).wrapping_add(round),
        ))))
    }

    /// A number from `0` to below `end`.
    pub fn below(&self, end: usize) -> usize {
        self.0.lock().unwrap().usize(..end)
    }

    /// Whether something happens that happens `percent` times of a hundred.
    pub fn percent(&self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// Faults of so many of a hundred calls.
    pub fn faults(&self, percent: usize) -> Faults {
        let chance = self.clone();
        Faults::deciding(move |call| chance.percent(percent).then(|| chance.fault(call)).flatten())
    }

    /// What AWS does now and then with such a call.
    fn fault(&self, call: &Call) -> Option<Fault> {
        let at_any = [
            Fault::Refuse(500, "InternalError"),
            Fault::Refuse(503, "SlowDown"),
            Fault::Lose,
            Fault::Delay(Duration::from_millis(200)),
            Fault::KillBefore(Signal::KILL),
            Fault::KillAfter(Signal::KILL),
            Fault::KillBefore(Signal::TERM),
            Fault::KillAfter(Signal::TERM),
        ];
        let at_this: &[Fault] = match (call.service, call.operation) {
            (Service::S3, "PutObject") => &[
                Fault::CutRequest(100),
                Fault::Deny(500, "InternalError"),
                Fault::Refuse(409, "ConditionalRequestConflict"),
                Fault::Refuse(403, "RequestTimeTooSkewed"),
                Fault::Refuse(400, "ExpiredToken"),
            ],
            (Service::S3, "UploadPart") => &[Fault::CutRequest(70_000), Fault::Refuse(400, "ExpiredToken")],
            (Service::S3, "GetObject") => &[
                Fault::CutAnswer(50),
                Fault::Slow(200, Duration::from_millis(5)),
                Fault::Refuse(400, "ExpiredToken"),
            ],
            (Service::S3, "CompleteMultipartUpload") => {
                &[Fault::ErrorInSuccess("InternalError"), Fault::Deny(500, "InternalError")]
            }
            (Service::S3, _) => &[],
            (Service::Batch, _) => &[
                Fault::Refuse(429, "TooManyRequestsException"),
                Fault::Deny(500, "ServerException"),
                Fault::Refuse(403, "ExpiredTokenException"),
                Fault::Lose,
            ],
        };
        let choice = self.below(at_any.len() + at_this.len());
        at_any.iter().chain(at_this).nth(choice).copied()
    }
}
