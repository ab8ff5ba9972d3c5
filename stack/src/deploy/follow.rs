//! Follows what CloudFormation does to a stack until it is through.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use farm_aws::AwsError;

use super::aws::Aws;
use super::events::{StackEvent, Tail};
use super::news::{Host, News};
use super::status::{Sentiment, Standing};

/// Between two looks.
const PAUSE: Duration = Duration::from_secs(2);
/// How long a stack may seem to be through without its last event having come, and how long AWS may
/// not answer.
const PATIENCE: Duration = Duration::from_secs(120);
/// After this long without an event, a person wants to hear that it goes on.
const SILENCE: Duration = Duration::from_secs(30);

/// How it came out.
#[derive(Debug)]
pub struct Ended {
    /// The stack's status.
    pub status: String,
    /// All that happened, the first event first.
    pub events: Vec<StackEvent>,
}

/// Follows the stack of this id, of whose resources `changing` are touched. `tail` was begun before
/// the work was.
///
/// # Errors
/// CloudFormation does not tell; the work itself goes on.
pub async fn follow(
    aws: &Aws,
    stack_id: &str,
    mut tail: Tail,
    changing: &BTreeSet<String>,
    host: &mut dyn Host,
) -> Result<Ended, AwsError> {
    let mut tally = Tally::new(changing);
    let mut heard = Instant::now();
    let mut through: Option<Instant> = None;
    let mut answered = Instant::now();
    loop {
        let (status, events) = match look(aws, stack_id, &mut tail).await {
            // The work goes on meanwhile; only who is told nothing for long is told that.
            Err(error) if error.is_passing() && answered.elapsed() < PATIENCE => {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            looked => looked?,
        };
        answered = Instant::now();
        for event in events {
            heard = Instant::now();
            let (done, of) = tally.take(&event);
            let first = tally.events.first().map_or(event.time, |first| first.time);
            let after = Duration::try_from(event.time - first).unwrap_or_default();
            host.tell(&News::Event { event, after, done, of });
        }
        // What was asked for a moment ago may not have begun: then the status is the one of before, and
        // only the stack's own last event says that it is through.
        match Standing::of(&status) {
            Standing::Busy => through = None,
            Standing::Gone => return Ok(Ended { status, events: tally.events }),
            _ if tally.ended => return Ok(Ended { status, events: tally.events }),
            _ if through.get_or_insert_with(Instant::now).elapsed() > PATIENCE => {
                let words = format!("it is {status}, and nothing is heard of what was begun");
                return Err(AwsError::unsent(format!("follow the stack `{stack_id}`"), words));
            }
            _ => {}
        }
        if heard.elapsed() >= SILENCE {
            host.tell(&News::Waiting { on: tally.working.iter().cloned().collect(), silent: SILENCE });
            heard = Instant::now();
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// The stack's status, and what has happened since the last look.
async fn look(aws: &Aws, stack_id: &str, tail: &mut Tail) -> Result<(String, Vec<StackEvent>), AwsError> {
    // The status before the events: when it is settled, all of them have happened.
    let status = match aws.stack(stack_id).await? {
        Some(stack) => stack.stack_status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
        None => "DELETE_COMPLETE".to_owned(),
    };
    Ok((status, tail.next(aws).await?))
}

/// What has happened so far.
struct Tally {
    changing: BTreeSet<String>,
    done: BTreeSet<String>,
    working: BTreeSet<String>,
    /// Whether the stack itself is through.
    ended: bool,
    events: Vec<StackEvent>,
}

impl Tally {
    fn new(changing: &BTreeSet<String>) -> Self {
        Self {
            changing: changing.clone(),
            done: BTreeSet::new(),
            working: BTreeSet::new(),
            ended: false,
            events: Vec::new(),
        }
    }

    /// Counts an event; how many resources are done, and of how many.
    fn take(&mut self, event: &StackEvent) -> (usize, usize) {
        if event.is_stack() {
            self.ended = Sentiment::is_settled(&event.status);
        } else {
            let id = &event.logical_id;
            if Sentiment::is_settled(&event.status) {
                self.working.remove(id);
            } else {
                self.working.insert(id.clone());
            }
            let done = Sentiment::of(&event.status) == Sentiment::Good || event.status == "DELETE_SKIPPED";
            if done && self.changing.contains(id) {
                self.done.insert(id.clone());
            }
        }
        self.events.push(event.clone());
        (self.done.len(), self.changing.len())
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn what_is_done_and_what_is_being_worked_on_is_counted() {
        let changing = ["Queue", "TriggerRole"].map(str::to_owned).into();
        let mut tally = Tally::new(&changing);
        let event = |id: &str, status: &str| StackEvent {
            id: format!("{id} {status}"),
            time: Timestamp::UNIX_EPOCH,
            logical_id: id.to_owned(),
            kind: if id == "farm" { StackEvent::STACK } else { "AWS::IAM::Role" }.to_owned(),
            status: status.to_owned(),
            reason: None,
        };
        assert_eq!(tally.take(&event("farm", "UPDATE_IN_PROGRESS")), (0, 2));
        assert_eq!(tally.take(&event("Queue", "CREATE_IN_PROGRESS")), (0, 2));
        assert_eq!(tally.take(&event("TriggerRole", "CREATE_IN_PROGRESS")), (0, 2));
        assert_eq!(tally.take(&event("Queue", "CREATE_COMPLETE")), (1, 2));
        // What goes after a change was not counted among what changes.
        assert_eq!(tally.take(&event("OldRole", "DELETE_COMPLETE")), (1, 2));
        assert_eq!(tally.working.iter().collect::<Vec<_>>(), ["TriggerRole"]);
        assert!(!tally.ended);
        tally.take(&event("farm", "UPDATE_COMPLETE"));
        assert!(tally.ended);
    }
}
