//! What is looked at, in the order in which it is shown.

use serde::Serialize;

/// Where something is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// In the account.
    Aws,
    /// On this machine.
    Here,
}

/// One thing that is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// Which region is asked.
    Region,
    /// Who asks.
    Credentials,
    /// The farm's bucket.
    Bucket,
    /// What the farm says of itself.
    Offer,
    /// Its stack.
    Stack,
    /// The images of its tasks.
    Images,
    /// Where its jobs wait.
    Queue,
    /// Where its tasks run.
    Environments,
    /// How much of Fargate Spot the account may have.
    Spot,
    /// How much of Fargate the account may have.
    OnDemand,
    /// The way out of its subnets.
    Subnets,
    /// What its tasks may call.
    SecurityGroups,
    /// The way to the bucket that costs nothing.
    Endpoint,
    /// Where its tasks write what they say.
    Logs,
    /// A Blender.
    Blender,
    /// The Python that a Blender is fetched for.
    Python,
    /// Room on the disk.
    Disk,
    /// Where a farm on this machine is reached.
    Ports,
    /// What makes a movie of frames.
    Ffmpeg,
}

impl Check {
    /// All of them.
    pub const ALL: [Self; 19] = [
        Self::Region,
        Self::Credentials,
        Self::Bucket,
        Self::Offer,
        Self::Stack,
        Self::Images,
        Self::Queue,
        Self::Environments,
        Self::Spot,
        Self::OnDemand,
        Self::Subnets,
        Self::SecurityGroups,
        Self::Endpoint,
        Self::Logs,
        Self::Blender,
        Self::Python,
        Self::Disk,
        Self::Ports,
        Self::Ffmpeg,
    ];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Region => "region",
            Self::Credentials => "credentials",
            Self::Bucket => "bucket",
            Self::Offer => "farm.json",
            Self::Stack => "stack",
            Self::Images => "images",
            Self::Queue => "queue",
            Self::Environments => "environments",
            Self::Spot => "quota of Spot",
            Self::OnDemand => "quota of Fargate",
            Self::Subnets => "subnets",
            Self::SecurityGroups => "security groups",
            Self::Endpoint => "S3 endpoint",
            Self::Logs => "log group",
            Self::Blender => "Blender",
            Self::Python => "Python",
            Self::Disk => "disk",
            Self::Ports => "ports",
            Self::Ffmpeg => "ffmpeg",
        }
    }

    /// Where it is looked at.
    pub fn place(self) -> Place {
        if self >= Self::Blender { Place::Here } else { Place::Aws }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_there_once_and_in_order() {
        assert!(Check::ALL.is_sorted_by(|a, b| a < b && a.place() <= b.place()));
        assert_eq!((Check::ALL[13], Check::Logs.place()), (Check::Logs, Place::Aws));
    }
}
