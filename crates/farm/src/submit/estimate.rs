//! What a submission should take and cost, as the farm itself will plan it.

use farm_contract::measured::Measured;
use farm_contract::offer::{Offer, Runs};
use farm_contract::report::Report;
use farm_contract::tags::{Chunk, Request};
use farm_intake::Verdict;
use farm_plan::{Choice, Model, assess, choose};

use super::plan::Prepared;
use crate::render::cost::PriceList;

/// What should come of a submission.
#[derive(Debug, Clone, PartialEq)]
pub struct Expected {
    /// How the frames are shared out, and what that comes to.
    pub choice: Choice,
    /// Seconds that a frame should take.
    pub frame_seconds: f64,
    /// Frames of an earlier render of the same name by which that is known; none, where it is assumed.
    pub measured: u64,
    /// Whether nobody sends a bill.
    pub free: bool,
}

impl Prepared {
    /// What should come of it, by what the farm offers and what the report of an earlier render of this name says.
    /// `None` where the farm does not tell enough, or the frames are not known.
    pub fn expected(
        &self,
        offer: Option<&Offer>,
        report: Option<&Report>,
        prices: &PriceList,
    ) -> Option<Expected> {
        expected(&self.request, &self.verdict, offer?, report, prices)
    }
}

fn expected(
    request: &Request,
    verdict: &Verdict,
    offer: &Offer,
    report: Option<&Report>,
    prices: &PriceList,
) -> Option<Expected> {
    let tasks = offer.tasks?;
    let frames = u32::try_from(verdict.frames.as_ref()?.frames().len()).ok()?;
    let mut model = Model::of_farm(tasks.vcpus_allowed, tasks.vcpus, prices.task_hour(&tasks));
    let free = tasks.runs == Runs::Here;
    if free {
        model.start_seconds = 0.0;
    }
    let blender = verdict.blender.map(|version| version.to_string());
    let like = Measured::of(blender.as_deref(), request.main.as_deref(), &request.settings);
    let measured =
        report.and_then(|report| report.measured.as_ref()).filter(|measured| measured.is_like(&like));
    if let Some(measured) = measured {
        model = model.fitted(measured);
    }
    let choice = match request.chunk {
        Chunk::Auto => choose(&model, frames, &request.limits),
        Chunk::Frames(chunk) => assess(&model, frames, chunk, &request.limits),
    };
    Some(Expected { choice, frame_seconds: model.frame_seconds, measured: model.measured, free })
}

#[cfg(test)]
mod tests {
    use super::*;
    use farm_contract::offer::Tasks;
    use farm_contract::report::State;

    fn offer(runs: Runs) -> Offer {
        let tasks = Tasks { vcpus: 4.0, memory_mib: 8192, vcpus_allowed: 256.0, runs };
        Offer { tasks: Some(tasks), ..Offer::new([]) }
    }

    fn verdict() -> Verdict {
        Verdict { frames: Some("1-120".parse().expect("frames")), ..Verdict::default() }
    }

    fn ask(chunk: &str, offer: &Offer, report: Option<&Report>) -> Option<Expected> {
        let request = Request::from_tags([("frames", "scene"), ("chunk", chunk)]).expect("tags");
        expected(&request, &verdict(), offer, report, &PriceList::default())
    }

    #[test]
    fn what_is_expected_is_what_the_farm_will_plan() {
        let first = ask("auto", &offer(Runs::SpotFirst), None).expect("known");
        assert_eq!((first.measured, first.free), (0, false));
        assert!(first.choice.estimate.cost_usd > 0.0 && first.choice.estimate.children > 1);
        assert_eq!(ask("10", &offer(Runs::SpotFirst), None).expect("known").choice.estimate.children, 12);
        let dear = ask("auto", &offer(Runs::OnDemand), None).expect("known");
        assert!(dear.choice.estimate.cost_usd > first.choice.estimate.cost_usd * 2.0);
        let here = ask("auto", &offer(Runs::Here), None).expect("known");
        assert!(here.free && here.choice.estimate.cost_usd == 0.0);
        assert_eq!(ask("auto", &Offer::new([]), None), None);
    }

    #[test]
    fn an_earlier_render_tells_how_long_a_frame_takes() {
        let mut report = Report::new(State::Complete, "", "b", "k", 0);
        report.measured = Some(Measured { frames: 120, frame_seconds: 2.0, ..Measured::default() });
        let known = ask("auto", &offer(Runs::SpotFirst), Some(&report)).expect("known");
        assert_eq!((known.frame_seconds, known.measured), (2.0, 120));
    }
}
