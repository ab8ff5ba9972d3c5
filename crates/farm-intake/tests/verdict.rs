//! The verdict on scenes made by hand: one thing wrong with each.
#![expect(clippy::expect_used, reason = "a failing test panics")]

mod scenes;

use blend_file::{Driver, FileKind, Sequence, Simulation, SimulationKind, Version};
use farm_contract::order::Order;
use farm_contract::tags::Request;
use farm_intake::{Known, Project, Question, Verdict, judge};
use scenes::{external, facts, head};

fn request(tags: &[(&str, &str)]) -> Request {
    let frames = tags.iter().any(|(name, _)| name.starts_with("frame"));
    let default = (!frames).then_some(("frames", "1-4"));
    Request::from_tags(tags.iter().copied().chain(default)).expect("good tags")
}

fn ask(known: &Known, tags: &[(&str, &str)], files: &[&str]) -> Verdict {
    let project = Project::new("shots/a.blend", files.iter().map(|path| (*path).to_owned()));
    let blenders = [Version { major: 4, minor: 5 }, Version { major: 4, minor: 1 }];
    judge(&Question { request: &request(tags), known, project: &project, blenders: &blenders })
}

fn of(change: impl FnOnce(&mut blend_file::Facts)) -> Known {
    let mut facts = facts();
    change(&mut facts);
    Known::Facts(Box::new(facts))
}

/// That there is exactly one fault, which has `part` in its message and something to do in its hint.
#[track_caller]
fn refused(verdict: &Verdict, part: &str) -> String {
    assert_eq!(verdict.errors.len(), 1, "{verdict:?}");
    let fault = &verdict.errors[0];
    assert!(fault.message.contains(part) && !fault.hint.is_empty(), "{fault:?}");
    fault.hint.clone()
}

#[track_caller]
fn warned(verdict: &Verdict, part: &str) {
    assert!(verdict.errors.is_empty(), "{verdict:?}");
    assert!(verdict.warnings.iter().any(|warning| warning.contains(part)), "{verdict:?}");
}

#[test]
fn a_scene_with_nothing_wrong_is_rendered_without_a_word() {
    let verdict = ask(&of(|_| {}), &[("frames", "scene")], &[]);
    assert_eq!((verdict.errors.len(), verdict.warnings.len()), (0, 0), "{verdict:?}");
    assert_eq!(verdict.blender, Some(Version { major: 4, minor: 5 }));
    assert_eq!(verdict.scene, "Shot");
    // The scene's step counts.
    assert_eq!(verdict.frames.expect("frames").frames(), [10, 12, 14, 16, 18, 20]);
    assert_eq!(verdict.frames_per_second, Some(24.0));
}

#[test]
fn a_count_past_the_scenes_end_is_rendered_with_a_warning() {
    warned(&ask(&of(|_| {}), &[("frame", "30")], &[]), "frames=scene");
    assert!(ask(&of(|_| {}), &[("frames", "10-39")], &[]).warnings.is_empty(), "named frames were meant");
}

#[test]
fn a_file_of_a_newer_blender_is_refused_with_what_adds_it() {
    let newer = of(|facts| facts.version = Version { major: 5, minor: 0 });
    assert!(refused(&ask(&newer, &[], &[]), "5.0").contains("--blender 5.0"));
    let older = of(|facts| facts.version = Version { major: 3, minor: 6 });
    assert_eq!(ask(&older, &[], &[]).blender, Some(Version { major: 4, minor: 1 }));
}

#[test]
fn names_that_are_not_there_are_answered_with_those_that_are() {
    assert!(refused(&ask(&of(|_| {}), &[("scene", "shot")], &[]), "shot").contains("scene=Shot"));
    assert!(refused(&ask(&of(|_| {}), &[("camera", "C")], &[]), "`C`").contains("`Left`, `Right`"));
    assert!(refused(&ask(&of(|_| {}), &[("view_layer", "V")], &[]), "`V`").contains("view_layer=ViewLayer"));
    let linked = of(|facts| {
        facts.linked.push(blend_file::LinkedBlock { name: "OBC".into(), library: "//lib.blend".into() });
    });
    assert!(ask(&linked, &[("camera", "C")], &[]).errors.is_empty());
    assert!(ask(&of(|_| {}), &[("camera", "Left"), ("scene", "Shot")], &[]).errors.is_empty());
}

#[test]
fn another_scene_has_another_range_and_other_settings() {
    let two = of(|facts| {
        let mut other = facts.scenes[0].clone();
        other.name = "Other".into();
        (other.frame_start, other.frame_end, other.frame_step) = (1, 2, 1);
        other.engine = "BLENDER_EEVEE_NEXT".into();
        facts.scenes.push(other);
    });
    assert!(ask(&two, &[], &[]).errors.is_empty());
    let verdict = ask(&two, &[("scene", "Other"), ("frames", "scene")], &[]);
    refused(&verdict, "EEVEE");
    assert_eq!(verdict.frames.expect("frames").frames(), [1, 2]);
}

