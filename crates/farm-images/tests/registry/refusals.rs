//! What is told where something says no, and what is tried again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use farm_testing::{Reply, exchange, serve};
use serde_json::json;

use super::layers;
use super::making::{classic, layer};
use super::program::Program;
use super::servers::{PASSWORD, Registry, aws, json_reply};

/// A registry whose answers are a test's.
fn scripted(reply: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Program {
    let registry = serve(move |request| reply(request.line()));
    Program::new(&aws(&format!("http://{registry}"), PASSWORD))
}

fn nothing() -> Reply {
    Reply::Say(404, String::new(), String::new())
}

/// What a registry says of an error.
fn says(status: u16, code: &str, message: &str) -> Reply {
    json_reply(status, &json!({"errors": [{"code": code, "message": message}]}))
}

fn has(told: &str, parts: &[&str]) {
    for part in parts {
        assert!(told.contains(part), "no `{part}` in: {told}");
    }
}

#[test]
fn a_wrong_password_is_told() {
    let Some(registry) = Registry::start() else { return };
    let program = Program::new(&aws(&format!("http://{}", registry.address), "another"));
    has(
        program.find(&["one"]).error(),
        &["cannot ask the registry for `farm:one`", "401", "hint: ", "Log in"],
    );
    has(program.push("one", &classic(&layers(b"x"))).error(), &["401", "hint: "]);
}

#[test]
fn what_the_registry_refuses_is_told_in_its_words() {
    let denied = "User: arn:aws:iam::1:user/x is not authorized to perform: ecr:InitiateLayerUpload";
    let program = scripted(move |line| match line {
        line if line.starts_with("POST") => says(403, "DENIED", denied),
        _ => nothing(),
    });
    let ran = program.push("one", &classic(&[layer("a", b"b")]));
    has(
        ran.error(),
        &["cannot push layer 1: ", "403", "DENIED: User: arn:aws:iam::1:user/x", "lacks a right"],
    );
    assert!(!ran.told.contains("Trying again"), "{}", ran.told);
    // What was compressed is kept for the next time, and nothing else.
    assert_eq!(program.kept().len(), 1);

    let program = scripted(|line| match line {
        line if line.starts_with("POST") => {
            says(404, "NAME_UNKNOWN", "The repository with name 'farm' does not exist in the registry")
        }
        _ => nothing(),
    });
    let ran = program.push("one", &classic(&[layer("a", b"b")]));
    has(ran.error(), &["NAME_UNKNOWN", "does not exist", "`cargo xtask deploy` makes it"]);
}

#[test]
fn the_password_goes_to_no_other_registry() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let other = serve(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        nothing()
    });
    let program = scripted(move |line| match line {
        line if line.starts_with("POST") => {
            Reply::Say(202, format!("Location: http://{other}/v2/farm/blobs/uploads/1\r\n"), String::new())
        }
        _ => nothing(),
    });
    let ran = program.push("one", &classic(&[layer("a", b"b")]));
    has(ran.error(), &["it sends us to another registry"]);
    assert_eq!(asked.load(Ordering::SeqCst), 0);

    let program = Program::new(&aws("http://10.0.0.1:5000", PASSWORD));
    has(program.find(&["one"]).error(), &["http://10.0.0.1:5000", "could read the password", "without TLS"]);
}

#[test]
fn what_fails_in_passing_is_tried_again() {
    let Some(registry) = Registry::start() else { return };
    // To begin an upload fails once and to send it twice, in three ways, before the registry hears of it.
    let way = &|way: usize| {
        let (begun, sent) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let to = registry.address.clone();
        let program = scripted(move |line| {
            let fails = match line.split(' ').next() {
                Some("POST") => begun.fetch_add(1, Ordering::SeqCst) < 1,
                Some("PUT") => sent.fetch_add(1, Ordering::SeqCst) < 2,
                _ => false,
            };
            match way {
                _ if !fails => Reply::Pass(to.clone()),
                0 => Reply::Say(500, String::new(), "oops".to_owned()),
                1 => says(429, "TOOMANYREQUESTS", "Rate exceeded"),
                _ => Reply::HangUp,
            }
        });
        let ran = program.push(&format!("way-{way}"), &classic(&[layer("a", way.to_string().as_bytes())]));
        assert_eq!(ran.json()["layers"][0]["pushed"], true, "{way}");
        assert_eq!(ran.told.matches("Trying again in a moment").count(), 3, "{}", ran.told);
    };
    std::thread::scope(|scope| {
        for number in 0..3 {
            scope.spawn(move || way(number));
        }
    });
}

