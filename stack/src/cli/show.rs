//! How it looks: every line is made by a pure function of what there is to tell.

use std::io::Write;
use std::time::Duration;

use anyhow::{Context, Result};
use farm_terminal::{Ink, count, plain, size};
use stack::deploy::{DeployError, Loss, News, NoRegion, Output, Sentiment, StackEvent, WantedError};

pub use farm_terminal::{Look, hint, prompt, say};

mod plan;

/// The lines for something that there is to tell.
pub fn lines(news: &News, look: Look) -> Vec<String> {
    match news {
        News::Target { stack, account, region } => {
            vec![look.ink(Ink::Bold, &format!("Stack {stack} in {region}, account {account}"))]
        }
        News::Following { status } => {
            vec![format!("  An earlier operation is still going on ({status}); it is followed to its end.")]
        }
        News::Mending { status } => {
            vec![look.ink(
                Ink::Yellow,
                &format!("  An earlier attempt was left half done ({status}); it is cleaned up first."),
            )]
        }
        News::Step { number, of, title } => {
            vec![String::new(), look.ink(Ink::Bold, &format!("{number}/{of}  {title}"))]
        }
        News::Plan(changes) => plan::lines(changes, look),
        News::NoChange => {
            vec![format!("  {}", look.ink(Ink::Green, "No change: the stack is as requested."))]
        }
        News::Uploaded { what, bytes } => vec![format!("  {what}, {}: uploaded", size(*bytes))],
        News::Event { event, after, done, of } => {
            event_line(event, *after, (*done, *of), look).into_iter().collect()
        }
        News::Waiting { on, silent } => {
            let on = if on.is_empty() { "CloudFormation".to_owned() } else { on.join(", ") };
            vec![look.ink(Ink::Dim, &format!("  nothing new for {}; still at work: {on}", span(*silent)))]
        }
        News::Done { took } => {
            vec![
                String::new(),
                look.ink(Ink::Green, &format!("The stack is as requested, after {}.", span(*took))),
            ]
        }
        News::StoppingJobs { left } => match left {
            0 => vec!["  no job is left".to_owned()],
            1 => vec!["  stopping 1 job".to_owned()],
            left => vec![format!("  stopping {left} jobs")],
        },
        News::Emptying { gone, of } => vec![format!("  emptying the bucket: {gone} of {of} versions")],
        News::Again { why } => {
            vec![
                look.ink(Ink::Yellow, &format!("  {}", plain(why))),
                "  Trying again in a moment.".to_owned(),
            ]
        }
        News::Gone => vec![String::new(), look.ink(Ink::Green, "The farm is gone.")],
    }
}

/// One line for an event; none where it says nothing new.
fn event_line(event: &StackEvent, after: Duration, (done, of): (usize, usize), look: Look) -> Option<String> {
    // A creation is announced twice: when it is asked for, and when it was begun.
    if event.reason.as_deref().is_some_and(|reason| reason.ends_with("Initiated")) {
        return None;
    }
    let ink = match Sentiment::of(&event.status) {
        Sentiment::Good => Ink::Green,
        Sentiment::Bad => Ink::Red,
        Sentiment::Working | Sentiment::Neutral => Ink::Dim,
    };
    let time = format!("{:>3}:{:02}", after.as_secs() / 60, after.as_secs() % 60);
    // Where nothing of what changes is known, there is nothing to count.
    let count = if of == 0 { String::new() } else { format!("{done:>w$}/{of}", w = of.to_string().len()) };
    let words = words(&event.status);
    let reason = event.reason.as_deref().map(|reason| format!("  {}", plain(reason))).unwrap_or_default();
    let what =
        if event.is_stack() { format!("the stack, {}", event.logical_id) } else { event.logical_id.clone() };
    let line = format!(
        "  {} {count:>5}  {} {what}{reason}",
        look.ink(Ink::Dim, &time),
        look.ink(ink, &format!("{words:14}"))
    );
    Some(line.trim_end().to_owned())
}

