//! What a person reads: lines, and why the program ends badly.

use farm_images::{ImagesError, News};
use farm_terminal::{Ink, count, hint, printable};

pub use farm_terminal::{Look, say, size};

/// Somebody types where an image should come.
#[derive(Debug, thiserror::Error)]
#[error("standard input is a terminal, and should be an image")]
pub struct Terminal;

/// Nobody says where layers are kept.
#[derive(Debug, thiserror::Error)]
#[error("there is no folder for compressed layers: neither --cache nor HOME names one")]
pub struct NoCache;

/// The line for something that there is to tell; none for what moves all the time.
pub fn line(news: &News, look: Look) -> Option<String> {
    Some(match news {
        News::Target { repository, tag } => look.ink(Ink::Bold, &format!("Image {repository}:{tag}")),
        News::Read { layers, bytes } => format!("  {}, {}", count(*layers as u64, "layer"), size(*bytes)),
        News::Layer { layer, of, size: bytes, pushed } => {
            let what = if *pushed { "pushed" } else { "already there" };
            format!("  layer {layer}/{of}: {}, {what}", size(*bytes))
        }
        News::Damaged { layer } => {
            let text = format!("  layer {layer}: the copy in the cache is damaged, and is made anew");
            look.ink(Ink::Yellow, &text)
        }
        News::Again { why } => {
            let text = format!("  {}", printable(why));
            format!("{}\n  Trying again in a moment.", look.ink(Ink::Yellow, &text))
        }
        News::Done { digest, there } => {
            let what = if *there { "The tag has this image already" } else { "The image is in the registry" };
            look.ink(Ink::Green, &format!("{what}: {digest}"))
        }
        News::Reading { .. } | News::Compressing { .. } | News::Pushing { .. } => return None,
    })
}

/// Ctrl-C.
pub fn interrupted() {
    say("\nInterrupted. What is pushed already stays in the registry.");
    hint("The same command again goes on from there.");
}

/// Tells why the program ends badly, and what helps.
pub fn report(error: &anyhow::Error) {
    farm_terminal::report(error, |cause| {
        let images = cause.downcast_ref::<ImagesError>().and_then(ImagesError::hint);
        let terminal =
            cause.downcast_ref::<Terminal>().map(|_| "docker save IMAGE | images push ...".to_owned());
        images.or(terminal)
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(news: News) -> Option<String> {
        line(&news, Look { colour: false })
    }

    #[test]
    fn a_layer_says_how_large_it_is_and_whether_it_was_sent() {
        let layer = |pushed| News::Layer { layer: 2, of: 5, size: 111_500_000, pushed };
        assert_eq!(told(layer(true)).as_deref(), Some("  layer 2/5: 111.5 MB, pushed"));
        assert_eq!(told(layer(false)).as_deref(), Some("  layer 2/5: 111.5 MB, already there"));
        assert_eq!(told(News::Pushing { layer: 2, done: 1, of: 2 }), None);
        assert_eq!(told(News::Read { layers: 1, bytes: 10 }).as_deref(), Some("  1 layer, 10 bytes"));
    }

    #[test]
    fn what_a_registry_says_does_not_move_the_cursor() {
        let told = told(News::Again { why: "a\u{1b}[2Jb".to_owned() });
        assert_eq!(told.as_deref(), Some("  a[2Jb\n  Trying again in a moment."));
    }
}
