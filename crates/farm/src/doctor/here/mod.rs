//! This machine: what `cargo xtask local` needs, and whoever fetches frames.

mod disk;
mod ports;
mod programs;

use super::Asked;
use super::finding::Finding;

/// Looks at this machine, and tells of each finding as it comes.
pub(super) async fn look(asked: &Asked, tell: &dyn Fn(Finding)) {
    let blender = async {
        let (found, python) = futures::join!(programs::blender(asked.blender.as_deref()), programs::python());
        tell(programs::judge_blender(&found, &python));
        tell(programs::judge_python(&found, &python));
    };
    let ffmpeg = async { tell(programs::judge_ffmpeg(programs::ffmpeg().await.as_deref())) };
    let ports = async { tell(ports::judge(&ports::look(asked.own_s3.as_deref()).await)) };
    tell(disk::judge(disk::free(&asked.folder), &asked.folder));
    futures::join!(blender, ffmpeg, ports);
}

/// What is found of a machine that lacks ffmpeg, in order.
#[cfg(test)]
pub(super) fn sample() -> Vec<Finding> {
    let (blender, python) = (programs::Blender::None, Some("python3.11".to_owned()));
    vec![
        programs::judge_blender(&blender, &python),
        programs::judge_python(&blender, &python),
        disk::judge(Ok(84_200_000_000), std::path::Path::new("/home/td/film")),
        ports::judge(&ports::Seen::Usual { taken: Vec::new(), farm: false }),
        programs::judge_ffmpeg(None),
    ]
}