/// A status in words; one that is not known speaks for itself.
fn words(status: &str) -> String {
    let words = match status {
        "CREATE_IN_PROGRESS" => "creating",
        "CREATE_COMPLETE" => "created",
        "CREATE_FAILED" => "not created",
        "UPDATE_IN_PROGRESS" => "changing",
        "UPDATE_COMPLETE" => "changed",
        "UPDATE_FAILED" => "not changed",
        "DELETE_IN_PROGRESS" => "deleting",
        "DELETE_COMPLETE" => "deleted",
        "DELETE_FAILED" => "not deleted",
        "DELETE_SKIPPED" => "kept",
        "IMPORT_IN_PROGRESS" => "taking over",
        "IMPORT_COMPLETE" => "taken over",
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS" | "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS" => {
            "cleaning up"
        }
        "ROLLBACK_IN_PROGRESS" | "UPDATE_ROLLBACK_IN_PROGRESS" => "taking back",
        "ROLLBACK_COMPLETE" | "UPDATE_ROLLBACK_COMPLETE" => "taken back",
        "ROLLBACK_FAILED" | "UPDATE_ROLLBACK_FAILED" => "not taken back",
        other => other,
    };
    words.to_owned()
}

/// What would be lost.
pub fn loss(name: &str, region: &str, loss: &Loss, keep_bucket: bool) {
    for line in loss_lines(name, region, loss, keep_bucket) {
        say(&line);
    }
}

fn loss_lines(name: &str, region: &str, loss: &Loss, keep_bucket: bool) -> Vec<String> {
    let mut lines = vec![match &loss.status {
        Some(status) => format!("Stack {name} in {region}, account {}, would go ({status}):", loss.account),
        None => {
            format!("The stack {name} in {region}, account {}, is gone; this is left of it:", loss.account)
        }
    }];
    if loss.status.is_some() {
        lines.push(format!("  {}", count(loss.resources as u64, "resource")));
    }
    if loss.jobs > 0 {
        lines.push(format!("  {} that are not over, which would be stopped", count(loss.jobs as u64, "job")));
    }
    if loss.registry {
        lines.push("  the registry with all its images".to_owned());
    }
    if let Some((bucket, contents)) = &loss.bucket {
        let unfinished = match contents.unfinished {
            0 => String::new(),
            unfinished => format!(", {}", count(unfinished, "unfinished upload")),
        };
        let what = format!(
            "the bucket {bucket}: {} in {}, {}{unfinished}",
            count(contents.objects, "object"),
            count(contents.versions, "version"),
            size(contents.bytes)
        );
        lines.push(if keep_bucket { format!("  (kept: {what})") } else { format!("  {what}") });
    }
    lines
}

/// Prints outputs to stdout.
///
/// # Errors
/// Nobody reads.
pub fn print_outputs(outputs: &[Output]) -> Result<()> {
    let text: String =
        output_lines(outputs, Look::of_stdout()).iter().map(|line| format!("{line}\n")).collect();
    std::io::stdout().write_all(text.as_bytes()).context("cannot print the outputs")
}

fn output_lines(outputs: &[Output], look: Look) -> Vec<String> {
    let wide = outputs.iter().map(|output| output.name.len()).max().unwrap_or_default();
    let mut lines = Vec::new();
    for Output { name, value, description } in outputs {
        if !description.is_empty() {
            lines.push(look.ink(Ink::Dim, &format!("# {description}")));
        }
        lines.push(format!("{} {value}", look.ink(Ink::Bold, &format!("{name:wide$}"))));
    }
    lines
}

/// Ctrl-C.
pub fn interrupted() {
    say("\nInterrupted. Whatever CloudFormation has begun already, it brings to its end.");
    hint("The same command again goes on from there.");
}

/// Tells why the program ends badly, and what helps.
pub fn report(error: &anyhow::Error) {
    farm_terminal::report(error, |cause| {
        let deploy = cause.downcast_ref::<DeployError>().and_then(DeployError::hint);
        let wanted = cause.downcast_ref::<WantedError>().and_then(WantedError::hint);
        let region = cause.downcast_ref::<NoRegion>().map(|error| error.hint());
        deploy.or(wanted).or(region)
    });
}

fn span(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests;