#[test]
fn a_layer_that_came_although_its_answer_did_not_counts_as_sent() {
    let Some(registry) = Registry::start() else { return };
    let to = registry.address.clone();
    let lost = AtomicUsize::new(0);
    let front = serve(move |request| {
        let blob = request.line().starts_with("PUT") && request.line().contains("/blobs/");
        if blob && lost.fetch_add(1, Ordering::SeqCst) == 0 {
            // The registry has it, and nobody hears of that.
            drop(exchange(&to, request));
            return Reply::HangUp;
        }
        Reply::Pass(to.clone())
    });
    let program = Program::new(&aws(&format!("http://{front}"), PASSWORD));
    let answer = program.push("one", &classic(&[layer("a", b"b")])).json();
    assert_eq!(answer["layers"][0]["pushed"], true);
}

#[test]
fn a_registry_that_stays_down_is_told_after_a_while() {
    let program = scripted(|line| match line {
        line if line.starts_with("HEAD") => Reply::Say(503, String::new(), String::new()),
        _ => nothing(),
    });
    let ran = program.find(&["one"]);
    has(ran.error(), &["503", "hint: This passes"]);
    assert_eq!(ran.told.matches("Trying again").count(), 4);
}

#[test]
fn aws_s_refusals_are_told_with_what_helps() {
    let refusing = |status: u16, code: &'static str, message: &'static str| {
        let aws = serve(move |_| json_reply(status, &json!({"__type": code, "message": message})));
        Program::new(&aws).find(&["one"]).error().to_owned()
    };
    let begins = "cannot log in to the registry of this account: ";
    let denied =
        "User: arn:aws:iam::1:user/x is not authorized to perform: ecr:GetAuthorizationToken on resource: *";
    has(&refusing(400, "AccessDeniedException", denied), &[begins, denied, "lacks the right `ecr:Get"]);
    let expired = "The security token included in the request is expired";
    has(&refusing(400, "ExpiredTokenException", expired), &[begins, expired, "hint: Log in to AWS again"]);
    let unknown = "The security token included in the request is invalid.";
    has(&refusing(400, "UnrecognizedClientException", unknown), &[begins, unknown, "does not know these"]);
}

#[test]
fn who_is_not_logged_in_or_names_no_region_is_told_so() {
    let program = Program::new("127.0.0.1:9").without(&["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]);
    has(program.find(&["one"]).error(), &["nobody is logged in to AWS here", "hint: Log in to AWS"]);
    let program = Program::new("127.0.0.1:9").without(&["AWS_REGION"]);
    has(program.find(&["one"]).error(), &["no region is named", "hint: Name one: --region"]);
    let program = Program::new("127.0.0.1:9");
    has(program.find(&["one"]).error(), &["AWS_ENDPOINT_URL sends calls to http://127.0.0.1:9"]);
}

#[test]
fn what_is_no_image_is_told_and_leaves_nothing() {
    let program = scripted(|_| nothing());
    for (input, parts) in [
        (b"".to_vec(), ["nothing came on standard input", "hint: See what `docker save"]),
        (b"Error: no such image\n".repeat(50), ["no archive", "hint: Give it what `docker save"]),
        (layer("a", b"b"), ["has no `manifest.json`", "hint: Save the image again"]),
        (classic(&layers(b"x"))[..200_000].to_vec(), ["ends in the middle", "hint: Save the image again"]),
    ] {
        has(program.push("one", &input).error(), &parts);
        assert!(program.kept().is_empty());
    }
}

#[test]
fn names_that_no_registry_takes_are_refused_before_anything_is_asked() {
    let program = Program::new("127.0.0.1:9");
    has(&program.run(&["find", "--repository", "farm", "../x"], b"").told, &["`../x` is no tag"]);
    has(
        &program.run(&["find", "--repository", "Farm", "x"], b"").told,
        &["`Farm` is no name of a repository"],
    );
    has(&program.run(&["push", "--repository", "farm", "--tag", "a b"], b"").told, &["`a b` is no tag"]);
}
