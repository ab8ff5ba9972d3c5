//! What AWS Batch takes of a task on Fargate, as types that hold nothing else: AWS refuses some of
//! it only when a job is already in the queue.

use std::fmt;

/// vCPUs of a task. Fargate has these and none between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Vcpus {
    /// A quarter.
    Quarter,
    /// A half.
    Half,
    /// 1.
    One,
    /// 2.
    Two,
    /// 4.
    Four,
    /// 8.
    Eight,
    /// 16, and there is no more.
    Sixteen,
}

impl Vcpus {
    /// All of them, the smallest first.
    pub const ALL: [Self; 7] =
        [Self::Quarter, Self::Half, Self::One, Self::Two, Self::Four, Self::Eight, Self::Sixteen];

    /// A vCPU has 1024 of these.
    pub const fn units(self) -> u32 {
        match self {
            Self::Quarter => 256,
            Self::Half => 512,
            Self::One => 1024,
            Self::Two => 2 * 1024,
            Self::Four => 4 * 1024,
            Self::Eight => 8 * 1024,
            Self::Sixteen => 16 * 1024,
        }
    }

    /// Least and largest memory that goes with them, and the step between, in MiB. What a quarter
    /// takes doubles from step to step; see [`FargateSize::new`].
    const fn memory(self) -> (u32, u32, u32) {
        match self {
            Self::Quarter => (GIB / 2, 2 * GIB, GIB / 2),
            Self::Half => (GIB, 4 * GIB, GIB),
            Self::One => (2 * GIB, 8 * GIB, GIB),
            Self::Two => (4 * GIB, 16 * GIB, GIB),
            Self::Four => (8 * GIB, 30 * GIB, GIB),
            Self::Eight => (16 * GIB, 60 * GIB, 4 * GIB),
            Self::Sixteen => (32 * GIB, 120 * GIB, 8 * GIB),
        }
    }

    const fn take(self, memory_mib: u32) -> bool {
        let (least, most, step) = self.memory();
        let listed = !matches!(self, Self::Quarter) || memory_mib.is_power_of_two();
        listed && memory_mib >= least && memory_mib <= most && (memory_mib - least).is_multiple_of(step)
    }
}

/// As AWS writes them: `0.25`, `4`.
impl fmt::Display for Vcpus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quarter => f.write_str("0.25"),
            Self::Half => f.write_str("0.5"),
            whole => write!(f, "{}", whole.units() / 1024),
        }
    }
}

const GIB: u32 = 1024;

/// vCPUs and memory of a task: a pair that Fargate has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FargateSize {
    vcpus: Vcpus,
    memory_mib: u32,
}

impl FargateSize {
    /// These vCPUs with this memory, in MiB.
    ///
    /// # Errors
    /// Fargate has no such pair; the error says what goes with these vCPUs.
    pub const fn new(vcpus: Vcpus, memory_mib: u32) -> Result<Self, WrongSize> {
        if vcpus.take(memory_mib) {
            Ok(Self { vcpus, memory_mib })
        } else {
            Err(WrongSize { vcpus, memory_mib })
        }
    }

    /// These vCPUs with the most memory that Fargate has for them.
    pub const fn largest(vcpus: Vcpus) -> Self {
        let (_, memory_mib, _) = vcpus.memory();
        Self { vcpus, memory_mib }
    }

    /// Its vCPUs.
    pub const fn vcpus(self) -> Vcpus {
        self.vcpus
    }

    /// Its memory, in MiB.
    pub const fn memory_mib(self) -> u32 {
        self.memory_mib
    }

    /// The value of a job definition's `VCPU` requirement: `0.25`, `4`.
    pub fn vcpu_requirement(self) -> String {
        self.vcpus.to_string()
    }

    /// The value of a job definition's `MEMORY` requirement, in MiB: `8192`.
    pub fn memory_requirement(self) -> String {
        self.memory_mib.to_string()
    }
}

/// vCPUs and memory that do not go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrongSize {
    vcpus: Vcpus,
    memory_mib: u32,
}

impl std::error::Error for WrongSize {}

impl fmt::Display for WrongSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (least, most, step) = self.vcpus.memory();
        let verb = if matches!(self.vcpus, Vcpus::One) { "takes" } else { "take" };
        write!(f, "{} vCPU {verb} ", self.vcpus)?;
        if matches!(self.vcpus, Vcpus::Quarter) {
            f.write_str("0.5, 1 or 2 GiB")?;
        } else {
            write!(f, "{} to {} GiB in steps of {}", least / GIB, most / GIB, step / GIB)?;
        }
        write!(f, ", not {}", f64::from(self.memory_mib) / f64::from(GIB))
    }
}

