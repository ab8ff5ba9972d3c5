//! First three frames, and the others when it is known what they will take.
//!
//! The three are a render of their own: the same upload with other tags. Written again with the tags that were asked for, it
//! becomes the whole render, which finds those three done.

use aws_sdk_s3::Client;
use farm_contract::frames::FrameSpec;
use farm_contract::offer::{Offer, Runs};
use farm_contract::tags::{CHUNK, Chunk, FRAMES, FramesAsked};
use farm_plan::{Estimate, Model, choose};

use super::plan::Prepared;
use crate::error::FarmError;
use crate::location::Location;
use crate::render::Seen;
use crate::render::cost::PriceList;
use crate::resume::write_again;

/// The render that was asked for, while its scouts are out.
#[derive(Debug, Clone, PartialEq)]
pub struct Whole {
    /// All of its frames.
    pub frames: FrameSpec,
    limits: farm_contract::limits::Limits,
    chunk: Chunk,
}

/// What the whole render should come to: with frames as quick as the quickest of the three, as all three on average, and
/// as slow as the slowest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outlook {
    /// At the best.
    pub least: Estimate,
    /// On average.
    pub likely: Estimate,
    /// At the worst.
    pub most: Estimate,
    /// Whether nobody sends a bill.
    pub free: bool,
}

impl Prepared {
    /// Makes it a render of the first frame, the middle and the last. `None`, and nothing changed, where there are no more
    /// than these.
    pub fn scout(&mut self) -> Option<Whole> {
        let frames = self.verdict.frames.clone()?;
        let all = frames.frames();
        let scouts = [*all.first()?, *all.get(all.len() / 2)?, *all.last()?];
        if all.len() <= scouts.len() {
            return None;
        }
        let spec: FrameSpec = FrameSpec::describe(&scouts).parse().ok()?;
        let whole = Whole { frames, limits: self.request.limits, chunk: self.request.chunk };
        self.verdict.frames = Some(spec.clone());
        self.request.frames = FramesAsked::Spec(spec);
        // Each on a machine of its own: they are there soonest.
        self.request.chunk = Chunk::Frames(1);
        Some(whole)
    }
}

impl Whole {
    /// What it should come to, by what its scouts took. `None` where none of them is there, or the farm does not tell
    /// what it is like.
    pub fn outlook(&self, seen: &Seen, offer: Option<&Offer>, prices: &PriceList) -> Option<Outlook> {
        let took: Vec<f64> = seen.frames.iter().filter_map(|frame| frame.seconds).collect();
        let load = seen.report.as_ref().and_then(|report| report.measured.as_ref()).map(|it| it.load_seconds);
        self.of(&took, load, offer?, prices)
    }

    fn of(&self, took: &[f64], load: Option<f64>, offer: &Offer, prices: &PriceList) -> Option<Outlook> {
        let tasks = offer.tasks?;
        let frames = u32::try_from(self.frames.frames().len()).ok()?;
        let farm = Model::of_farm(tasks.vcpus_allowed, tasks.vcpus, prices.task_hour(&tasks));
        let free = tasks.runs == Runs::Here;
        let least = took.iter().copied().min_by(f64::total_cmp)?;
        let most = took.iter().copied().max_by(f64::total_cmp)?;
        let of = |frame_seconds: f64| {
            let model = Model {
                // What took no time to speak of would be divided by.
                frame_seconds: frame_seconds.max(0.001),
                load_seconds: load.unwrap_or(farm.load_seconds),
                start_seconds: if free { 0.0 } else { farm.start_seconds },
                spread: 0.0,
                // The farm itself knows three frames by then, and goes by that.
                measured: took.len() as u64,
                ..farm
            };
            match self.chunk {
                Chunk::Auto => choose(&model, frames, &self.limits).estimate,
                Chunk::Frames(chunk) => farm_plan::estimate(&model, frames, chunk),
            }
        };
        let likely = took.iter().sum::<f64>() / took.len() as f64;
        Some(Outlook { least: of(least), likely: of(likely), most: of(most), free })
    }

    /// Has all frames rendered of the upload with this ETag; those that are there are kept.
    ///
    /// # Errors
    /// The upload is gone or replaced, or a call does not come through.
    pub async fn go_on(&self, client: &Client, at: &Location, etag: &str) -> Result<(), FarmError> {
        let chunk = match self.chunk {
            Chunk::Auto => "auto".to_owned(),
            Chunk::Frames(frames) => frames.to_string(),
        };
        write_again(client, at, etag, &[(FRAMES, self.frames.to_string()), (CHUNK, chunk)]).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use farm_contract::limits::Limits;
    use farm_contract::offer::Tasks;

    #[test]
    fn the_outlook_has_a_range() {
        let tasks = Tasks { vcpus: 4.0, memory_mib: 8192, vcpus_allowed: 256.0, runs: Runs::SpotFirst };
        let offer = Offer { tasks: Some(tasks), ..Offer::new([]) };
        let frames = "1-240".parse().expect("frames");
        let whole = Whole { frames, limits: Limits::default(), chunk: Chunk::Auto };
        let prices = PriceList::default();
        let Outlook { least, likely, most, free } =
            whole.of(&[10.0, 60.0, 20.0], Some(2.0), &offer, &prices).expect("known");
        assert!(!free && least.cost_usd < likely.cost_usd && likely.cost_usd < most.cost_usd);
        assert!(least.finish_seconds < most.finish_seconds);
        let named = Whole { chunk: Chunk::Frames(24), ..whole.clone() };
        assert_eq!(named.of(&[1.0], None, &offer, &prices).expect("known").likely.children, 10);
        assert_eq!(whole.of(&[], None, &offer, &prices), None);
        assert!(whole.of(&[0.0], None, &offer, &prices).is_some());
    }
}
