//! What AWS's words for the state of a stack and of a resource mean for who deploys.

/// Where a stack stands, as far as it matters to what can be done with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is there, and can be changed.
    Ready,
    /// It was proposed once and never made: nothing of it exists.
    Proposed,
    /// Something is being done to it.
    Busy,
    /// Its first creation failed. It can only be deleted.
    Dead,
    /// A change failed, and so did taking it back.
    Stuck,
    /// It could not be deleted.
    Undeleted,
    /// It is gone.
    Gone,
}

impl Standing {
    /// Reads a stack's status. One that is not known is taken for work that goes on: it is waited
    /// for, and nothing is done to it.
    pub fn of(status: &str) -> Self {
        match status {
            "CREATE_COMPLETE"
            | "UPDATE_COMPLETE"
            | "UPDATE_ROLLBACK_COMPLETE"
            | "UPDATE_FAILED"
            | "IMPORT_COMPLETE"
            | "IMPORT_ROLLBACK_COMPLETE" => Self::Ready,
            "REVIEW_IN_PROGRESS" => Self::Proposed,
            "CREATE_FAILED" | "ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" => Self::Dead,
            "UPDATE_ROLLBACK_FAILED" | "IMPORT_ROLLBACK_FAILED" => Self::Stuck,
            "DELETE_FAILED" => Self::Undeleted,
            "DELETE_COMPLETE" => Self::Gone,
            _ => Self::Busy,
        }
    }
}

/// What a resource's status says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sentiment {
    /// Work goes on.
    Working,
    /// It is as it should be.
    Good,
    /// Something went wrong.
    Bad,
    /// It is left as it was, or as it is.
    Neutral,
}

impl Sentiment {
    /// Reads a status of a resource or a stack.
    pub fn of(status: &str) -> Self {
        if status.ends_with("_FAILED") {
            Self::Bad
        } else if status.contains("ROLLBACK") {
            // What is taken back had to be, so it is no good news, however well it goes.
            if status.ends_with("_COMPLETE") { Self::Neutral } else { Self::Bad }
        } else if status.ends_with("_COMPLETE") {
            Self::Good
        } else if status == "DELETE_SKIPPED" {
            Self::Neutral
        } else {
            Self::Working
        }
    }

    /// Whether nothing more comes of it.
    pub fn is_settled(status: &str) -> bool {
        !status.ends_with("_IN_PROGRESS")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_of_a_stack_says_what_can_be_done() {
        for (standing, statuses) in [
            (
                Standing::Ready,
                &[
                    "CREATE_COMPLETE",
                    "UPDATE_COMPLETE",
                    "UPDATE_ROLLBACK_COMPLETE",
                    "UPDATE_FAILED",
                    "IMPORT_COMPLETE",
                    "IMPORT_ROLLBACK_COMPLETE",
                ][..],
            ),
            (Standing::Proposed, &["REVIEW_IN_PROGRESS"]),
            (
                Standing::Busy,
                &[
                    "CREATE_IN_PROGRESS",
                    "ROLLBACK_IN_PROGRESS",
                    "UPDATE_IN_PROGRESS",
                    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
                    "UPDATE_ROLLBACK_IN_PROGRESS",
                    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
                    "IMPORT_IN_PROGRESS",
                    "IMPORT_ROLLBACK_IN_PROGRESS",
                    "DELETE_IN_PROGRESS",
                    "SOMETHING_NEW",
                ],
            ),
            (Standing::Dead, &["CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"]),
            (Standing::Stuck, &["UPDATE_ROLLBACK_FAILED", "IMPORT_ROLLBACK_FAILED"]),
            (Standing::Undeleted, &["DELETE_FAILED"]),
            (Standing::Gone, &["DELETE_COMPLETE"]),
        ] {
            for status in statuses {
                assert_eq!(Standing::of(status), standing, "{status}");
            }
        }
    }

    #[test]
    fn what_is_taken_back_is_no_good_news() {
        assert_eq!(Sentiment::of("UPDATE_COMPLETE"), Sentiment::Good);
        assert_eq!(Sentiment::of("DELETE_COMPLETE"), Sentiment::Good);
        assert_eq!(Sentiment::of("DELETE_SKIPPED"), Sentiment::Neutral);
        assert_eq!(Sentiment::of("UPDATE_ROLLBACK_IN_PROGRESS"), Sentiment::Bad);
        assert_eq!(Sentiment::of("ROLLBACK_COMPLETE"), Sentiment::Neutral);
        assert_eq!(Sentiment::of("CREATE_FAILED"), Sentiment::Bad);
        assert_eq!(Sentiment::of("CREATE_IN_PROGRESS"), Sentiment::Working);
        assert!(Sentiment::is_settled("CREATE_FAILED") && !Sentiment::is_settled("CREATE_IN_PROGRESS"));
    }
}
