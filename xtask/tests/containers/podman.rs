//! A farm is deployed with Podman by somebody whose Docker is not started.

use std::process::{Command, Stdio};

use farm_testing::tool;

use crate::machine::{Machine, PASSWORD, told};

/// In the place of the image with Blender, whose stages the other tests build.
const OTHER: &str = "farm-test-podman:other";

#[test]
fn where_docker_does_not_answer_podman_builds_what_is_pushed() {
    let Some(podman) = tool("FARM_TEST_PODMAN") else { return };
    let Some(machine) = Machine::start() else { return };
    let run = |command: &mut Command| {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", told(&output));
        told(&output)
    };
    let podman = |arguments: &[&str]| {
        let mut command = Command::new(&podman);
        command.args(arguments);
        command
    };
    let file = machine.folder.path().join("farm.toml");
    let deploy = ["deploy", "--blender", "4.5", "--file", file.to_str().unwrap()];

    // The tags are all that is wanted of it.
    let dry = machine.kill_once_said(&[&deploy[..], &["--dry-run"]].concat(), "the image of zip-task");
    let tag = |image: &str| {
        let line = dry.lines().find(|line| line.contains(image)).unwrap_or_else(|| panic!("{dry}"));
        line.rsplit_once('(').unwrap().1.trim_end_matches(')').to_owned()
    };
    let place = machine.folder.path().join("other");
    std::fs::create_dir(&place).unwrap();
    std::fs::write(place.join("Dockerfile"), "FROM scratch\nCOPY Dockerfile /\n").unwrap();
    run(podman(&["build", "--quiet", "--tag", OTHER]).arg(&place));
    let mut saved = podman(&["save", OTHER]).stdout(Stdio::piped()).spawn().unwrap();
    let mut push = machine.program("images");
    push.args(["push", "--repository", "render-farm", "--tag", &tag("the image with Blender 4.5")]);
    push.arg("--cache").arg(machine.folder.path().join("layers"));
    run(push.stdin(saved.stdout.take().unwrap()));
    assert!(saved.wait().unwrap().success());
    run(&mut podman(&["image", "rm", OTHER]));

    let mut podman_deploys = machine.program("xtask");
    podman_deploys.args(deploy).arg("--yes").env("DOCKER_HOST", "unix:///nobody/listens");
    let deployed = run(&mut podman_deploys);
    for words in ["Building the image of zip-task", "Pushing the image of zip-task", "UploadCommand"] {
        assert!(deployed.contains(words), "`{words}` is not in: {deployed}");
    }
    assert!(!deployed.contains("Building the image with Blender"), "{deployed}");

    // What the registry has is what Podman built: its name is the hash of its configuration, and that names
    // the layers unpacked.
    let tag = tag("the image of zip-task");
    let built = format!("blender-render-farm:{tag}");
    let id = run(&mut podman(&["image", "inspect", "--format", "{{.Id}}", &built]));
    run(&mut podman(&["image", "rm", &built]));
    let pushed = format!("{}/render-farm:{tag}", machine.registry_at);
    let credentials = format!("AWS:{PASSWORD}");
    run(&mut podman(&["pull", "--quiet", "--tls-verify=false", "--creds", &credentials, &pushed]));
    assert_eq!(run(&mut podman(&["image", "inspect", "--format", "{{.Id}}", &pushed])), id);
    // Podman would raise the limits to what not every machine has.
    let mut container = podman(&["run", "--rm", "--read-only", "--cap-drop", "all", "--network", "none"]);
    container.args(["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024", &pushed, "--help"]);
    assert!(run(&mut container).contains("Usage: zip-task"));
    run(&mut podman(&["image", "rm", &pushed]));
}
