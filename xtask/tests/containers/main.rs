//! The whole way with containers: from an empty account to frames and an archive, by the command that a
//! person types.
//!
//! The registry of images, the container engine, S3, events, CloudFormation and Blender are not ours.
//! That jobs and functions become containers is (`stack/tests/localstack/README.md`).
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a failing test panics")]

mod corpus;
mod machine;
mod podman;
mod releases;

use std::io::{Seek, Write};
use std::path::PathBuf;
use std::process::Command;

use farm_testing::tool;
use machine::{Machine, docker_command, told};

const BUCKET: &str = "render-farm-123456789012-eu-west-1";
/// Makes the demo.
const DEMO: &str = include_str!("../../../demo/make_demo.py");
/// Makes a scene whose frames differ, and take some seconds each. It links a node group of Blender's own
/// assets from where the Blender of an artist on Windows has it.
const SCENE: &str = r"
import bpy, os, sys
bpy.ops.wm.read_factory_settings()
scene = bpy.context.scene
scene.render.engine = 'CYCLES'
scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = 160, 90, 100
scene.cycles.samples = 400
scene.frame_start, scene.frame_end = 1, 6
cube = bpy.data.objects['Cube']
for frame, angle in ((1, 0.0), (6, 1.5)):
    cube.rotation_euler[2] = angle
    cube.keyframe_insert('rotation_euler', frame=frame)
asset = os.path.join('datafiles', 'assets', 'geometry_nodes', 'smooth_by_angle.blend')
with bpy.data.libraries.load(os.path.join(bpy.utils.resource_path('LOCAL'), asset), link=True) as (_, wanted):
    wanted.node_groups = ['Smooth by Angle']
cube.modifiers.new('Smooth', 'NODES').node_group = wanted.node_groups[0]
windows = r'C:\Program Files\Blender Foundation\Blender 4.5\4.5'
bpy.data.libraries[0].filepath = windows + '\\' + asset.replace('/', '\\')
bpy.ops.wm.save_as_mainfile(filepath=sys.argv[-1], compress=True, relative_remap=False)
";

fn scene(machine: &Machine, name: &str, script: &str) -> PathBuf {
    let path = machine.folder.path().join(name);
    let mut blender = Command::new(tool("FARM_TEST_BLENDER").unwrap());
    let made = blender.args(["-c", script]).arg(&path).output().unwrap();
    assert!(path.exists(), "{}", told(&made));
    path
}

fn upload(machine: &Machine, file: &std::path::Path, key: &str, tags: &str) {
    machine.ask(&format!(
        "aws('s3').put_object(Bucket='{BUCKET}', Key='{key}', Body=open('{}', 'rb'), Tagging='{tags}')",
        file.display()
    ));
}

/// The report of an upload, once it is over.
fn report(machine: &Machine, key: &str) -> serde_json::Value {
    report_once(machine, key, "report['state'] not in (None, 'accepted')")
}

/// The report of an upload, once film and contact sheet are there. They come last.
fn shown(machine: &Machine, key: &str) -> serde_json::Value {
    report_once(machine, key, "report.get('contact_sheet') or report.get('warnings')")
}

/// The report of an upload, once it is as asked, or after five minutes.
fn report_once(machine: &Machine, key: &str, when: &str) -> serde_json::Value {
    machine.ask(&format!(
        "s3 = aws('s3')\n\
         for _ in range(600):\n\
         \x20   try: report = json.load(s3.get_object(Bucket='{BUCKET}', Key='{key}/report.json')['Body'])\n\
         \x20   except s3.exceptions.NoSuchKey: report = {{'state': None}}\n\
         \x20   if {when}: break\n\
         \x20   time.sleep(0.5)\n\
         print(json.dumps(report))"
    ))
}

fn keys(machine: &Machine, key: &str) -> Vec<String> {
    let keys = machine.ask(&format!(
        "print(json.dumps([o['Key'] for o in aws('s3').list_objects_v2(Bucket='{BUCKET}', Prefix='{key}/')['Contents']]))"
    ));
    let keys = keys.as_array().unwrap().iter();
    keys.map(|name| name.as_str().unwrap().trim_start_matches(&format!("{key}/")).to_owned()).collect()
}

