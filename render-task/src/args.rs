//! What the child is told on its command line.

use clap::Parser;
use farm_contract::Fault;
use farm_contract::allowances::{ALLOW, Allowances};
use farm_contract::children::Children;
use farm_contract::frames::FrameSpec;
use farm_contract::keys::BlendKey;
use farm_contract::order::Order;
use farm_contract::plan::{RenderId, SourceId};
use farm_contract::project::{ContentHash, check_path};
use farm_contract::settings::Settings;

/// Renders the frames of one child of a render and uploads them.
///
/// Started by AWS Batch with the arguments that the trigger sends.
#[derive(Debug, Clone, Parser)]
#[command(name = "render-task", version)]
pub struct Args {
    /// Bucket of the upload.
    #[arg(long)]
    pub bucket: String,
    /// Key of the upload.
    #[arg(long, value_name = "KEY", value_parser = BlendKey::parse)]
    pub blend: BlendKey,
    /// Id of the render.
    #[arg(long, value_name = "ID", value_parser = RenderId::parse)]
    pub render: RenderId,
    /// What the frames are marked with as made from.
    #[arg(long, value_name = "ID", value_parser = source)]
    pub source: SourceId,
    /// ETag of the upload.
    #[arg(long)]
    pub etag: String,
    /// Frames of the whole render.
    #[arg(long, allow_hyphen_values = true)]
    pub frames: FrameSpec,
    /// Frames that one child renders.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub chunk: u32,
    /// In which order frames are begun.
    #[arg(long, default_value_t)]
    pub order: Order,
    /// US dollars that the whole render may cost before it is stopped.
    #[arg(long, value_name = "DOLLARS", value_parser = dollars)]
    pub max_cost: Option<f64>,
    /// Number of this job's first child in the whole render.
    #[arg(long, value_name = "NUMBER", required_unless_present = "children")]
    first_child: Option<u32>,
    /// Numbers of this job's children in the whole render, where they are tried once more.
    #[arg(long, value_name = "NUMBERS", conflicts_with = "first_child")]
    children: Option<Children>,
    /// What to do about files that are not with the upload.
    #[arg(long, value_name = "allow", value_parser = [ALLOW])]
    missing: Option<String>,
    /// What to do about Python in the file.
    #[arg(long, value_name = "allow", value_parser = [ALLOW])]
    scripts: Option<String>,
    /// Version of the upload, in a bucket that keeps versions.
    #[arg(long, value_name = "ID")]
    pub version_id: Option<String>,
    /// Of an archive: the file that is rendered.
    #[arg(long, value_name = "PATH", value_parser = path)]
    pub main: Option<String>,
    /// The list of the project's other files.
    #[arg(long, value_name = "SHA256")]
    pub project: Option<ContentHash>,
    #[command(flatten)]
    wanted: Wanted,
}

/// What is wanted otherwise than the file has it.
#[derive(Debug, Clone, clap::Args)]
struct Wanted {
    /// The scene that is rendered.
    #[arg(long, value_name = "NAME")]
    scene: Option<String>,
    /// The camera.
    #[arg(long, value_name = "NAME")]
    camera: Option<String>,
    /// The one view layer that is rendered.
    #[arg(long, value_name = "NAME")]
    view_layer: Option<String>,
    /// Format of the frames, such as PNG or OPEN_EXR.
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Render engine: CYCLES.
    #[arg(long, value_name = "ENGINE")]
    engine: Option<String>,
    /// Samples of Cycles.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    samples: Option<u32>,
    /// Percentage of the resolution.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    percentage: Option<u32>,
}

impl Args {
    /// Number, in the whole render, of the child `index` of this job. `None` where it has no such child.
    pub fn child(&self, index: u32) -> Option<u32> {
        match (&self.children, self.first_child) {
            (Some(children), _) => children.at(index),
            (None, first) => first.unwrap_or_default().checked_add(index),
        }
    }

    /// Whether the job tries children once more that another job had before.
    pub fn is_second_try(&self) -> bool {
        self.children.is_some()
    }

    /// What the upload lets pass.
    pub fn allowed(&self) -> Allowances {
        Allowances { missing: self.missing.is_some(), scripts: self.scripts.is_some() }
    }

    /// What is wanted otherwise than the file has it.
    pub fn settings(&self) -> Settings {
        let Wanted { scene, camera, view_layer, format, engine, samples, percentage } = self.wanted.clone();
        Settings { scene, camera, view_layer, format, engine, samples, percentage }
    }
}

fn dollars(text: &str) -> Result<f64, String> {
    let amount = text.parse().ok().filter(|amount: &f64| amount.is_finite() && *amount > 0.0);
    amount.ok_or_else(|| "it is a number of US dollars".to_owned())
}

fn path(text: &str) -> Result<String, Fault> {
    check_path(text).map(|()| text.to_owned())
}

