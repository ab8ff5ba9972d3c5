//! The film and the contact sheet, made with a real ffmpeg and looked at with its ffprobe.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use farm_contract::frames::FrameSpec;
use farm_contract::keys::FrameName;
use farm_contract::preview::Preview;
use farm_contract::report::{Report, State};
use farm_testing::tool;

use crate::bench::{BUCKET, Bench, ended};
use crate::{DONE, INCOMPLETE, PATIENCE, TRY_AGAIN};

/// Starts ffmpeg, and gives what it writes.
fn ffmpeg(ffmpeg: &Path, arguments: &[&str]) -> Vec<u8> {
    let mut command = Command::new(ffmpeg);
    command.args(["-hide_banner", "-loglevel", "error", "-nostdin", "-y"]).args(arguments);
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// A render whose frames are those that ffmpeg makes of `source`, the first of them with the number 1.
struct Shot {
    bench: Bench,
    ffmpeg: PathBuf,
    folder: tempfile::TempDir,
}

impl Shot {
    /// None where this machine has no ffmpeg, and the command that runs the tests has said so.
    async fn start(frames: i32, rate: (u32, u32)) -> Option<Self> {
        let ffmpeg = tool("FARM_TEST_FFMPEG")?;
        let mut bench = Bench::start("a.blend", 1..=frames).await;
        let number = |number| NonZeroU32::new(number).unwrap();
        bench.plan.preview = Some(Preview { frames: number(rate.0), seconds: number(rate.1) });
        bench.plan.warnings = Vec::new();
        bench.ffmpeg = Some(ffmpeg.clone());
        bench.put_plan().await;
        Some(Self { bench, ffmpeg, folder: tempfile::tempdir().unwrap() })
    }

    /// Puts the frames that are named; `rest` is what follows their numbers.
    async fn put(&self, source: &str, arguments: &[&str], frames: impl IntoIterator<Item = i32>, rest: &str) {
        let frames: Vec<i32> = frames.into_iter().collect();
        let (count, path) = (frames.len().to_string(), self.folder.path().join(format!("%d{rest}")));
        let input = ["-f", "lavfi", "-i", source, "-frames:v", &count, "-start_number", "0"];
        ffmpeg(&self.ffmpeg, &[&input[..], arguments, &["-f", "image2", path.to_str().unwrap()]].concat());
        for (place, frame) in frames.into_iter().enumerate() {
            let body = std::fs::read(self.folder.path().join(format!("{place}{rest}"))).unwrap();
            self.put_frame(frame, rest, body, 1).await;
        }
    }

    async fn put_frame(&self, frame: i32, rest: &str, body: Vec<u8>, files: usize) {
        let metadata = self.bench.metadata(frame, files, &body);
        let name = FrameName { frame, rest: rest.into() }.to_string();
        self.bench.put_with(&self.bench.key.file(&name), body, metadata).await;
    }

    async fn made(&self) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
        let key = &self.bench.key;
        (self.bench.read(&key.preview()).await, self.bench.read(&key.contact_sheet()).await)
    }

    /// The report of a render that has moving pictures, and no word about them.
    async fn is_shown(&self) -> Report {
        let report = self.bench.report().await;
        let key = &self.bench.key;
        assert_eq!(report.warnings, Vec::<String>::new());
        let told = (report.preview.clone(), report.contact_sheet.clone());
        assert_eq!(told, (Some(key.preview()), Some(key.contact_sheet())));
        report
    }

    /// What ffprobe says of the pictures in `bytes`: by name, of the first stream.
    fn probe(&self, bytes: &[u8], name: &str) -> HashMap<String, String> {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let mut probe = Command::new(self.ffmpeg.with_file_name("ffprobe"));
        probe.args(["-v", "error", "-count_frames", "-select_streams", "v:0", "-show_entries"]);
        let output =
            probe.arg("stream").args(["-of", "default=noprint_wrappers=1"]).arg(path).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().filter_map(|line| line.split_once('=')).map(|(a, b)| (a.into(), b.into())).collect()
    }

    /// The colour of the very middle of each picture of the film.
    async fn colours(&self) -> Vec<[u8; 3]> {
        let path = self.folder.path().join("colours.mp4");
        std::fs::write(&path, self.made().await.0.expect("a film")).unwrap();
        let middle = ["-vf", "crop=16:16", "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"];
        let pixels = ffmpeg(&self.ffmpeg, &[&["-i", path.to_str().unwrap()][..], &middle].concat());
        let colour = |picture: &[u8]| picture[3 * (8 * 16 + 8)..][..3].try_into().unwrap();
        pixels.chunks_exact(3 * 16 * 16).map(colour).collect()
    }

    /// A program in place of ffmpeg.
    fn stand_in(&mut self, script: &str) {
        let path = self.folder.path().join("stand-in");
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        self.bench.ffmpeg = Some(path);
    }

    fn nothing_is_left_in_scratch(&self) {
        let left: Vec<_> = std::fs::read_dir(self.bench.scratch.path()).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

/// Whether `bytes` have `part` in them.
fn has(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[tokio::test]
async fn a_render_becomes_a_film_and_a_sheet_and_its_archive_stays_as_it_is() {
    let Some(mut shot) = Shot::start(24, (30_000, 1001)).await else { return };
    // A film has an even number of pixels across and down.
    shot.put("testsrc2=size=321x181", &[], 1..=24, ".png").await;
    let preview = shot.bench.plan.preview.take();
    shot.bench.put_plan().await;
    assert_eq!(shot.bench.run(false).await.0, DONE);
    let archive = shot.bench.read(&shot.bench.key.frames_zip()).await;
    assert_eq!(shot.made().await, (None, None), "the plan wants none");
    let silent = shot.bench.report().await;

    shot.bench.plan.preview = preview;
    shot.bench.put_plan().await;
    let (code, stderr) = shot.bench.run(false).await;
    assert_eq!(code, DONE, "{stderr}");
    assert!(shot.bench.read(&shot.bench.key.frames_zip()).await == archive);
    let report = shot.is_shown().await;
    assert_eq!((report.state, report.message, report.zip), (State::Complete, silent.message, silent.zip));
    let (film, sheet) = shot.made().await;
    let (film, sheet) = (film.expect("a film"), sheet.expect("a sheet"));
    let told = shot.probe(&film, "film.mp4");
    for (name, value) in [
        ("codec_name", "h264"),
        ("pix_fmt", "yuv420p"),
        ("r_frame_rate", "30000/1001"),
        ("nb_read_frames", "24"),
        ("width", "320"),
        ("height", "180"),
        ("color_space", "bt709"),
    ] {
        assert_eq!(told[name], value, "{name}");
    }
    let duration: f64 = told["duration"].parse().unwrap();
    assert!((duration - 24.0 * 1001.0 / 30_000.0).abs() < 0.01, "{duration}");
    let place = |part: &[u8]| film.windows(4).position(|window| window == part).expect("a box");
    assert!(place(b"moov") < place(b"mdat"), "it plays before it is there whole");

    let told = shot.probe(&sheet, "sheet.gif");
    assert_eq!((told["codec_name"].as_str(), told["nb_read_frames"].as_str()), ("gif", "4"));
    assert_eq!((told["width"].as_str(), told["height"].as_str()), ("976", "372"), "three by two");
    assert!(has(&sheet, b"NETSCAPE2.0\x03\x01\0\0"), "it plays without end");
    for (key, kind) in
        [(shot.bench.key.preview(), "video/mp4"), (shot.bench.key.contact_sheet(), "image/gif")]
    {
        let head = shot.bench.s3.head_object().bucket(BUCKET).key(&key).send().await.unwrap();
        assert_eq!(head.content_type(), Some(kind));
        let tags = shot.bench.s3.get_object_tagging().bucket(BUCKET).key(&key).send().await.unwrap();
        let tags: Vec<_> = tags.tag_set.iter().map(|tag| (tag.key(), tag.value())).collect();
        assert_eq!(tags, [("farm", "render")]);
    }

    // Once more: what is there of these frames is not made again.
    shot.stand_in("exit 1");
    assert_eq!(shot.bench.run(false).await.0, DONE);
    shot.is_shown().await;
    assert!(shot.made().await == (Some(film), Some(sheet)));
    assert!(shot.bench.read(&shot.bench.key.frames_zip()).await == archive);
    // Of other frames it would be.
    shot.put("testsrc2=size=321x181,negate", &[], 5..=5, ".png").await;
    assert_eq!(shot.bench.run(false).await.0, DONE);
    assert!(shot.bench.read(&shot.bench.key.frames_zip()).await != archive);
    assert_eq!(shot.bench.report().await.preview, None);
    shot.nothing_is_left_in_scratch();
}

#[tokio::test]
async fn a_broken_ffmpeg_costs_the_film_and_nothing_else() {
    let Some(mut shot) = Shot::start(3, (24, 1)).await else { return };
    shot.put("testsrc2=size=64x36", &[], 1..=3, ".png").await;
    shot.bench.put(&shot.bench.key.preview(), b"of an earlier render".to_vec()).await;
    let scripts = [
        ("echo 'Unknown encoder libx264' >&2; exit 1", "(exit status: 1): Unknown encoder libx264."),
        ("exec cat > /dev/null", "ffmpeg could read 0 of 3 frames."),
        ("echo no picture", "ffmpeg gives something else than pictures."),
        ("kill -9 $$", "signal: 9"),
    ];
    for (script, part) in scripts {
        shot.stand_in(script);
        assert_eq!(shot.bench.run(false).await.0, DONE);
        let report = shot.bench.report().await;
        assert_eq!(
            (report.state, report.zip, report.preview),
            (State::Complete, Some(shot.bench.key.frames_zip()), None)
        );
        let [why, stale] = &report.warnings[..] else { panic!("{:?}", report.warnings) };
        assert!(why.contains(part) && why.contains("preview=off"), "{why}");
        assert_eq!(stale, "`a.blend/preview.mp4` is from an earlier render.");
        assert_eq!(shot.bench.archive().await.len(), 3);
        shot.nothing_is_left_in_scratch();
    }
    shot.bench.ffmpeg = None;
    assert_eq!(shot.bench.run(false).await.0, DONE);
    let report = shot.bench.report().await;
    assert!(report.warnings[0].contains("apt-get install ffmpeg"), "{:?}", report.warnings);
    assert_eq!(shot.made().await, (Some(b"of an earlier render".to_vec()), None));
}

#[tokio::test]
async fn a_sheet_of_nothing_but_noise_is_made_smaller() {
    let Some(shot) = Shot::start(96, (24, 1)).await else { return };
    shot.put("color=c=gray:size=240x240,noise=alls=100:allf=t", &[], 1..=96, ".png").await;
    let (code, stderr) = shot.bench.run(false).await;
    assert_eq!(code, DONE, "{stderr}");
    shot.is_shown().await;
    let sheet = shot.made().await.1.expect("a sheet");
    let told = shot.probe(&sheet, "sheet.gif");
    assert_eq!((told["width"].as_str(), told["height"].as_str()), ("980", "736"), "four by three");
    assert!(sheet.len() <= 3 << 20, "{}", sheet.len());
    assert_eq!(told["nb_read_frames"], "4", "of eight");
}

#[tokio::test]
async fn one_frame_makes_no_film_and_of_a_part_of_them_there_is_one() {
    let Some(mut shot) = Shot::start(6, (24, 1)).await else { return };
    shot.put("testsrc2=size=64x36", &[], [4], ".png").await;
    assert_eq!(shot.bench.run(false).await.0, INCOMPLETE);
    assert_eq!(shot.made().await, (None, None));
    assert_eq!(shot.bench.report().await.warnings, Vec::<String>::new());

    shot.put("testsrc2=size=64x36", &[], [1, 2, 4, 6], ".png").await;
    assert_eq!(shot.bench.run(true).await.0, DONE);
    assert_eq!(shot.is_shown().await.state, State::Partial);
    let film = shot.made().await.0.expect("a film");
    assert_eq!(shot.probe(&film, "film.mp4")["nb_read_frames"], "4");

    // What else lies there is no frame's, and comes into no archive.
    shot.bench.plan.frames = FrameSpec::describe(&[1, 2, 4, 6]);
    shot.bench.put_plan().await;
    assert_eq!(shot.bench.run(false).await.0, DONE);
    let names: Vec<String> = shot.bench.archive().await.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["frame_0001.png", "frame_0002.png", "frame_0004.png", "frame_0006.png"]);
}

#[tokio::test]
async fn every_format_is_shown_as_it_looks() {
    let grey = "color=c=0x767676:size=48x26";
    // A mid grey of 18 % of the light.
    let light = "color=c=0x2E2E2E:size=48x26,format=gbrpf32le";
    let clear = "color=c=white:size=48x26,format=rgba,colorchannelmixer=aa=0.4627";
    for (source, arguments, rest) in [
        (grey, &[][..], ".png"),
        (clear, &["-pix_fmt", "rgba"], ".png"),
        (clear, &["-pix_fmt", "rgba64be"], ".png"),
        (grey, &["-q:v", "2"], ".jpg"),
        (light, &["-compression", "zip16"], ".exr"),
        (clear, &["-pix_fmt", "rgba"], ".tif"),
        (grey, &["-c:v", "libwebp", "-lossless", "1"], ".webp"),
        (grey, &[], ".bmp"),
        (grey, &[], ".tga"),
        (grey, &[], ".jp2"),
    ] {
        let Some(shot) = Shot::start(3, (24, 1)).await else { return };
        shot.put(source, arguments, 1..=3, rest).await;
        let (code, stderr) = shot.bench.run(false).await;
        assert_eq!(code, DONE, "{stderr}");
        shot.is_shown().await;
        let colours = shot.colours().await;
        assert_eq!(colours.len(), 3, "{rest}");
        let close = colours.iter().flatten().all(|value| value.abs_diff(118) <= 3);
        assert!(close, "{source} {arguments:?} {rest}: {colours:?}");
    }
}

#[tokio::test]
async fn what_is_not_shown_is_named() {
    let Some(shot) = Shot::start(2, (24, 1)).await else { return };
    for frame in 1..=2 {
        shot.put_frame(frame, ".rgb", b"an Iris picture".to_vec(), 1).await;
    }
    assert_eq!(shot.bench.run(false).await.0, DONE);
    let report = shot.bench.report().await;
    assert_eq!((report.state, report.preview), (State::Complete, None));
    assert!(report.warnings[0].contains("format .rgb are not shown"), "{:?}", report.warnings);
}

#[tokio::test]
async fn of_several_views_the_first_is_shown() {
    let Some(shot) = Shot::start(2, (24, 1)).await else { return };
    for (colour, rest) in [("white", "_L.png"), ("black", "_R.png")] {
        shot.put(&format!("color=c={colour}:size=32x18"), &[], 1..=2, rest).await;
        for frame in 0..2 {
            let body = std::fs::read(shot.folder.path().join(format!("{frame}{rest}"))).unwrap();
            shot.put_frame(frame + 1, rest, body, 2).await;
        }
    }
    assert_eq!(shot.bench.run(false).await.0, DONE);
    shot.is_shown().await;
    let colours = shot.colours().await;
    assert!(colours.iter().flatten().all(|value| *value > 250), "{colours:?}");
}

#[tokio::test]
async fn a_task_that_is_stopped_at_its_film_leaves_nothing_of_it() {
    let Some(mut shot) = Shot::start(3, (24, 1)).await else { return };
    shot.put("testsrc2=size=64x36", &[], 1..=3, ".png").await;
    let pid = shot.folder.path().join("pid");
    shot.stand_in(&format!("echo $$ > {0}.part && mv {0}.part {0} && exec sleep 1000", pid.display()));
    let child = shot.bench.spawn(shot.bench.address, false);
    let ffmpeg = tokio::time::timeout(PATIENCE, async {
        loop {
            if let Ok(text) = std::fs::read_to_string(&pid) {
                return text.trim().to_owned();
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    });
    let ffmpeg = ffmpeg.await.expect("the stand-in runs");
    let report = shot.bench.report().await;
    assert!(report.state == State::Complete && report.preview.is_none(), "the archive comes first");
    let task = rustix::process::Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    rustix::process::kill_process(task, rustix::process::Signal::TERM).unwrap();
    let (code, stderr) = tokio::time::timeout(PATIENCE, ended(child)).await.unwrap();
    assert_eq!(code, TRY_AGAIN, "{stderr}");
    let gone = tokio::time::timeout(PATIENCE, async {
        while std::fs::read(format!("/proc/{ffmpeg}/cmdline")).is_ok_and(|line| !line.is_empty()) {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    });
    gone.await.expect("the stand-in is gone");
    assert_eq!(shot.made().await, (None, None));
    shot.nothing_is_left_in_scratch();
    assert_eq!(shot.bench.report().await, report);

    shot.bench.ffmpeg = Some(shot.ffmpeg.clone());
    assert_eq!(shot.bench.run(false).await.0, DONE);
    shot.is_shown().await;
}

#[tokio::test]
async fn a_frame_that_changes_while_the_film_is_made_is_the_new_one_everywhere() {
    let Some(mut shot) = Shot::start(16, (24, 1)).await else { return };
    // More than the pipe and what is read ahead hold.
    let noise = "color=c=gray:size=320x180,noise=alls=100:allf=t";
    shot.put(noise, &[], 1..=16, ".png").await;
    let [started, go] = ["started", "go"].map(|name| shot.folder.path().join(name));
    let wait = format!("touch {}; until [ -e {} ]; do sleep 0.05; done", started.display(), go.display());
    shot.stand_in(&format!("{wait}; exec {} \"$@\"", shot.ffmpeg.display()));
    let child = shot.bench.spawn(shot.bench.address, false);
    let begun = tokio::time::timeout(PATIENCE, async {
        while !started.exists() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    });
    begun.await.expect("the stand-in runs");
    let before = shot.bench.archive().await;
    shot.put("color=c=white:size=320x180", &[], 16..=16, ".png").await;
    std::fs::write(go, "").unwrap();
    let (code, stderr) = tokio::time::timeout(PATIENCE, ended(child)).await.unwrap();
    assert_eq!(code, DONE, "{stderr}");
    shot.is_shown().await;
    let after = shot.bench.archive().await;
    assert!(after[..15] == before[..15] && after[15] != before[15]);
    let colours = shot.colours().await;
    assert!(colours.len() == 16 && colours[15].iter().all(|value| *value > 250), "{colours:?}");
}