#[test]
fn a_farm_is_deployed_renders_in_its_images_is_changed_and_goes() {
    let Some(machine) = Machine::start() else { return };
    let file = machine.folder.path().join("farm.toml");
    let file = file.to_str().unwrap();
    let deploy = |more: &[&str]| {
        let arguments = ["deploy", "--yes", "--file", file];
        machine.xtask(&arguments.into_iter().chain(more.iter().copied()).collect::<Vec<_>>())
    };
    let given = ["--blender", "4.5", "--set", "FrameSeconds=600", "--email", "td@studio.example"];
    // Killed on the way, and run again.
    let arguments: Vec<&str> = ["deploy", "--yes", "--file", file].into_iter().chain(given).collect();
    machine.kill_once_said(&arguments, "Pushing the image with Blender");
    let first = deploy(&given);
    assert!(first.status.success(), "{}", told(&first));
    for words in ["the image with Blender 4.5", "UploadCommand", "The stack is as requested"] {
        assert!(told(&first).contains(words), "`{words}` is not in: {}", told(&first));
    }
    let kept = std::fs::read_to_string(file).unwrap();
    for line in ["blenders = [\"4.5\"]", "region = \"eu-west-1\"", "email = \"td@studio.example\""] {
        assert!(kept.contains(line), "`{line}` is not in {kept}");
    }
    let told_by_mail = machine.ask(
        "print(json.dumps([s['Endpoint'] for s in aws('sns').list_subscriptions()['Subscriptions'] if s['Protocol'] == 'email']))",
    );
    assert_eq!(told_by_mail, serde_json::json!(["td@studio.example"]));

    // Nothing has changed: nothing is built, pushed or changed.
    let again = deploy(&[]);
    assert!(again.status.success() && told(&again).contains("No change"), "{}", told(&again));
    for words in ["Building the image", "Pushing"] {
        assert!(!told(&again).contains(words), "`{words}` is in: {}", told(&again));
    }

    // Four frames of the demo, by the tag alone.
    let demo = scene(&machine, "demo.blend", DEMO);
    upload(&machine, &demo, "a/demo.blend", "frame=4");
    let ended = shown(&machine, "a/demo.blend");
    assert_eq!(
        (&ended["state"], &ended["preview"]),
        (&"complete".into(), &"a/demo.blend/preview.mp4".into()),
        "{ended}"
    );
    let mut expected: Vec<String> = (1..=4).map(|frame| format!("frame_{frame:04}.png")).collect();
    expected.extend(["contact-sheet.gif", "frames.zip", "preview.mp4", "report.json"].map(str::to_owned));
    expected.sort();
    assert_eq!(keys(&machine, "a/demo.blend"), expected);

    // A task that is taken away as Spot does it is tried again, and no frame is lost.
    let heavy = scene(&machine, "heavy.blend", SCENE);
    upload(&machine, &heavy, "heavy.blend", "frames=1-6&chunk=6");
    let render = ["ps", "--quiet", "--filter", "label=farm.job", "--filter", "label=farm.attempt=1"];
    let mut running = String::new();
    for _ in 0..600 {
        running = machine.docker(&render);
        let done = machine.ask(&format!(
            "print(aws('s3').list_objects_v2(Bucket='{BUCKET}', Prefix='heavy.blend/frame_').get('KeyCount', 0))"
        ));
        if !running.is_empty() && done.as_i64().unwrap() >= 1 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    machine.docker(&["stop", "--time", "120", running.trim()]);
    let ended = shown(&machine, "heavy.blend");
    assert_eq!(ended["state"], "complete", "{ended}");
    assert_eq!(keys(&machine, "heavy.blend").len(), 6 + 4);
    let attempts = machine.ask(
        "b = aws('batch')\nqueue = b.describe_job_queues()['jobQueues'][0]['jobQueueArn']\n\
         jobs = [j['jobId'] for s in ('SUCCEEDED', 'FAILED') for j in b.list_jobs(jobQueue=queue, jobStatus=s)['jobSummaryList']]\n\
         print(json.dumps(max(len(j['attempts']) for j in b.describe_jobs(jobs=jobs)['jobs'])))",
    );
    assert_eq!(attempts, 2);

    // One changed program: one image, of which one layer is pushed. And smaller tasks.
    let changed = Changed::program("zip-task");
    let small = ["--vcpus", "1", "--memory", "4"];
    let dry = deploy(&[&["--dry-run"], &small[..]].concat());
    for words in ["the image of zip-task would be built and pushed", "~ ZipJob", "~ RenderJob45"] {
        assert!(told(&dry).contains(words), "`{words}` is not in: {}", told(&dry));
    }
    assert!(!std::fs::read_to_string(file).unwrap().contains("vcpus = 1"), "a dry run writes nothing");
    let second = deploy(&small);
    assert!(second.status.success(), "{}", told(&second));
    assert!(told(&second).contains("Pushing the image of zip-task"), "{}", told(&second));
    assert!(!told(&second).contains("Pushing the image with Blender"), "{}", told(&second));
    let sent = told(&second).lines().find_map(|line| line.trim().split_once(" MB were sent")?.0.parse().ok());
    let sent: f64 = sent.unwrap_or_else(|| panic!("{}", told(&second)));
    assert!(sent > 0.0 && sent < 15.0, "{sent} MB");
    drop(changed);
    upload(&machine, &heavy, "b/heavy.blend", "frame=1");
    assert_eq!(report(&machine, "b/heavy.blend")["state"], "complete");
    // As many threads as the container may use, and not as the machine has.
    let record = machine.ask(&format!(
        "s3 = aws('s3')\n\
         found = [o for o in s3.list_objects_v2(Bucket='{BUCKET}', Prefix='.farm/')['Contents'] if '/tasks/' in o['Key']]\n\
         last = max(found, key=lambda o: o['LastModified'])['Key']\n\
         print(s3.get_object(Bucket='{BUCKET}', Key=last)['Body'].read().decode())"
    ));
    assert_eq!((&record["threads"], &record["exit_code"]), (&1.into(), &0.into()), "{record}");

    let gone = machine.xtask(&["destroy", "--yes"]);
    assert!(gone.status.success() && told(&gone).contains("The farm is gone."), "{}", told(&gone));
}

/// Builds the image with Blender 4.5 as a person does by hand, with whatever program lies there.
fn build_image(docker: &std::path::Path, name: &str) {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let program = root.join("target/image/render-task");
    if !program.exists() {
        std::fs::create_dir_all(program.parent().unwrap()).unwrap();
        std::fs::write(&program, "to be built").unwrap();
    }
    let mut build = docker_command(docker, &["build", "--file", "render-task/Dockerfile", "--tag", name]);
    if let Some(file) = std::env::var_os("SSL_CERT_FILE") {
        build.arg("--secret").arg(format!("id=certificates,src={}", file.display()));
    }
    let built = build.args(["--build-arg", "BLENDER=4.5", "."]).current_dir(root).output().unwrap();
    assert!(built.status.success(), "{}", told(&built));
}

/// A program of the farm with other bytes, which do nothing, until this is dropped.
struct Changed {
    path: PathBuf,
    length: u64,
}

impl Changed {
    fn program(name: &str) -> Self {
        let programs = PathBuf::from(env!("CARGO_BIN_EXE_xtask"));
        let target = programs.parent().unwrap().parent().unwrap();
        let path = target.join("x86_64-unknown-linux-gnu/release").join(name);
        let length = path.metadata().unwrap().len();
        let mut file = std::fs::File::options().append(true).open(&path).unwrap();
        file.write_all(b"another").unwrap();
        assert!(file.stream_position().unwrap() > 0);
        Self { path, length }
    }
}

impl Drop for Changed {
    fn drop(&mut self) {
        let file = std::fs::File::options().write(true).open(&self.path);
        drop(file.and_then(|file| file.set_len(self.length)));
    }
}
