//! The command line, as `farm_contract::command::zip` builds it.

use clap::Parser;
use farm_contract::keys::BlendKey;
use farm_contract::plan::RenderId;

/// Makes frames.zip of one render, and its report.
#[derive(Debug, Clone, PartialEq, Eq, Parser)]
#[command(name = "zip-task", version)]
pub struct Options {
    /// Bucket of the upload
    #[arg(long)]
    pub bucket: String,
    /// Folder of the upload: its key and a slash
    #[arg(long, value_parser = BlendKey::from_folder)]
    pub folder: BlendKey,
    /// Id of the render
    #[arg(long, value_parser = RenderId::parse)]
    pub render: RenderId,
    /// Frames are known to be missing: an archive of the others is what is asked for
    #[arg(long)]
    pub partial: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use farm_contract::command;

    fn parse(arguments: Vec<String>) -> Result<Options, clap::Error> {
        Options::try_parse_from(std::iter::once("zip-task".to_owned()).chain(arguments))
    }

    #[test]
    fn the_command_line_that_the_trigger_sends_is_read_back() {
        let render = RenderId::of_event("b", "k", "v", "s");
        for key in ["a.blend", "--dash/Schöne Szene 1.blend", "p/scene.blend.zip"] {
            let folder = BlendKey::parse(key).expect("a key");
            for partial in [false, true] {
                let options =
                    parse(command::zip("bucket", &folder, &render, partial)).expect("the farm's own");
                let (folder, render) = (folder.clone(), render.clone());
                assert_eq!(options, Options { bucket: "bucket".into(), folder, render, partial });
            }
        }
    }

    #[test]
    fn what_the_farm_does_not_send_is_refused() {
        let render = RenderId::of_event("b", "k", "v", "s");
        let good = command::zip("bucket", &BlendKey::parse("a.blend").expect("a key"), &render, false);
        for missing in 0..good.len() {
            let mut arguments = good.clone();
            arguments.remove(missing);
            assert!(parse(arguments).is_err());
        }
        for bad in ["--folder=a.png/", "--render=../x", "--frames=1"] {
            assert!(parse(good[..1].iter().cloned().chain([bad.to_owned()]).collect()).is_err());
        }
    }
}
