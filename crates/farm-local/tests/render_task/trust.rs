//! Files of strangers: what they may not do, and what an upload may let pass.

use farm_contract::allowances::Allowances;
use farm_contract::exit::TaskExit;

use crate::harness::Bench;

const DONE: i32 = TaskExit::Done as i32;
const SCENE: i32 = TaskExit::Scene as i32;

const MISSING: Allowances = Allowances { missing: true, scripts: false };
const SCRIPTS: Allowances = Allowances { missing: false, scripts: true };

async fn with(scene: &str, frames: &str, allowed: Allowances) -> Bench {
    let mut bench = Bench::with_scene(scene, frames).await;
    bench.plan.allowed = allowed;
    bench
}

fn width(bench: &Bench, name: &str) -> u32 {
    image::load_from_memory(&bench.read(name)).unwrap().width()
}

#[tokio::test]
async fn what_lies_outside_the_project_is_refused_whatever_is_allowed() {
    for (scene, words) in [
        ("outside", "`/etc/passwd`"),
        ("importing", "`/etc/passwd`"),
        ("address", "`http://169.254.170.2/v2/credentials`"),
    ] {
        for allowed in [Allowances::default(), MISSING] {
            let bench = with(scene, "1", allowed).await;
            let said = bench.run(SCENE).await;
            assert_eq!(bench.names(), [""; 0], "{said}");
            let fault = bench.record().fault.unwrap();
            assert!(fault.message.contains(words), "{fault:?}");
            assert!(!fault.hint.is_empty());
        }
    }
}

#[tokio::test]
async fn missing_files_are_rendered_without_where_the_upload_allows_it() {
    for (scene, name) in
        [("texture", "wood grain"), ("library", "props.blend"), ("sequence", "wood grain 0002.png")]
    {
        let bench = with(scene, "2", MISSING).await;
        bench.run(DONE).await;
        assert_eq!(bench.names(), ["frame_0002.png"], "{scene}");
        let warnings = bench.record().warnings;
        let told = |warning: &String| warning.contains(name) && warning.contains("as the upload allows");
        assert!(warnings.iter().any(told), "{scene}: {warnings:?}");
    }
}

#[tokio::test]
async fn python_in_the_file_runs_only_where_the_upload_allows_it() {
    let bench = with("resizing", "1", Allowances::default()).await;
    bench.run(DONE).await;
    assert_eq!(width(&bench, "frame_0001.png"), 64, "the script did not run");
    assert!(bench.record().warnings.iter().any(|warning| warning.contains("scripts=allow")));
    let bench = with("resizing", "1", SCRIPTS).await;
    bench.run(DONE).await;
    // One pixel more for each kind of socket that it was given, and for each other process that it could trace.
    assert_eq!(width(&bench, "frame_0001.png"), 40, "it ran, and reached nothing");
    assert_eq!(bench.record().warnings, [""; 0]);
    // A driver of Python is refused without, and drives with it.
    let bench = with("driver", "1", SCRIPTS).await;
    bench.run(DONE).await;
    assert_eq!(bench.names(), ["frame_0001.png"]);
}
