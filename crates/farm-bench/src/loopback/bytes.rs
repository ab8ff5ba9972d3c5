//! What bytes cost: a gigabyte through the farm's S3, beside `cp`, and beside disk and hashing alone, with a bare
//! socket between and without.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use farm_terminal::say;
use tempfile::TempDir;

use super::alone::{self, Care};
use super::client::Plain;
use super::farm::{Farm, fresh};
use super::socket::over_a_socket;
use super::{Args, in_turns_warm};
use crate::measure::Way;
use crate::table::{Table, time};

/// Objects and their bytes, about a gigabyte in all.
const SIZES: [(usize, usize); 3] = [(1_000, 1 << 20), (64, 16 << 20), (4, 256 << 20)];

/// Measures, and publishes the table.
///
/// # Errors
/// One of the ways failed.
pub fn run(args: &Args, optimised: &Farm, built: &Farm) -> Result<()> {
    let mut table = Table::new([
        "a gigabyte as",
        "`cp`",
        "disk and hashing",
        "and a socket",
        "loopback S3",
        "as users build it",
        "a MB",
        "`cp` / as users build it",
        "disk and hashing / S3",
        "and a socket / S3",
        "as users build it",
    ]);
    for (count, bytes) in SIZES {
        let what = format!("{count} x {} MB", bytes >> 20);
        say(&format!("{what}: making the files"));
        let (_held, folder, files) = make(&args.folder, count, bytes)?;
        let (optimised, built) = (Plain::new(optimised, &files)?, Plain::new(built, &files)?);
        for (verb, care) in [("put", Care::Kept), ("get", Care::None)] {
            let through = |client: &Plain<'_>| match care {
                Care::Kept => client.put(),
                Care::None => {
                    let (_held, folder) = fresh(&args.folder)?;
                    client.get(&folder)
                }
            };
            let mut ways = [
                Way::new("cp", || alone::cp(&args.folder, &folder, care)),
                Way::new("disk and hashing", || alone::disk_and_hashing(&args.folder, &files, care)),
                Way::new("and a socket", || over_a_socket(&args.folder, &files, care)),
                Way::new("loopback S3", || through(&optimised)),
                Way::new("as users build it", || through(&built)),
            ];
            // The files have just been written: they are in the page cache.
            in_turns_warm(&format!("{what}, {verb}"), args.times, &mut ways)?;
            let [cp, floor, socket, ours, users] = ways.map(|way| way.samples);
            table.row([
                format!("{what}, {verb}"),
                time(&cp),
                time(&floor),
                time(&socket),
                time(&ours),
                time(&users),
                format!("{:.2} ms", ours.median() / (count * bytes) as f64 * 1e9),
                format!("{:.2}", cp.ratio(&users)),
                format!("{:.2}", floor.ratio(&ours)),
                format!("{:.2}", socket.ratio(&ours)),
                format!("{:.2}", socket.ratio(&users)),
            ]);
        }
        optimised.clear()?;
        built.clear()?;
    }
    table.publish(&args.document, "loopback --only bytes")
}

/// Files of so many bytes, no two alike.
fn make(below: &Path, count: usize, bytes: usize) -> Result<(TempDir, PathBuf, Vec<PathBuf>)> {
    let (held, folder) = fresh(below)?;
    let mut content: Vec<u8> = (0..bytes).map(|at| (at.wrapping_mul(0x9E37_79B1) >> 13) as u8).collect();
    let mut files = Vec::new();
    for index in 0..count {
        content[..8].copy_from_slice(&(index as u64).to_le_bytes());
        let path = folder.join(format!("{index:04}"));
        let written = File::create_new(&path).and_then(|mut file| {
            file.write_all(&content)?;
            file.sync_all()
        });
        written.with_context(|| format!("cannot write {}", path.display()))?;
        files.push(path);
    }
    Ok((held, folder, files))
}
