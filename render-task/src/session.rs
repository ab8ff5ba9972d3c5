//! A Blender at work on the child's frames, and the frames on their way into the bucket.

use std::sync::Arc;
use std::time::Instant;

use farm_contract::Fault;
use farm_contract::allowances::Allowances;
use farm_contract::exit::TaskExit;
use farm_contract::record::FrameRecord;
use farm_contract::settings::Settings;
use farm_contract::{keys, log_line};
use tokio::task::JoinSet;

use crate::answer;
use crate::blender::confine::{self, OWN, TRAVERSED, User};
use crate::blender::patterns::{self, Sign};
use crate::blender::protocol::Command;
use crate::blender::{Blender, Cause, Death, Reply, Setup};
use crate::environment::{Environment, Memory};
use crate::failure::Failure;
use crate::frame::{self, Target, Trouble};
use crate::journal::Journal;
use crate::project::Project;
use crate::stop::{Stop, stopped};

/// Frames that are read back and uploaded while the next one renders.
const UPLOADS: usize = 2;

/// A Blender at work on the child's frames, and the frames on their way into the bucket.
#[derive(Debug)]
pub struct Session<'a> {
    target: Arc<Target>,
    setup: Setup,
    scene: Scene,
    journal: &'a mut Journal,
    stop: &'a mut Stop,
    uploads: JoinSet<(i32, Result<FrameRecord, Trouble>)>,
    /// How many more times a Blender may be started for one that died.
    restarts: u32,
    memory: Memory,
}

/// What Blender opens, and how.
#[derive(Debug, Clone)]
pub struct Scene {
    /// The project on this machine.
    pub project: Project,
    /// What is let pass.
    pub allowed: Allowances,
    /// What is wanted otherwise than the file has it.
    pub settings: Settings,
}

/// How asking Blender ended.
enum Asked {
    Answered(Reply),
    Died(Death),
}

impl<'a> Session<'a> {
    /// A session on a scene that lies in the target's scratch folder.
    pub fn new(
        target: Target,
        environment: &Environment,
        scene: Scene,
        journal: &'a mut Journal,
        stop: &'a mut Stop,
    ) -> Self {
        let setup = Setup {
            task: environment.task.clone(),
            program: environment.blender.clone(),
            threads: environment.threads,
            scratch: target.scratch.clone(),
            user: User::choose(&environment.blender, &target.scratch),
            allowed: scene.allowed,
        };
        let memory = environment.memory;
        Self {
            target: Arc::new(target),
            setup,
            scene,
            journal,
            stop,
            uploads: JoinSet::new(),
            restarts: 1,
            memory,
        }
    }

    /// Renders the frames of `todo` and sees them into the bucket. What became of each stands
    /// in the journal.
    ///
    /// # Errors
    /// The child has to end before all of its frames were tried.
    pub async fn render(&mut self, todo: &[i32]) -> Result<(), Failure> {
        let mut ended = self.render_frames(todo).await;
        loop {
            // A newer render owns the folder: what is still on its way must not arrive.
            if ended.as_ref().is_err_and(|failure| failure.exit == TaskExit::Superseded) {
                self.uploads.shutdown().await;
            }
            let Some(done) = self.uploads.join_next().await else { return ended };
            // The first failure is the cause of the others.
            ended = ended.and(note(self.journal, done));
        }
    }

    async fn render_frames(&mut self, todo: &[i32]) -> Result<(), Failure> {
        let mut blender = Some(self.open().await?);
        for &frame in todo {
            let mut alive = match blender.take() {
                Some(alive) => alive,
                None => self.open().await?,
            };
            match self.render_frame(&mut alive, frame).await {
                Ok(None) => blender = Some(alive),
                Ok(Some(death)) => {
                    let failure = self.of_death(&death, frame);
                    if self.restarts == 0 || failure.exit == TaskExit::NoSpace {
                        self.journal.fail(frame, failure.fault.clone());
                        // What ran out of memory needs more of it, whatever came after.
                        return Err(self.journal.hungry().unwrap_or(failure));
                    }
                    self.restarts -= 1;
                    self.journal.die(frame, failure);
                }
                Err(failure) => {
                    alive.kill().await;
                    return Err(failure);
                }
            }
        }
        if let Some(alive) = blender {
            alive.quit().await;
        }
        Ok(())
    }

    /// Renders one frame and sends it on its way. Gives the death that Blender died of it.
    async fn render_frame(&mut self, blender: &mut Blender, frame: i32) -> Result<Option<Death>, Failure> {
        let stem = keys::frame_stem(frame);
        let folder = self.target.scratch.join("frames").join(&stem);
        confine::folder(&self.target.scratch.join("frames"), TRAVERSED)
            .and_then(|()| confine::folder(&folder, OWN))
            .and_then(|()| self.setup.user.give(&folder))
            .map_err(|error| Failure::scratch("make a folder", error))?;
        let command = Command::Render { frame, folder: &folder, stem: &stem };
        let reply = match self.ask(blender, command).await? {
            Asked::Answered(reply) => reply,
            Asked::Died(death) => return Ok(Some(death)),
        };
        let produced = match answer::rendered(reply, frame, &folder) {
            Ok((produced, warnings)) => {
                self.journal.warn(warnings);
                produced
            }
            Err(fault) => return self.fail(frame, fault).map(|()| None),
        };
        for path in produced.for_blender() {
            let checked = match self.ask(blender, Command::Check(&path)).await? {
                Asked::Answered(reply) => answer::checked(&reply, &produced, &path),
                Asked::Died(death) => return Ok(Some(death)),
            };
            if let Err(fault) = checked {
                return self.fail(frame, fault).map(|()| None);
            }
        }
        tracing::info!("{}", log_line::rendered(frame, produced.seconds));
        while self.uploads.len() >= UPLOADS {
            match self.uploads.join_next().await {
                Some(done) => note(self.journal, done)?,
                None => break,
            }
        }
        self.uploads.spawn(frame::finish(Arc::clone(&self.target), produced));
        Ok(None)
    }

