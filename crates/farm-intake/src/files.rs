//! The files that the scene names: whether those that the picture needs are there.

use std::collections::BTreeSet;

use blend_file::{ExternalFile, Facts, FileKind, Scene, Sequence};
use farm_contract::Fault;

use crate::place::{Place, Project, base_of, paths_of};
use crate::{Question, Verdict};

/// Files that are named one by one, so that a scene with hundreds missing does not fill the report.
const NAMED: usize = 8;

/// Digits of the longest number that a file of a sequence has.
const LONGEST_NUMBER: usize = 64;

/// What is wrong with one file.
enum Trouble {
    /// It is not there: it may be let pass.
    Missing { message: String },
    /// It must not be read, whatever is let pass.
    Refused(Fault),
}

pub(crate) fn judge(question: &Question<'_>, facts: &Facts, scene: &Scene, verdict: &mut Verdict) {
    let frames = verdict.frames.as_ref().map(|frames| frames.frames()).unwrap_or_default();
    let (mut missing, mut refused, mut unneeded) = (Vec::new(), Vec::new(), BTreeSet::new());
    for file in facts.files.iter().filter(|file| !file.packed && !file.is_blenders_own()) {
        // Which file is nearly the one that is missing is looked for where that is shown.
        let trouble = troubles(file, question.project, &frames, missing.len() < NAMED);
        if !is_needed(file, facts, scene) {
            if trouble.is_some() {
                unneeded.insert(name_of(&file.path).to_owned());
            }
            continue;
        }
        match trouble {
            Some(Trouble::Missing { message }) => missing.push(Fault::new(message, hint(file))),
            Some(Trouble::Refused(fault)) => refused.push(fault),
            None => {}
        }
    }
    let missing = shortened(missing);
    if question.request.allowed.missing {
        let told = missing
            .into_iter()
            .map(|fault| format!("{} It is rendered without, as the upload allows.", fault.message));
        verdict.warnings.extend(told);
    } else {
        verdict.errors.extend(missing);
    }
    verdict.errors.extend(shortened(refused));
    verdict.warnings.extend(
        unneeded
            .iter()
            .take(NAMED)
            .map(|name| format!("`{name}` is not with the upload; nothing that is rendered shows it.")),
    );
}

/// The first faults, and how many more there are.
fn shortened(mut faults: Vec<Fault>) -> Vec<Fault> {
    let more = faults.len().saturating_sub(NAMED);
    if more > 0 {
        faults.truncate(NAMED);
        let hint = faults.last().map(|fault| fault.hint.clone()).unwrap_or_default();
        faults.push(Fault::new(format!("And {more} more files."), hint));
    }
    faults
}

/// Whether the picture would be another one without the file.
fn is_needed(file: &ExternalFile, facts: &Facts, scene: &Scene) -> bool {
    use FileKind as Kind;
    match file.kind {
        Kind::Image | Kind::ImageSequence | Kind::Movie | Kind::TiledImage => file.drawn && !file.muted,
        Kind::Library => true,
        Kind::Sound => false,
        Kind::Font | Kind::Volume | Kind::VolumeSequence | Kind::CacheFile | Kind::MovieClip => file.used,
        Kind::MeshCache | Kind::NodeFile => !file.muted,
        // One that is not baked has nothing to keep there.
        Kind::PointCache | Kind::FluidCache => !file.muted && is_baked(file, facts),
        // Whose strips they are is not told: with those of one scene, there is no doubt.
        Kind::SequencerImage | Kind::SequencerMovie => {
            let edited = facts.scenes.iter().filter(|scene| scene.strips).count();
            !file.muted && scene.use_sequencer && scene.strips && edited == 1
        }
    }
}

/// Whether the simulation that a cache belongs to is baked.
fn is_baked(file: &ExternalFile, facts: &Facts) -> bool {
    let mut of_it = facts.simulations.iter().filter(|simulation| simulation.object == file.owner);
    of_it.any(|simulation| simulation.baked)
}

/// What is wrong with the first of the files that an external file stands for.
fn troubles(file: &ExternalFile, project: &Project, frames: &[i32], nearly: bool) -> Option<Trouble> {
    let base = base_of(project, &project.main, file);
    let trouble = |path: &str| trouble(file, path, project, project.place_from(&base, path), nearly);
    match file.kind {
        // Which files of a volume's sequence are shown when, Blender alone knows.
        FileKind::VolumeSequence => refusal(file, &file.path, &project.place_from(&base, &file.path)),
        FileKind::ImageSequence => {
            shown(file, frames).into_iter().find_map(|number| trouble(&numbered(&file.path, number)))
        }
        FileKind::NodeFile if file.path.is_empty() => Some(Trouble::Refused(Fault::new(
            format!("The node `{}` of `{}` computes which file it reads.", part(file), file.owner),
            "Import the file in Blender instead (File > Import), save, and upload the scene again.",
        ))),
        _ => paths_of(&base, file).iter().find_map(|path| trouble(path)),
    }
}

fn part(file: &ExternalFile) -> &str {
    file.part.as_deref().unwrap_or_default()
}

