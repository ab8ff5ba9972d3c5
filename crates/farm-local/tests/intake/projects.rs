//! Scenes with files beside them: one by one in the bucket, and in archives.

use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use farm::submit::Sent;
use farm::{Destination, Source, plan_submission};
use farm_contract::keys;
use farm_contract::project::{ContentHash, Manifest, ProjectFile};
use farm_contract::report::State;
use farm_contract::tags::Request;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::support::farm::TestFarm;
use crate::{complete, made, pixels, rejected, rendered};

const KEY: &str = "film/shot.blend";

/// A copy of the project that a test may change, in a folder of its own.
fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files(&made("project")) {
        let to = folder.path().join(file.strip_prefix(made("project")).unwrap());
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(&file, to).unwrap();
    }
    folder
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Submits the project's shot as `farm submit` does.
async fn submit(farm: &TestFarm, project: &Path, tags: &[(&str, &str)]) -> Sent {
    let request = Request::from_tags(tags.iter().copied()).unwrap();
    let source = Source::find(&project.join("shots/shot.blend"), None).unwrap();
    let to: Destination = format!("s3://{}/film/", farm.farm.bucket()).parse().unwrap();
    let offer = farm::submit::offer(&farm::Bucket::new(farm.s3.clone(), farm.farm.bucket())).await.unwrap();
    assert!(offer.is_some(), "the farm tells which Blenders it has");
    let prepared = plan_submission(&source, &to, request, offer.as_ref()).unwrap();
    assert!(prepared.verdict.errors.is_empty(), "{:?}", prepared.verdict);
    prepared.send(&farm.s3, &()).await.unwrap()
}

/// The colour in the middle of each of the four planes.
fn colours(farm: &TestFarm, key: &str) -> [[u8; 3]; 4] {
    let picture = pixels(farm, key);
    [8, 24, 40, 56].map(|x| {
        let [r, g, b, _] = picture.get_pixel(x, 18).0;
        [r, g, b]
    })
}

/// Red wood, green tiles, a grey sequence that gets brighter, a blue box: nothing of it is magenta.
fn assert_colours(colours: [[u8; 3]; 4]) {
    let [wood, tiles, grey, lib] = colours;
    assert!(wood[0] > 150 && wood[1] < 90 && wood[2] < 90, "{colours:?}");
    assert!(tiles[1] > 150 && tiles[0] < 120 && tiles[2] < 120, "{colours:?}");
    assert!(grey[0].abs_diff(grey[2]) < 170 && grey[1].abs_diff(grey[2]) < 20, "{colours:?}");
    assert!(lib[2] > 150 && lib[0] < 120 && lib[1] < 120, "{colours:?}");
}

#[tokio::test]
async fn a_second_submit_of_a_project_sends_what_was_changed_and_nothing_else() {
    let farm = TestFarm::start().await;
    let project = project();
    let tags = [("frames", "1-2")];
    let first = submit(&farm, project.path(), &tags).await;
    // The shot, the library and its texture, the wood, one tile (both are the same), four of a sequence.
    assert_eq!((first.files, first.there), (9, 0), "{first:?}");
    complete(&farm, KEY).await;
    let before = colours(&farm, "film/shot.blend/frame_0001.png");
    assert_colours(before);
    assert_ne!(before[2], colours(&farm, "film/shot.blend/frame_0002.png")[2], "the sequence goes on");

    let again = submit(&farm, project.path(), &tags).await;
    assert_eq!((again.files, again.bytes, again.there), (0, 0, 9), "{again:?}");
    assert_eq!(again.project, first.project);
    farm.idle().await;

    let wood = project.path().join("tex/wood.png");
    std::fs::copy(project.path().join("lib/tex/lib.png"), &wood).unwrap();
    let renamed = submit(&farm, project.path(), &tags).await;
    assert_eq!((renamed.files, renamed.bytes), (0, 0), "another file has that content: {renamed:?}");
    assert_ne!(renamed.project, first.project);
    farm.idle().await;
    complete(&farm, KEY).await;
    let after = colours(&farm, "film/shot.blend/frame_0001.png");
    assert!(after[0] != before[0] && after[1..] == before[1..], "{before:?} {after:?}");

    let edited = image::RgbImage::from_pixel(4, 4, image::Rgb([250, 250, 0]));
    edited.save(&wood).unwrap();
    let size = wood.metadata().unwrap().len();
    let edited = submit(&farm, project.path(), &tags).await;
    assert_eq!((edited.files, edited.bytes), (1, size), "{edited:?}");
    farm.idle().await;
    complete(&farm, KEY).await;
    assert_ne!(colours(&farm, "film/shot.blend/frame_0001.png")[0], after[0]);
    farm.farm.shutdown().await;
}