    /// Starts Blender and has it open the file; once more where it dies of that.
    async fn open(&mut self) -> Result<Blender, Failure> {
        loop {
            let started = Instant::now();
            let setup = self.setup.clone();
            let begun = self.stop.unless(async { Ok(Blender::start(&setup).await) }).await?;
            let mut blender = match begun.map_err(|error| answer::cannot_start(&setup.program, error))? {
                Ok(blender) => blender,
                Err(death) => return Err(answer::did_not_start(&setup.program, death)),
            };
            self.journal.blender = blender.version().to_owned();
            let Scene { project, allowed, settings } = self.scene.clone();
            let (path, folder) = (&project.main, &project.folder);
            let command = Command::Open { path, project: folder, allowed: allowed.into(), wanted: &settings };
            match self.ask(&mut blender, command).await {
                Ok(Asked::Answered(reply)) => {
                    let opened = match answer::opened(reply) {
                        Ok(opened) => opened,
                        Err(failure) => {
                            blender.kill().await;
                            return Err(failure);
                        }
                    };
                    self.journal.open += started.elapsed().as_secs_f64();
                    tracing::info!(
                        "Blender {} opened scene `{}`: {}, {} x {}, {}",
                        blender.version(),
                        opened.scene,
                        opened.engine,
                        opened.width,
                        opened.height,
                        opened.file_format
                    );
                    self.journal.warn(opened.warnings);
                    return Ok(blender);
                }
                Ok(Asked::Died(death)) if self.restarts > 0 && death.cause != Cause::OutOfMemory => {
                    tracing::warn!("warning: {death} It is started once more.");
                    self.restarts -= 1;
                }
                Ok(Asked::Died(death)) => return Err(answer::cannot_open(death, self.memory)),
                Err(failure) => {
                    blender.kill().await;
                    return Err(failure);
                }
            }
        }
    }

    /// Asks Blender, and meanwhile takes note of uploads that end.
    async fn ask(&mut self, blender: &mut Blender, command: Command<'_>) -> Result<Asked, Failure> {
        let asked = {
            let mut answer = std::pin::pin!(blender.ask(command));
            loop {
                tokio::select! {
                    biased;
                    why = self.stop.requested() => return Err(stopped(why)),
                    Some(done) = self.uploads.join_next() => note(self.journal, done)?,
                    answer = &mut answer => break answer,
                }
            }
        };
        Ok(match asked {
            // It goes on as if nothing were; what it then makes is no picture of the scene.
            Ok(Reply { wrong: Some(Sign { kind: patterns::Kind::OutOfMemory, fault }), .. }) => {
                blender.kill().await;
                Asked::Died(Death { cause: Cause::OutOfMemory, message: fault.message })
            }
            Ok(reply) => {
                let peak = &mut self.journal.peak_memory_mib;
                *peak = reply.answer.peak_memory_mib.max(*peak);
                Asked::Answered(reply)
            }
            Err(death) => Asked::Died(death),
        })
    }

    /// A frame failed by itself, unless the scratch folder is full: then all others would too.
    fn fail(&mut self, frame: i32, fault: Fault) -> Result<(), Failure> {
        if let Some(full) = frame::scratch_is_full(&self.target.scratch) {
            return Err(full);
        }
        self.journal.fail(frame, fault);
        Ok(())
    }

    fn of_death(&self, death: &Death, frame: i32) -> Failure {
        if let Some(full) = frame::scratch_is_full(&self.target.scratch) {
            return full;
        }
        answer::died_in_frame(death, frame, self.memory)
    }
}

type Done = Result<(i32, Result<FrameRecord, Trouble>), tokio::task::JoinError>;

/// Takes note of an upload that ended.
fn note(journal: &mut Journal, done: Done) -> Result<(), Failure> {
    match done {
        Ok((frame, Ok(record))) => {
            tracing::info!("frame {frame}: uploaded, {} bytes", record.bytes);
            journal.rendered.push(record);
            Ok(())
        }
        Ok((frame, Err(Trouble::Frame(fault)))) => {
            journal.fail(frame, fault);
            Ok(())
        }
        Ok((_, Err(Trouble::Task(failure)))) => Err(failure),
        Err(error) => {
            Err(Failure::new(TaskExit::Failed, "An upload broke off.", "Upload the file again.")
                .because(error))
        }
    }
}