/// The numbers of the pictures of a sequence that the frames show. None, where that would take long to tell:
/// the tasks find out.
fn shown(file: &ExternalFile, frames: &[i32]) -> BTreeSet<i64> {
    /// Frames of all who show the sequence together.
    const MOST: usize = 100_000;
    let mut users: Vec<&Sequence> = Vec::new();
    for user in &file.sequences {
        if users.len() < NAMED && !users.contains(&user) {
            users.push(user);
        }
    }
    if users.len().saturating_mul(frames.len()) > MOST {
        return BTreeSet::new();
    }
    users.into_iter().flat_map(|user| frames.iter().map(|frame| number(user, *frame))).collect()
}

/// The number of the picture that a sequence shows at a frame, by Blender's own rule.
fn number(user: &Sequence, frame: i32) -> i64 {
    let duration = i64::from(user.frame_duration);
    let mut number = i64::from(frame) - i64::from(user.frame_start) + 1;
    if user.use_cyclic && duration > 0 {
        number = (number - 1).rem_euclid(duration) + 1;
    }
    number.max(0).min(duration.max(0)) + i64::from(user.frame_offset)
}

/// The path with another number in place of the last one of its name.
fn numbered(path: &str, number: i64) -> String {
    let digit = |c: char| c.is_ascii_digit();
    let name_at = path.rfind(['/', '\\']).map_or(0, |at| at + 1);
    // The digits of an extension such as .jp2 are none of the number's.
    let stem_end = path[name_at..].rfind('.').map_or(path.len(), |at| name_at + at);
    let Some(end) = path[name_at..stem_end].rfind(digit).map(|at| name_at + at + 1) else {
        return path.to_owned();
    };
    let start = path[name_at..end].rfind(|c: char| !digit(c)).map_or(name_at, |at| {
        let first = path[name_at + at..].chars().next().map_or(1, char::len_utf8);
        name_at + at + first
    });
    let digits = end - start;
    if digits > LONGEST_NUMBER {
        return path.to_owned();
    }
    format!("{}{number:0digits$}{}", &path[..start], &path[end..])
}

fn trouble(
    file: &ExternalFile,
    written: &str,
    project: &Project,
    place: Place,
    nearly: bool,
) -> Option<Trouble> {
    match place {
        Place::Inside(path) if project.has(&path) => None,
        Place::Inside(path) => {
            let nearly = nearly.then(|| project.nearly(&path)).flatten().map_or_else(String::new, |other| {
                format!(" There is `{other}`: on the farm, capital letters in names count.")
            });
            let named = if written.is_empty() { "no file is named" } else { written };
            let message =
                format!("The {} `{}` is not with the upload ({named}).{nearly}", what(file), file.owner);
            Some(Trouble::Missing { message })
        }
        Place::Outside | Place::Address => refusal(file, written, &place),
    }
}

/// The fault of a path that leads out of the project.
fn refusal(file: &ExternalFile, written: &str, place: &Place) -> Option<Trouble> {
    let (what, owner) = (what(file), &file.owner);
    match place {
        Place::Inside(_) => None,
        Place::Address => Some(Trouble::Refused(Fault::new(
            format!(
                "The {what} `{owner}` is at the address `{written}`: the farm fetches nothing from the network."
            ),
            format!("Save what is there beside the .blend and use that. {}", hint(file)),
        ))),
        // Where it is not even named, Blender leaves it out as it does what is missing.
        Place::Outside => Some(Trouble::Missing {
            message: match written {
                "" => format!("The {what} `{owner}` names no file."),
                _ => format!("The {what} `{owner}` is at `{written}`, which is not part of the upload."),
            },
        }),
    }
}

fn what(file: &ExternalFile) -> &'static str {
    match file.kind {
        FileKind::Image => "image",
        FileKind::ImageSequence => "image sequence",
        FileKind::Movie => "movie",
        FileKind::TiledImage => "tiled image",
        FileKind::Library => "linked library",
        FileKind::Sound => "sound",
        FileKind::Font => "font",
        FileKind::Volume => "volume",
        FileKind::VolumeSequence => "volume sequence",
        FileKind::CacheFile => "cache file",
        FileKind::MovieClip => "movie clip",
        FileKind::MeshCache => "mesh cache of",
        FileKind::SequencerImage | FileKind::SequencerMovie => "strip",
        FileKind::PointCache => "simulation cache of",
        FileKind::FluidCache => "fluid cache of",
        FileKind::NodeFile => "file of a node of",
    }
}

fn hint(file: &ExternalFile) -> String {
    let packs = matches!(
        file.kind,
        FileKind::Image | FileKind::TiledImage | FileKind::Font | FileKind::Volume | FileKind::Sound
    );
    let pack = match file.kind {
        FileKind::Library => {
            "choose File > External Data > Pack Linked Libraries in Blender, save, and upload again; or "
        }
        _ if packs => "choose File > External Data > Pack Resources in Blender, save, and upload again; or ",
        _ => "",
    };
    let sent = "send the scene with its files: `farm submit` does, and so does an archive named .blend.zip. Their paths \
                must be relative (File > External Data > Make All Paths Relative)";
    let text = format!("{pack}{sent}.");
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// The last part of a written path.
fn name_of(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}