/// An archive of the project, each file packed so.
fn archive(method: CompressionMethod, more: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(method);
    let root = made("project");
    let mut paths = files(&root);
    paths.sort();
    for path in paths {
        writer.start_file(path.strip_prefix(&root).unwrap().to_str().unwrap(), options).unwrap();
        writer.write_all(&std::fs::read(&path).unwrap()).unwrap();
    }
    for (name, bytes) in more {
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[tokio::test]
async fn an_archive_is_unpacked_and_one_that_leads_out_is_refused() {
    let farm = TestFarm::start().await;
    for (key, method) in
        [("shot.blend.zip", CompressionMethod::Stored), ("b.blend.zip", CompressionMethod::Deflated)]
    {
        // One is named like its main file; of the other it has to be said.
        let main = if key.starts_with("b.") { "&main=shots/shot.blend" } else { "" };
        rendered(&farm, key, archive(method, &[]), &format!("frame=1{main}")).await;
        assert_colours(colours(&farm, &format!("{key}/frame_0001.png")));
    }
    let report = rejected(&farm, "c.blend.zip", archive(CompressionMethod::Stored, &[]), "frame=1").await;
    assert!(report.hint.unwrap().contains("main="), "two .blend files, and none of that name");
    let out = archive(CompressionMethod::Stored, &[("../../etc/passwd", b"root")]);
    let report = rejected(&farm, "out/shot.blend.zip", out, "frame=1").await;
    assert!(report.message.contains("leads out of the project's folder"), "{report:?}");

    // What only its headers tell, the task finds.
    let mut torn = archive(CompressionMethod::Stored, &[]);
    let wood = torn.windows(12).position(|bytes| bytes == b"tex/wood.png").unwrap();
    torn[wood + 60] ^= 1;
    farm.upload("torn.blend.zip", torn, "frame=1&main=shots/shot.blend").await;
    let report = farm.last_report("torn.blend.zip").await;
    assert_eq!(report.state, State::Failed, "{report:?}");
    let faults = report.frames.unwrap().faults;
    assert!(faults[0].fault.message.contains("damaged"), "{faults:?}");
    farm.farm.shutdown().await;
}

#[tokio::test]
async fn a_project_whose_list_or_files_are_gone_or_changed_is_refused() {
    let farm = TestFarm::start().await;
    let shot = std::fs::read(made("many.blend")).unwrap();
    let gone = ContentHash::of(b"nothing");
    let report = rejected(&farm, "a.blend", shot.clone(), &format!("frame=1&project={gone}")).await;
    assert!(report.message.contains("no longer has the list"), "{report:?}");

    let file = ProjectFile { path: "tex/a.png".into(), size: 3, sha256: ContentHash::of(b"abc") };
    let list = serde_json::to_vec(&Manifest::new("shots/b.blend", vec![file.clone()]).unwrap()).unwrap();
    let tagging = format!("frame=1&project={}", ContentHash::of(&list));
    farm.put(&keys::project(&ContentHash::of(&list)), b"{}", &[]);
    let report = rejected(&farm, "b.blend", shot.clone(), &tagging).await;
    assert!(report.message.contains("not what was submitted"), "{report:?}");

    farm.put(&keys::project(&ContentHash::of(&list)), &list, &[]);
    for (key, content, part) in [
        ("c.blend", None, "no longer has `tex/a.png`"),
        ("d.blend", Some(&b"abd"[..]), "`tex/a.png` of the project is not what was submitted"),
    ] {
        if let Some(content) = content {
            farm.put(&keys::project_file(&file.sha256), content, &[]);
        }
        farm.upload(key, shot.clone(), &tagging).await;
        let report = farm.last_report(key).await;
        assert_eq!(report.state, State::Failed, "{report:?}");
        let fault = &report.frames.unwrap().faults[0].fault;
        assert!(fault.message.contains(part) && fault.hint.contains("farm submit"), "{fault:?}");
    }
    farm.put(&keys::project_file(&file.sha256), b"abc", &[]);
    rendered(&farm, "e.blend", shot, &tagging).await;
    farm.farm.shutdown().await;
}
