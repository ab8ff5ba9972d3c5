//! Prints the facts of a `.blend` as JSON: `cargo run --example facts --features serde -- scene.blend`

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os().nth(1).ok_or("name a .blend file")?;
    let mut source = blend_file::FileSource::new(std::fs::File::open(path)?)?;
    let facts = blend_file::read_facts(&mut source, &blend_file::Limits::default())?;
    serde_json::to_writer_pretty(std::io::stdout().lock(), &facts)?;
    Ok(())
}
