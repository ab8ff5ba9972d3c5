//! As little of a `.blend` as the farm takes for one.

/// A file of scene and frames 1-250, saved by Blender `version` (405 is 4.5), and of nothing else: what is
/// behind it, no reader looks at.
pub fn head(version: u16) -> Vec<u8> {
    let mut bytes = format!("BLENDER-v{version}REND").into_bytes();
    bytes.extend(72_u32.to_le_bytes());
    bytes.extend([0; 8 + 4]);
    bytes.extend(1_u32.to_le_bytes());
    let scene = [&1_i32.to_le_bytes()[..], &250_i32.to_le_bytes(), b"Scene"].concat();
    bytes.extend(&scene);
    bytes.resize(bytes.len() + 72 - scene.len(), 0);
    bytes.extend(b"ENDB");
    bytes.resize(bytes.len() + 20 + 256, 0);
    bytes
}