#[test]
fn an_engine_that_needs_a_display_is_refused_unless_cycles_is_asked_for() {
    for (engine, shown) in
        [("BLENDER_EEVEE", "EEVEE"), ("BLENDER_WORKBENCH", "Workbench"), ("LUXCORE", "LUXCORE")]
    {
        let known = of(|facts| facts.scenes[0].engine = engine.into());
        assert!(refused(&ask(&known, &[], &[]), shown).contains("engine=CYCLES"));
        assert!(ask(&known, &[("engine", "CYCLES")], &[]).errors.is_empty());
    }
}

#[test]
fn a_picture_needs_a_camera_and_a_view_layer() {
    let bare = |facts: &mut blend_file::Facts| facts.scenes[0].camera = None;
    refused(&ask(&of(bare), &[], &[]), "no camera");
    assert!(ask(&of(bare), &[("camera", "Left")], &[]).errors.is_empty());
    let marked = of(|facts| {
        bare(facts);
        facts.scenes[0].marker_cameras.push("Left".into());
    });
    assert!(ask(&marked, &[], &[]).errors.is_empty());
    let edited = of(|facts| {
        bare(facts);
        (facts.scenes[0].use_sequencer, facts.scenes[0].strips) = (true, true);
    });
    assert!(ask(&edited, &[], &[]).errors.is_empty());
    let off = of(|facts| facts.scenes[0].view_layers[0].used = false);
    refused(&ask(&off, &[], &[]), "view layers");
    assert!(ask(&off, &[("view_layer", "ViewLayer")], &[]).errors.is_empty());
}

#[test]
fn a_movie_is_rendered_as_png_and_that_is_said() {
    let movie = of(|facts| facts.scenes[0].output.file_format = "FFMPEG".into());
    warned(&ask(&movie, &[], &[]), "PNG");
    assert!(ask(&movie, &[("format", "OPEN_EXR")], &[]).warnings.is_empty());
    let movie = of(|facts| facts.scenes[0].output.media_type = Some("VIDEO".into()));
    warned(&ask(&movie, &[], &[]), "PNG");
}

#[test]
fn scripts_are_told_of_and_drivers_of_python_are_refused() {
    let script = of(|facts| facts.scripts.push("rig_ui.py".into()));
    warned(&ask(&script, &[], &[]), "rig_ui.py");
    assert!(ask(&script, &[("scripts", "allow")], &[]).warnings.is_empty());
    let driven = |expression: &str, simple| {
        let expression = expression.to_owned();
        of(move |facts| {
            facts.drivers.push(Driver {
                owner: "OBCube".into(),
                data_path: "location".into(),
                array_index: 0,
                expression,
                simple,
            });
        })
    };
    for python in ["bpy.app.version[0]", "self.x", "__import__('os')", "(lambda: 1)()"] {
        assert!(
            refused(&ask(&driven(python, false), &[], &[]), "`Cube`").contains("scripts=allow"),
            "{python}"
        );
        assert!(ask(&driven(python, false), &[("scripts", "allow")], &[]).errors.is_empty());
    }
    // Blender computes some of these without Python, and the task finds out which.
    for perhaps in ["frame**2", "[0, 1][int(frame) % 2]", "my_function(frame)", "1.e3 * frame**2"] {
        warned(&ask(&driven(perhaps, false), &[], &[]), "scripts=allow");
    }
    assert!(ask(&driven("frame * 2", true), &[], &[]).warnings.is_empty());
}

#[test]
fn what_is_not_baked_is_told_with_what_it_costs() {
    let with = |baked: &[bool]| {
        let baked = baked.to_vec();
        of(move |facts| {
            facts.simulations.extend(baked.into_iter().map(|baked| Simulation {
                object: "Flag".into(),
                kind: SimulationKind::Cloth,
                name: "Cloth".into(),
                baked,
            }));
        })
    };
    warned(&ask(&with(&[false]), &[], &[]), "The cloth of `Flag` is not baked");
    warned(&ask(&with(&[true, false, false]), &[], &[]), "and 1 more are not baked");
    assert!(ask(&with(&[true]), &[], &[]).warnings.is_empty());
}