/// How often a job is tried, the first time counted. CloudFormation takes any number; Batch
/// refuses those outside of 1 to 10.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attempts(u8);

impl Attempts {
    /// This many attempts.
    ///
    /// # Errors
    /// Batch takes 1 to 10.
    pub const fn new(attempts: u8) -> Result<Self, WrongAttempts> {
        if matches!(attempts, 1..=10) { Ok(Self(attempts)) } else { Err(WrongAttempts(attempts)) }
    }

    /// How many.
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// A number of attempts that Batch does not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("AWS Batch gives a job 1 to 10 attempts, not {0}")]
pub struct WrongAttempts(u8);

/// How long one attempt may take. Batch counts it from the start of the attempt, and each child of
/// an array has it to itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AttemptSeconds(u32);

impl AttemptSeconds {
    /// This many seconds.
    ///
    /// # Errors
    /// Batch takes 60 and more.
    pub const fn new(seconds: u32) -> Result<Self, TooShort> {
        if seconds >= 60 { Ok(Self(seconds)) } else { Err(TooShort(seconds)) }
    }

    /// How many.
    pub const fn get(self) -> u32 {
        self.0
    }
}

/// A time that Batch does not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("AWS Batch ends an attempt after 60 seconds or more, not {0}")]
pub struct TooShort(u32);

#[cfg(test)]
mod tests {
    use super::*;

    /// The pairs that Fargate has, counted from AWS's table.
    #[test]
    fn every_pair_of_the_table_is_taken_and_no_other() {
        let taken = |vcpus: Vcpus| {
            (0..=130 * 4).filter(|quarters| FargateSize::new(vcpus, quarters * 256).is_ok()).count()
        };
        assert_eq!(Vcpus::ALL.map(taken), [3, 4, 7, 13, 23, 12, 12]);
        for (vcpus, gib) in [(Vcpus::Half, 1), (Vcpus::Two, 16), (Vcpus::Eight, 60), (Vcpus::Sixteen, 120)] {
            assert!(FargateSize::new(vcpus, gib * 1024).is_ok(), "{vcpus} with {gib} GiB");
        }
        assert!(FargateSize::new(Vcpus::One, 2049).is_err());
        assert!(FargateSize::new(Vcpus::Quarter, 1536).is_err());
    }

    #[test]
    fn a_wrong_pair_says_what_is_allowed() {
        let refusal = |vcpus, mib| FargateSize::new(vcpus, mib).unwrap_err().to_string();
        assert_eq!(refusal(Vcpus::Four, 31 * 1024), "4 vCPU take 8 to 30 GiB in steps of 1, not 31");
        assert_eq!(refusal(Vcpus::One, 1024), "1 vCPU takes 2 to 8 GiB in steps of 1, not 1");
        assert_eq!(refusal(Vcpus::Quarter, 1536), "0.25 vCPU take 0.5, 1 or 2 GiB, not 1.5");
        assert_eq!(refusal(Vcpus::Sixteen, 36 * 1024), "16 vCPU take 32 to 120 GiB in steps of 8, not 36");
    }

    #[test]
    fn the_largest_is_a_pair_and_nothing_is_larger() {
        for vcpus in Vcpus::ALL {
            let mib = FargateSize::largest(vcpus).memory_mib();
            assert!(FargateSize::new(vcpus, mib).is_ok(), "{vcpus} with {mib} MiB");
            assert!(
                (mib + 1..=mib + 32 * 1024).all(|more| FargateSize::new(vcpus, more).is_err()),
                "{vcpus}"
            );
        }
    }

    #[test]
    fn requirements_are_written_as_batch_reads_them() {
        let size = FargateSize::new(Vcpus::Quarter, 512).unwrap();
        assert_eq!((size.vcpu_requirement(), size.memory_requirement()), ("0.25".into(), "512".into()));
        let size = FargateSize::new(Vcpus::Eight, 20 * 1024).unwrap();
        assert_eq!((size.vcpu_requirement(), size.memory_requirement()), ("8".into(), "20480".into()));
    }

    #[test]
    fn attempts_and_their_seconds_are_held_to_what_batch_takes() {
        assert_eq!([0, 1, 10, 11].map(|n| Attempts::new(n).is_ok()), [false, true, true, false]);
        assert_eq!([59, 60].map(|n| AttemptSeconds::new(n).is_ok()), [false, true]);
        assert_eq!(
            Attempts::new(11).unwrap_err().to_string(),
            "AWS Batch gives a job 1 to 10 attempts, not 11"
        );
    }
}
