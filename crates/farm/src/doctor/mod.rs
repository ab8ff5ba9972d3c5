//! What must be right before the first render, and what mends what is not.
//!
//! It changes nothing, in the account or here. Start reading at [`examine`]; what each check judges by stands in
//! its own file of `aws` and `here`, apart from the call that finds it out.

mod aws;
mod check;
mod ec2;
mod finding;
mod here;
pub mod table;

use std::cell::RefCell;
use std::path::PathBuf;

pub use check::{Check, Place};
pub use finding::{Finding, Mend, Verdict};

/// What is to be looked at.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Bucket of the farm, where one is named.
    pub bucket: Option<String>,
    /// Region, where one is named.
    pub region: Option<String>,
    /// Only this machine.
    pub local: bool,
    /// Where calls for S3 go, and those for other services do not: a farm on one machine.
    pub own_s3: Option<String>,
    /// The Blender that is named for this machine.
    pub blender: Option<PathBuf>,
    /// Where frames would come to.
    pub folder: PathBuf,
}

impl Asked {
    /// What is looked at, as far as it is known before.
    pub fn checks(&self) -> Vec<Check> {
        Check::ALL.into_iter().filter(|check| !self.local || check.place() == Place::Here).collect()
    }
}

/// Looks at all of it at once. `told` hears of what is found so far, in its order, each time that there is more.
pub async fn examine(asked: &Asked, told: impl Fn(&[Finding])) -> Vec<Finding> {
    let found = RefCell::new(Vec::<Finding>::new());
    let tell = |finding: Finding| {
        let mut found = found.borrow_mut();
        found.push(finding);
        found.sort_by_key(|finding| finding.check);
        told(&found);
    };
    let account = async {
        if !asked.local {
            aws::look(asked, &tell).await;
        }
    };
    futures::join!(account, here::look(asked, &tell));
    found.into_inner()
}

#[cfg(test)]
mod tests {
    use farm_terminal::Look;

    use super::*;

    #[test]
    fn a_look_reads_as_the_readme_shows_it() {
        let findings: Vec<Finding> = aws::sample::found().into_iter().chain(here::sample()).collect();
        assert!(findings.iter().map(|finding| finding.check).eq(Check::ALL), "all of them, in order");
        let shown = table::table(&findings, Look { colour: false }, Some(110));
        let readme = include_str!("../../../../README.md");
        assert!(readme.contains(&format!("$ farm doctor\n{shown}```")), "{shown}");
    }
}