fn source(text: &str) -> Result<SourceId, Fault> {
    let good = !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric());
    good.then(|| SourceId::from_text(text))
        .ok_or_else(|| Fault::new(format!("`{text}` is not the id of a source."), "plan.json names it."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use farm_contract::command;
    use farm_contract::plan::{Plan, Source};

    fn plan(key: &str, frames: &str, version_id: Option<&str>) -> Plan {
        let mut source = Source::of(key, "\"abc-3\"", 1, "4.5");
        source.version_id = version_id.map(str::to_owned);
        let render = RenderId::of_event("bucket", key, "v", "1");
        Plan { chunk: 4, ..Plan::draft(render, "bucket", key, source, frames) }
    }

    #[test]
    fn order_and_limit_are_read_back() {
        let parse = |plan: &Plan| {
            let line = std::iter::once("render-task".to_owned()).chain(command::render(plan, 0));
            let args = Args::try_parse_from(line).unwrap();
            (args.order, args.max_cost)
        };
        let plain = plan("a.blend", "1-4", None);
        assert_eq!(parse(&plain), (Order::Linear, None));
        let plan = Plan { order: Order::Spread, max_cost: Some("2.50".into()), ..plain };
        assert_eq!(parse(&plan), (Order::Spread, Some(2.5)));
    }

    #[test]
    fn every_command_line_that_the_trigger_builds_is_read_back() {
        for (key, frames, version) in [
            ("scene.blend", "1-120", None),
            ("my films/shot 1 =final=.blend", "-5--1 3 7-9x2", Some("-3L4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY")),
            ("-dash.blend", "-5", Some("null")),
            ("ä\"'$x.blend", "1 5 10-20", None),
        ] {
            let plan = plan(key, frames, version);
            let line = std::iter::once("render-task".to_owned()).chain(command::render(&plan, 17));
            let args = Args::try_parse_from(line).unwrap();
            assert_eq!(args.bucket, plan.bucket);
            assert_eq!(args.blend.as_str(), key);
            assert_eq!(args.render, plan.render);
            assert_eq!(args.source, plan.source.id);
            assert_eq!(args.etag, plan.source.etag);
            assert_eq!(args.frames.frames(), plan.frame_list().unwrap());
            assert_eq!((args.chunk, args.child(0), args.child(3)), (4, Some(17), Some(20)));
            assert!(args.allowed().is_none());
            assert_eq!(args.version_id.as_deref(), version);
        }
    }

    #[test]
    fn a_second_try_and_what_is_let_pass_are_read_back() {
        let allowed = Allowances { missing: true, scripts: true };
        let plan = Plan { allowed, ..plan("scene.blend", "1-120", None) };
        let children = Children::new([3, 7, 8]).unwrap();
        let line = std::iter::once("render-task".to_owned()).chain(command::render_again(&plan, &children));
        let args = Args::try_parse_from(line).unwrap();
        assert_eq!((args.child(0), args.child(2), args.child(3)), (Some(3), Some(8), None));
        assert_eq!(args.allowed(), allowed);
    }

    #[test]
    fn settings_and_projects_are_read_back() {
        let mut plan = plan("scene.blend", "1-120", None);
        let given = [
            ("scene", "-Shot 1"),
            ("camera", "Left=1"),
            ("view_layer", "Fog é"),
            ("format", "OPEN_EXR"),
            ("engine", "CYCLES"),
            ("samples", "16"),
            ("percentage", "50"),
        ];
        for (name, value) in given {
            assert_eq!(plan.settings.take(name, value), Ok(true));
        }
        plan.source.main = Some("-shots/a b.blend".into());
        plan.source.project = Some(ContentHash::of(b"a list"));
        let line = std::iter::once("render-task".to_owned()).chain(command::render(&plan, 0));
        let args = Args::try_parse_from(line).unwrap();
        assert_eq!(args.settings(), plan.settings);
        assert_eq!((args.main, args.project), (plan.source.main, plan.source.project));
    }

    #[test]
    fn what_the_trigger_never_sends_is_refused() {
        let good = command::render(&plan("scene.blend", "1-3", None), 0);
        for bad in [
            "--blend=scene.png",
            "--render=../x",
            "--frames=3-1",
            "--chunk=0",
            "--first-child=-1",
            "--source=",
        ] {
            let flag = bad.split('=').next().unwrap();
            let line = good.iter().map(|arg| if arg.starts_with(&format!("{flag}=")) { bad } else { arg });
            assert!(Args::try_parse_from(std::iter::once("render-task").chain(line)).is_err(), "{bad}");
        }
        for more in ["--scripts=deny", "--children=x", "--main=../x", "--project=x", "--samples=0"] {
            let line = good.iter().map(String::as_str).chain([more]);
            assert!(Args::try_parse_from(std::iter::once("render-task").chain(line)).is_err(), "{more}");
        }
        for missing in 0..good.len() {
            let line = good.iter().enumerate().filter(|(at, _)| *at != missing).map(|(_, arg)| arg.as_str());
            assert!(Args::try_parse_from(std::iter::once("render-task").chain(line)).is_err(), "{missing}");
        }
    }
}