#[test]
fn frames_are_spread_where_none_depends_on_those_before_it() {
    let unbaked = of(|facts| {
        facts.simulations.push(Simulation {
            object: "Flag".into(),
            kind: SimulationKind::Cloth,
            name: "Cloth".into(),
            baked: false,
        });
    });
    let plain = of(|_| {});
    assert_eq!(ask(&plain, &[], &[]).order, Order::Spread);
    assert_eq!(ask(&plain, &[("scripts", "allow")], &[]).order, Order::Linear);
    assert_eq!(ask(&plain, &[("scripts", "allow"), ("order", "spread")], &[]).order, Order::Spread);
    assert_eq!(ask(&plain, &[("order", "linear")], &[]).order, Order::Linear);
    assert_eq!(ask(&unbaked, &[], &[]).order, Order::Linear);
    let asked = ask(&unbaked, &[("order", "spread")], &[]);
    warned(&asked, "order=spread was not honoured");
    assert_eq!(asked.order, Order::Linear);
}

#[test]
fn a_file_is_missed_only_where_the_picture_needs_it() {
    let with = |file: blend_file::ExternalFile| of(move |facts| facts.files.push(file));
    let image = || external(FileKind::Image, "//tex/a.png");
    let hint = refused(&ask(&with(image()), &[], &[]), "//tex/a.png");
    assert!(hint.contains("Pack Resources") && hint.contains("farm submit"), "{hint}");
    assert!(ask(&with(image()), &[], &["shots/tex/a.png"]).errors.is_empty());
    assert!(refused(&ask(&with(image()), &[], &["shots/tex/A.png"]), "shots/tex/A.png").contains("Pack"));
    warned(&ask(&with(image()), &[("missing", "allow")], &[]), "//tex/a.png");

    let mut packed = image();
    packed.packed = true;
    assert!(ask(&with(packed), &[], &[]).errors.is_empty());
    let mut shown_elsewhere = image();
    shown_elsewhere.drawn = false;
    warned(&ask(&with(shown_elsewhere), &[], &[]), "a.png");
    let mut unused = external(FileKind::Font, "//a.ttf");
    unused.used = false;
    warned(&ask(&with(unused), &[], &[]), "a.ttf");
    warned(&ask(&with(external(FileKind::Sound, "//a.wav")), &[], &[]), "a.wav");
    warned(&ask(&with(external(FileKind::SequencerImage, "//a.png")), &[], &[]), "a.png");

    for (kind, word) in [
        (FileKind::Library, "library"),
        (FileKind::Volume, "volume"),
        (FileKind::CacheFile, "cache file"),
        (FileKind::MovieClip, "movie clip"),
        (FileKind::MeshCache, "mesh cache"),
        (FileKind::NodeFile, "node"),
    ] {
        refused(&ask(&with(external(kind, "//gone")), &[], &[]), word);
        assert!(ask(&with(external(kind, "//there")), &[], &["shots/there/1"]).errors.is_empty());
    }
    // A cache is needed where it was baked, and lies in a folder of the file's own where none is named.
    let cached = |baked| {
        of(move |facts| {
            facts.files.push(external(FileKind::PointCache, ""));
            let (object, kind, name) = ("Thing".into(), SimulationKind::Cloth, "Cloth".into());
            facts.simulations.push(Simulation { object, kind, name, baked });
        })
    };
    refused(&ask(&cached(true), &[], &[]), "simulation cache");
    assert!(ask(&cached(true), &[], &["shots/blendcache_a/x_000001_00.bphys"]).errors.is_empty());
    warned(&ask(&cached(false), &[], &[]), "not baked");
    let mut packed_with = image();
    packed_with.library = Some("//../lib/b.blend".into());
    assert!(ask(&with(packed_with), &[], &["lib/tex/a.png"]).errors.is_empty());
    let own = external(FileKind::Library, "/b/4.5/datafiles/assets/geometry_nodes/smooth_by_angle.blend");
    assert!(ask(&with(own), &[], &[]).errors.is_empty());
}

#[test]
fn what_lies_elsewhere_is_told_apart_from_what_is_missing() {
    let with = |path: &str| {
        let file = external(FileKind::Image, path);
        of(move |facts| facts.files.push(file))
    };
    for path in ["/home/ana/a.png", "C:\\a.png", "//../../a.png"] {
        let hint = refused(&ask(&with(path), &[], &[]), "not part of the upload");
        assert!(hint.contains("Make All Paths Relative"), "{hint}");
    }
    refused(&ask(&with("https://host/a.png"), &[("missing", "allow")], &[]), "nothing from the network");
    refused(&ask(&with(""), &[], &[]), "names no file");
}

#[test]
fn tiles_and_sequences_are_looked_at_one_by_one() {
    let mut tiled = external(FileKind::TiledImage, "//t.<UDIM>.png");
    tiled.tiles = vec![1001, 1012];
    let tiled = of(move |facts| facts.files.push(tiled));
    refused(&ask(&tiled, &[], &["shots/t.1001.png"]), "t.1012.png");
    assert!(ask(&tiled, &[], &["shots/t.1001.png", "shots/t.1012.png"]).errors.is_empty());

    let mut uv = external(FileKind::TiledImage, "//t_<UVTILE>.png");
    uv.tiles = vec![1012];
    let uv = of(move |facts| facts.files.push(uv));
    assert!(ask(&uv, &[], &["shots/t_u2_v2.png"]).errors.is_empty());

    let sequence = |use_cyclic| {
        let mut file = external(FileKind::ImageSequence, "//s/pic_0003.png");
        file.sequences = vec![Sequence { frame_duration: 2, frame_start: 11, frame_offset: 4, use_cyclic }];
        of(move |facts| facts.files.push(file))
    };
    let mut extension = external(FileKind::ImageSequence, "//s/v2_01.jp2");
    extension.sequences =
        vec![Sequence { frame_duration: 9, frame_start: 1, frame_offset: 0, use_cyclic: false }];
    let extension = of(move |facts| facts.files.push(extension));
    assert!(ask(&extension, &[("frames", "3")], &["shots/s/v2_03.jp2"]).errors.is_empty());
    // Frames 10 to 13 show: before the start 0, then 1, 2 and past the end 2; each 4 further.
    let there = ["shots/s/pic_0004.png", "shots/s/pic_0005.png", "shots/s/pic_0006.png"];
    assert!(ask(&sequence(false), &[("frames", "10-13")], &there).errors.is_empty());
    refused(&ask(&sequence(false), &[("frames", "10-13")], &there[..2]), "pic_0006.png");
    assert!(ask(&sequence(true), &[("frames", "10-13")], &there[1..]).errors.is_empty());
}

#[test]
fn what_would_take_long_to_tell_is_left_to_the_tasks() {
    let mut file = external(FileKind::ImageSequence, "//s_0001.png");
    let user = Sequence { frame_duration: 1_000_000, frame_start: 1, frame_offset: 0, use_cyclic: false };
    file.sequences = vec![user; 5_000];
    let known = of(move |facts| facts.files.push(file));
    refused(&ask(&known, &[("frames", "1-1000")], &[]), "s_0001.png");
    assert!(ask(&known, &[("frames", "-1048574-1048574")], &[]).errors.is_empty());
}

#[test]
fn strips_count_where_it_is_certain_whose_they_are() {
    let with = |others: bool| {
        of(move |facts| {
            (facts.scenes[0].use_sequencer, facts.scenes[0].strips) = (true, true);
            let other = blend_file::Scene { name: "Edit".into(), ..facts.scenes[0].clone() };
            facts.scenes.extend(others.then_some(other));
            facts.files.push(external(FileKind::SequencerMovie, "//gone.mp4"));
        })
    };
    refused(&ask(&with(false), &[], &[]), "gone.mp4");
    warned(&ask(&with(true), &[], &[]), "gone.mp4");
}

#[test]
fn a_file_that_a_node_computes_is_refused() {
    let computed = of(|facts| facts.files.push(external(FileKind::NodeFile, "")));
    refused(&ask(&computed, &[("missing", "allow")], &[]), "computes which file");
}

#[test]
fn hundreds_of_missing_files_do_not_fill_the_report() {
    let many = of(|facts| {
        facts.files.extend((0..300).map(|at| external(FileKind::Image, &format!("//{at}.png"))));
    });
    let verdict = ask(&many, &[], &[]);
    assert_eq!(verdict.errors.len(), 9);
    assert!(verdict.errors[8].message.contains("292"), "{:?}", verdict.errors[8]);
    assert_eq!(ask(&many, &[("missing", "allow")], &[]).warnings.len(), 9);
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let known = of(|facts| {
        facts.version = Version { major: 5, minor: 0 };
        facts.scenes[0].engine = "BLENDER_EEVEE".into();
        facts.scenes[0].camera = None;
        facts.files.push(external(FileKind::Image, "//a.png"));
    });
    assert_eq!(ask(&known, &[], &[]).errors.len(), 4);
}

#[test]
fn what_only_the_head_was_read_of_is_rendered_as_far_as_that_tells() {
    let known = Known::Head(head(), "The file is too long.".into());
    let verdict = ask(&known, &[("frames", "scene")], &[]);
    warned(&verdict, "The file is too long.");
    assert_eq!(verdict.frames.expect("frames").to_string(), "3-9");
    refused(&ask(&known, &[("frames", "scene"), ("scene", "Other")], &[]), "Other");
    let named = ask(&known, &[("frames", "1-4"), ("scene", "Other")], &[]);
    assert_eq!((named.errors.len(), named.scene.as_str()), (0, "Other"));
}
